"""
What this room needs: the rows of a job with their outcomes, stored bytes, and an
outbox with somebody who takes mails.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, Protocol

from testamur.core.words import Facts, Profile


class ResultRow(NamedTuple):
    """
    One row of a job and everything that became of it by now.

    What does not exist (yet) is None: the certificate and its voucher, the
    picture on it, the failure that ended it.
    """

    number: int
    #: A JSON array of strings, as the row was sent.
    cells: str
    certificate_id: str | None
    reference: str | None
    issued_at: int | None
    voucher_id: str | None
    voucher_expires_at: int | None
    picture_digest: str | None
    picture_media_type: str | None
    picture_size: int | None
    picture_crc32: int | None
    failure_code: str | None
    failure_message: str | None
    #: Of its file that was made of a template.
    print_size: int | None
    print_crc32: int | None
    #: It has a certificate, which nobody is shown before its leaf is in the log.
    is_on_its_way: bool


class Results(Protocol):
    """The rows of a job, read a page at a time."""

    def between(self, job: int, first: int, last: int) -> Sequence[ResultRow]:
        """
        Return rows *first* to *last* of the job with this `seq`, in row order.

        One short read, which sees one moment; the next page may see a later one.

        Raises:
            Fault: passing, when the database cannot be reached.
        """
        ...


class Prints(Protocol):
    """The certificates' files that were made of templates."""

    def of_rows(
        self, job: int, first: int, last: int
    ) -> Iterable[tuple[int, Sequence[bytes]]]:
        """
        Give the files of a job's rows *first* to *last*, each in pieces, by row.

        Raises:
            Fault: what files have in common is gone or damaged.
        """
        ...


class Blobs(Protocol):
    """Bytes under the name of their SHA-256."""

    def open(self, digest: str) -> BinaryIO:
        """Open stored bytes for reading."""
        ...


#: Returns what an issued row says, from the job's profile, its number and cells.
FactsOf = Callable[[Profile, int, str], Facts]


@dataclass(frozen=True, slots=True)
class Leased:
    """A message from the outbox that nobody else sends for now."""

    id: str
    tenant_id: str
    recipient: str
    #: What it says, by reference.
    message: Mapping[str, Any]
    message_id: str
    #: How often it was tried, this time included.
    attempts: int
    created_at: int
    #: Grows with every lease: whoever has an old one can change nothing any more.
    token: int


class Outbox(Protocol):
    """The messages that wait to be sent."""

    def lease(self, now: int, until: int, limit: int, most: int) -> Sequence[Leased]:
        """
        Take up to *limit* messages that are due; nobody else takes them before
        *until*.

        Counts an attempt of each. One that had *most* already is parked.
        """
        ...

    def sent(self, one: Leased, now: int) -> None:
        """Note that a message was handed over."""
        ...

    def failed(self, one: Leased, error: str) -> None:
        """Note that a message will never be sent."""
        ...

    def suppressed(self, one: Leased) -> None:
        """Note that a message is not sent: its address is on the suppression list."""
        ...

    def later(self, one: Leased, at: int, error: str) -> None:
        """Have a message be tried again from the moment *at* on."""
        ...

    def parked(self, one: Leased, error: str) -> None:
        """Have a message wait for a person."""
        ...

    def untried(self, one: Leased, at: int, error: str) -> None:
        """As `later`, and do not count the attempt: it was none."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it travels."""

    id: str
    sender: str
    recipient: str
    #: RFC 5322, lines end in CR LF.
    data: bytes
    #: Whether it has addresses beyond ASCII (RFC 6531).
    needs_utf8: bool
    written_at: int


class Undeliverable(Exception):
    """A mail was refused for good. The text names the reply's code and no address."""


class Unreachable(Exception):
    """There is nobody to hand mails to at present. The text is for the operator."""


class Post(Protocol):
    """Where mails are handed over."""

    def round(self) -> AbstractContextManager[Callable[[Mail], None]]:
        """
        Lend what hands over one mail after another, for a round of them.

        It raises `Undeliverable`, when the mail is refused for good; `Unreachable`,
        when trying another mail now would not help either; `Fault`, passing, when
        this mail may be taken later.
        """
        ...
