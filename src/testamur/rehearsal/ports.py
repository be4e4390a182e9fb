"""What a rehearsal needs from the outside: rows, and a stage to try them on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from testamur.core.refusals import Reason
from testamur.core.words import Facts


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
        """Give every row as (number from 1, cells)."""
        ...


#: Reads a row by its number and cells as issuing would: facts, or why it fails.
Check = Callable[[int, Sequence[str]], Facts | Reason]


@dataclass(frozen=True, slots=True)
class PrintedText:
    """One text of a drawn certificate."""

    #: The fields that it prints, as templates name them.
    fields: tuple[str, ...]
    #: The values as they were printed.
    text: str
    #: The size it was designed in and the size that fits, in points.
    designed: float
    size: float
    lines: int


@dataclass(frozen=True, slots=True)
class PrintedPicture:
    """The picture of a row, as a drawn certificate has it."""

    #: How many of its pixels go on an inch, and how much is cut off (0 to 1).
    per_inch: float
    cut_off: float


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying one row on the stage."""

    #: Why it would get no certificate, in the order in which issuing asks.
    problems: Sequence[Reason] = ()
    texts: Sequence[PrintedText] = ()
    pictures: Sequence[PrintedPicture] = ()
    is_drawn: bool = False
    #: Whether its image is at a URL, which was not asked.
    is_unfetched: bool = False


class Stage(Protocol):
    """Where rows are tried. One thread uses it, and closes it."""

    def play(self, rows: Sequence[tuple[int, Facts]]) -> Mapping[int, Tried]:
        """
        Return what came of each row, by its number.

        Raises:
            Fault: what draws did not start, or stopped.
        """
        ...

    def close(self) -> None:
        """End what it started."""
        ...
