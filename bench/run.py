"""Every measurement, in one run: `make bench`. Figures go to docs/performance.md."""

import os
import platform
import sqlite3
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent))

from bench import credentials, log, main_job, pictures, polling


def main() -> None:
    """Run every measurement; `quick` leaves out what takes longest."""
    quick = "quick" in sys.argv[1:]
    print(
        f"{len(os.sched_getaffinity(0))} processors, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"load {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    main_job.main(main_job.RUNS[:3] if quick else main_job.RUNS)
    pictures.main(200 if quick else 1_000)
    credentials.main(1_000 if quick else 5_000)
    polling.main(20_000 if quick else 100_000)
    log.main(100_000 if quick else 1_000_000)


if __name__ == "__main__":
    main()
