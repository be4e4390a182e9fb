"""How this wire says no: the superset of its two documented error bodies."""

from typing import Any

from testamur.core.refusals import Fault, Halted, Kind, Refusal, StorageFull

SPELLINGS: dict[Kind, tuple[int, str]] = {
    Kind.MALFORMED: (400, "invalid_request_error"),
    Kind.NOT_AUTHENTICATED: (401, "authentication_error"),
    Kind.NOT_ALLOWED: (403, "permission_error"),
    Kind.NOT_FOUND: (404, "not_found_error"),
    Kind.TOO_SLOW: (408, "invalid_request_error"),
    Kind.GONE: (410, "not_found_error"),
    Kind.CONFLICT: (409, "conflict_error"),
    Kind.TOO_LARGE: (413, "invalid_request_error"),
    Kind.UNSUPPORTED: (415, "invalid_request_error"),
    Kind.INVALID: (422, "invalid_request_error"),
    Kind.TOO_OFTEN: (429, "rate_limit_error"),
}


def spell(refusal: Refusal, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return the status and body for *refusal*."""
    status, kind = SPELLINGS[refusal.kind]
    error: dict[str, Any] = {
        "type": kind,
        "code": refusal.code,
        "message": refusal.detail,
        "request_id": request_id,
    }
    if refusal.at is not None:
        error["param"] = refusal.at
    if refusal.retry_after_seconds is not None:
        error["retry_after"] = refusal.retry_after_seconds
    if refusal.parts:
        error["details"] = [
            {"code": part.code, "message": part.detail, "param": part.at}
            for part in refusal.parts
        ]
    return status, {"success": False, "error": error}


def spell_fault(fault: Fault | None, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """
    Return the status and body for trouble of ours (None: a bug).

    The caller learns what to do, and nothing of what broke.
    """
    status, code, message = (
        500,
        "internal_error",
        (
            "Something broke on our side and nothing was lost. Ask your operator, "
            "naming the request id."
        ),
    )
    if isinstance(fault, StorageFull):
        status, code, message = (
            507,
            "storage_full",
            (
                "The server has no space left; nothing of this request was stored. Ask "
                "your operator to make room, then send it again."
            ),
        )
    elif isinstance(fault, Halted):
        status, code, message = (
            503,
            fault.CODE,
            (
                "The operator halted issuing for now; nothing of this request was "
                "done. Ask your operator, or send it again later."
            ),
        )
    elif fault is not None:
        status, code, message = (
            503,
            "temporarily_unavailable",
            ("The server cannot answer right now. Send the request again shortly."),
        )
    error = {
        "type": "api_error",
        "code": code,
        "message": message,
        "request_id": request_id,
    }
    return status, {"success": False, "error": error}
