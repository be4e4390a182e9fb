"""Rows go by in batches: in their order, bounded in time, and counted right."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from testamur.core.refusals import Reason
from testamur.core.words import Facts
from testamur.rehearsal.ports import Tried
from testamur.rehearsal.rehearse import AbandonedError, Run, rehearse

NOW = 1_795_392_000_000
COLUMNS = ("name", "recipientEmail")


@dataclass
class Rows:
    """As many rows as are asked for."""

    total: int
    columns: tuple[str, ...] = COLUMNS

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Give them."""
        for number in range(1, self.total + 1):
            yield number, ["Course", f"p{number}@example.org"]


def check(row: int, cells: Sequence[str]) -> Facts | Reason:
    """Fail every tenth row."""
    if row % 10 == 0:
        return Reason("email_format", "Column recipientEmail is wrong. Mend it.")
    return Facts(cells[0], "What for", "Course", cells[1], None, (), None, "")


class Stage:
    """Fails every third row that comes to it, and knows which thread used it."""

    closed = 0

    def __init__(self) -> None:
        self.thread = threading.current_thread()

    def play(self, rows: Sequence[tuple[int, Facts]]) -> Mapping[int, Tried]:
        """Try rows."""
        assert threading.current_thread() is self.thread
        reason = Reason("glyph_missing", "No font has it.")
        return {
            row: Tried([reason]) if row % 3 == 0 else Tried(is_drawn=True)
            for row, _ in rows
        }

    def close(self) -> None:
        """Count it."""
        Stage.closed += 1


def test_findings_come_in_the_order_of_the_rows():
    """
    Whichever stage was quicker, people read their file from top to bottom.
    """
    noted = []

    found = rehearse(Run(Rows(1_000), check, NOW, make_stage=Stage), note=noted.append)

    rows = [one.row for one in noted]
    assert rows == [n for n in range(1, 1_001) if n % 10 == 0 or n % 3 == 0]
    assert found.failing == len(rows)
    assert found.drawn == found.succeeding == 1_000 - len(rows)
    assert [(one.code, one.count) for one in found.tallies] == [
        ("glyph_missing", 300),
        ("email_format", 100),
    ]
    assert noted[0].column is None
    assert (noted[3].column, noted[3].value) == ("recipientEmail", "p10@example.org")


def test_rows_for_which_time_is_too_short_are_counted():
    """
    They are read and checked all the same, and the report says how many.
    """
    found = rehearse(Run(Rows(100), check, NOW, make_stage=Stage, seconds=0))

    assert found.untried == 90
    assert found.failing == 10
    assert found.drawn == 0


def test_who_hangs_up_ends_it_and_its_stages():
    """
    Nothing goes on for nobody.
    """
    closed, looks = Stage.closed, iter([False, False, False, True])

    with pytest.raises(AbandonedError):
        rehearse(
            Run(Rows(100_000), check, NOW, make_stage=Stage),
            is_abandoned=lambda: next(looks),
        )

    assert Stage.closed > closed
