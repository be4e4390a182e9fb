"""What owners ask of their jobs: one exercise, both databases."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clocks import HandClock
from support.workshop import failing, row
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.jobs.runner import work_once


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that the test moves."""
    return HandClock()


@pytest.fixture
def workshop(open_workshop, clock):
    """Return an installation with that clock, in which all must agree at the end."""
    opened = open_workshop(clock=clock)
    yield opened
    assert opened.wrong() == []


def counts(workshop, job) -> tuple[int, int, int]:
    """Return succeeded, failed and cancelled."""
    progress = workshop.owners.status(job.tenant_id, job.id)
    return progress.succeeded, progress.failed, progress.cancelled


def chunk_states(workshop, job) -> list[str]:
    """Return where the chunks of *job* are, in order."""
    with workshop.database.reading() as connection:
        found = connection.exec_driver_sql(
            f"SELECT state FROM chunks WHERE job_seq = {job.seq} ORDER BY id"
        )
        return [state for (state,) in found]


def test_a_cancelled_job_costs_a_worker_nothing(workshop):
    """
    What is cancelled under a worker is no trouble: it takes the next chunk at once.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1)])

    def cancelled_meanwhile(lease):
        workshop.owners.cancel(tenant.id, job.id)
        workshop.issue(lease)

    assert work_once(workshop.queue, {"issue": cancelled_meanwhile}, worker="busy")
    assert counts(workshop, job) == (0, 0, 1)


def test_cancelling_takes_waiting_and_leased_chunks_and_no_others(workshop):
    """
    I8: what is issued stays; what waits never starts; what is in hand is taken.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(n) for n in range(1, 8)], chunk_rows=2)
    workshop.work_once()
    held = workshop.queue.lease("busy")

    progress = workshop.owners.cancel(tenant.id, job.id)

    assert progress.job.state is JobState.CANCELLED
    assert counts(workshop, job) == (0, 0, 5), "what is kept is not in the log yet"
    workshop.settle()
    assert counts(workshop, job) == (2, 0, 5)
    assert chunk_states(workshop, job) == ["done"] + ["cancelled"] * 3
    with pytest.raises(Fault, match="no longer ours"):
        workshop.issue(held)
    workshop.queue.release(held)
    workshop.queue.lapse(all_of_them=True)
    workshop.drain()
    assert chunk_states(workshop, job) == ["done"] + ["cancelled"] * 3
    assert list(workshop.outcomes(job).values()) == ["success"] * 2 + ["cancelled"] * 5
    assert workshop.job(job).state is JobState.CANCELLED
    assert workshop.billed(job) == 2


def test_rows_that_wait_for_their_second_try_are_cancelled_with_the_rest(workshop):
    """
    A failure that was not final is none: the row never got its outcome.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2)])
    workshop.work_once()

    workshop.owners.cancel(tenant.id, job.id)
    workshop.settle()

    assert workshop.outcomes(job) == {1: "success", 2: "cancelled"}
    assert counts(workshop, job) == (1, 0, 1)


def test_a_row_that_is_kept_and_not_in_the_log_is_neither_issued_nor_cancelled(
    workshop,
):
    """
    I1, I14: a cancelled job whose last chunk was just kept says nothing of its rows
    that it would have to take back: they become successes when the log has them.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(n) for n in range(1, 6)], chunk_rows=2)
    workshop.work_once()
    workshop.owners.cancel(tenant.id, job.id)

    rest = {3: "cancelled", 4: "cancelled", 5: "cancelled"}
    assert counts(workshop, job) == (0, 0, 3)
    assert workshop.outcomes(job) == {1: "pending", 2: "pending", **rest}
    for _ in range(2):
        workshop.settle()
        assert counts(workshop, job) == (2, 0, 3)
        assert workshop.outcomes(job) == {1: "success", 2: "success", **rest}
    assert workshop.job(job).state is JobState.CANCELLED


