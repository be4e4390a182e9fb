"""Files of whole jobs are made by a few processes, however many ask for them."""

import threading
import time

import pytest

from support.workshop import row
from testamur.core.refusals import Fault
from testamur.wiring.printing_crew import MORE, SEATS, Crew


@pytest.fixture
def jobs(workshop):
    """Return two jobs."""
    tenant = workshop.tenant("large")
    return [workshop.admit(tenant, [row(1)]) for _ in range(2)]


def test_jobs_take_turns(jobs):
    """One has the processes at a time, and none waits until a long one is over."""
    both_asked, turns, at_work = threading.Event(), [], threading.Lock()

    def turn(job) -> set[int]:
        assert at_work.acquire(blocking=False), "two at once"
        both_asked.wait(10)
        turns.append(job.id)
        at_work.release()
        return {0, MORE} if turns.count(job.id) < 3 else {0}

    crew = Crew(turn)
    first, second = jobs
    assert not crew.work(first, patience=0)
    assert not crew.work(second, patience=0)
    both_asked.set()

    assert crew.work(first, patience=10)
    assert crew.work(second, patience=10)
    assert turns[:6] == [first.id, second.id] * 3


def test_what_is_asked_for_again_is_made_again(jobs):
    """A job has more certificates later, when rows that failed were retried."""
    turns = []
    crew = Crew(lambda job: turns.append(job.id) or {0})
    job, _ = jobs

    assert crew.work(job, patience=10)
    assert crew.work(job, patience=10)

    assert turns == [job.id] * 2


@pytest.mark.parametrize("statuses", [{1}, {0, -9}, {1, MORE}])
def test_who_comes_again_is_told_that_it_failed(jobs, statuses):
    """Once; then it is tried anew."""
    ends = [statuses, {0}]
    may_end = threading.Event()

    def turn(job) -> set[int]:
        may_end.wait(10)
        return ends.pop(0)

    crew = Crew(turn)
    job, _ = jobs
    assert not crew.work(job, patience=0)
    may_end.set()

    with pytest.raises(Fault):
        crew.work(job, patience=10)
    assert crew.work(job, patience=10)


def test_only_some_may_wait(jobs):
    """Others are sent away at once, and keep no thread of the server."""
    may_end = threading.Event()

    def turn(job) -> set[int]:
        may_end.wait(20)
        return {0}

    crew = Crew(turn)
    job, _ = jobs

    def wait() -> None:
        while not crew.work(job, patience=20):
            time.sleep(0.01)

    waiting = [threading.Thread(target=wait) for _ in range(SEATS)]
    for thread in waiting:
        thread.start()
    end = time.monotonic() + 10
    while not_at_once(crew, job):
        assert time.monotonic() < end, "all wait"
        time.sleep(0.1)  # or the seat is taken again before the last one finds it

    may_end.set()
    for thread in waiting:
        thread.join()
    assert crew.work(job, patience=10)


def not_at_once(crew: Crew, job) -> bool:
    """Say if a caller with half a second to spare was made to wait."""
    began = time.monotonic()
    assert not crew.work(job, patience=0.5)
    return time.monotonic() - began > 0.25
