"""How this wire says no: `{"error": ..., "message": ...}`, and its own statuses."""

from typing import Any

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.troubles import BROKEN, UNAVAILABLE, told_of

#: The service documents no 408, 410, 413 and 415: a client that knows its list
#: knows what to do with these.
STATUSES: dict[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.UNSUPPORTED: 400,
    Kind.TOO_SLOW: 400,
    Kind.NOT_AUTHENTICATED: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.GONE: 404,
    Kind.CONFLICT: 409,
    Kind.INVALID: 422,
    Kind.TOO_LARGE: 422,
    Kind.TOO_OFTEN: 429,
}

#: Trouble of ours that has a name of its own here.
ITS_WORDS = {UNAVAILABLE: "service_unavailable", BROKEN: "internal_server_error"}


def spell(
    refusal: Refusal, *, request_id: str, status: int | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status (its kind's, unless *status* is given) and the body."""
    status = status or STATUSES[refusal.kind]
    body = _body(refusal.code, refusal.detail, request_id)
    if refusal.at is not None:
        body["field"] = refusal.at
    if refusal.retry_after_seconds is not None:
        body["retryAfter"] = refusal.retry_after_seconds
    if refusal.parts:
        body["details"] = [
            {"error": part.code, "message": part.detail, "field": part.at}
            for part in refusal.parts
        ]
    return status, body


def spell_fault(fault: Fault | None, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return the status and body for trouble of ours (None: a bug)."""
    told = told_of(fault)
    code = ITS_WORDS.get(told.code, told.code)
    return 500 if told.code == BROKEN else 503, _body(code, told.detail, request_id)


def _body(code: str, message: str, request_id: str) -> dict[str, Any]:
    return {"error": code, "message": message, "requestId": request_id}
