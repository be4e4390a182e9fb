"""
What may happen to a job, a chunk and a certificate, and what they become.

Rule 1: every move is in these tables; nobody else decides one.
Rule 2: this file knows nothing of workers, clocks or databases.
Rule 3: a row has no state of its own. It succeeded when it has a certificate (or,
where none is issued, is noted as done), failed when it has a failure, was cancelled
when its job was and it has neither, and is waiting otherwise. So no two records can
disagree about it.
"""

from collections.abc import Mapping
from enum import StrEnum, auto


class JobVerb(StrEnum):
    """What a job does with each of its rows."""

    ISSUE = auto()  #: give it a certificate
    SIGN = auto()  #: sign its document with an institutional certificate
    RESEND = auto()  #: remind those who have not signed its document


class JobState(StrEnum):
    """Where a job is. The words are the wire's."""

    QUEUED = auto()  #: accepted, and no chunk has been started
    PROCESSING = auto()  #: at least one chunk has been started
    COMPLETED = auto()  #: every row has its outcome, and one at least succeeded
    FAILED = auto()  #: every row has its outcome, and none succeeded
    CANCELLED = auto()  #: stopped by its owner; what was issued stays


class JobEvent(StrEnum):
    """What can happen to a job."""

    START = auto()  #: its first chunk is leased
    FINISH = auto()  #: the last row got its outcome, and one at least succeeded
    FAIL = auto()  #: the last row got its outcome, and none succeeded
    CANCEL = auto()  #: asked for by its owner
    RETRY = auto()  #: its owner wants the failed rows tried again


JOB_MOVES: Mapping[tuple[JobState, JobEvent], JobState] = {
    (JobState.QUEUED, JobEvent.START): JobState.PROCESSING,
    (JobState.QUEUED, JobEvent.CANCEL): JobState.CANCELLED,
    (JobState.PROCESSING, JobEvent.START): JobState.PROCESSING,
    (JobState.PROCESSING, JobEvent.FINISH): JobState.COMPLETED,
    (JobState.PROCESSING, JobEvent.FAIL): JobState.FAILED,
    (JobState.PROCESSING, JobEvent.CANCEL): JobState.CANCELLED,
    (JobState.COMPLETED, JobEvent.RETRY): JobState.QUEUED,
    (JobState.FAILED, JobEvent.RETRY): JobState.QUEUED,
}


class ChunkState(StrEnum):
    """Where a chunk is."""

    WAITING = auto()  #: cut, and nobody is working on it
    LEASED = auto()  #: one worker holds it until the lease runs out
    DONE = auto()  #: every row has its certificate or its reason
    PARKED = auto()  #: out of attempts; its rows failed and can be retried
    CANCELLED = auto()  #: its job was cancelled before it was kept


class ChunkEvent(StrEnum):
    """What can happen to a chunk."""

    LEASE = auto()
    KEEP = auto()  #: everything it did became true, in one transaction
    LAPSE = auto()  #: the lease ran out, or the worker gave it back
    PARK = auto()  #: it used up its attempts
    CANCEL = auto()


CHUNK_MOVES: Mapping[tuple[ChunkState, ChunkEvent], ChunkState] = {
    (ChunkState.WAITING, ChunkEvent.LEASE): ChunkState.LEASED,
    (ChunkState.WAITING, ChunkEvent.CANCEL): ChunkState.CANCELLED,
    (ChunkState.LEASED, ChunkEvent.KEEP): ChunkState.DONE,
    (ChunkState.LEASED, ChunkEvent.LAPSE): ChunkState.WAITING,
    (ChunkState.LEASED, ChunkEvent.PARK): ChunkState.PARKED,
    (ChunkState.LEASED, ChunkEvent.CANCEL): ChunkState.CANCELLED,
}


class Standing(StrEnum):
    """How a certificate stands, whatever its dates say."""

    ACTIVE = auto()  #: nothing was done to it
    SUSPENDED = auto()  #: not to be relied on for now
    REVOKED = auto()  #: not to be relied on, for ever


class StandingEvent(StrEnum):
    """What its issuer can do to a certificate."""

    REVOKE = auto()
    SUSPEND = auto()
    REINSTATE = auto()  #: end a suspension


#: What is not here, and is not what the certificate already is, never happens:
#: nothing leads out of REVOKED.
STANDING_MOVES: Mapping[tuple[Standing, StandingEvent], Standing] = {
    (Standing.ACTIVE, StandingEvent.REVOKE): Standing.REVOKED,
    (Standing.ACTIVE, StandingEvent.SUSPEND): Standing.SUSPENDED,
    (Standing.SUSPENDED, StandingEvent.REVOKE): Standing.REVOKED,
    (Standing.SUSPENDED, StandingEvent.REINSTATE): Standing.ACTIVE,
}


def sources(event: JobEvent | ChunkEvent | StandingEvent) -> tuple[str, ...]:
    """Return the states from which *event* can happen, for a WHERE clause."""
    moves: list[tuple[StrEnum, StrEnum]] = [*JOB_MOVES, *CHUNK_MOVES, *STANDING_MOVES]
    return tuple(str(state) for state, happens in moves if happens is event)
