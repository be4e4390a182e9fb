"""
The three kinds of files in the ZIP of a job: made, remade, and compared.

Each part knows from the first pass what its files have to be. It makes or reads
them anew and gives none that differs.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from zlib import crc32

from testamur.core.columns import ERASED as NOTHING_LEFT
from testamur.core.refusals import Fault
from testamur.core.words import Job

from .metadata import metadata_name
from .ports import Blobs, Prints, ResultRow
from .results_csv import CANCELLED, ERASED, FAILED, HEADER, PENDING, SUCCESS, Lines
from .zip_stream import Member

CSV_NAME = "results.csv"

#: How many pictures one part holds; their notes are unpacked together.
PICTURES_PER_PART = 1_000

#: Pictures are read in pieces of this size.
READ_BYTES = 128 * 1024

DIGEST_BYTES = 32

_OUTCOMES = (SUCCESS, FAILED, CANCELLED, PENDING, ERASED)
_NUMBERS = {outcome: number for number, outcome in enumerate(_OUTCOMES)}

#: What a picture may be stored as, and what its name ends with.
_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
}

#: Reads the rows of a noted page again, from the first one's number.
ReadPage = Callable[[int], Sequence[ResultRow]]

#: Makes the metadata file of a row that has a certificate.
MakeMetadata = Callable[[ResultRow], bytes]


@dataclass(frozen=True, slots=True)
class NotedPage:
    """What the first pass found on one page of rows."""

    first: int
    #: One byte per row, a number in `_OUTCOMES`.
    outcomes: bytes
    csv_size: int
    csv_crc32: int
    #: Of the rows that have a metadata file: reference, and size and CRC of the file.
    references: str
    sizes: "array[int]"
    crcs: "array[int]"


def note_page(
    rows: Sequence[ResultRow], outcomes: Sequence[str], lines: bytes, files: list[bytes]
) -> NotedPage:
    """Note what a page of *rows* came to: its CSV *lines* and metadata *files*."""
    return NotedPage(
        rows[0].number,
        bytes(map(_NUMBERS.__getitem__, outcomes)),
        len(lines),
        crc32(lines),
        "\n".join(
            row.reference or ""
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome == SUCCESS
        ),
        array("I", map(len, files)),
        array("I", map(crc32, files)),
    )


class CsvPart:
    """`results.csv`, as it was noted."""

    def __init__(
        self, lines: Lines, noted: Sequence[NotedPage], crc: int, read_page: ReadPage
    ) -> None:
        self._lines = lines
        self._noted = noted
        self._read_page = read_page
        sizes = (page.csv_size for page in noted)
        #: Where each page begins, and the end of the last one.
        self._starts = list(accumulate(sizes, initial=len(HEADER)))
        self._member = Member(CSV_NAME, self._starts[-1], crc)

    def members(self) -> Sequence[Member]:
        """Return the one."""
        return (self._member,)

    def contents(self, first: int, offset: int) -> Iterator[Iterable[bytes]]:
        """Give it from *offset* on."""
        yield from (self._from(offset),)[first:]

    def _from(self, offset: int) -> Iterator[bytes]:
        yield HEADER[offset:]
        at = max(0, bisect_right(self._starts, offset) - 1)
        for noted, start in zip(self._noted[at:], self._starts[at:], strict=False):
            outcomes = [_OUTCOMES[number] for number in noted.outcomes]
            block = self._lines.block(self._read_page(noted.first), outcomes)
            if (len(block), crc32(block)) != (noted.csv_size, noted.csv_crc32):
                raise _changed(f"rows from {noted.first}")
            yield block[max(0, offset - start) :]


class MetadataPart:
    """The metadata files of one page of rows."""

    def __init__(
        self, job: Job, noted: NotedPage, make: MakeMetadata, read_page: ReadPage
    ) -> None:
        self._job = job
        self._noted = noted
        self._make = make
        self._read_page = read_page

    def members(self) -> Sequence[Member]:
        """Return one for each certificate, in row order."""
        noted, total = self._noted, self._job.total
        if not noted.sizes:
            return ()
        return [
            Member(metadata_name(row, reference, total), size, crc)
            for row, reference, size, crc in zip(
                self._rows(),
                noted.references.split("\n"),
                noted.sizes,
                noted.crcs,
                strict=True,
            )
        ]

    def contents(self, first: int, offset: int) -> Iterator[Iterable[bytes]]:
        """Give them from number *first* on."""
        rows = self._read_page(self._noted.first)
        for at, number in enumerate(self._rows()):
            if at < first:
                continue
            row = rows[number - self._noted.first]
            is_there = row.certificate_id and row.cells != NOTHING_LEFT
            file = self._make(row) if is_there else b""
            if (len(file), crc32(file)) != (
                self._noted.sizes[at],
                self._noted.crcs[at],
            ):
                raise _changed(f"row {number}")
            yield (file[offset:],)
            offset = 0

    def _rows(self) -> Iterator[int]:
        """Give the numbers of the rows that had a certificate."""
        issued = _NUMBERS[SUCCESS]
        for number, outcome in enumerate(self._noted.outcomes, self._noted.first):
            if outcome == issued:
                yield number


class PrintsPart:
    """The certificates' own files of one page of rows, if they have any."""

    def __init__(self, job: Job, rows: Sequence[ResultRow], prints: Prints) -> None:
        self._job = job
        self._prints = prints
        there = [row for row in rows if row.print_size is not None]
        self._rows = array("I", [row.number for row in there])
        self._references = [row.reference or "" for row in there]
        self._sizes = array("Q", [row.print_size or 0 for row in there])
        self._crcs = array("I", [row.print_crc32 or 0 for row in there])

    def members(self) -> Sequence[Member]:
        """Return one for each certificate that has a file, in row order."""
        return [
            Member(print_name(row, reference, self._job.total), size, crc)
            for row, reference, size, crc in zip(
                self._rows, self._references, self._sizes, self._crcs, strict=True
            )
        ]

    def contents(self, first: int, offset: int) -> Iterator[Iterable[bytes]]:
        """Give them from number *first* on."""
        if first >= len(self._rows):
            return
        found = self._prints.of_rows(self._job.seq, self._rows[first], self._rows[-1])
        for at, (row, pieces) in zip(
            range(first, len(self._rows)), found, strict=False
        ):
            crc = 0
            for piece in pieces:
                crc = crc32(piece, crc)
            wanted = (self._rows[at], self._sizes[at], self._crcs[at])
            if (row, sum(map(len, pieces)), crc) != wanted:
                raise _changed(f"the file of row {self._rows[at]}")
            yield _after(pieces, offset)
            offset = 0


