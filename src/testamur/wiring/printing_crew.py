"""
Processes that make the files of a whole job: `python -m testamur.wiring.printing_crew`.

A job's rows are parted among them. What they have made is kept as they go, so one
that dies costs what it had in hand, and who asks again goes on from there.
"""

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

from testamur.config import read_settings
from testamur.core.parent import die_with
from testamur.core.refusals import Fault
from testamur.core.words import Job

#: More are of no use to one download, and would be in everybody's way.
MAX_PRINTERS = 4

#: They yield to the process that answers requests, as workers do.
NICENESS = 5

#: How often is looked whether they are done.
LOOK_SECONDS = 0.05


@dataclass
class Crew:
    """Starts the processes of a job once, however many ask for its files."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _at_work: dict[str, list["subprocess.Popen[bytes]"]] = field(default_factory=dict)

    def work(self, job: Job, *, patience: float) -> bool:
        """
        Wait up to *patience* seconds until the job's files are made; say if they are.

        Raises:
            Fault: not passing, when one cannot be made; the log says which, and why.
        """
        with self._lock:
            processes = self._at_work.get(job.id)
            if processes is None:
                processes = self._at_work[job.id] = _started(job)
        deadline = time.monotonic() + patience
        while any(process.poll() is None for process in processes):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        with self._lock:
            self._at_work.pop(job.id, None)
        if any(process.returncode for process in processes):
            raise Fault(
                f"files of job {job.id} could not be made; see the log above",
                passing=False,
            )
        return True


def _started(job: Job) -> "list[subprocess.Popen[bytes]]":
    count = min(os.cpu_count() or 1, MAX_PRINTERS)
    share = -(-job.total // count)
    return [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "testamur.wiring.printing_crew"),
                *(str(os.getpid()), job.tenant_id, job.id),
                *(str(first), str(min(first + share - 1, job.total))),
            ],
            stdin=subprocess.DEVNULL,
        )
        for first in range(1, job.total + 1, share)
    ]


def main() -> None:
    """Make the files of some rows of one job."""
    from .logs import configure_logs, log
    from .office import open_office

    parent, tenant_id, job_id, first, last = sys.argv[1:]
    die_with(int(parent))
    configure_logs()
    os.nice(NICENESS)
    office = open_office(read_settings())
    try:
        job = office.desk.find(tenant_id, job_id)
        office.printing.make(job, int(first), int(last))
    except Fault as trouble:
        log.error("a file could not be made", job=job_id, trouble=str(trouble))
        sys.exit(1)
    finally:
        office.typesetting.close()
        office.close()


if __name__ == "__main__":
    main()
