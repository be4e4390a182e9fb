"""I3, I11: a worker that was asleep too long changes nothing when it wakes."""

import signal
import time

import psutil
import pytest

from support import crashing
from support.children import ended, start
from support.workshop import failing, row


def is_stopped(pid: int) -> bool:
    """Say whether the process has come to a halt."""
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


def until(true, seconds: float = 20) -> None:
    """Wait until *true* says so."""
    give_up_at = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


@pytest.mark.parametrize(
    "place", ["lease.after_commit", "pictures.before_commit", "draft.after_commit"]
)
def test_a_worker_stopped_past_its_lease_keeps_nothing(
    workshop, database_url, tmp_path, place
):
    """
    SIGSTOP, the lease lapses, another worker finishes, SIGCONT: the sleeper's work
    is discarded, and it goes on with what is left.
    """
    job = workshop.admit(workshop.tenant(), [row(1), failing(2), row(3)])
    sleeper = start(
        crashing.work_until_told,
        database_url,
        tmp_path,
        "sleeper",
        1,
        armed=f"{place}=stop@1",
    )
    until(lambda: is_stopped(sleeper.pid))
    until(lambda: workshop.queue.lapse() == 1)
    workshop.drain("other")
    names = workshop.names(job)
    later = workshop.admit(workshop.tenant(), [row(1)])

    psutil.Process(sleeper.pid).send_signal(signal.SIGCONT)
    until(lambda: workshop.names(later))
    sleeper.terminate()

    assert ended(sleeper) == 0
    workshop.settle()
    assert workshop.outcomes(job) == {1: "success", 2: "failed", 3: "success"}
    assert workshop.names(job) == names
    assert workshop.billed(job) == 2


def test_a_worker_stopped_past_its_lease_may_still_hold_it(
    workshop, database_url, tmp_path
):
    """
    Where nobody else wanted the chunk, what was done late is still done once.
    """
    job = workshop.admit(workshop.tenant(), [row(1)])
    sleeper = start(
        crashing.work_until_told,
        database_url,
        tmp_path,
        "sleeper",
        1,
        armed="draft.after_commit=stop@1",
    )
    until(lambda: is_stopped(sleeper.pid))
    time.sleep(1.1)

    psutil.Process(sleeper.pid).send_signal(signal.SIGCONT)
    until(lambda: workshop.names(job))
    sleeper.terminate()

    assert ended(sleeper) == 0
    assert workshop.billed(job) == 1
