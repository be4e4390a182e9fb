"""Pictures, each resolved once: one exercise, both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clocks import HandClock
from support.workshop import row
from testamur.core.refusals import Reason
from testamur.core.words import StoredPicture
from testamur.intake.ports import NewPicture

PICTURE = NewPicture("d" * 64, "image/png", 9, 9, 9, 9, "e" * 64, "image/png")


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that the test moves."""
    return HandClock()


@pytest.fixture
def workshop(open_workshop, clock):
    """Return an installation with that clock."""
    return open_workshop(clock=clock)


@pytest.fixture
def job(workshop) -> int:
    """Return the `seq` of a job whose chunks workers a and b hold."""
    job = workshop.admit(workshop.tenant(), [row(1), row(2), row(3)], chunk_rows=1)
    for worker in "ab":
        workshop.queue.lease(worker)
    return job.seq


def test_a_picture_is_resolved_by_whoever_asks_first(workshop, job):
    """
    The others wait for what the first finds, and get the same.
    """
    first = workshop.shelf.claim(job, ["x", "y"], round=0, worker="a")
    second = workshop.shelf.claim(job, ["y", "z"], round=0, worker="b")

    assert (sorted(first.ours), list(first.theirs)) == (["x", "y"], [])
    assert (list(second.ours), list(second.theirs)) == (["z"], ["y"])
    workshop.shelf.record(job, {"y": PICTURE}, worker="a")
    known = workshop.shelf.claim(job, ["y"], round=0, worker="b").known
    assert isinstance(known["y"], StoredPicture)
    assert known["y"].digest == PICTURE.digest


def test_of_many_at_once_one_resolves_it(workshop, open_workshop, job, clock):
    """
    A claim is taken once, also when all reach for it together.
    """
    for worker in "cdef":
        workshop.admit(workshop.tenant(worker), [row(1)])
        workshop.queue.lease(worker)
    shops = {worker: open_workshop(clock=clock) for worker in "cdef"}
    start = threading.Barrier(4)

    def claim(worker: str) -> list[str]:
        start.wait(10)
        sources = ["s1", "s2", "s3"]
        claims = shops[worker].shelf.claim(job, sources, round=0, worker=worker)
        return list(claims.ours)

    with ThreadPoolExecutor(4) as pool:
        claimed = [source for part in pool.map(claim, "cdef") for source in part]

    assert sorted(claimed) == ["s1", "s2", "s3"]


def test_a_failed_picture_is_tried_again_in_the_next_round_and_not_before(
    workshop, job
):
    """
    Each try of a row asks for its picture once more, however many rows name it.
    """
    workshop.shelf.claim(job, ["x"], round=0, worker="a")
    reason = Reason("url_status", "There is none.")
    workshop.shelf.record(job, {"x": reason}, worker="a")

    same = workshop.shelf.claim(job, ["x"], round=0, worker="b")
    after = workshop.shelf.claim(job, ["x"], round=1, worker="b")

    assert same.known == {"x": reason}
    assert list(after.ours) == ["x"]


def test_a_stored_picture_is_stored_for_good(workshop, job):
    """
    No later round, and no late worker, changes what certificates show.
    """
    workshop.shelf.claim(job, ["x"], round=0, worker="a")
    workshop.shelf.record(job, {"x": PICTURE}, worker="a")

    workshop.shelf.record(job, {"x": Reason("late", "Too late.")}, worker="a")

    known = workshop.shelf.claim(job, ["x"], round=9, worker="b").known
    assert known["x"].digest == PICTURE.digest


@pytest.mark.parametrize("how", ["its lease lapsed", "it took too long"])
def test_a_claim_ends_with_its_workers_lease(workshop, job, clock, how):
    """
    What a dead worker was fetching, another fetches; what it says late is void.
    """
    workshop.shelf.claim(job, ["x"], round=0, worker="a")
    if how == "its lease lapsed":
        workshop.queue.lapse(worker="a")
    else:
        clock.pass_seconds(301)

    assert list(workshop.shelf.claim(job, ["x"], round=0, worker="b").ours) == ["x"]
    workshop.shelf.record(job, {"x": Reason("late", "Too late.")}, worker="a")
    workshop.shelf.record(job, {"x": PICTURE}, worker="b")
    known = workshop.shelf.claim(job, ["x"], round=0, worker="a").known
    assert known["x"].digest == PICTURE.digest


def test_pictures_belong_to_their_job(workshop, job):
    """
    The same name in another job is another picture.
    """
    workshop.shelf.claim(job, ["x"], round=0, worker="a")
    workshop.shelf.record(job, {"x": PICTURE}, worker="a")
    other = workshop.admit(workshop.tenant("other"), [row(1)])

    assert list(workshop.shelf.claim(other.seq, ["x"], round=0, worker="b").ours)
