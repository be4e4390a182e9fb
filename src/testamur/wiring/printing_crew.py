"""
Processes that make the files of a whole job: `python -m testamur.wiring.printing_crew`.

A job's rows are parted among them. What they have made is kept as they go, so one
that dies costs what it had in hand, and who asks again goes on from there. Jobs take
turns: however many are asked for at once, there are no more processes than for one.
"""

import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable

from testamur.config import read_settings
from testamur.core.parent import die_with
from testamur.core.refusals import Fault
from testamur.core.words import Job

#: More are of no use to one download, and would be in everybody's way.
MAX_PRINTERS = 4

#: A process takes a second to start, which is worth it for so many rows.
WORTH_ONE = 500

#: How many files a process makes before it is another job's turn.
TURN = 2_000

#: How many requests may wait for files. Each keeps a thread from all others, of
#: which a server has forty; who comes when they are taken is told to come again.
SEATS = 8

#: How a process ends that has made as many, and has rows left.
MORE = 3

#: They yield to the process that answers requests, as workers do.
NICENESS = 5


class Crew:
    """Has the files of jobs made, of each job once, however many ask for them."""

    def __init__(self, turn: Callable[[Job], set[int]] | None = None) -> None:
        """Have files made by *turn*, which says how its processes ended."""
        self._turn = turn or make_some
        self._seats = threading.Semaphore(SEATS)
        self._lock = threading.Lock()
        #: By job; one that failed stays until somebody was told.
        self._orders: dict[str, _Order] = {}
        self._queue: deque[_Order] = deque()
        self._is_at_work = False

    def work(self, job: Job, *, patience: float | None) -> bool:
        """
        Wait until the job's files are made, *patience* seconds at most (None: however
        long it takes), and not at all while too many wait; say if they are.

        Raises:
            Fault: not passing, when one cannot be made; the log says which, and why.
        """
        with self._lock:
            order = self._orders.get(job.id)
            if order is None:
                order = self._orders[job.id] = _Order(job)
                self._queue.append(order)
                if not self._is_at_work:
                    threading.Thread(
                        target=self._run, name="printing", daemon=True
                    ).start()
                    self._is_at_work = True
        has_seat = self._seats.acquire(blocking=False)
        try:
            if not order.is_over.wait(patience if has_seat else 0):
                return False
        finally:
            if has_seat:
                self._seats.release()
        if order.failed:
            with self._lock:
                if self._orders.get(job.id) is order:
                    del self._orders[job.id]
            raise Fault(
                f"files of job {job.id} could not be made; see the log above",
                passing=False,
            )
        return True

    def _run(self) -> None:
        """
        Give each order its turn until there is none left.

        Processes die with the thread that started them, which is this one.
        """
        while True:
            with self._lock:
                if not self._queue:
                    self._is_at_work = False
                    return
                order = self._queue.popleft()
            try:
                statuses = self._turn(order.job)
            except OSError:
                statuses = {1}
            with self._lock:
                if statuses <= {0, MORE} and MORE in statuses:
                    self._queue.append(order)
                    continue
                order.failed = bool(statuses - {0})
                if not order.failed:
                    del self._orders[order.job.id]
            order.is_over.set()


class _Order:
    """A job whose files are to be made."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.failed = False
        self.is_over = threading.Event()


def make_some(job: Job) -> set[int]:
    """Make some of the job's files; return how the processes ended."""
    count = min(os.cpu_count() or 1, MAX_PRINTERS, -(-job.total // WORTH_ONE))
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
    return {process.wait() for process in processes}


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
        if not office.printing.make(job, int(first), int(last), at_most=TURN):
            sys.exit(MORE)
    except Fault as trouble:
        log.error("a file could not be made", job=job_id, trouble=str(trouble))
        sys.exit(1)
    finally:
        office.typesetting.close()
        office.close()


if __name__ == "__main__":
    main()
