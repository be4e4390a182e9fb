"""What this room needs: the rows of a job with their outcomes, and stored bytes."""

from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, NamedTuple, Protocol

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
