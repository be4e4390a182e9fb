"""
Batches of documents on this wire: signed with a certificate, or asked for again.

The service shows no answer of its two calls. Ours tell the job, and what became of each
document.
"""

from typing import Any

from testamur.core.lifecycle import JobState, JobVerb
from testamur.core.papers import BatchResult, BatchView
from testamur.core.pins import Pin, read_pin
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import SigningOrder

from . import document_wire
from .checking import Fields, whole_of
from .documents import document_names
from .spell import moment

MAX_REASON_CHARACTERS = 255

#: The body that `order` reads.
ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["document_ids", "pin"],
    "properties": {
        "document_ids": document_wire.DOCUMENT_IDS["properties"]["document_ids"],
        "pin": {"type": "string", "description": "Of the certificate", "minLength": 4},
        "reason": {"type": ["string", "null"], "maxLength": MAX_REASON_CHARACTERS},
        "location": {"type": ["string", "null"], "maxLength": MAX_REASON_CHARACTERS},
        "visible": {
            "type": ["boolean", "null"],
            "description": "Whether a stamp with a QR code shows on the last page",
        },
    },
    "example": {"document_ids": [101, 102, 103], "pin": "123456"},
}


def cert_in_path(text: str) -> int:
    """
    Return which certificate a path names.

    Raises:
        Refusal: NOT_FOUND, for what can be none.
    """
    found = whole_of(text)
    if found is None:
        raise Refusal(
            Kind.NOT_FOUND, "not_found", "No certificate has this id. It is a number."
        )
    return found


def order(body: object, signer_id: int) -> tuple[list[int | str], Pin, SigningOrder]:
    """
    Return which documents are to be signed, the PIN, and how.

    Raises:
        Refusal: INVALID, with a part for each field that is wrong.
    """
    fields = Fields(body)
    names: list[int | str] = []
    try:
        names = document_names(body)
    except Refusal as refusal:
        fields.wrong += refusal.parts or (refusal,)
    pin = None
    try:
        pin = read_pin(body.get("pin") if isinstance(body, dict) else None)
    except Refusal as refusal:
        fields.wrong.append(refusal)
    wanted = SigningOrder(
        signer_id,
        reason=fields.text("reason", most=MAX_REASON_CHARACTERS) or "",
        location=fields.text("location", most=MAX_REASON_CHARACTERS) or "",
        is_visible=bool(fields.flag("visible")),
    )
    fields.done()
    assert pin is not None
    return names, pin, wanted


def batch(view: BatchView, public_url: str) -> dict[str, Any]:
    """Spell a batch: how far it is, and each document in the order of the call."""
    progress, job = view.progress, view.progress.job
    done = sum(1 for one in view.results if one.is_over and one.reason is None)
    is_over = job.state not in (JobState.QUEUED, JobState.PROCESSING)
    signs = job.verb == JobVerb.SIGN
    if not is_over:
        message = "They are being signed." if signs else "Mails are on their way."
    elif signs:
        message = f"{done} of {job.total} documents were signed."
    else:
        message = f"Signature requests were sent again for {done} of {job.total}."
        message = message.removesuffix(".") + " documents."
    return {
        "success": True,
        "message": message,
        "data": {
            "job": {
                "id": job.id,
                "type": "sign" if signs else "resend",
                "status": str(job.state),
                "total": job.total,
                "processed": progress.processed,
                "succeeded": progress.succeeded,
                "failed": progress.failed,
                "created_at": moment(job.created_at),
                "finished_at": moment(job.finished_at),
                "url": f"{public_url}/documents/batch/jobs/{job.id}",
            },
            "results": [_result(one, signs, public_url) for one in view.results],
        },
    }


def _result(one: BatchResult, signs: bool, public_url: str) -> dict[str, Any]:
    said: dict[str, Any] = {"document_id": one.document_id}
    if not one.is_over:
        return {**said, "status": "pending", "code": None, "message": None}
    if one.reason is not None:
        return {
            **said,
            "status": "failed" if signs else "skipped",
            "code": one.reason.code,
            "message": one.reason.message.replace("{id}", str(one.document_id)),
        }
    if signs:
        return {
            **said,
            "status": "signed",
            "code": None,
            "message": None,
            "level": one.done.get("level"),
            "sha256": one.done.get("sha256"),
            "download_url": f"{public_url}/documents/{one.document_id}/download",
        }
    return {
        **said,
        "status": "sent",
        "code": None,
        "message": None,
        "recipients": one.done.get("recipients"),
    }
