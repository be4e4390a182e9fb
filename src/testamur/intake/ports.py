"""What this room needs from the outside: a place for jobs, files and pictures."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from testamur.core.lifecycle import JobVerb
from testamur.core.refusals import Reason
from testamur.core.words import Job, Profile, StoredPicture


class Sheet(Protocol):
    """Rows as a person sent them, whatever the format."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Our names of the columns, in their order."""
        ...

    @property
    def total(self) -> int:
        """How many rows there are."""
        ...

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give every row as (number from 1, cells); may be called again."""
        ...


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job about to be accepted."""

    tenant_id: str
    verb: JobVerb
    dialect: str
    profile: Profile
    total: int
    chunk_rows: int
    batch_name: str | None
    idempotency_key: str | None
    #: SHA-256 (hex) of everything that was submitted.
    submission_digest: str
    #: A picture that is there already, for the rows whose image cell is this one.
    carried: "CarriedPicture | None" = None


@dataclass(frozen=True, slots=True)
class CarriedPicture:
    """A stored picture of another job of the same tenant."""

    picture_id: int
    #: The image cell, a URL, that means it.
    cell: str


class Ledger(Protocol):
    """Where accepted jobs are written down."""

    def find_twin(self, tenant_id: str, idempotency_key: str) -> tuple[Job, str] | None:
        """Return the job accepted under this key and its submission digest."""
        ...

    def admit(self, new: NewJob, rows: Iterable[tuple[int, list[str]]]) -> Job:
        """
        Write down the job, its rows and its chunks in one transaction.

        A twin (same tenant and idempotency key) that was accepted meanwhile is
        returned instead, and nothing is written.
        """
        ...


class Blobs(Protocol):
    """Bytes under the name of their SHA-256. What is stored survives power loss."""

    def put(self, data: bytes) -> str:
        """Store *data*; return its SHA-256 (hex). Storing it again changes nothing."""
        ...

    def adopt(self, path: Path, digest: str) -> None:
        """Take the file at *path*, whose SHA-256 is *digest*, into the store."""
        ...

    def open(self, digest: str) -> BinaryIO:
        """Open stored bytes for reading; the file is seekable."""
        ...

    def path(self, digest: str) -> Path:
        """Return a path at which the stored bytes can be read."""
        ...


@dataclass(frozen=True, slots=True)
class NewPicture:
    """A normalised picture whose bytes are stored."""

    digest: str
    media_type: str
    width: int
    height: int
    size: int
    crc32: int
    thumbnail_digest: str
    thumbnail_media_type: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a claim found: what is known, what is now ours, what is neither."""

    known: Mapping[str, StoredPicture | Reason]
    ours: Sequence[str]
    theirs: Sequence[str]
    #: Of those that are ours and were fetched: the digest of what came.
    originals: Mapping[str, str] = field(default_factory=dict)
    #: URLs that nobody fetches yet.
    unfetched: Sequence[str] = ()


class PictureShelf(Protocol):
    """Every picture of a job, resolved once, whoever needs it first."""

    def claim(
        self, job: int, sources: Sequence[str], *, round: int, worker: str
    ) -> Claims:
        """Take the right to resolve a few of *sources* that nobody resolves yet."""
        ...

    def record(
        self, job: int, found: Mapping[str, NewPicture | Reason], *, worker: str
    ) -> None:
        """Write down what became of sources that were claimed or fetched."""
        ...

    def begin_fetch(
        self, job: int, sources: Sequence[str], *, round: int, worker: str
    ) -> Sequence[str]:
        """Take the right to fetch those of *sources* that nobody fetches yet."""
        ...

    def record_fetched(
        self, job: int, source: str, digest: str, *, worker: str
    ) -> None:
        """Write down that what a URL leads to is stored under *digest*."""
        ...

    def drop_fetch(self, job: int, source: str, *, worker: str) -> None:
        """Give the right to fetch *source* back."""
        ...


#: Fetches a URL: its bytes, or why not.
Fetch = Callable[[str], bytes | Reason]
