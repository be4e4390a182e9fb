"""
Bytes to rows: a CSV file, read twice.

The first pass (`survey`) finds everything that is wrong with the file as a whole;
the second (`Sheet.rows`) hands out its records. Both are streams: a million rows
take the memory of one.

RFC 4180 in strict mode, with every line break there is, quoted ones kept. What
is settled here and where: the delimiter by the header line, the encoding by the
byte order mark, and nothing by guessing.
"""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import TextIO

from testamur.core.policy import MAX_CELL_CHARACTERS, MAX_COLUMNS, Plan
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.text import is_blank

from .encoding import HEAD_BYTES, codec_of, refuse_other_formats, undecodable
from .header import (
    HEADER_CHARACTERS,
    choose_delimiter,
    first_record,
    read_header,
    renames,
    too_many_columns,
)

#: Where the reader gives up on one cell. It holds for the whole process, so it is
#: only a bound on memory; our own limit is checked here, with the row's number.
csv.field_size_limit(128 * 1024)

#: A record longer than this holds what no certificate has: 64 cells at their
#: limit, every character a doubled quote, are half of it.
RECORD_CHARACTERS = 1024 * 1024

#: A spreadsheet's empty tail may be this much longer than the plan's rows.
SPARE_BLANK_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows that can be read again and again, in a file nobody changes."""

    path: Path
    #: Our names, in the order of the cells.
    columns: tuple[str, ...]
    #: Records after the header, without the blank ones at the end.
    total: int
    #: "utf-8", "utf-16", or what the caller named, as Python calls it.
    encoding: str
    delimiter: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """
        Yield each record's number, from 1, and its cells as they stand.

        A blank record has no cells.

        Raises:
            Fault: the file is not the one that was surveyed.
        """
        number = 0
        try:
            with _open(self.path, self.encoding) as stream:
                reader = csv.reader(stream, delimiter=self.delimiter, strict=True)
                _skip_header(reader)
                for number, cells in enumerate(reader, 1):
                    if not cells or not (cells[0].strip() or _has_any(cells)):
                        cells = []
                    yield number, cells
                    if number == self.total:
                        return
        except (csv.Error, UnicodeDecodeError) as error:
            raise Fault(
                f"rows changed after their survey, at row {number}", passing=False
            ) from error
        raise Fault(f"rows vanished after their survey, at {number}", passing=False)


class _Lines:
    """The lines of a stream, cut off where a record grows beyond its bound."""

    def __init__(self, stream: TextIO) -> None:
        self._readline = stream.readline
        #: Characters handed out since this was last set to 0, at each record.
        self.spent = 0
        self.last = ""

    def __iter__(self) -> Iterator[str]:
        while line := self._readline(RECORD_CHARACTERS):
            self.spent += len(line)
            self.last = line
            if self.spent >= RECORD_CHARACTERS:
                raise _RecordTooLongError
            yield line


class _RecordTooLongError(Exception):
    pass


def survey(
    path: Path,
    plan: Plan,
    *,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
    images: bool,
) -> Sheet:
    """
    Return the rows of the CSV file at *path*, once the whole of it can be read.

    *encoding* is the caller's word for a file without a byte order mark that is
    not UTF-8. *mapping* renames the file's headers to ours. *images* says
    whether a ZIP of images came along, so that `imageUrl` may be missing.

    Raises:
        Refusal: the file as a whole cannot be used; single wrong rows are not
            looked for.
    """
    size = path.stat().st_size
    if size > plan.max_csv_bytes:
        raise Refusal(
            Kind.TOO_LARGE,
            "csv_too_large",
            f"The CSV has {size} bytes and may have {plan.max_csv_bytes}. Split it.",
        )
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    refuse_other_formats(head)
    codec = codec_of(head, encoding)
    try:
        columns, delimiter = _survey_header(path, codec, renames(mapping), images)
        total = _survey_rows(path, codec, delimiter, columns, plan)
    except UnicodeDecodeError:
        raise undecodable(path, codec) from None
    return Sheet(path, columns, total, codec, delimiter)


def _survey_header(
    path: Path, codec: str, mapping: Mapping[str, str], images: bool
) -> tuple[tuple[str, ...], str]:
    with _open(path, codec) as stream:
        text = stream.read(HEADER_CHARACTERS)
    if is_blank(text):
        raise _empty("The file is empty.")
    delimiter = choose_delimiter(text, mapping)
    try:
        cells = first_record(text, delimiter) or []
    except csv.Error as error:
        raise _unreadable(error, first=1, last=1, row=0) from None
    if len(text) == HEADER_CHARACTERS and len(cells) > MAX_COLUMNS:
        raise too_many_columns(f"The header has more than {len(cells) - 1} columns")
    return read_header(cells, mapping=mapping, images=images), delimiter


def _survey_rows(
    path: Path, codec: str, delimiter: str, columns: tuple[str, ...], plan: Plan
) -> int:
    most = plan.max_rows
    number = total = line = 0
    with _open(path, codec) as stream:
        lines = _Lines(stream)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            _skip_header(reader)
            line = reader.line_num
            lines.spent = 0
            for cells in reader:
                number += 1
                if lines.spent > MAX_CELL_CHARACTERS:
                    _refuse_long_cell(cells, columns, number)
                lines.spent = 0
                line = reader.line_num
                if cells and (cells[0].strip() or _has_any(cells)):
                    total = number
                    if number > most:
                        raise _too_many_rows(most)
                elif number > 2 * most + SPARE_BLANK_ROWS:
                    raise _too_many_rows(most)
        except csv.Error as error:
            raise _explain(
                error, reader.line_num, line, lines, delimiter, number
            ) from None
        except _RecordTooLongError:
            if len(lines.last) < RECORD_CHARACTERS:
                raise _unterminated(line + 1) from None
            raise _too_long(lines.last, delimiter, columns, number + 1) from None
    if not total:
        raise _empty("The file has a header and no rows.")
    return total


def _open(path: Path, codec: str) -> TextIO:
    # Not "utf-8-sig": that codec is written in Python, and ten times slower.
    file = path.open("rb")
    if codec == "utf-8" and file.read(len(BOM_UTF8)) != BOM_UTF8:
        file.seek(0)
    # Line breaks as they stand: the reader must see the quoted ones.
    return TextIOWrapper(file, encoding=codec, newline="")


def _skip_header(reader: Iterator[list[str]]) -> None:
    for cells in reader:
        if cells:
            return


def _has_any(cells: list[str]) -> bool:
    return any(cell.strip() for cell in cells)


# What went wrong. --------------------------------------------------------------


def _empty(what: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "empty_csv",
        f"{what} Send a header line and at least one row below it.",
    )


def _too_many_rows(most: int) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "too_many_rows",
        f"The CSV has more than {most} rows, the most in one job. Split it.",
        at=f"row {most + 1}",
    )


def _refuse_long_cell(cells: list[str], columns: tuple[str, ...], row: int) -> None:
    for place, cell in enumerate(cells):
        if len(cell) > MAX_CELL_CHARACTERS:
            column = columns[place] if place < len(columns) else str(place + 1)
            raise _cell_too_long(row, column, f"{len(cell)}")


def _cell_too_long(row: int, column: str, characters: str) -> Refusal:
    where = f"row {row}" + (f", column {column}" if column else "")
    return Refusal(
        Kind.INVALID,
        "cell_too_long",
        f"A cell in {where} has {characters} characters and may have "
        f"{MAX_CELL_CHARACTERS}. Shorten it; if it is not that long, look for a "
        "double quote in this row or before it that is not closed.",
        at=where,
    )


def _too_long(
    start: str, delimiter: str, columns: tuple[str, ...], row: int
) -> Refusal:
    """Say what makes the record that begins with *start* longer than any may be."""
    try:
        cells = next(csv.reader([start], delimiter=delimiter))
        _refuse_long_cell(cells, columns, row)
    except csv.Error:
        return _cell_too_long(row, "", "too many")
    except Refusal as refusal:
        return refusal
    return too_many_columns(f"Row {row} has more than {len(cells) - 1} cells")


def _explain(
    error: csv.Error, line: int, before: int, lines: _Lines, delimiter: str, row: int
) -> Refusal:
    """Refuse what the reader stopped at: *line*, in the record after line *before*."""
    if "field limit" in str(error):
        spans = line - before > 1
        if spans and not _closes(lines, delimiter):
            return _unterminated(before + 1)
        return _cell_too_long(row + 1, "", "too many")
    return _unreadable(error, first=before + 1, last=line, row=row + 1)


def _closes(lines: _Lines, delimiter: str) -> bool:
    """Say whether the quote that is open ends soon, and as that of a cell ends."""
    lines.spent = 0
    try:
        for line in chain([lines.last], lines):
            _, quote, after = line.replace('""', "").partition('"')
            if quote:
                return after[:1] in (delimiter, "\r", "\n", "")
    except (_RecordTooLongError, UnicodeDecodeError):
        pass
    return False


def _unreadable(error: csv.Error, *, first: int, last: int, row: int) -> Refusal:
    where = f"row {row}" if row else "the header"
    if "unexpected end" in str(error) or last > first:
        return _unterminated(first)
    if "expected after" in str(error):
        return Refusal(
            Kind.INVALID,
            "csv_stray_quote",
            f"In {where} (line {first}) text follows the double quote that closes a "
            'cell. Write double quotes inside a quoted cell twice: "a ""good"" one".',
            at=f"line {first}",
        )
    return Refusal(
        Kind.INVALID,
        "csv_unreadable",
        f"In {where} (line {first}) the CSV cannot be read. Save it again as CSV.",
        at=f"line {first}",
    )


def _unterminated(line: int) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "csv_unterminated_quote",
        f"A cell that begins on line {line} opens a double quote that is never closed. "
        'Close it, or write a double quote inside a quoted cell twice: "".',
        at=f"line {line}",
    )
