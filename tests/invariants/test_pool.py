"""Worker processes: started again when they die, and let to finish when stopped."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from testamur.adapters.processes import pool as pools
from testamur.adapters.processes.pool import WorkerPool

#: Says who it is; asked to stop, takes its time, and says that it has finished.
WORKER = """
import os, signal, sys, time
from pathlib import Path
from testamur.core.parent import die_with
die_with(int(sys.argv[2]))
def stop(*_):
    time.sleep(0.3)
    (Path(sys.argv[3]) / f"{sys.argv[1]}.finished").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(Path(sys.argv[3]) / f"{sys.argv[1]}.begun").touch()
while True:
    time.sleep(60)
"""


@contextmanager
def running(folder: Path, count: int, deaths: list[str]) -> Iterator[WorkerPool]:
    """Run a pool of *count* such workers; stop it."""
    pool = WorkerPool(
        count,
        lambda name: ["-c", WORKER, name, str(os.getpid()), str(folder)],
        environment={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        on_death=deaths.append,
    )
    pool.start()
    try:
        yield pool
    finally:
        pool.stop()


def begun(folder: Path, count: int) -> None:
    """Wait until *count* workers have said who they are."""
    give_up_at = time.monotonic() + 20
    while len(list(folder.glob("*.begun"))) < count:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def test_a_worker_that_was_started_again_may_finish_its_chunk(tmp_path, monkeypatch):
    """
    Whoever started a worker, asked to stop it finishes first: nothing is killed.
    """
    monkeypatch.setattr(pools, "RESTART_SECONDS", 0.01)
    deaths: list[str] = []
    with running(tmp_path, 2, deaths) as pool:
        begun(tmp_path, 2)
        victim = pool.pids()[0]
        os.kill(victim, signal.SIGKILL)
        begun(tmp_path, 3)
        alive = [psutil.Process(pid) for pid in pool.pids()]

    assert len(deaths) == 1
    assert len(list(tmp_path.glob("*.finished"))) == 2
    assert not any(process.is_running() for process in alive)


def test_a_worker_that_was_stopped_is_ended_and_replaced(tmp_path, monkeypatch):
    """A stopped worker may hold the database's lock: nobody waits for it for ever."""
    monkeypatch.setattr(pools, "RESTART_SECONDS", 0.01)
    monkeypatch.setattr(pools, "MAX_STOPPED_SECONDS", 0.1)
    deaths: list[str] = []
    with running(tmp_path, 2, deaths) as pool:
        begun(tmp_path, 2)
        os.kill(pool.pids()[0], signal.SIGSTOP)
        begun(tmp_path, 3)

    assert len(deaths) == 1
