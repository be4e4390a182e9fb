"""`testamur issue --rehearse`: what would fail and what looks wrong, for people."""

import sys
from pathlib import Path

from rich.table import Table
from rich.text import Text

from testamur.core.findings import Finding, Rehearsed, Severity, Tally
from testamur.core.text import quoted

from .show import out

#: How many findings are shown one by one.
SHOWN = 20

#: So many rows of each code are named.
SHOWN_ROWS = 5

_WORDS = {Severity.FAILS: "would fail", Severity.DOUBTFUL: "looks wrong"}
_COLOURS = {Severity.FAILS: "red", Severity.DOUBTFUL: "yellow"}


def print_rehearsal(found: Rehearsed, file: Path, report: Path | None) -> None:
    """Print a report; *report* is where all of its findings were written."""
    _print_summary(found, file)
    if not sys.stdout.isatty():
        for one in found.findings:
            cells = (one.row, one.severity, one.code, one.column, one.value)
            line = [*("" if cell is None else str(cell) for cell in cells), one.message]
            sys.stdout.write("\t".join(line) + "\n")
    elif found.findings:
        if found.found > SHOWN:
            _print_codes(found)
        _print_findings(found)
    if report is not None:
        out.print(f"all {found.found:,} findings: {report}", markup=False)
    elif found.found > SHOWN:
        out.print("write all of them to a file: --results findings.csv", markup=False)


def _print_summary(found: Rehearsed, file: Path) -> None:
    how = f" with {found.template}" if found.template else ""
    rows = "row" if found.rows == 1 else "rows"
    out.print(
        f"{file.name}: {found.rows:,} {rows} rehearsed{how} in {found.seconds:.1f} s; "
        "nothing was issued",
        markup=False,
    )
    numbers = [
        f"{found.succeeding:,} would get a certificate",
        f"{found.failing:,} would fail",
        f"{found.doubtful:,} look wrong" if found.doubtful != 1 else "1 looks wrong",
    ]
    out.print(", ".join(numbers), markup=False)
    if found.unfetched:
        out.print(
            f"{found.unfetched:,} images are at an address, which was not asked",
            markup=False,
        )
    if found.untried:
        out.print(
            f"{found.untried:,} rows were read and not drawn: time ran out",
            markup=False,
        )


def _print_codes(found: Rehearsed) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("what", no_wrap=True)
    table.add_column("")
    table.add_column("rows", justify="right")
    table.add_column("these")
    for one in found.tallies:
        table.add_row(
            one.code,
            Text(_WORDS[one.severity], style=_COLOURS[one.severity]),
            f"{one.count:,}" if one.first_rows else "",
            _rows(one),
        )
    out.print()
    out.print(table, soft_wrap=False)


def _rows(one: Tally) -> str:
    if not one.first_rows:
        return "the file"
    named = ", ".join(f"{row}" for row in one.first_rows[:SHOWN_ROWS])
    return named + (", ..." if one.count > SHOWN_ROWS else "")


def _print_findings(found: Rehearsed) -> None:
    left = SHOWN
    for severity, words in _WORDS.items():
        these = [one for one in found.findings if one.severity is severity][:left]
        left -= len(these)
        if not these:
            continue
        out.print(f"\n{words}", style=f"bold {_COLOURS[severity]}")
        grid = Table.grid(padding=(0, 2, 1, 0))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column()
        for one in these:
            grid.add_row(_where(one), _said(one))
        out.print(grid, soft_wrap=False)
    more = found.found - (SHOWN - left)
    if more > 0:
        out.print(f"and {more:,} more", markup=False)


def _where(one: Finding) -> str:
    return "file" if one.row is None else f"row {one.row}"


def _said(one: Finding) -> Text:
    text = Text()
    if one.column and one.value is not None and one.value not in one.message:
        text.append(f"{one.column}: {quoted(one.value)}\n", style="bold")
    elif one.column and one.column not in one.message:
        text.append(f"{one.column}\n", style="bold")
    text.append(one.message)
    return text
