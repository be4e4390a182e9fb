"""How this wire says no: the superset of its two documented error bodies."""

from typing import Any

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.troubles import BROKEN, STORAGE_FULL, told_of

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
    """Return the status and body for trouble of ours (None: a bug)."""
    told = told_of(fault)
    status = {STORAGE_FULL: 507, BROKEN: 500}.get(told.code, 503)
    error = {
        "type": "api_error",
        "code": told.code,
        "message": told.detail,
        "request_id": request_id,
    }
    return status, {"success": False, "error": error}
