"""
The results of a job as a ZIP: `results.csv`, `metadata/`, and `certificates/` (those
made of a template) or `images/`.

Two passes. The first reads every row and notes what each file will be: which rows
have a certificate, how long each file is, its CRC. The second, while the bytes are
sent, makes the files again, a page of rows at a time, and holds each of them
against the notes. So the length is known before the first byte, and any part can
be asked for. The notes take some 25 bytes per certificate, and 150 per picture.

What becomes true after the first pass is not in this download. Should something
noted no longer be so (failed rows were retried meanwhile, a picture is damaged),
the bytes end before the file they belong to does, and nobody takes what they have
for the whole.
"""

import hashlib
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from zlib import crc32

from testamur.core.download import Download
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault
from testamur.core.words import Job

from .bundle_parts import (
    PICTURES_PER_PART,
    CsvPart,
    MetadataPart,
    NotedPage,
    PicturesPart,
    PrintsPart,
    ending,
    image_name,
    note_page,
    print_name,
)
from .metadata import metadata
from .ports import Blobs, FactsOf, Prints, ResultRow, Results
from .results_csv import HEADER, SUCCESS, Lines, pages, read_page
from .zip_stream import Archive, Part

#: How the archive is put together: another text, another tag for all of them.
LAYOUT = b"results of a job, 1"

#: A job in one of these stays as it is until its owner asks for something.
AT_REST = frozenset((JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED))

#: How many hexadecimal digits of a picture's digest are its name. Pictures that
#: begin alike have to be made on purpose; should there be two, all get all digits.
IMAGE_DIGITS = 16
ALL_DIGITS = 64


def bundle(
    job: Job,
    *,
    results: Results,
    blobs: Blobs,
    prints: Prints | None,
    facts_of: FactsOf,
    public_url: str,
) -> Download:
    """
    Return the ZIP of what *job* has by now.

    Its length is always known. It has a tag, and parts of it can be asked for, when
    the job is at rest: then another call gives the same bytes.

    Raises:
        Fault: when a row cannot be read.
    """
    for digits in (IMAGE_DIGITS, ALL_DIGITS):
        notes = _Notes(job, results, blobs, prints, facts_of, public_url, digits)
        if notes.take():
            break
    archive = Archive(notes.parts(), modified_at=job.created_at)
    return Download(
        media_type="application/zip",
        filename=f"job-{job.id}.zip",
        size=archive.size,
        etag=f'"{notes.tag.hexdigest()}"' if job.state in AT_REST else None,
        chunks=archive.chunks,
    )


class _Notes:
    """The first pass, and what it found."""

    def __init__(
        self,
        job: Job,
        results: Results,
        blobs: Blobs,
        prints: Prints | None,
        facts_of: FactsOf,
        public_url: str,
        digits: int,
    ) -> None:
        self._job = job
        self._results = results
        self._blobs = blobs
        self._prints = prints
        self._facts_of = facts_of
        self._page_url = public_url.rstrip("/") + "/c/"
        self._digits = digits
        self._lines = Lines(job)
        self._pages: list[NotedPage] = []
        self._printed: list[PrintsPart] = []
        self._pictures: list[PicturesPart] = []
        self._csv_crc32 = crc32(HEADER)
        #: Of every byte that the files are made of.
        self.tag = hashlib.blake2b(LAYOUT, digest_size=16)

    def take(self) -> bool:
        """Read every row; False when two pictures would have one name."""
        seen: set[bytes] = set()
        for page in pages(self._job, self._results):
            self._take_page(page)
            for row in page:
                if row.picture_digest is not None and row.certificate_id is not None:
                    self._take_picture(row, bytes.fromhex(row.picture_digest), seen)
        length = self._digits // 2
        # Those that begin alike stand side by side; a second set would take more.
        return all(
            one[:length] != next_one[:length]
            for one, next_one in pairwise(sorted(seen))
        )

    def parts(self) -> list[Part]:
        """Return the parts of the archive, in their order."""
        reread = partial(read_page, self._job, self._results)
        return [
            CsvPart(self._lines, self._pages, self._csv_crc32, reread),
            *(
                MetadataPart(self._job, page, self._file, reread)
                for page in self._pages
            ),
            *self._printed,
            *self._pictures,
        ]

    def _take_page(self, page: Sequence[ResultRow]) -> None:
        outcomes = [self._lines.outcome(row) for row in page]
        lines = self._lines.block(page, outcomes)
        files = [
            self._file(row)
            for row, outcome in zip(page, outcomes, strict=True)
            if outcome == SUCCESS
        ]
        self._pages.append(note_page(page, outcomes, lines, files))
        self._csv_crc32 = crc32(lines, self._csv_crc32)
        if self._prints is not None:
            self._printed.append(PrintsPart(self._job, page, self._prints))
            for member in self._printed[-1].members():
                self.tag.update(f"{member.size} {member.crc32}\n".encode())
        self.tag.update(lines)
        self.tag.update(b"".join(files))

    def _take_picture(self, row: ResultRow, digest: bytes, seen: set[bytes]) -> None:
        if digest in seen:
            return
        if row.picture_size is None or row.picture_crc32 is None:
            raise Fault(
                f"job {self._job.id}: picture of row {row.number}", passing=False
            )
        seen.add(digest)
        self.tag.update(digest)
        if not self._pictures or len(self._pictures[-1]) == PICTURES_PER_PART:
            self._pictures.append(PicturesPart(self._blobs, self._digits))
        self._pictures[-1].add(
            digest, row.picture_media_type or "", row.picture_size, row.picture_crc32
        )

    def _file(self, row: ResultRow) -> bytes:
        """Return the metadata file of *row*, which has a certificate."""
        image = None
        if row.picture_digest is not None:
            kind = ending(row.picture_media_type or "")
            image = image_name(row.picture_digest, kind, self._digits)
        document = None
        if row.print_size is not None:
            document = print_name(row.number, row.reference or "", self._job.total)
        return metadata(
            self._job,
            row,
            self._facts_of(self._job.profile, row.number, row.cells),
            image=image,
            document=document,
            page_url=f"{self._page_url}{row.certificate_id}",
        )
