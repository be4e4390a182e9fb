"""I1, I6, I8, I9: every row ends once, whatever is done to its job, and adds up."""

import itertools
import os
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from support import crashing
from support.children import ended, start
from support.workshop import Names, Workshop, failing, row
from testamur.core import failpoints
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault, Refusal
from testamur.core.words import Job, Lease

WORKERS = st.sampled_from(["ada", "bob"])


@dataclass
class Known:
    """What a person who watched a job knows of it."""

    job: Job
    good: list[bool]
    names: dict[int, Names] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    shown: set[int] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)
    is_cancelled: bool = False


def logged(shop: Workshop, names: Mapping[int, Names]) -> set[int]:
    """Return which rows' credentials anybody can find proofs of in the log."""
    found = set()
    for number, name in names.items():
        credential = shop.vouching.credentials.find(name.certificate)
        if credential is None:
            continue
        proof = shop.vouching.reader.proof(credential.chunk_id, credential.digest)
        assert "\nindex " in proof
        found.add(number)
    return found


class Life(RuleBasedStateMachine):
    """Owners and workers do anything, in any order; now and then a worker dies."""

    workshop: Workshop

    def __init__(self) -> None:
        super().__init__()
        self.tenant = self.workshop.tenant(f"t{os.urandom(6).hex()}")
        self.known: list[Known] = []
        self.held: dict[str, Lease] = {}

    def any_job(self, number: int) -> Known:
        """Return one of the jobs."""
        return self.known[number % len(self.known)]

    @rule(good=st.lists(st.booleans(), min_size=1, max_size=7), size=st.integers(1, 4))
    def submit(self, good, size):
        """An owner submits a job."""
        rows = [row(n) if ok else failing(n) for n, ok in enumerate(good, 1)]
        job = self.workshop.admit(self.tenant, rows, chunk_rows=size)
        self.known.append(Known(job, good))

    @rule(worker=WORKERS)
    def work(self, worker):
        """A worker issues a chunk."""
        if worker not in self.held:
            self.workshop.work_once(worker)

    @rule(worker=WORKERS)
    def lease(self, worker):
        """A worker begins a chunk."""
        if worker not in self.held and (lease := self.workshop.queue.lease(worker)):
            self.held[worker] = lease

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS)
    def finish(self, worker):
        """A worker ends what it began, if it is still its own."""
        if lease := self.held.pop(worker, None):
            with suppress(Fault):
                self.workshop.issue(lease)
            self.workshop.queue.release(lease)

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS, is_known=st.booleans())
    def die(self, worker, is_known):
        """A worker is killed; who started it notices, or its lease lapses."""
        if is_known:
            self.held.pop(worker, None)
        self.workshop.free(worker)

    @rule(place=st.sampled_from(["draft.after_commit", "keep.before_commit"]))
    def break_down(self, place):
        """A bug, or a full disk, ends a chunk in the middle."""
        failpoints.arm(f"{place}=raise@1")
        try:
            self.workshop.work_once("unlucky")
        finally:
            failpoints.arm("")

    @rule()
    def settle(self):
        """The sweeper comes by."""
        self.workshop.settle()

    @rule()
    def sweep_alone(self):
        """The sweeper comes by, and the log does not: what is kept is not known."""
        self.workshop.queue.settle()

    @rule()
    def restart(self):
        """The server is started again."""
        self.workshop.restart()

    @precondition(lambda self: self.known)
    @rule(number=st.integers(0, 9))
    def cancel(self, number):
        """An owner cancels a job."""
        known = self.any_job(number)
        with suppress(Refusal):
            self.workshop.owners.cancel(self.tenant.id, known.job.id)
            known.is_cancelled = True

    @precondition(lambda self: self.known)
    @rule(number=st.integers(0, 9))
    def retry(self, number):
        """An owner retries a job."""
        known = self.any_job(number)
        with suppress(Refusal):
            count = self.workshop.owners.retry(self.tenant.id, known.job.id).count
            assert count in (0, len(known.failed))
            if count:
                known.failed.clear()

    @invariant()
    def everything_agrees(self):
        """`fsck` finds nothing."""
        assert self.workshop.wrong() == []

    @invariant()
    def nothing_is_taken_back(self):
        """What was seen stays: certificates for ever, failures until retried."""
        for known in self.known:
            self._look(known)

    def _look(self, known: Known) -> None:
        shop = self.workshop
        outcomes = shop.outcomes(known.job)
        progress = shop.owners.status(self.tenant.id, known.job.id)
        names = shop.names(known.job)
        failed = {n for n, outcome in outcomes.items() if outcome == "failed"}
        count = list(outcomes.values()).count
        assert list(outcomes) == list(range(1, len(known.good) + 1))
        assert names.items() >= known.names.items()
        assert failed >= known.failed
        shown = {n for n, outcome in outcomes.items() if outcome == "success"}
        cancelled = {n for n, outcome in outcomes.items() if outcome == "cancelled"}
        assert known.shown <= shown <= set(names)
        assert known.cancelled <= cancelled
        # Kept and not in the log yet: nothing is said that would be taken back.
        assert {outcomes[n] for n in set(names) - shown} <= {"pending"}
        news = {n: name for n, name in names.items() if n not in known.shown}
        assert shown - known.shown == logged(shop, news)
        assert all(known.good[n - 1] for n in names)
        assert shop.billed(known.job) == len(names)
        assert progress.succeeded == len(shown)
        assert progress.failed == len(failed)
        assert progress.cancelled == count("cancelled")
        assert (progress.job.state is JobState.CANCELLED) == known.is_cancelled
        if progress.job.state in (JobState.COMPLETED, JobState.FAILED):
            assert count("pending") == 0
        known.names, known.failed = names, failed
        known.shown, known.cancelled = shown, cancelled

    def teardown(self):
        """In the end all is worked off, and every row has its outcome."""
        self.workshop.restart()
        self.workshop.drain()
        for known in self.known:
            self._look(known)
            job = self.workshop.job(known.job)
            assert job.state not in (JobState.QUEUED, JobState.PROCESSING)
            progress = self.workshop.owners.status(self.tenant.id, job.id)
            assert progress.processed + progress.cancelled == job.total
        assert self.workshop.wrong() == []


