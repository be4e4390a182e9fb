"""
How this wire says no: `{"success": false, "message": ..., "errors": {...}}`.

The messages that clients may compare are the service's own. What a person can do
about it is in `errors`, or in our addition `detail`.
"""

from typing import Any

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.troubles import BROKEN, UNAVAILABLE, told_of

#: The service documents no 408, 409, 410, 413 and 415: a client that knows its list
#: knows what to do with these.
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

MESSAGES: dict[int, str] = {
    400: "Bad Request",
    401: "Unauthenticated.",
    403: "This action is unauthorized.",
    404: "Resource not found.",
    405: "Method not allowed.",
    422: "The given data was invalid.",
    429: "Too Many Attempts.",
    500: "Server Error",
    503: "Service Unavailable",
}

#: Where a value that is wrong has no field of its own.
WHOLE = "request"

#: Trouble of ours that has a name of its own here.
ITS_WORDS = {UNAVAILABLE: "service_unavailable", BROKEN: "internal_server_error"}


def spell(
    refusal: Refusal, *, request_id: str, status: int | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status (its kind's, unless *status* is given) and the body."""
    status = status or STATUSES[refusal.kind]
    body = _body(status, refusal.code, refusal.detail, request_id)
    if status == 422:
        errors: dict[str, list[str]] = {}
        for one in refusal.parts or (refusal,):
            errors.setdefault(one.at or WHOLE, []).append(one.detail)
        body["errors"] = errors
    if refusal.retry_after_seconds is not None:
        body["retry_after"] = refusal.retry_after_seconds
    return status, body


def spell_fault(fault: Fault | None, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return the status and body for trouble of ours (None: a bug)."""
    told = told_of(fault)
    code = ITS_WORDS.get(told.code, told.code)
    status = 500 if told.code == BROKEN else 503
    return status, _body(status, code, told.detail, request_id)


def _body(status: int, code: str, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "success": False,
        "message": MESSAGES[status],
        "code": code,
        "detail": detail,
        "request_id": request_id,
    }
