"""
Every measurement, in one run: `make bench`. Figures go to docs/performance.md.

`make bench ARGS=rendering` makes those of one file, `ARGS="quick log"` fewer of them.
"""

import os
import platform
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import (
    credentials,
    live,
    log,
    main_job,
    pictures,
    polling,
    records,
    rendering,
    signing,
    vault,
)

#: By the name of its file: what is measured, quickly or in full.
MEASUREMENTS: dict[str, Callable[[bool], None]] = {
    "main_job": lambda quick: main_job.main(
        main_job.RUNS[:3] if quick else main_job.RUNS
    ),
    "pictures": lambda quick: pictures.main(200 if quick else 1_000),
    "credentials": lambda quick: credentials.main(1_000 if quick else 5_000),
    "polling": lambda quick: polling.main(20_000 if quick else 100_000),
    "log": lambda quick: log.main(100_000 if quick else 1_000_000),
    "records": lambda quick: records.main(200_000 if quick else 1_000_000),
    "rendering": lambda quick: (
        rendering.main(300, 30, 1_000) if quick else rendering.main()
    ),
    "vault": lambda quick: vault.main(2_000 if quick else 10_000),
    "live": lambda quick: live.main(*((500, 20_000) if quick else (2_000, 100_000))),
    "signing": lambda quick: signing.main(*((50, 3) if quick else (300, 9))),
}


def main() -> None:
    """Run the measurements that are named, or all; `quick` leaves out the longest."""
    named = sys.argv[1:]
    quick = "quick" in named
    wanted = [name for name in named if name != "quick"] or list(MEASUREMENTS)
    if unknown := [name for name in wanted if name not in MEASUREMENTS]:
        sys.exit(f"{unknown[0]}: there are quick, {', '.join(MEASUREMENTS)}")
    print(
        f"{len(os.sched_getaffinity(0))} processors, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    for name in wanted:
        MEASUREMENTS[name](quick)


if __name__ == "__main__":
    main()
