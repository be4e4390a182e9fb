"""
What an owner asks of a job: how far is it, stop it, try the failed rows again.

Another tenant's job is answered exactly like one that does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from testamur.core.clock import Clock
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Job, Progress

from .ports import Desk

#: How many failures a status names. A standard job cannot have more.
MAX_NAMED_FAILURES = 1_000


#: For how long a status may be old.
GLANCE_MILLISECONDS = 100

#: How many jobs' statuses are remembered.
MAX_GLANCES = 1_000


@dataclass(frozen=True, slots=True)
class Retried:
    """The job after a retry was asked for, and how many rows run again."""

    progress: Progress
    count: int


class Glances:
    """
    Remembers for a moment how far each job was when it was last looked at.

    However many people watch one job, the database is asked ten times a second.
    What this process itself does to a job is never hidden.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], tuple[int, Progress]] = {}
        #: Grows whenever something is done to a job.
        self.changes = 0

    def last(self, tenant_id: str, job_id: str) -> Progress | None:
        """Return what was seen a moment ago, or None."""
        moment, progress = self._seen.get((tenant_id, job_id), (0, None))
        is_fresh = 0 <= self._clock() - moment < GLANCE_MILLISECONDS
        return progress if is_fresh else None

    def keep(self, progress: Progress, changes: int) -> None:
        """Remember what was seen, unless jobs changed since there were *changes*."""
        if changes != self.changes:
            return
        if len(self._seen) >= MAX_GLANCES:
            self._seen.clear()
        job = progress.job
        self._seen[job.tenant_id, job.id] = (self._clock(), progress)

    def forget(self, job: Job) -> None:
        """Look again next time: something was done to *job*."""
        self.changes += 1
        self._seen.pop((job.tenant_id, job.id), None)


class JobDesk:
    """The verbs on one tenant's jobs. With *glances*, statuses are remembered."""

    def __init__(self, desk: Desk, glances: Glances | None = None) -> None:
        self._desk = desk
        self._glances = glances

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
        """
        Count how far the job is, naming its first *failures* failed rows.

        Raises:
            Refusal: NOT_FOUND.
        """
        if self._glances is None or failures != MAX_NAMED_FAILURES:
            return self._look(tenant_id, job_id, failures)
        progress = self._glances.last(tenant_id, job_id)
        if progress is None:
            changes = self._glances.changes
            progress = self._look(tenant_id, job_id, failures)
            self._glances.keep(progress, changes)
        return progress

    def _look(self, tenant_id: str, job_id: str, failures: int) -> Progress:
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
        self._forget(job)
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
        before = self.status(tenant_id, job_id, failures=0)
        count = self._desk.retry(job)
        self._forget(job)
        if count:  # as it was at that moment: a worker may have begun since
            queued = replace(
                before.job, state=JobState.QUEUED, started_at=None, finished_at=None
            )
            failed = max(0, before.failed - count)
            return Retried(replace(before, job=queued, failed=failed), count)
        return Retried(self.status(tenant_id, job_id, failures=0), count)

    def retry_row(self, tenant_id: str, job_id: str, row: int) -> int:
        """
        Run one row that failed for good once more; return how many run (0: none).

        It does not run while others of its job do, or when it has not failed.

        Raises:
            Refusal: NOT_FOUND.
        """
        job = self.find(tenant_id, job_id)
        count = self._desk.retry(job, row)
        self._forget(job)
        return count

    def _forget(self, job: Job) -> None:
        if self._glances is not None:
            self._glances.forget(job)


def _not_found() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "job_not_found",
        "There is no such job. Check the job id.",
        at="jobId",
    )
