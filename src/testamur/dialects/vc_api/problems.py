"""How the VC-API says no: problem details, and 400 for whatever is wrong."""

from http import HTTPStatus
from typing import Any

from testamur.core.refusals import Fault, Halted, Kind, Refusal, StorageFull

#: What the interface asks for: it knows 400 for all that is wrong with documents.
STATUSES: dict[Kind, int] = {
    Kind.MALFORMED: 400,
    Kind.INVALID: 400,
    Kind.NOT_AUTHENTICATED: 401,
    Kind.NOT_ALLOWED: 403,
    Kind.NOT_FOUND: 404,
    Kind.TOO_SLOW: 408,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED: 415,
    Kind.TOO_OFTEN: 429,
}

_MALFORMED = "https://www.w3.org/TR/vc-data-model#MALFORMED_VALUE_ERROR"


def spell(
    refusal: Refusal,
    *,
    request_id: str,
    is_verifying: bool,
    status: int | None = None,
) -> tuple[int, dict[str, Any]]:
    """
    Return the status (its kind's, unless *status* is given) and the body.

    Whoever asked for a verification reads `verified: false` in it.
    """
    status = status or STATUSES[refusal.kind]
    kind = _MALFORMED if refusal.kind is Kind.INVALID else "about:blank"
    body = _body(kind, status, refusal.code, refusal.detail, request_id)
    if refusal.at is not None:
        body["at"] = refusal.at
    if refusal.retry_after_seconds is not None:
        body["retryAfter"] = refusal.retry_after_seconds
    if refusal.parts:
        body["parts"] = [
            {"code": part.code, "detail": part.detail, "at": part.at}
            for part in refusal.parts
        ]
    if is_verifying:
        body["verified"] = False
        body["problemDetails"] = [
            {"type": kind, "title": refusal.code, "detail": refusal.detail}
        ]
    return status, body


def spell_fault(fault: Fault | None, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return the status and body for trouble of ours (None: a bug)."""
    if isinstance(fault, StorageFull):
        status, code, detail = (
            507,
            "storage_full",
            "The server has no space left; nothing was issued.",
        )
    elif isinstance(fault, Halted):
        status, code, detail = (
            503,
            Halted.CODE,
            "The operator halted issuing. Nothing was issued; verifying goes on.",
        )
    elif fault is not None:
        status, code, detail = (
            503,
            "temporarily_unavailable",
            "The server cannot answer right now. Nothing was issued; send the request "
            "again shortly.",
        )
    else:
        status, code, detail = (
            500,
            "internal_error",
            "Something broke on our side. Ask your operator, naming the request id.",
        )
    return status, _body("about:blank", status, code, detail, request_id)


def _body(
    kind: str, status: int, code: str, detail: str, request_id: str
) -> dict[str, Any]:
    return {
        "type": kind,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": request_id,
    }
