"""What a Pocketbook client reads, from our words. Field names are the wire's."""

from collections.abc import Sequence
from typing import Any

from testamur.core.clock import rfc3339
from testamur.core.lifecycle import JobState
from testamur.core.words import CostPreview, Progress

#: What the template download holds: every column, and one example.
TEMPLATE_CSV = (
    "name,description,imageUrl,category,recipientEmail,recipientName,"
    "attribute_Course,attribute_Level\n"
    "Example Certificate,This is an example certificate description,"
    "https://example.com/certificate.png,education,recipient@example.com,John Doe,"
    "Introduction to Blockchain,Beginner\n"
)

TEMPLATE_NAME = "pocketbook-bulk-mint-template.csv"


def success(data: dict[str, Any]) -> dict[str, Any]:
    """Wrap *data* as every good answer is."""
    return {"success": True, "data": data}


def job(progress: Progress) -> dict[str, Any]:
    """Spell a job with its progress, as in a list."""
    its = progress.job
    spelled: dict[str, Any] = {
        "jobId": its.id,
        "status": its.state,
        "totalCount": its.total,
        "processedCount": progress.processed,
        "successCount": progress.succeeded,
        "failedCount": progress.failed,
        "createdAt": rfc3339(its.created_at),
        "updatedAt": rfc3339(progress.updated_at),
    }
    if its.state is JobState.CANCELLED:
        spelled["cancelledCount"] = progress.cancelled
    if its.finished_at is not None:
        spelled["completedAt"] = rfc3339(its.finished_at)
    if its.batch_id is not None:
        spelled["batchId"] = its.batch_id
    return spelled


def status(progress: Progress) -> dict[str, Any]:
    """Spell a job as its status is polled: with ETA, errors and, if so, why."""
    spelled = job(progress)
    if progress.estimated_at is not None:
        spelled["estimatedCompletionTime"] = rfc3339(progress.estimated_at)
    spelled["errors"] = [
        {"row": failure.row, "error": failure.message, "code": failure.code}
        for failure in progress.failures
    ]
    if progress.unused_images:
        spelled["unusedImages"] = progress.unused_images
    if progress.job.state is JobState.FAILED:
        spelled["error"] = _why(progress)
    return spelled


def page(
    jobs: Sequence[Progress], *, number: int, limit: int, total: int
) -> dict[str, Any]:
    """Spell one page of jobs."""
    return {
        "jobs": [job(progress) for progress in jobs],
        "pagination": {
            "page": number,
            "limit": limit,
            "totalPages": -(-total // limit),
            "totalItems": total,
        },
    }


def retried(progress: Progress, count: int) -> dict[str, Any]:
    """Spell the answer to a retry of *count* rows."""
    certificates = "certificate" if count == 1 else "certificates"
    message = f"Job retry initiated for {count} failed {certificates}"
    if not count:
        message = "There are no failed certificates to retry"
    if not count and not progress.job.finished_at:
        message = "The job is still being worked on; retry what fails once it is done"
    return {**job(progress), "retriedCount": count, "message": message}


def cancelled(progress: Progress) -> dict[str, Any]:
    """Spell the answer to a cancellation."""
    return {**job(progress), "message": "Job cancelled successfully"}


def cost(preview: CostPreview) -> dict[str, Any]:
    """Spell a cost preview; cents are exact, the rest is for people."""
    return {
        "count": preview.count,
        "currency": preview.currency,
        "totalCost": preview.total / 100,
        "totalCostCents": preview.total,
        "costPerCertificate": round(preview.total / 100 / preview.count, 4),
        "tiers": [
            {
                "from": line.first,
                "count": line.quantity,
                "unitCost": line.unit_price / 100,
                "unitCostCents": line.unit_price,
                "cost": line.amount / 100,
            }
            for line in preview.lines
        ],
        "priceVersion": preview.price_version,
    }


def _why(progress: Progress) -> str:
    total = progress.job.total
    first = progress.failures[0] if progress.failures else None
    because = f" Row {first.row}: {first.message}" if first else ""
    if total == 1:
        return f"The certificate could not be created.{because}"
    return f"None of the {total:,} certificates could be created.{because}"