def test_a_job_is_not_finished_before_its_last_leaf_is_in_the_log(workshop, clock):
    """
    I14: however often the sweeper comes by, a job whose rows all have certificates
    goes on until the checkpoint with them is out, also one that is listed.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2)], chunk_rows=1)
    while workshop.work_once():
        clock.pass_seconds(1)

    for _ in range(3):
        assert workshop.queue.settle() == 0
        ((listed,), _) = workshop.owners.listing(
            tenant.id, state=JobState.PROCESSING, page=1, limit=9
        )
        assert (listed.succeeded, listed.failed, listed.cancelled) == (0, 1, 0)
        assert counts(workshop, job) == (0, 1, 0)
        assert workshop.job(job).state is JobState.PROCESSING
        assert workshop.outcomes(job) == {1: "pending", 2: "failed"}
    workshop.vouching.publish()
    assert workshop.outcomes(job) == {1: "success", 2: "failed"}
    assert workshop.queue.settle() == 1

    assert counts(workshop, job) == (1, 1, 0)
    assert workshop.job(job).state is JobState.COMPLETED


def test_a_retry_waits_for_the_leaves_of_its_own_rows(open_workshop):
    """
    I9, I14: a job that was finished, and is retried, is finished again only when
    the log has what the retry issued; what it had issued before stays shown.
    """
    is_there = []

    def fetch(url):
        from support import workshop as parts

        return parts.fetch(url if is_there else parts.MISSING)

    workshop = open_workshop(fetch=fetch)
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1)])
    workshop.drain()
    is_there.append(True)
    workshop.owners.retry(tenant.id, job.id)
    while workshop.work_once():
        pass

    assert workshop.queue.settle() == 0
    assert counts(workshop, job) == (0, 0, 0)
    assert workshop.settle() == 1
    assert counts(workshop, job) == (1, 0, 0)


def test_cancelling_twice_is_cancelling_once(workshop, clock):
    """
    Who did not hear the answer asks again, and nothing changes.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1)])
    first = workshop.owners.cancel(tenant.id, job.id)
    clock.pass_seconds(5)

    assert workshop.owners.cancel(tenant.id, job.id) == first


def test_a_finished_job_cannot_be_cancelled(workshop):
    """
    What is issued is issued.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1)])
    workshop.drain()

    with pytest.raises(Refusal) as refusal:
        workshop.owners.cancel(tenant.id, job.id)

    assert refusal.value.code == "job_not_cancellable"
    assert counts(workshop, job) == (1, 0, 0)


def test_a_cancelled_job_cannot_be_retried(workshop):
    """
    I8: cancelled, and stays so.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [failing(1), row(2)], chunk_rows=1)
    workshop.work_once()
    workshop.owners.cancel(tenant.id, job.id)

    with pytest.raises(Refusal) as refusal:
        workshop.owners.retry(tenant.id, job.id)

    assert refusal.value.kind is Kind.CONFLICT
    assert workshop.desk.retry(job) == 0
    assert not workshop.work_once()


