"""
Processes that make the files of a whole job: `python -m testamur.wiring.printing_crew`.

A job's rows are parted among them. What they have made is kept as they go, so one
that dies costs what it had in hand, and who asks again goes on from there.
"""

import os
import subprocess
import sys
import threading

from testamur.config import read_settings
from testamur.core.parent import die_with
from testamur.core.refusals import Fault
from testamur.core.words import Job

#: More are of no use to one download, and would be in everybody's way.
MAX_PRINTERS = 4

#: They yield to the process that answers requests, as workers do.
NICENESS = 5


class Crew:
    """Has the files of jobs made, of each job once, however many ask for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at_work: dict[str, _Gang] = {}

    def work(self, job: Job, *, patience: float | None) -> bool:
        """
        Wait until the job's files are made, *patience* seconds at most (None: however
        long it takes); say if they are.

        Raises:
            Fault: not passing, when one cannot be made; the log says which, and why.
        """
        with self._lock:
            gang = self._at_work.get(job.id)
            if gang is None:
                gang = self._at_work[job.id] = _Gang(job)
                gang.start()
        gang.join(patience)
        if gang.is_alive():
            return False
        with self._lock:
            if self._at_work.get(job.id) is gang:
                del self._at_work[job.id]
        if gang.failed:
            raise Fault(
                f"files of job {job.id} could not be made; see the log above",
                passing=False,
            )
        return True


class _Gang(threading.Thread):
    """The processes of one job. They die with the thread that started them: this."""

    def __init__(self, job: Job) -> None:
        super().__init__(name=f"printing {job.id}", daemon=True)
        self._job = job
        self.failed = True

    def run(self) -> None:
        """Start the processes, and wait for them."""
        job = self._job
        count = min(os.cpu_count() or 1, MAX_PRINTERS)
        share = -(-job.total // count)
        processes = [
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
        statuses = [process.wait() for process in processes]
        self.failed = any(statuses)


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
