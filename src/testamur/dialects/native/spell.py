"""The native API's answers, from our words: camelCase, RFC 3339, minor units."""

from typing import Any

from testamur.core.acts import Done, Erasure
from testamur.core.clock import rfc3339
from testamur.core.lifecycle import JobState, StandingEvent
from testamur.core.words import (
    ApiKey,
    AuditLine,
    Certificate,
    ErasedCertificate,
    NewKey,
    Progress,
    RowFailure,
    SignedPrintsView,
    Tenant,
    Usage,
)


def job(progress: Progress) -> dict[str, Any]:
    """Spell a job and how far it is, as in a list."""
    its = progress.job
    return {
        "id": its.id,
        "state": its.state,
        "dialect": its.dialect,
        "batchId": its.batch_id,
        "rows": {
            "total": its.total,
            "processed": progress.processed,
            "succeeded": progress.succeeded,
            "failed": progress.failed,
            "cancelled": progress.cancelled,
        },
        "createdAt": rfc3339(its.created_at),
        "updatedAt": rfc3339(progress.updated_at),
        "startedAt": _moment(its.started_at),
        "finishedAt": _moment(its.finished_at),
        "estimatedAt": _moment(progress.estimated_at),
        "isFinished": its.state not in (JobState.QUEUED, JobState.PROCESSING),
        "links": {
            "self": f"/v1/jobs/{its.id}",
            "csv": f"/v1/jobs/{its.id}/results.csv",
            "zip": f"/v1/jobs/{its.id}/results.zip",
            "certificates": f"/v1/certificates?jobId={its.id}",
        },
    }


def status(progress: Progress) -> dict[str, Any]:
    """Spell a job as it is read by itself: with the rows that failed."""
    failures = [failure(one) for one in progress.failures]
    return {
        **job(progress),
        "unusedImages": progress.unused_images,
        "failures": failures,
    }


def failure(one: RowFailure) -> dict[str, Any]:
    """Spell why a row failed."""
    return {"row": one.row, "code": one.code, "message": one.message}


def certificate(one: Certificate, public_url: str, now: int) -> dict[str, Any]:
    """Spell a certificate as of *now* for its issuer: with the recipient's address."""
    facts, status = one.facts, one.status_at(now)
    return {
        "id": one.id,
        "referenceNumber": one.reference,
        "url": f"{public_url}/c/{one.id}",
        "jobId": one.job_id,
        "batchId": one.batch_id,
        "row": one.row,
        "issuedAt": rfc3339(one.issued_at),
        "validUntil": _moment(one.valid_until),
        "status": status.state,
        "statusSince": _moment(status.since),
        "statusReason": status.reason,
        "replacedBy": status.replaced_by,
        "name": facts.name,
        "description": facts.description,
        "category": facts.category,
        "recipientName": facts.recipient_name,
        "recipientEmail": facts.recipient_email,
        "attributes": dict(facts.attributes),
        "voucher": {
            "id": one.voucher_id,
            "expiresAt": rfc3339(one.voucher_expires_at),
        },
    }


def done(event: StandingEvent, one: Done) -> dict[str, Any]:
    """Spell what came of an act on certificates."""
    return {
        "action": event,
        "actId": one.act and one.act.id,
        "at": one.act and rfc3339(one.act.at),
        "changed": one.changed,
        "unchanged": one.unchanged,
    }


def erasure(one: Erasure) -> dict[str, Any]:
    """Spell what came of erasing a person."""
    act = one.act
    return {
        "actId": act and act.id,
        "at": act and rfc3339(act.at),
        "certificateIds": list(act.certificates) if act else [],
        "rows": len(act.rows) if act else 0,
        "others": len(act.persons) if act else 0,
        "isComplete": one.is_complete,
    }


def erased_certificate(one: ErasedCertificate, public_url: str) -> dict[str, Any]:
    """Spell what is left of an erased certificate, for its issuer."""
    return {
        "id": one.id,
        "referenceNumber": one.reference,
        "url": f"{public_url}/c/{one.id}",
        "jobId": one.job_id,
        "batchId": one.batch_id,
        "row": one.row,
        "issuedAt": rfc3339(one.issued_at),
        "status": "erased",
        "statusSince": rfc3339(one.erased_at),
    }


def key(one: ApiKey) -> dict[str, Any]:
    """Spell a key as lists show it, without its text."""
    return {
        "id": one.id,
        "name": one.name,
        "hint": one.hint,
        "scopes": sorted(one.scopes),
        "createdAt": rfc3339(one.created_at),
        "expiresAt": _moment(one.expires_at),
        "revokedAt": _moment(one.revoked_at),
    }


def new_key(one: NewKey) -> dict[str, Any]:
    """Spell a new key: the only answer that ever holds its text."""
    return {**key(one.key), "key": one.text}


def audit_line(one: AuditLine) -> dict[str, Any]:
    """Spell one thing that was done."""
    return {
        "at": rfc3339(one.at),
        "actor": one.actor,
        "act": one.act,
        "subject": one.subject,
        "detail": dict(one.detail),
    }


def tenant(one: Tenant) -> dict[str, Any]:
    """Spell the caller's own tenant, with what its plan allows."""
    plan = one.plan
    return {
        "id": one.id,
        "slug": one.slug,
        "name": one.name,
        "plan": {
            "name": plan.name,
            "maxRows": plan.max_rows,
            "maxCsvBytes": plan.max_csv_bytes,
            "maxZipBytes": plan.max_zip_bytes,
            "rates": {
                str(metered): {
                    "requests": rate.burst,
                    "periodSeconds": rate.period_seconds,
                }
                for metered, rate in plan.rates.items()
            },
        },
    }


def usage(one: Usage) -> dict[str, Any]:
    """Spell what was used and what it costs, in minor units of money."""
    return {
        "since": rfc3339(one.since),
        "until": rfc3339(one.until),
        "certificates": one.certificates,
        "lines": [
            {
                "priceVersion": line.price_version,
                "currency": line.currency,
                "certificates": line.certificates,
                "amountMinor": line.amount,
            }
            for line in one.lines
        ],
    }


def _moment(moment: int | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def signatures(view: SignedPrintsView) -> dict[str, Any]:
    """Spell how many certificates of a job their institution signed."""
    if view.is_running:
        state = "signing"
    else:
        state = "done" if not view.missing else "stopped" if view.signed else "none"
    return {
        "job": view.job_id,
        "state": state,
        "signed": view.signed,
        "missing": view.missing,
    }
