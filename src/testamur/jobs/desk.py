"""
What an owner asks of a job: how far is it, stop it, try the failed rows again.

Another tenant's job is answered exactly like one that does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from testamur.core.lifecycle import JobState
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Job, Progress

from .ports import Desk

#: How many failures a status names. A standard job cannot have more.
MAX_NAMED_FAILURES = 1_000


@dataclass(frozen=True, slots=True)
class Retried:
    """The job after a retry was asked for, and how many rows run again."""

    progress: Progress
    count: int


class JobDesk:
    """The verbs on one tenant's jobs."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def find(self, tenant_id: str, job_id: str) -> Job:
        """
        Return the job.

        Raises:
            Refusal: NOT_FOUND.
        """
        job = self._desk.find(tenant_id, job_id)
        if job is None:
            raise _not_found()
        return job

    def status(
        self, tenant_id: str, job_id: str, *, failures: int = MAX_NAMED_FAILURES
    ) -> Progress:
        """Count how far the job is, naming its first *failures* failed rows."""
        progress = self._desk.look(tenant_id, job_id)
        if progress is None:
            raise _not_found()
        if not failures or not progress.failed:
            return progress
        named = self._desk.failures(progress.job, failures)
        return replace(progress, failures=named)

    def listing(
        self, tenant_id: str, *, state: JobState | None, page: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of the tenant's jobs, newest first, and the total."""
        return self._desk.listing(tenant_id, state, (page - 1) * limit, limit)

    def cancel(self, tenant_id: str, job_id: str) -> Progress:
        """
        Stop the job: no row starts from here on, and what was issued stays.

        Cancelling a cancelled job changes nothing.

        Raises:
            Refusal: NOT_FOUND; CONFLICT when the job has already finished.
        """
        job = self.find(tenant_id, job_id)
        if not self._desk.cancel(job):
            job = self.find(tenant_id, job_id)
            if job.state is not JobState.CANCELLED:
                raise Refusal(
                    Kind.CONFLICT,
                    "job_not_cancellable",
                    f"The job is {job.state}: only a queued or processing job can "
                    "be cancelled. What it issued stays valid.",
                )
        return self.status(tenant_id, job_id, failures=0)

    def retry(self, tenant_id: str, job_id: str) -> Retried:
        """
        Run the rows that failed for good once more, and no others.

        Safe to call any number of times: rows that are already waiting are not
        queued twice, and a job without failed rows answers with a count of 0.

        Raises:
            Refusal: NOT_FOUND; CONFLICT when the job was cancelled.
        """
        job = self.find(tenant_id, job_id)
        if job.state is JobState.CANCELLED:
            raise Refusal(
                Kind.CONFLICT,
                "job_cancelled",
                "A cancelled job cannot be retried. Submit its remaining rows as a "
                "new job; the results CSV lists them.",
            )
        count = self._desk.retry(job)
        return Retried(self.status(tenant_id, job_id, failures=0), count)


def _not_found() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "job_not_found",
        "There is no such job. Check the job id.",
        at="jobId",
    )