@pytest.mark.parametrize("kept_first", [True, False])
def test_a_chunk_is_kept_or_cancelled_and_never_both(
    workshop, open_workshop, clock, monkeypatch, kept_first
):
    """
    I8: cancel and keep at the same moment: whoever is first wins, whole.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2), row(3)], chunk_rows=2)
    lease = workshop.queue.lease("busy")
    other = open_workshop(clock=clock)
    reached, go_on = threading.Event(), threading.Event()
    where = "keep.before_commit" if kept_first else "cancel.before_commit"
    module = "registry" if kept_first else "steering"

    def hold(name: str) -> None:
        if name == where:
            reached.set()
            go_on.wait(0.5)

    monkeypatch.setattr(f"testamur.adapters.sql.{module}.fp", hold)
    first, second = (
        lambda: workshop.issue(lease),
        lambda: other.owners.cancel(tenant.id, job.id),
    )
    if not kept_first:
        first, second = second, first
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert reached.wait(10)
        two = pool.submit(second)
        one.result(20)
        if kept_first:
            two.result(20)
        else:
            with pytest.raises(Fault):
                two.result(20)
    workshop.queue.lapse(all_of_them=True)
    workshop.drain()

    assert workshop.job(job).state is JobState.CANCELLED
    assert len(workshop.names(job)) == (1 if kept_first else 0)
    assert sum(counts(workshop, job)) == 3


def test_a_retry_runs_the_failed_rows_and_no_others(workshop, clock):
    """
    I9: rows that succeeded keep id, reference, voucher and time.
    """
    tenant = workshop.tenant()
    rows = [row(1), failing(2), row(3), failing(4), row(5)]
    job = workshop.admit(tenant, rows, chunk_rows=2)
    workshop.drain()
    before = workshop.names(job)
    clock.pass_seconds(3600)

    retried = workshop.owners.retry(tenant.id, job.id)

    assert retried.count == 2
    assert retried.progress.job.state is JobState.QUEUED
    assert (retried.progress.succeeded, retried.progress.failed) == (3, 0)
    tried = []
    while lease := workshop.queue.lease("w"):
        found = [number for number, _ in workshop.registry.rows(lease)]
        tried.append((lease.is_second_try, found))
        workshop.issue(lease)
    workshop.settle()
    assert tried == [(False, [2, 4]), (True, [2, 4])]
    assert workshop.names(job) == before
    assert workshop.billed(job) == 3
    assert counts(workshop, job) == (3, 2, 0)


def test_one_failed_row_can_be_tried_again_alone(workshop, clock):
    """
    Only it runs; the others that failed stay failed, and what the chunks count is what
    there is.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2), failing(3)])
    workshop.drain()

    count = workshop.owners.retry_row(tenant.id, job.id, 3)

    assert count == 1
    assert workshop.owners.retry_row(tenant.id, job.id, 2) == 0, "its job runs"
    assert workshop.outcomes(job) == {1: "success", 2: "failed", 3: "pending"}
    assert counts(workshop, job) == (1, 1, 0)
    workshop.drain()
    assert workshop.outcomes(job) == {1: "success", 2: "failed", 3: "failed"}
    assert workshop.owners.retry_row(tenant.id, job.id, 1) == 0, "it did not fail"


def test_a_retry_that_helps_bills_once(open_workshop):
    """
    I6: a row costs when it succeeds, however often it was tried.
    """
    is_there = []

    def fetch(url):
        from support import workshop as parts

        return parts.fetch(url if is_there else parts.MISSING)

    workshop = open_workshop(fetch=fetch)
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), row(2)])
    workshop.drain()
    assert workshop.billed(job) == 0
    assert workshop.job(job).state is JobState.FAILED
    is_there.append(True)

    workshop.owners.retry(tenant.id, job.id)
    workshop.drain()

    assert workshop.outcomes(job) == {1: "success", 2: "success"}
    assert workshop.billed(job) == 2
    assert workshop.job(job).state is JobState.COMPLETED
    assert workshop.wrong() == []


def test_sixteen_retries_at_once_queue_each_row_once(workshop, open_workshop, clock):
    """
    I9: safe to call any number of times, by any number of people.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [failing(n) for n in range(50)], chunk_rows=50)
    workshop.drain()
    shops = [workshop, open_workshop(clock=clock)]
    start = threading.Barrier(16)

    def retry(number: int) -> int:
        start.wait(20)
        return shops[number % 2].owners.retry(tenant.id, job.id).count

    with ThreadPoolExecutor(16) as pool:
        queued = list(pool.map(retry, range(16)))

    assert sorted(queued) == [0] * 15 + [50]
    waiting = "SELECT sum(size) FROM chunks WHERE job_seq = :job AND state = 'waiting'"
    assert workshop.number(waiting, job) == 50


def test_a_retry_without_failed_rows_changes_nothing(workshop):
    """
    The answer is a count of 0, and the job stays as it is.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1)])
    workshop.drain()
    before = workshop.job(job)

    assert workshop.owners.retry(tenant.id, job.id).count == 0
    assert workshop.job(job) == before


