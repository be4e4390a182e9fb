"""
A rehearsal: every row is read, checked and drawn as issuing would, with no effect.

Rows go by in small batches. While one is judged others are on the stages, so that
memory stays the same however long the file is.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from testamur.core.columns import IMAGE
from testamur.core.findings import Finding, Rehearsed, Severity
from testamur.core.refusals import Fault, Reason
from testamur.core.text import quoted
from testamur.core.words import Facts

from . import pages
from .doubts import Doubts
from .ports import Check, Sheet, Stage, Tried
from .tally import Book, Note

#: Rows in a batch: a fraction of a second on a stage, unless pictures are large.
BATCH_ROWS = 25

#: One for each core of the smallest machine that is worth it.
STAGES = 2

#: Batches that wait for each stage, so that it never waits for us.
AHEAD = 2

#: Whoever waits for a report longer than this has gone to get coffee.
SECONDS = 120.0

#: How reasons name the column that they are about.
_COLUMN = re.compile(r"\b[Cc]olumn ([A-Za-z][A-Za-z0-9_ -]*)")
_OF_THE_IMAGE = ("bad_image", "image_", "picture_", "url_", "zip_")

#: Says whether nobody waits for the report any more.
Abandoned = Callable[[], bool]


class AbandonedError(Fault):
    """Nobody waits for the report any more."""

    def __init__(self) -> None:
        super().__init__("nobody waits for this rehearsal any more", passing=True)


@dataclass(frozen=True, slots=True)
class Run:
    """What is rehearsed, and how."""

    sheet: Sheet
    check: Check
    #: What would be issued now.
    now: int
    #: Makes a stage, for one thread; None: there is nothing to draw or look at.
    make_stage: Callable[[], Stage] | None = None
    #: The template as people call it, and the columns that it prints.
    template: str | None = None
    printed: tuple[str, ...] = ()
    #: What else is said of the file, when every row was tried.
    of_file: Callable[[], Sequence[Finding]] = tuple
    seconds: float = SECONDS


_Row = tuple[int, list[str], Facts | Reason]


def rehearse(
    run: Run, *, note: Note | None = None, is_abandoned: Abandoned = lambda: False
) -> Rehearsed:
    """
    Return how issuing the rows would go; hand every finding to *note* on the way.

    Rows that are left when its seconds are over are read and checked, and neither
    drawn nor are their images looked at; the report says how many.

    Raises:
        AbandonedError: *is_abandoned* said so.
        Fault: what draws does not start.
    """
    started = time.monotonic()
    sheet = run.sheet
    doubts = Doubts(sheet.columns, total=sheet.total, printed=run.printed, now=run.now)
    book = Book(note)
    columns = {column: at for at, column in enumerate(sheet.columns)}
    drawn = unfetched = untried = 0
    for batch, tried in _tried(run, started + run.seconds, is_abandoned):
        for row, cells, found in batch:
            outcome = None if tried is None else tried.get(row)
            findings: list[Finding] = []
            if isinstance(found, Reason):
                findings.append(_fails(row, found, columns, cells))
            elif outcome is not None:
                problems = outcome.problems
                findings += [_fails(row, one, columns, cells) for one in problems]
                findings += pages.doubts(row, outcome)
                drawn += outcome.is_drawn
                unfetched += outcome.is_unfetched
            elif run.make_stage is not None:
                untried += 1
            findings += doubts.of_cells(row, cells)
            if isinstance(found, Facts):
                findings += doubts.of_facts(row, cells, found)
            if findings:
                book.add(findings)
    for finding in [*doubts.of_file(), *([] if untried else run.of_file())]:
        book.add([finding])
    return book.closed(
        rows=sheet.total,
        template=run.template,
        drawn=drawn,
        unfetched=unfetched,
        untried=untried,
        seconds=time.monotonic() - started,
    )


def _fails(
    row: int, reason: Reason, columns: Mapping[str, int], cells: Sequence[str]
) -> Finding:
    """Return the finding of a row that fails, with the column that it is about."""
    column = IMAGE if reason.code.startswith(_OF_THE_IMAGE) else None
    for named in _COLUMN.findall(reason.message):
        # A name may have spaces in it, and the sentence goes on behind it.
        of_row = [one for one in columns if f"{named} ".startswith(f"{one} ")]
        column = max(of_row, key=len, default=column)
        break
    at = columns.get(column or "", len(cells))
    value = quoted(cells[at])[1:-1] if at < len(cells) else ""
    return Finding(
        row, Severity.FAILS, reason.code, reason.message, column, value or None
    )


def _tried(
    run: Run, until: float, is_abandoned: Abandoned
) -> Iterator[tuple[list[_Row], Mapping[int, Tried] | None]]:
    """Give the rows batch by batch, with what came of them on a stage, if it was."""
    waiting: deque[tuple[list[_Row], Future[Mapping[int, Tried]] | None]] = deque()
    with _stages(run.make_stage) as play:
        for batch in _batches(run):
            if is_abandoned():
                raise AbandonedError
            good = [(row, it) for row, _, it in batch if isinstance(it, Facts)]
            goes_on = run.make_stage is not None and time.monotonic() < until
            waiting.append((batch, play(good) if goes_on else None))
            if len(waiting) > STAGES * AHEAD:
                yield _done(*waiting.popleft())
        while waiting:
            if is_abandoned():
                raise AbandonedError
            yield _done(*waiting.popleft())


def _done(
    batch: list[_Row], future: Future[Mapping[int, Tried]] | None
) -> tuple[list[_Row], Mapping[int, Tried] | None]:
    return batch, None if future is None else future.result()


def _batches(run: Run) -> Iterator[list[_Row]]:
    rows = iter(run.sheet.rows())
    while batch := [
        (row, cells, run.check(row, cells)) for row, cells in islice(rows, BATCH_ROWS)
    ]:
        yield batch


@contextmanager
def _stages(
    make_stage: Callable[[], Stage] | None,
) -> Iterator[Callable[[list[tuple[int, Facts]]], Future[Mapping[int, Tried]]]]:
    """Hand out a function that tries rows on the next stage that is free."""
    own = threading.local()
    stages: list[Stage] = []

    def play(rows: list[tuple[int, Facts]]) -> Mapping[int, Tried]:
        # Made by the thread that uses it: what it starts dies with that thread.
        if not hasattr(own, "stage"):
            assert make_stage is not None
            own.stage = make_stage()
            stages.append(own.stage)
        found: Mapping[int, Tried] = own.stage.play(rows)
        return found

    pool = ThreadPoolExecutor(STAGES, thread_name_prefix="rehearsal")
    try:
        yield lambda rows: pool.submit(play, rows)
    finally:
        pool.shutdown(cancel_futures=True)
        for stage in stages:
            stage.close()
