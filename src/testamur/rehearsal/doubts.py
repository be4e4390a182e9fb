"""
What looks wrong in rows that could be issued: nothing here fails a row.

Every rule is a guess that a person has to judge, so each says what it saw and what
it takes for meant, and none changes anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from testamur.core.clock import DAY
from testamur.core.columns import (
    ATTRIBUTE_PREFIX,
    DESCRIPTION,
    IMAGE,
    NAME,
    RECIPIENT_EMAIL,
    RECIPIENT_NAME,
)
from testamur.core.findings import Finding, Severity
from testamur.core.text import quoted
from testamur.core.words import Facts

from . import addresses, names, texts
from .seen import Seen

#: What ends sooner after it was issued is probably a slip in the year.
SOON = 7 * DAY
#: And what ends so much later, too.
LATE = 100 * 366 * DAY

#: Of a whole column this many rows are named.
NAMED_ROWS = 5

_END_COLUMN = ATTRIBUTE_PREFIX + "validUntil"


@dataclass(slots=True)
class _Rows:
    """Some rows of a column: how many, and the first."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, row: int) -> None:
        self.count += 1
        if len(self.first) < NAMED_ROWS:
            self.first.append(row)

    def __str__(self) -> str:
        """
        Return them as people name them.

        >>> str(_Rows(3, [4, 5, 9])), str(_Rows(70, [1, 2]))
        ('rows 4, 5 and 9', 'rows 1, 2, ...')
        """
        named = [f"{row}" for row in self.first]
        if self.count > len(named):
            return f"rows {', '.join(named)}, ..."
        if len(named) == 1:
            return f"row {named[0]}"
        return f"rows {', '.join(named[:-1])} and {named[-1]}"


