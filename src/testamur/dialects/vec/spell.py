"""What the service answers: certificates, batches, templates, and pages of them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from testamur.core.vault import (
    BatchState,
    VaultBatch,
    VaultCertificate,
    VaultFile,
    VaultState,
)
from testamur.core.words import Template

from .ids import template_uuid

VAULT = "/business/certificate-vault"

#: By state: label, colour, icon, description.
STATUSES: Mapping[VaultState, tuple[str, str, str, str]] = {
    VaultState.PENDING: (
        "Pending",
        "gray",
        "heroicon-o-clock",
        "Certificate is waiting to be processed",
    ),
    VaultState.PROCESSING: (
        "Processing",
        "info",
        "heroicon-o-arrow-path",
        "Certificate is being processed",
    ),
    VaultState.GENERATED: (
        "Generated",
        "success",
        "heroicon-o-check-circle",
        "Certificate has been successfully generated",
    ),
    VaultState.FAILED: (
        "Failed",
        "danger",
        "heroicon-o-x-circle",
        "Certificate could not be generated",
    ),
    VaultState.REVOKED: (
        "Revoked",
        "danger",
        "heroicon-o-no-symbol",
        "Certificate has been revoked",
    ),
}

#: Laravel shows so many pages on each side of the one that is read.
EACH_SIDE = 3


def moment(at: int | None) -> str | None:
    """
    Spell a moment (milliseconds) as Laravel does.

    >>> moment(1_733_011_200_000)
    '2024-12-01T00:00:00.000000Z'
    """
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def status(state: VaultState) -> dict[str, str]:
    """Return a state as an object."""
    label, colour, icon, description = STATUSES[state]
    return {
        "value": state.value,
        "label": label,
        "color": colour,
        "icon": icon,
        "description": description,
    }


def uploaded(file: VaultFile) -> dict[str, Any]:
    """Return what is said of an uploaded file."""
    return {
        "message": "File uploaded successfully",
        "data": {
            "file_id": file.id,
            "file_name": file.name,
            "mime_type": file.media_type,
            "size": file.size,
        },
    }


def queued(batch_id: str, total: int) -> dict[str, Any]:
    """Return what is said of a call with many entries."""
    return {
        "message": "Bulk vault upload queued for processing",
        "data": {"batch_id": batch_id, "total": total, "status": "processing"},
    }


def item(one: VaultCertificate) -> dict[str, Any]:
    """Return a certificate as lists of the vault have it."""
    return {
        "id": one.id,
        "uuid": one.uuid,
        "reference_id": one.reference,
        "batch_id": one.batch_id,
        "certificate_title": one.title,
        "full_name": one.full_name,
        "applicant_email": one.email,
        "source": {"value": "vault", "label": "Vault"},
        "status": status(one.state),
        "issue_date": one.issue_date,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def certificate(one: VaultCertificate, public_url: str) -> dict[str, Any]:
    """Return everything about a certificate of the vault."""
    its = f"{public_url}{VAULT}/{one.uuid}"
    is_there = one.certificate_id is not None
    return {
        **item(one),
        "details": one.details,
        "qrcode_path": f"{its}/qrcode.svg" if is_there else None,
        "barcode_path": f"{its}/barcode.svg" if is_there else None,
        "verification_url": _page(one, public_url),
        "applicant_phone_number": None,
        "customer_id": one.customer_id,
        "institution_name": one.tenant_name,
        "institution_email": None,
        "institution_phone_number": None,
        "address": None,
        "contact_person": None,
        "social_links": [],
        "latitude": None,
        "longitude": None,
        "verification_notes": None,
        "rejection_reason": one.failure or one.reason,
        "verified_at": moment(one.issued_at),
        "assigned_at": moment(one.assigned_at) if is_there else None,
        "documents": [
            {"id": one.id, "type": "verified_pdf", "path": f"{its}/download"},
        ]
        if is_there
        else [],
    }


def issued(one: VaultCertificate, public_url: str) -> dict[str, Any]:
    """Return a certificate of a batch."""
    page = _page(one, public_url)
    return {
        "id": one.id,
        "uuid": one.uuid,
        "reference_id": one.reference,
        "batch_id": one.batch_id,
        "customer_id": one.customer_id,
        "name": one.full_name,
        "email": one.email,
        "status": status(one.state),
        "pdf_path": page and f"{page}.pdf",
        "image_path": page and f"{page}.png",
        "verification_url": page,
        "issue_date": one.issue_date,
        "generated_at": moment(one.issued_at),
        "failure_reason": one.failure,
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
    }


def batch(one: VaultBatch, template: Template | None) -> dict[str, Any]:
    """Return a batch; *template* is what its certificates look like."""
    done = one.succeeded + one.failed
    is_over = one.state not in (BatchState.PENDING, BatchState.PROCESSING)
    return {
        "id": one.id,
        "name": one.name,
        "status": one.state.value,
        "template_id": template_uuid(one.template_id),
        "total_certificates": one.total,
        "processed_certificates": one.succeeded,
        "failed_certificates": one.failed,
        "progress": 100 if is_over else min(99, done * 100 // one.total),
        "completion_date": moment(one.finished_at),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "template": None if template is None else listed_template(template),
        "requires_signatures": False,
        "requires_my_signature": False,
    }


def listed_template(one: Template) -> dict[str, Any]:
    """Return a template."""
    return {
        "id": template_uuid(one.id),
        "institution_id": one.tenant_id,
        "name": one.name,
        "screenshot": None,
        "has_signatures": False,
        "has_default_signatories": False,
        "requires_signature_setup": False,
        "signatory_fields": [],
        "default_signatories": [],
        "custom_fields": [
            name.removeprefix("attribute_")
            for name in one.newest.about.columns
            if name.startswith("attribute_")
        ],
    }


def page(
    items: Sequence[object],
    *,
    number: int,
    size: int,
    total: int,
    path: str,
    asked: Mapping[str, str],
) -> dict[str, Any]:
    """
    Return one page of a list as Laravel's paginator does.

    *asked*: the other parameters, which its links keep. There is always a last page,
    and it is page 1 of an empty list.
    """
    last = max(1, -(-total // size))
    first = (number - 1) * size + 1 if items else None

    def url(to: int) -> str:
        return f"{path}?{urlencode({**asked, 'page': to}, safe='@')}"

    before = url(number - 1) if number > 1 else None
    after = url(number + 1) if number < last else None
    return {
        "data": items,
        "links": {"first": url(1), "last": url(last), "prev": before, "next": after},
        "meta": {
            "current_page": number,
            "from": first,
            "last_page": last,
            "links": [
                {"url": before, "label": "&laquo; Previous", "active": False},
                *(
                    {
                        "url": None if one is None else url(one),
                        "label": "..." if one is None else str(one),
                        "active": one == number,
                    }
                    for one in _shown(number, last)
                ),
                {"url": after, "label": "Next &raquo;", "active": False},
            ],
            "path": path,
            "per_page": size,
            "to": None if first is None else first + len(items) - 1,
            "total": total,
        },
    }


def _shown(number: int, last: int) -> list[int | None]:
    """
    Return the pages that are linked to; None for those left out between them.

    >>> _shown(10, 20)
    [1, 2, None, 7, 8, 9, 10, 11, 12, 13, None, 19, 20]
    """
    near = range(number - EACH_SIDE, number + EACH_SIDE + 1)
    shown: list[int | None] = []
    before = 0
    for one in sorted({1, 2, *near, last - 1, last}):
        if not 1 <= one <= last:
            continue
        if one > before + 1:
            shown.append(None)
        shown.append(one)
        before = one
    return shown


def _page(one: VaultCertificate, public_url: str) -> str | None:
    if one.certificate_id is None:
        return None
    return f"{public_url}/c/{one.certificate_id}"
