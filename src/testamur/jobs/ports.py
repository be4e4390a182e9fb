"""What this room needs from a database."""

from collections.abc import Sequence
from typing import Protocol

from testamur.core.lifecycle import JobState
from testamur.core.words import Job, Lease, Progress, RowFailure


class Queue(Protocol):
    """Chunks, handed out one lease at a time."""

    def lease(self, worker: str) -> Lease | None:
        """
        Hand out the next chunk, fairly; None when nothing waits.

        The attempt is counted in the same transaction, before the work: a chunk
        that kills its worker runs out of attempts rather than looping.
        """
        ...

    def renew(self, lease: Lease) -> bool:
        """Extend *lease*; False when somebody else holds the chunk by now."""
        ...

    def release(
        self, lease: Lease, *, blameless: bool = False, rest_seconds: float = 0
    ) -> None:
        """
        Give the chunk back; park it when its attempts are used up.

        *blameless* gives the attempt back too: the trouble was ours, and waiting
        will mend it. For *rest_seconds* the chunk is handed out to nobody.
        """
        ...

    def lapse(self, *, worker: str | None = None, all_of_them: bool = False) -> int:
        """Release leases that ran out, or *worker*'s, or all; say how many."""
        ...

    def settle(self) -> int:
        """Finish every job that has no chunk left to work; say how many."""
        ...


class Desk(Protocol):
    """What an owner can ask of their jobs. A job of another tenant does not exist."""

    def find(self, tenant_id: str, job_id: str) -> Job | None:
        """Return the job, or None."""
        ...

    def look(self, tenant_id: str, job_id: str) -> Progress | None:
        """Count how far the job is, without its failures; None for no such job."""
        ...

    def failures(self, job: Job, limit: int) -> Sequence[RowFailure]:
        """Return the first *limit* rows that failed for good, in row order."""
        ...

    def listing(
        self, tenant_id: str, state: JobState | None, offset: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of jobs, newest first, and how many there are in all."""
        ...

    def cancel(self, job: Job) -> bool:
        """Stop the job; False when it was no longer queued or processing."""
        ...

    def retry(self, job: Job, row: int | None = None) -> int:
        """Queue rows that failed for good, or one *row*; return how many."""
        ...
