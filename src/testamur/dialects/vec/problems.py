"""
How this wire says no: `{"message": ...}` and what belongs to the status.

The messages that clients may compare are the service's own. What is wrong is in
`errors`: by field, but in a call with many entries a list of sentences.
"""

import re
from collections.abc import Sequence
from typing import Any

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.troubles import UNAVAILABLE, told_of

#: The service documents 401, 403, 422 and 500 only: a client that knows these knows
#: what to do with the others.
STATUSES: dict[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.UNSUPPORTED: 400,
    Kind.TOO_SLOW: 400,
    Kind.NOT_AUTHENTICATED: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.GONE: 404,
    Kind.CONFLICT: 422,
    Kind.INVALID: 422,
    Kind.TOO_LARGE: 422,
    Kind.TOO_OFTEN: 429,
}

UNAUTHORIZED = "Unauthorized - Invalid API token"
FORBIDDEN = "Forbidden - Insufficient permissions"
UNEXPECTED = "An unexpected error occurred. Our team has been notified."

NOT_FOUND = "Resource not found"
TOO_MANY = "Too Many Attempts."
METHOD = "Method not allowed"

#: What a call with many entries is refused with, by what is wrong first of all.
UNRESOLVED = "Some file_ids could not be resolved"
DUPLICATES = "Duplicate entries found"
INVALID = "The given data was invalid."

FILE_CODES = frozenset(("file_not_found", "file_used"))
DUPLICATE = "duplicate_entry"

ENTRY = re.compile(r"entries\.([0-9]+)(?:\..*)?")

#: Where a value that is wrong has no field of its own.
WHOLE = "request"


def spell(
    refusal: Refusal, *, is_bulk: bool = False, status: int | None = None
) -> tuple[int, dict[str, Any]]:
    """
    Return the status (its kind's, unless *status* is given) and the body.

    *is_bulk*: `errors` is a list of sentences, each with the number of its entry.
    """
    status = status or STATUSES[refusal.kind]
    if status == 401:
        return status, {"message": UNAUTHORIZED}
    if status == 403:
        body = {"message": FORBIDDEN}
        if refusal.at:
            body["required_permission"] = refusal.at
        return status, body
    if status == 404:
        return status, {"message": NOT_FOUND}
    if status == 405:
        return status, {"message": METHOD}
    if status == 429:
        return status, {"message": TOO_MANY, "error_code": refusal.code}
    if status != 422:
        return status, {"message": refusal.detail, "error_code": refusal.code}
    wrong = refusal.parts or (refusal,)
    if is_bulk:
        return status, {"message": _of_all(wrong), "errors": _listed(wrong)}
    errors: dict[str, list[str]] = {}
    for one in wrong:
        errors.setdefault(one.at or WHOLE, []).append(one.detail)
    return status, {"message": _of_first(wrong), "errors": errors}


def spell_fault(fault: Fault | None) -> tuple[int, dict[str, Any]]:
    """Return the status and body for trouble of ours (None: a bug)."""
    if fault is None:
        return 500, {"message": UNEXPECTED, "error_code": "SERVER_ERROR"}
    told = told_of(fault)
    code = "service_unavailable" if told.code == UNAVAILABLE else told.code
    return 503, {"message": told.detail, "error_code": code.upper()}


def _of_all(wrong: Sequence[Refusal]) -> str:
    codes = {one.code for one in wrong}
    if codes & FILE_CODES:
        return UNRESOLVED
    return DUPLICATES if codes == {DUPLICATE} else INVALID


def _listed(wrong: Sequence[Refusal]) -> list[str]:
    numbered = []
    for one in wrong:
        entry = ENTRY.fullmatch(one.at or "")
        place = int(entry[1]) if entry else -1
        numbered.append((place, one.detail))
    numbered.sort(key=lambda each: each[0])
    return [
        detail if place < 0 else f"Entry {place}: {detail}"
        for place, detail in numbered
    ]


def _of_first(wrong: Sequence[Refusal]) -> str:
    more = len(wrong) - 1
    if not more:
        return wrong[0].detail
    return f"{wrong[0].detail} (and {more} more error{'s' if more > 1 else ''})"