def print_name(row: int, reference: str, total: int) -> str:
    """
    Return the path of a certificate's file in the ZIP.

    >>> print_name(7, "PB-ABC123", 1_000)
    'certificates/0007-PB-ABC123.pdf'
    """
    return f"certificates/{row:0{len(str(total))}d}-{reference}.pdf"


def _after(pieces: Iterable[bytes], offset: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[offset:]
        offset = max(0, offset - len(piece))


class PicturesPart:
    """Some of the different pictures on the job's certificates."""

    def __init__(self, blobs: Blobs, digits: int) -> None:
        self._blobs = blobs
        self._digits = digits
        self._digests = bytearray()
        self._endings: list[str] = []
        self._sizes = array("Q")
        self._crcs = array("I")

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, digest: bytes, media_type: str, size: int, crc: int) -> None:
        """Note one more picture."""
        self._digests += digest
        self._endings.append(ending(media_type))
        self._sizes.append(size)
        self._crcs.append(crc)

    def members(self) -> Sequence[Member]:
        """Return one for each picture, in the order of the rows that need them."""
        return [
            Member(image_name(self._digest(at), ending, self._digits), size, crc)
            for at, (ending, size, crc) in enumerate(
                zip(self._endings, self._sizes, self._crcs, strict=True)
            )
        ]

    def contents(self, first: int, offset: int) -> Iterator[Iterable[bytes]]:
        """Give them from number *first* on."""
        for at in range(first, len(self)):
            yield self._read(at, offset)
            offset = 0

    def _digest(self, at: int) -> str:
        return self._digests[at * DIGEST_BYTES : (at + 1) * DIGEST_BYTES].hex()

    def _read(self, at: int, offset: int) -> Iterator[bytes]:
        """
        Read a picture from its beginning, so that all of it is checked.

        The last piece is given only when everything was right.
        """
        digest, left, crc, seen = self._digest(at), self._sizes[at], 0, 0
        try:
            with self._blobs.open(digest) as file:
                while left:
                    piece = file.read(min(left, READ_BYTES))
                    left -= len(piece)
                    crc = crc32(piece, crc)
                    is_wrong = not left and (crc != self._crcs[at] or file.read(1))
                    if not piece or is_wrong:
                        raise Fault(f"picture {digest}: damaged", passing=False)
                    yield piece[max(0, offset - seen) :]
                    seen += len(piece)
        except OSError as error:
            raise Fault(f"picture {digest}: {error.strerror}", passing=True) from error


def ending(media_type: str) -> str:
    """Return what the name of a picture of this type ends with."""
    return _ENDINGS.get(media_type, "bin")


def image_name(digest: str, ending: str, digits: int) -> str:
    """Return the path of a picture in the ZIP."""
    return f"images/{digest[:digits]}.{ending}"


def _changed(what: str) -> Fault:
    return Fault(f"{what} changed while a download was sent", passing=True)
