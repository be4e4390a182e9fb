"""What people see: tables, progress, and JSON for programs."""

import re
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from testamur.core.clock import rfc3339
from testamur.core.lifecycle import JobState
from testamur.core.words import Progress as JobProgress

#: How often a watched job is looked at.
LOOK_SECONDS = 0.1

#: How many failed rows are shown before the reader is sent to the CSV.
SHOWN_FAILURES = 10

_COUNT = re.compile(r"[0-9]{1,3}(,[0-9]{3})*")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

out = Console(highlight=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print *data* as JSON, indented."""
    sys.stdout.write(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    """Print rows under their columns; a terminal gets a frame, a pipe tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            sys.stdout.write("\t".join(row) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        is_count = all(_COUNT.fullmatch(row[number]) for row in rows)
        # A single word stays whole: nobody can copy half an id.
        words = [row[number] for row in rows if " " not in row[number]]
        table.add_column(
            column,
            justify="right" if is_count else "left",
            min_width=max(map(len, words), default=0),
        )
    for row in rows:
        table.add_row(*row)
    out.print(table)


def print_beside(head: str, text: str) -> None:
    """Print *text* beside *head*: broken between words on a terminal, else a line."""
    if not sys.stdout.isatty():
        out.print(head + text, markup=False)
        return
    grid = Table.grid()
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text(head), Text(text))
    out.print(grid, soft_wrap=False)


def job_fields(progress: JobProgress) -> dict[str, Any]:
    """Return a job for `--json`."""
    its = progress.job
    return {
        "id": its.id,
        "state": its.state,
        "total": its.total,
        "processed": progress.processed,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "cancelled": progress.cancelled,
        "createdAt": rfc3339(its.created_at),
        "finishedAt": rfc3339(its.finished_at) if its.finished_at else None,
        "estimatedAt": rfc3339(progress.estimated_at)
        if progress.estimated_at
        else None,
        "failures": [
            {"row": one.row, "code": one.code, "message": one.message}
            for one in progress.failures
        ],
    }


def print_job(progress: JobProgress) -> None:
    """Print how far a job is, and its first failures."""
    its = progress.job
    numbers = [f"{progress.succeeded:,} issued", f"{progress.failed:,} failed"]
    if progress.cancelled:
        numbers.append(f"{progress.cancelled:,} cancelled")
    waiting = its.total - progress.processed - progress.cancelled
    if waiting:
        numbers.append(f"{waiting:,} waiting")
    rows = "row" if its.total == 1 else "rows"
    out.print(
        f"job {its.id}: {its.state}, {its.total:,} {rows}: {', '.join(numbers)}",
        markup=False,
    )
    for one in progress.failures[:SHOWN_FAILURES]:
        print_beside(f"  row {one.row}: ", one.message)
    more = progress.failed - SHOWN_FAILURES
    if more > 0:
        out.print(f"  and {more:,} more; the results CSV names every one")


def watch(look: Callable[[], JobProgress]) -> JobProgress:
    """Draw a job's progress until it is finished; return how it ended."""
    progress = look()
    is_drawn = sys.stderr.isatty()
    with Progress(
        SpinnerColumn(),
        BarColumn(bar_width=32),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        TextColumn("{task.fields[failed]}"),
        console=Console(stderr=True),
        disable=not is_drawn,
        speed_estimate_period=10,
    ) as bar:
        task = bar.add_task("", total=progress.job.total, rate="", failed="")
        started, before = time.monotonic(), progress.processed
        while True:
            seconds = time.monotonic() - started
            done = progress.processed - before
            bar.update(
                task,
                completed=progress.processed,
                rate=f"{done / seconds:,.0f}/s" if done and seconds else "",
                failed=f"[red]{progress.failed:,} failed" if progress.failed else "",
            )
            if progress.job.state not in (JobState.QUEUED, JobState.PROCESSING):
                return progress
            time.sleep(LOOK_SECONDS)
            progress = look()
