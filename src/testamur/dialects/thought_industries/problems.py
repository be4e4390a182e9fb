"""How this wire says no: `{"error": ..., "message": ...}`, and its own statuses."""

from typing import Any

from testamur.core.refusals import Fault, Halted, Kind, NotYet, Refusal, StorageFull

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
    status = 503
    if isinstance(fault, StorageFull):
        code, message = (
            "storage_full",
            "The server has no space left; nothing of this request was stored.",
        )
    elif isinstance(fault, Halted):
        code, message = (
            fault.CODE,
            "The operator halted issuing for now; nothing was issued. Ask your "
            "operator, or send the request again later.",
        )
    elif isinstance(fault, NotYet):
        code, message = (
            "not_ready_yet",
            "This takes longer than a request may. It goes on by itself: send the "
            "same request again shortly, and it answers with what came of it.",
        )
    elif fault is not None:
        code, message = (
            "service_unavailable",
            "The server cannot answer right now. Send the request again shortly.",
        )
    else:
        status, code, message = (
            500,
            "internal_server_error",
            "Something broke on our side. Ask your operator, naming the request id.",
        )
    return status, _body(code, message, request_id)


def _body(code: str, message: str, request_id: str) -> dict[str, Any]:
    return {"error": code, "message": message, "requestId": request_id}
