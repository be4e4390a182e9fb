"""What is told of a job when it ends, or is begun again."""

from typing import Any

from sqlalchemy import text

from testamur.core.events import EventType, Happening
from testamur.core.lifecycle import JobState

#: A job as `told_of` reads it.
JOB_COUNTS = text("""
    SELECT j.id, j.verb, j.total, coalesce((SELECT sum(c.succeeded) FROM chunks c
      WHERE c.job_seq = j.seq), 0) AS succeeded
    FROM jobs j WHERE j.seq = :job
""")

TYPES = {
    JobState.COMPLETED: EventType.JOB_COMPLETED,
    JobState.FAILED: EventType.JOB_FAILED,
    JobState.CANCELLED: EventType.JOB_CANCELLED,
    JobState.QUEUED: EventType.JOB_RETRIED,
}


def told_of(job: Any, state: JobState) -> Happening:
    """Return what is told of *job*, a row with its counts, that is now in *state*."""
    # PostgreSQL sums bigints as decimals.
    succeeded = int(job.succeeded)
    data = {
        "jobId": job.id,
        "verb": job.verb,
        "status": str(state),
        "totalCount": job.total,
        "successCount": succeeded,
    }
    if state in (JobState.COMPLETED, JobState.FAILED):
        data["failedCount"] = job.total - succeeded
    return Happening(TYPES[state], job.id, data)
