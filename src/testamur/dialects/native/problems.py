"""How the native API says no: problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.troubles import BROKEN, STORAGE_FULL, told_of

STATUSES: dict[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.NOT_AUTHENTICATED: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.TOO_SLOW: 408,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.INVALID: 422,
    Kind.TOO_OFTEN: 429,
}


def spell(
    refusal: Refusal, *, request_id: str, status: int | None = None
) -> tuple[int, dict[str, Any]]:
    """Return the status (its kind's, unless *status* is given) and the body."""
    status = status or STATUSES[refusal.kind]
    body = _body(status, refusal.code, refusal.detail, request_id)
    if refusal.at is not None:
        body["at"] = refusal.at
    if refusal.retry_after_seconds is not None:
        body["retryAfter"] = refusal.retry_after_seconds
    if refusal.parts:
        body["parts"] = [
            {"code": part.code, "detail": part.detail, "at": part.at}
            for part in refusal.parts
        ]
    return status, body


def spell_fault(fault: Fault | None, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return the status and body for trouble of ours (None: a bug)."""
    told = told_of(fault)
    status = {STORAGE_FULL: 507, BROKEN: 500}.get(told.code, 503)
    return status, _body(status, *told, request_id)


def _body(status: int, code: str, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": request_id,
    }