def test_whatever_is_done_every_row_ends_once(workshop):
    """
    Submit, work, cancel, retry and die in any order: after every step everything
    agrees, and nothing that was seen is taken back.
    """

    class Here(Life):
        pass

    Here.workshop = workshop
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=settings.default.max_examples // 5, stateful_step_count=25
        ),
    )


def rows_with_failures(count: int) -> list[dict[str, str]]:
    """Return *count* rows of which three in ten fail."""
    return [failing(n) if n % 10 in (1, 4, 8) else row(n) for n in range(1, count + 1)]


def finished(workshop, job, *, every=lambda: None) -> list[tuple[int, int]]:
    """Poll *job* at 20 Hz until it is finished; return what was seen."""
    seen = []
    give_up_at = time.monotonic() + 60
    while workshop.job(job).state in (JobState.QUEUED, JobState.PROCESSING):
        progress = workshop.owners.status(job.tenant_id, job.id)
        seen.append((progress.succeeded, progress.failed))
        assert progress.processed <= job.total
        every()
        workshop.settle()  # as the server's own thread does
        assert time.monotonic() < give_up_at, seen[-1]
        time.sleep(0.05)
    for (succeeded, failed), (later, later_failed) in itertools.pairwise(seen):
        assert succeeded <= later
        assert failed <= later_failed
    return seen


def test_two_workers_give_every_row_one_outcome_while_its_owner_watches(
    workshop, database_url, tmp_path
):
    """
    I1: 1,000 rows, three in ten fail; what each poll says only grows.
    """
    job = workshop.admit(workshop.tenant(), rows_with_failures(1000), chunk_rows=20)
    workers = [
        start(crashing.work_until_told, database_url, tmp_path, name, 30)
        for name in ("ada", "bob")
    ]

    seen = finished(workshop, job)
    for worker in workers:
        worker.terminate()

    assert [ended(worker) for worker in workers] == [0, 0]
    assert len(set(seen)) > 2, "the job was over before anybody could watch"
    outcomes = workshop.outcomes(job)
    assert len(outcomes) == 1000
    assert sum(outcome == "failed" for outcome in outcomes.values()) == 300
    assert workshop.billed(job) == len(workshop.names(job)) == 700


def test_workers_that_are_killed_at_random_lose_and_double_nothing(
    workshop, database_url, tmp_path
):
    """
    I1, I3, I10: kill -9 again and again during 3,000 rows; the dead worker's
    chunk goes to its successor, as `WorkerPool` arranges it.
    """
    seed = int(os.environ.get("TESTAMUR_SEED") or random.SystemRandom().getrandbits(32))
    print(f"TESTAMUR_SEED={seed}")
    chance = random.Random(seed)
    job = workshop.admit(workshop.tenant(), rows_with_failures(3000), chunk_rows=40)
    names = (f"worker-{number}" for number in range(1000))
    workers = {}
    killed = []

    def begin() -> None:
        name = next(names)
        workers[name] = start(
            crashing.work_until_told, database_url, tmp_path, name, 30
        )

    def kill_one() -> None:
        if len(killed) < 20 and chance.random() < 0.8:
            name = chance.choice(list(workers))
            child = workers.pop(name)
            time.sleep(chance.random() * 0.03)
            child.kill()
            killed.append(ended(child))
            workshop.free(name)
            begin()

    begin()
    begin()
    finished(workshop, job, every=kill_one)
    parked = "SELECT count(*) FROM chunks WHERE job_seq = :job AND state = 'parked'"
    if workshop.number(parked, job):  # a chunk met three deaths: its owner asks again
        workshop.owners.retry(job.tenant_id, job.id)
        finished(workshop, job)
    for child in workers.values():
        child.terminate()
        ended(child)

    assert -9 in killed
    outcomes = workshop.outcomes(job)
    failed = {number for number, outcome in outcomes.items() if outcome == "failed"}
    assert failed == {n for n in range(1, 3001) if n % 10 in (1, 4, 8)}
    assert workshop.billed(job) == len(workshop.names(job)) == 2100


@pytest.mark.parametrize("kept", [0, 1, 3, 6])
def test_a_cancel_at_any_point_starts_nothing_more(
    workshop, database_url, tmp_path, kept
):
    """
    I8: two workers at full speed; after the answer, not one row is issued.
    """
    job = workshop.admit(workshop.tenant(), rows_with_failures(400), chunk_rows=20)
    workers = [
        start(crashing.work_until_told, database_url, tmp_path, name, 30)
        for name in ("ada", "bob")
    ]
    done = "SELECT count(*) FROM chunks WHERE job_seq = :job AND state = 'done'"
    while workshop.number(done, job) < kept:
        time.sleep(0.001)

    progress = workshop.owners.cancel(job.tenant_id, job.id)

    names = workshop.names(job)
    assert progress.cancelled + progress.failed + len(names) == job.total
    time.sleep(0.2)
    for worker in workers:
        worker.kill()
        ended(worker)
    assert workshop.names(job) == names
    workshop.settle()
    now = workshop.owners.status(job.tenant_id, job.id, failures=0)
    assert (now.failed, now.cancelled) == (progress.failed, progress.cancelled)
    assert now.processed + now.cancelled == job.total
    assert workshop.billed(job) == len(names) == now.succeeded
