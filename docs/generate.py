"""
Write the generated parts of the documentation: `make docs`.

What stands between `<!-- generated: NAME -->` and `<!-- end -->` follows from the
code. A test fails when it does not, so that nobody reads what is no longer true.
"""

import re
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer.main

from testamur.cli import app
from testamur.config import setting_fields
from testamur.core import lifecycle
from testamur.core.lifecycle import (
    CHUNK_MOVES,
    JOB_MOVES,
    STANDING_MOVES,
    ChunkState,
    JobState,
    Standing,
)
from testamur.core.policy import PLANS

HERE = Path(__file__).parent

#: Help is broken at this width, whatever terminal runs this.
HELP_WIDTH = 78

PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def settings() -> str:
    """Return a table of every setting."""
    return table(
        ["environment", "`testamur.toml`", "default", "what it decides"],
        [
            [
                f"`{variable}`",
                f"`{variable.removeprefix('TESTAMUR_').lower()}`",
                f"`{default}`" if default else "",
                sentence,
            ]
            for variable, default, sentence in setting_fields()
        ],
    )


def commands() -> str:
    """Return the help of every command."""
    return "\n".join(
        f"## {path}\n\n```text\n{text}\n```\n" for path, text in help_texts()
    )


def help_texts() -> list[tuple[str, str]]:
    """Return every command's name and its help, as `--help` prints it."""
    found: list[tuple[str, str]] = []

    def walk(command: Any, path: str, parent: Any) -> None:
        context = command.context_class(
            command,
            info_name=path.rpartition(" ")[2],
            parent=parent,
            terminal_width=HELP_WIDTH,
        )
        below = getattr(command, "commands", {})
        if not below:
            found.append((path, command.get_help(context)))
        for name, child in below.items():
            walk(child, f"{path} {name}", context)

    walk(typer.main.get_command(app), "testamur", None)
    return found


def limits() -> str:
    """Return a table of what each plan allows."""
    mib = 1024 * 1024
    plans = list(PLANS.values())
    metered = sorted({one for plan in plans for one in plan.rates})
    rows = [
        ["rows in a job", *(f"{plan.max_rows:,}" for plan in plans)],
        ["CSV", *(f"{plan.max_csv_bytes // mib:,} MiB" for plan in plans)],
        ["ZIP", *(f"{plan.max_zip_bytes // mib:,} MiB" for plan in plans)],
        [
            "ZIP, unpacked",
            *(f"{plan.max_unpacked_bytes // mib:,} MiB" for plan in plans),
        ],
        ["files in a ZIP", *(f"{plan.max_zip_entries:,}" for plan in plans)],
    ]
    for one in metered:
        rates = [plan.rates.get(one) for plan in plans]
        cells = [
            f"{rate.burst} in {rate.period_seconds // 60} minutes"
            if rate
            else "no limit"
            for rate in rates
        ]
        rows.append([f"requests: {one}", *cells])
    return table(["", *(f"`{plan.name}`" for plan in plans)], rows)


def job_lifecycle() -> str:
    """Return states and moves of a job."""
    return _lifecycle(JobState, JOB_MOVES)


def chunk_lifecycle() -> str:
    """Return states and moves of a chunk."""
    return _lifecycle(ChunkState, CHUNK_MOVES)


def standing_lifecycle() -> str:
    """Return how a certificate can stand, and what changes it."""
    return _lifecycle(Standing, STANDING_MOVES)


def _lifecycle(
    states: type[StrEnum], moves: Mapping[tuple[StrEnum, StrEnum], StrEnum]
) -> str:
    source = Path(lifecycle.__file__).read_text()
    body = source.partition(f"class {states.__name__}(")[2].partition("\nclass ")[0]
    said = {
        name.lower(): text
        for name, text in re.findall(r"(\w+) = auto\(\)  #: (.+)", body)
    }
    ends = {state for state in states if not any(start is state for start, _ in moves)}
    diagram = (
        "```mermaid\nstateDiagram-v2\n    [*] --> " + str(next(iter(states))) + "\n"
    )
    for (start, event), end in moves.items():
        diagram += f"    {start} --> {end}: {event}\n"
    for state in states:
        if state in ends:
            diagram += f"    {state} --> [*]\n"
    diagram += "```\n"
    meanings = table(
        ["state", "means"], [[f"**{state}**", said[state]] for state in states]
    )
    steps = table(
        ["in", "what happens", "becomes"],
        [[str(start), str(event), str(end)] for (start, event), end in moves.items()],
    )
    return f"{diagram}\n{meanings}\n{steps}"


PARTS: Mapping[str, Callable[[], str]] = {
    "settings": settings,
    "commands": commands,
    "limits": limits,
    "job-lifecycle": job_lifecycle,
    "chunk-lifecycle": chunk_lifecycle,
    "standing-lifecycle": standing_lifecycle,
}


def renewed(text: str) -> str:
    """Return *text* with its generated parts made anew."""
    return PART.sub(lambda part: f"{part[1]}{PARTS[part[2]]()}{part[3]}", text)


def main() -> None:
    """Renew every file of this folder."""
    for path in sorted(HERE.rglob("*.md")):
        before = path.read_text()
        after = renewed(before)
        if after != before:
            path.write_text(after)
            sys.stdout.write(f"{path.relative_to(HERE.parent)} is renewed\n")


if __name__ == "__main__":
    main()