def test_a_settle_that_looked_before_a_retry_does_not_finish_it(
    workshop, open_workshop, clock, monkeypatch
):
    """
    The job that a slow sweeper saw finished is, by now, being worked on again.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2)])
    while lease := workshop.queue.lease("w"):
        workshop.issue(lease)
    slow = open_workshop(clock=clock)
    if not workshop.database.is_sqlite:  # which lets one write at a time
        was = slow.clock

        def late() -> int:
            """Do, when the slow one asks what time it is, what others do meanwhile."""
            slow.queue._clock = was
            workshop.settle()
            workshop.owners.retry(tenant.id, job.id)
            workshop.queue.lease("w")
            return was()

        slow.queue._clock = late

    slow.settle()

    wanted = JobState.COMPLETED if workshop.database.is_sqlite else JobState.PROCESSING
    assert workshop.job(job).state is wanted


def test_progress_only_grows_and_is_counted(workshop, clock):
    """
    I1: what a poll said is never taken back, and adds up at every moment.
    """
    tenant = workshop.tenant()
    rows = [failing(n) if n % 3 == 0 else row(n) for n in range(1, 31)]
    job = workshop.admit(tenant, rows, chunk_rows=4)
    seen = [counts(workshop, job)]
    moments = []
    while workshop.work_once():
        clock.pass_seconds(1)
        progress = workshop.owners.status(tenant.id, job.id)
        seen.append(counts(workshop, job))
        moments.append(progress.updated_at)
        assert progress.processed <= job.total
        if len(seen) % 3 == 0:
            workshop.settle()
            seen.append(counts(workshop, job))
    workshop.settle()
    seen.append(counts(workshop, job))

    for earlier, later in itertools.pairwise(seen):
        assert all(a <= b for a, b in zip(earlier, later, strict=True))
    assert moments == sorted(moments)
    assert seen[-1] == (20, 10, 0)


def test_an_end_is_estimated_only_once_something_is_kept(workshop, clock):
    """
    A guess would not be honest; and who has finished expects nothing.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(n) for n in range(1, 5)], chunk_rows=1)

    def estimate() -> int | None:
        return workshop.owners.status(tenant.id, job.id).estimated_at

    assert estimate() is None
    lease = workshop.queue.lease("w")
    clock.pass_seconds(10)
    assert estimate() is None
    workshop.issue(lease)
    assert estimate() == clock() + 30_000
    workshop.drain()
    assert estimate() is None


def test_failures_are_named_in_row_order_and_bounded(workshop):
    """
    People read the first ones; all of them are in the CSV.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [failing(n) for n in range(1, 8)], chunk_rows=3)
    workshop.drain()

    progress = workshop.owners.status(tenant.id, job.id, failures=5)

    assert [failure.row for failure in progress.failures] == [1, 2, 3, 4, 5]
    assert progress.failed == 7
    assert {failure.code for failure in progress.failures} == {"email_format"}


def test_a_strangers_job_is_answered_like_one_that_is_not_there(workshop):
    """
    No verb tells a tenant that another's job exists.
    """
    tenant, stranger = workshop.tenant("a"), workshop.tenant("b")
    job = workshop.admit(tenant, [row(1)])

    for verb in (
        workshop.owners.find,
        workshop.owners.status,
        workshop.owners.cancel,
        workshop.owners.retry,
    ):
        refusals = []
        for job_id in (job.id, "0" * 24):
            with pytest.raises(Refusal) as refusal:
                verb(stranger.id, job_id)
            refusals.append((refusal.value.code, refusal.value.detail))
        assert refusals[0] == refusals[1]
    assert workshop.job(job).state is JobState.QUEUED


def test_a_listing_is_the_tenants_own_newest_first(workshop):
    """
    Pages neither miss nor repeat, and a state picks its jobs.
    """
    tenant = workshop.tenant("a")
    workshop.admit(workshop.tenant("b"), [row(1)])
    jobs = [workshop.admit(tenant, [row(1)]) for _ in range(5)]
    workshop.owners.cancel(tenant.id, jobs[2].id)

    pages = [
        workshop.owners.listing(tenant.id, state=None, page=page, limit=2)
        for page in (1, 2, 3, 4)
    ]
    found = [progress.job.id for page, _ in pages for progress in page]
    cancelled, total = workshop.owners.listing(
        tenant.id, state=JobState.CANCELLED, page=1, limit=9
    )

    assert found == [job.id for job in reversed(jobs)]
    assert {total for _, total in pages} == {5}
    assert ([p.job.id for p in cancelled], total) == ([jobs[2].id], 1)
    assert cancelled[0].cancelled == 1