class Doubts:
    """Looks at the rows of one file, in their order."""

    def __init__(
        self,
        columns: Sequence[str],
        *,
        total: int,
        printed: Sequence[str] = (),
        now: int,
    ) -> None:
        """
        Prepare for *total* rows with these *columns*.

        *printed* are the columns that a template prints.
        """
        self._columns = tuple(columns)
        self._total = total
        self._now = now
        self._place = {column: at for at, column in enumerate(columns)}
        # What is read by people; the image's name and the days are not.
        self._texts = [
            (column, at)
            for column, at in self._place.items()
            if column in (NAME, DESCRIPTION, "category", RECIPIENT_NAME)
            or column.startswith(ATTRIBUTE_PREFIX)
        ]
        self._printed = [column for column in printed if column in self._place]
        self._missing = [
            column
            for column in printed
            if column not in self._place
            and (column.startswith(ATTRIBUTE_PREFIX) or column == IMAGE)
        ]
        self._empty = {column: _Rows() for column in self._printed}
        self._spaced = {column: _Rows() for column in self._columns}
        self._same = Seen(total)
        self._addresses = Seen(total)

    def of_cells(self, row: int, cells: Sequence[str]) -> Iterator[Finding]:
        """Give what looks wrong in a row, whether or not it would be issued."""
        if len(cells) != len(self._columns):
            return  # whatever it has, it has it in another column
        for column, cell in zip(self._columns, cells, strict=True):
            if cell[:1].isspace() or cell[-1:].isspace():
                self._spaced[column].add(row)
        swapped = self._is_swapped(cells)
        if swapped is not None:
            yield swapped_finding(row, swapped)
        for column, at in self._texts:
            cell = cells[at].strip()
            if not cell:
                continue
            found = list(texts.doubts(cell, column))
            if column == RECIPIENT_NAME and swapped is None and not found:
                found += names.doubts(cell)
            if "  " in cell and column != DESCRIPTION:
                found.append(
                    (
                        "spaces",
                        "There are several spaces in a row. They are printed as they "
                        "stand: leave one.",
                    )
                )
            for code, message in found:
                yield _doubtful(row, code, message, column, cell)

    def of_facts(
        self, row: int, cells: Sequence[str], facts: Facts
    ) -> Iterator[Finding]:
        """Give what looks wrong in a row that would be issued."""
        address = facts.recipient_email
        for code, message in addresses.doubts(address):
            yield _doubtful(row, code, message, RECIPIENT_EMAIL, address)
        yield from self._twice(row, cells, facts)
        if facts.valid_until is not None:
            yield from self._ends(row, facts.valid_until)
        for column, rows in self._empty.items():
            if not cells[self._place[column]].strip():
                rows.add(row)

    def of_file(self) -> Iterator[Finding]:
        """Give what looks wrong in the file; call it after the last row."""
        for column in self._missing:
            lower = {one.lower(): one for one in self._columns}
            like = lower.get(column.lower())
            remedy = (
                f"The file has {like}: write it as the template does."
                if like
                else "Add it, or take a template without it."
            )
            yield _doubtful(
                None,
                "field_missing",
                f"The template prints {column}, and the file has no such column: its "
                f"place stays empty on every certificate. {remedy}",
                column,
            )
        for column, rows in self._empty.items():
            if rows.count:
                yield _doubtful(
                    None,
                    "field_empty",
                    f"Column {column} is empty in {rows.count:,} of {self._total:,} "
                    f"rows ({rows}). The template prints it, and leaves its place "
                    "empty there.",
                    column,
                )
        for column, rows in self._spaced.items():
            if rows.count:
                what = (
                    "cell begins or ends" if rows.count == 1 else "cells begin or end"
                )
                yield _doubtful(
                    None,
                    "spaces_around",
                    f"In column {column} {rows.count:,} {what} with white space "
                    f"({rows}). It is left out of the certificates.",
                    column,
                )

    def _is_swapped(self, cells: Sequence[str]) -> tuple[str, str] | None:
        """Return the column in which the address is, if it is not in its own."""
        at = self._place.get(RECIPIENT_EMAIL)
        if at is None or "@" in cells[at] or not cells[at].strip():
            return None
        for column in (RECIPIENT_NAME, NAME):
            place = self._place.get(column)
            if place is not None and names.looks_like_address(cells[place]):
                return column, cells[place].strip()
        return None

    def _twice(self, row: int, cells: Sequence[str], facts: Facts) -> Iterator[Finding]:
        address = facts.recipient_email.casefold()
        name = " ".join((facts.recipient_name or "").casefold().split())
        mark = hash(tuple(cells)) & 0x7FFFFFFF
        key = (address, facts.name.casefold(), name)
        first = self._same.first(key, row, mark)
        if first is not None:
            number, its_mark = first
            what = "is the same" if its_mark == mark else "is for the same person and"
            what += " as" if its_mark == mark else " has the same title as"
            yield _doubtful(
                row,
                "duplicate",
                f"This row {what} row {number}. Each gets a certificate: delete one, "
                "unless both are meant.",
                RECIPIENT_EMAIL,
                facts.recipient_email,
            )
            return
        if not name:
            return
        owner = self._addresses.first(address, row, hash(name) & 0x7FFFFFFF)
        if owner is not None and owner[1] != hash(name) & 0x7FFFFFFF:
            yield _doubtful(
                row,
                "address_shared",
                f"This is the address of row {owner[0]} too, which has another name. "
                "Look whether the addresses slipped by a row.",
                RECIPIENT_EMAIL,
                facts.recipient_email,
            )

    def _ends(self, row: int, end: int) -> Iterator[Finding]:
        left = end - self._now
        day = datetime.fromtimestamp(end // 1000, UTC).date()
        if 0 < left < SOON:
            yield _doubtful(
                row,
                "ends_soon",
                f"The certificate would end on {day}, within a week. Look at the year.",
                self._end_column(),
                str(day),
            )
        elif left > LATE:
            yield _doubtful(
                row,
                "ends_late",
                f"The certificate would end on {day}, after more than a century. Leave "
                "the cell empty if it never ends.",
                self._end_column(),
                str(day),
            )

    def _end_column(self) -> str:
        for column in self._columns:
            if column.lower() == _END_COLUMN.lower():
                return column
        return _END_COLUMN


def swapped_finding(row: int, found: tuple[str, str]) -> Finding:
    """Return the finding of a row whose address is in the column *found* names."""
    column, value = found
    return _doubtful(
        row,
        "columns_swapped",
        f"The address is in column {column}, and column {RECIPIENT_EMAIL} has none: "
        "the two are swapped.",
        column,
        value,
    )


def _doubtful(
    row: int | None, code: str, message: str, column: str, value: str | None = None
) -> Finding:
    shown = None if value is None else quoted(value)[1:-1]
    return Finding(row, Severity.DOUBTFUL, code, message, column, shown)
