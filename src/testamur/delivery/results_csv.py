"""
The results of a job as CSV: one line for every row, whatever became of it.

RFC 4180, in UTF-8, with two choices. Lines end with a line feed, as the Pocketbook
wire shows them: a client that splits at line feeds would otherwise find a carriage
return in `error`, and take every row for a failed one. And there is no byte order
mark, since a client that compares the header would find it in `row`.

Cells that a spreadsheet would compute get an apostrophe in front.
"""

import re
from collections.abc import Iterator, Sequence

import orjson

from testamur.core.columns import ERASED as NOTHING_LEFT
from testamur.core.columns import NAME, RECIPIENT_EMAIL
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault
from testamur.core.text import formula_safe
from testamur.core.words import Job

from .ports import ResultRow, Results

HEADER = (
    b"row,name,status,certificateId,voucherId,referenceNumber,recipientEmail,error\n"
)

SUCCESS = "success"
FAILED = "failed"
CANCELLED = "cancelled"
PENDING = "pending"
#: It succeeded, and its person was erased since. The wire's word for it is success.
ERASED = "erased"

#: How many rows are read at once.
PAGE_ROWS = 500

_NEEDS_QUOTES = re.compile('[,"\r\n]')


def results_csv(job: Job, results: Results) -> Iterator[bytes]:
    """
    Give the CSV of *job*, some lines at a time: the header and `job.total` lines.

    Each line tells one moment of its row; while the job runs, later lines may
    tell later moments.

    Raises:
        Fault: the rest cannot be read. What came before is not the whole.
    """
    lines = Lines(job)
    block = HEADER
    for page in pages(job, results):
        yield block + lines.block(page, [lines.outcome(row) for row in page])
        block = b""
    if block:
        yield block


def pages(job: Job, results: Results) -> Iterator[Sequence[ResultRow]]:
    """Give every row of *job*, `PAGE_ROWS` at a time."""
    for first in range(1, job.total + 1, PAGE_ROWS):
        yield read_page(job, results, first)


def read_page(job: Job, results: Results, first: int) -> Sequence[ResultRow]:
    """
    Return the rows of *job* from *first* on, `PAGE_ROWS` of them at most.

    Raises:
        Fault: when rows are missing. Nobody is told of fewer than were accepted.
    """
    last = min(first + PAGE_ROWS - 1, job.total)
    found = results.between(job.seq, first, last)
    if len(found) != last - first + 1:
        raise Fault(
            f"job {job.id}: {len(found)} rows between {first} and {last}", passing=False
        )
    return found


class Lines:
    """What the lines of one job's CSV are made with."""

    def __init__(self, job: Job) -> None:
        columns = job.profile.columns
        self._name = columns.index(NAME) if NAME in columns else None
        self._email = (
            columns.index(RECIPIENT_EMAIL) if RECIPIENT_EMAIL in columns else None
        )
        self._unissued = CANCELLED if job.state is JobState.CANCELLED else PENDING

    def outcome(self, row: ResultRow) -> str:
        """Return what became of *row* (`core.lifecycle`, rule 3)."""
        if row.certificate_id is not None:
            return ERASED if row.cells == NOTHING_LEFT else SUCCESS
        if row.is_on_its_way:
            return PENDING
        return self._unissued if row.failure_code is None else FAILED

    def block(self, rows: Sequence[ResultRow], outcomes: Sequence[str]) -> bytes:
        """Return the lines of *rows*, each as it is when it has that outcome."""
        lines = map(self._line, rows, outcomes)
        return "".join(lines).encode()

    def _line(self, row: ResultRow, outcome: str) -> str:
        cells: list[str] = orjson.loads(row.cells)
        name = _field(_cell(cells, self._name))
        email = _field(_cell(cells, self._email))
        if outcome == SUCCESS:
            return (
                f"{row.number},{name},success,{row.certificate_id},{row.voucher_id},"
                f"{_field(row.reference or '')},{email},\n"
            )
        if outcome == ERASED:
            reference = _field(row.reference or "")
            return f"{row.number},,success,{row.certificate_id},,{reference},,\n"
        error = _field(row.failure_message or "") if outcome == FAILED else ""
        return f"{row.number},{name},{outcome},,,,{email},{error}\n"


def _cell(cells: Sequence[str], place: int | None) -> str:
    # A row that failed may be shorter than the header.
    return cells[place] if place is not None and place < len(cells) else ""


def _field(text: str) -> str:
    text = formula_safe(text)
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
