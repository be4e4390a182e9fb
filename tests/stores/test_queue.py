"""Leases: one exercise, both databases."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.clocks import HandClock
from support.workshop import failing, row
from testamur.core import failpoints
from testamur.core.lifecycle import JobState
from testamur.core.policy import MAX_CHUNK_ATTEMPTS
from testamur.core.refusals import Fault
from testamur.issuance.ports import Outcome


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


def state_of(workshop, lease) -> str:
    """Return where the chunk of *lease* is."""
    with workshop.database.reading() as connection:
        return connection.exec_driver_sql(
            f"SELECT state FROM chunks WHERE id = {lease.chunk_id}"
        ).scalar()


def leases(workshop, count: int) -> list:
    """Lease *count* chunks, each for a worker of its own."""
    return [workshop.queue.lease(f"w{number}") for number in range(count)]


def test_a_jobs_chunks_come_in_row_order(workshop):
    """
    Rows are issued from the first on, so that a person who watches sees sense.
    """
    workshop.admit(workshop.tenant(), [row(n) for n in range(1, 11)], chunk_rows=4)

    found = leases(workshop, 4)

    assert found[3] is None
    assert [(lease.first_row, lease.last_row) for lease in found[:3]] == [
        (1, 4),
        (5, 8),
        (9, 10),
    ]


def test_tenants_take_turns_however_many_jobs_each_has(workshop):
    """
    A tenant with three jobs gets every second lease, not three of four.
    """
    many, one = workshop.tenant("many"), workshop.tenant("one")
    for _ in range(3):
        workshop.admit(many, [row(n) for n in range(6)], chunk_rows=1)
    workshop.admit(one, [row(n) for n in range(6)], chunk_rows=1)

    owners = [lease.job.tenant_id for lease in leases(workshop, 12)]

    assert sorted(owners[:2]) == sorted([many.id, one.id])
    assert owners.count(one.id) == 6
    assert all(a != b for a, b in itertools.pairwise(owners))


def test_jobs_of_a_tenant_take_turns(workshop):
    """
    Somebody's small job does not wait for their large one.
    """
    tenant = workshop.tenant()
    large = workshop.admit(tenant, [row(n) for n in range(20)], chunk_rows=1)
    leases(workshop, 5)
    small = workshop.admit(tenant, [row(n) for n in range(2)], chunk_rows=1)

    jobs = [lease.job.id for lease in leases(workshop, 4)]

    assert jobs.count(small.id) == 2
    assert jobs.count(large.id) == 2


def test_a_newcomer_is_served_next_however_large_the_others_are(workshop):
    """
    Between a newcomer's chunk and its lease lies one chunk of everybody else's.
    """
    workshop.admit(workshop.tenant("large"), [row(n) for n in range(90)], chunk_rows=1)
    leases(workshop, 30)
    newcomer = workshop.admit(workshop.tenant("new"), [row(1)])

    assert newcomer.id in [lease.job.id for lease in leases(workshop, 2)]


def test_a_retried_job_does_not_jump_the_queue(workshop):
    """
    Asking for another try buys no place before those who wait for their first.
    """
    tenant, other = workshop.tenant("a"), workshop.tenant("b")
    job = workshop.admit(tenant, [failing(1)])
    workshop.drain()
    workshop.admit(other, [row(n) for n in range(9)], chunk_rows=1)
    leases(workshop, 3)

    workshop.owners.retry(tenant.id, job.id)

    owners = [lease.job.tenant_id for lease in leases(workshop, 2)]
    assert sorted(owners) == sorted([tenant.id, other.id])


def test_four_workers_never_hold_one_chunk(workshop, open_workshop, clock):
    """
    Everything is leased once, whoever asks at the same time.
    """
    workshop.admit(workshop.tenant(), [row(n) for n in range(60)], chunk_rows=1)
    shops = [workshop, *(open_workshop(clock=clock) for _ in range(3))]
    start = threading.Barrier(4)

    def take(number: int) -> list[int]:
        start.wait(10)
        taken = []
        misses = 0
        while misses < 20:
            lease = shops[number].queue.lease(f"w{number}")
            if lease is None:
                misses += 1
                continue
            taken.append(lease.chunk_id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [chunk for part in pool.map(take, range(4)) for chunk in part]

    assert len(taken) == len(set(taken)) == 60


def test_an_attempt_is_counted_before_the_work(workshop):
    """
    A chunk that kills its worker is known to have been tried.
    """
    workshop.admit(workshop.tenant(), [row(1)])

    first = workshop.queue.lease("w")
    workshop.queue.lapse(worker="w")
    second = workshop.queue.lease("w")

    assert (first.attempt, second.attempt) == (1, 2)
    assert second.token == first.token + 1


def test_a_lease_lapses_when_its_time_is_over_and_not_before(workshop, clock):
    """
    Thirty seconds belong to the worker, to the last one.
    """
    workshop.admit(workshop.tenant(), [row(1)])
    lease = workshop.queue.lease("w")

    clock.pass_seconds(30)
    assert workshop.queue.lapse() == 0
    clock.now += 1
    assert workshop.queue.lapse() == 1
    assert state_of(workshop, lease) == "waiting"


def test_a_renewed_lease_lasts_on(workshop, clock):
    """
    Slow work is not taken away while its worker lives.
    """
    workshop.admit(workshop.tenant(), [row(1)])
    lease = workshop.queue.lease("w")
    clock.pass_seconds(29)

    assert workshop.queue.renew(lease)
    clock.pass_seconds(29)

    assert workshop.queue.lapse() == 0
    workshop.issue(lease)


def test_a_lapsed_lease_cannot_be_renewed(workshop, clock):
    """
    Who was asleep too long learns that the chunk is somebody else's.
    """
    workshop.admit(workshop.tenant(), [row(1)])
    stale = workshop.queue.lease("sleeper")
    clock.pass_seconds(31)
    workshop.queue.lapse()
    workshop.queue.lease("other")

    assert not workshop.queue.renew(stale)


def test_a_lapsed_worker_keeps_nothing(workshop, clock):
    """
    I11: with an old token nothing changes, whoever holds the chunk by now.
    """
    job = workshop.admit(workshop.tenant(), [row(1), failing(2)])
    stale = workshop.queue.lease("sleeper")
    clock.pass_seconds(31)
    workshop.queue.lapse()
    fresh = workshop.queue.lease("other")

    with pytest.raises(Fault, match="no longer ours") as fault:
        workshop.issue(stale)
    with pytest.raises(Fault, match="no longer ours"):
        workshop.registry.keep(stale, Outcome(clock(), [], []))
    workshop.queue.release(stale)

    assert fault.value.passing
    assert state_of(workshop, fresh) == "leased"
    assert workshop.names(job) == {}
    workshop.issue(fresh)
    assert list(workshop.names(job)) == [1]


def test_what_the_lapsed_worker_had_done_is_done_under_the_same_names(workshop, clock):
    """
    I3: a second run finds the first one's draft.
    """
    workshop.admit(workshop.tenant(), [row(1), row(2)])
    stale = workshop.queue.lease("sleeper")
    digest = b"d" * 32
    draft = workshop.registry.draft(stale, digest, 2)
    clock.pass_seconds(31)
    workshop.queue.lapse()

    fresh = workshop.queue.lease("other")

    assert workshop.registry.draft(fresh, digest, 2) == draft


def test_a_chunk_is_parked_when_its_attempts_are_used_up(workshop):
    """
    Rows that break their worker fail with a reason, and the job ends.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), row(2), row(3)], chunk_rows=2)
    for _ in range(MAX_CHUNK_ATTEMPTS):
        assert workshop.queue.lease("unlucky").first_row == 1
        workshop.queue.lapse(worker="unlucky")
        assert workshop.wrong() == []
    workshop.drain()

    progress = workshop.owners.status(tenant.id, job.id)

    assert workshop.outcomes(job) == {1: "failed", 2: "failed", 3: "success"}
    assert progress.job.state is JobState.COMPLETED
    assert {failure.code for failure in progress.failures} == {"not_processed"}


def test_parked_rows_can_be_retried(workshop):
    """
    What our trouble cost is not lost: its owner asks again.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), row(2)])
    for _ in range(MAX_CHUNK_ATTEMPTS):
        workshop.queue.lease("unlucky")
        workshop.queue.lapse(worker="unlucky")
    workshop.settle()
    assert workshop.job(job).state is JobState.FAILED

    assert workshop.owners.retry(tenant.id, job.id).count == 2
    workshop.drain()

    assert workshop.outcomes(job) == {1: "success", 2: "success"}


def test_a_second_try_that_is_parked_fails_only_the_rows_it_had(workshop):
    """
    Rows of the same chunk that succeeded before are none of its business.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2), row(3)])
    workshop.work_once()
    for _ in range(MAX_CHUNK_ATTEMPTS):
        assert workshop.queue.lease("unlucky").is_second_try
        workshop.queue.lapse(worker="unlucky")
    workshop.settle()

    assert workshop.outcomes(job) == {1: "success", 2: "failed", 3: "success"}
    assert workshop.owners.status(tenant.id, job.id).failed == 1


def test_trouble_of_ours_is_nobodys_attempt(workshop):
    """
    A database that is away for an hour parks nothing.
    """
    workshop.admit(workshop.tenant(), [row(1)])

    for _ in range(3 * MAX_CHUNK_ATTEMPTS):
        lease = workshop.queue.lease("w")
        workshop.queue.release(lease, blameless=True)

    assert workshop.queue.lease("w").attempt == 1


def test_only_the_dead_workers_leases_are_released(workshop):
    """
    One death costs its own chunk a moment, and nobody else anything.
    """
    workshop.admit(workshop.tenant(), [row(n) for n in range(4)], chunk_rows=2)
    dead = workshop.queue.lease("dead")
    alive = workshop.queue.lease("alive")

    assert workshop.queue.lapse(worker="dead") == 1

    assert state_of(workshop, dead) == "waiting"
    assert state_of(workshop, alive) == "leased"


def test_a_chunk_that_is_kept_while_its_lease_lapses_is_kept(
    workshop, open_workshop, clock, monkeypatch
):
    """
    The sweeper that finds a lease lapsed, while its worker wakes and keeps, must
    not fail rows that have certificates.
    """
    job = workshop.admit(workshop.tenant(), [row(1), row(2)])
    for _ in range(MAX_CHUNK_ATTEMPTS - 1):
        workshop.queue.lease("unlucky")
        workshop.queue.lapse(worker="unlucky")
    lease = workshop.queue.lease("slow")
    clock.pass_seconds(31)
    sweeper = open_workshop(clock=clock)
    in_transaction, go_on = threading.Event(), threading.Event()

    def hold(name: str) -> None:
        if name == "keep.before_commit":
            in_transaction.set()
            go_on.wait(1)

    monkeypatch.setattr("testamur.adapters.sql.registry.fp", hold)
    with ThreadPoolExecutor(2) as pool:
        keeping = pool.submit(workshop.issue, lease)
        assert in_transaction.wait(10)
        sweeping = pool.submit(sweeper.queue.lapse)
        keeping.result(20)
        sweeping.result(20)
    workshop.settle()

    assert workshop.outcomes(job) == {1: "success", 2: "success"}


def test_a_job_is_finished_once_everything_in_it_is(workshop):
    """
    Completed when a row succeeded; failed when none did; never before the last.
    """
    tenant = workshop.tenant()
    good = workshop.admit(tenant, [failing(1), row(2)], chunk_rows=1)
    bad = workshop.admit(tenant, [failing(1)])
    seen = set()
    while workshop.work_once():
        seen.add((workshop.job(good).state, workshop.job(bad).state))
    assert workshop.settle() == 1, "a success waits for its leaf"

    assert workshop.job(good).state is JobState.COMPLETED
    assert workshop.job(bad).state is JobState.FAILED
    assert workshop.settle() == 0
    assert (JobState.QUEUED, JobState.QUEUED) not in seen
    assert workshop.job(good).finished_at == workshop.clock()


def test_a_worker_that_died_before_settling_leaves_it_to_the_next(workshop):
    """
    Counters are read from the rows, so whoever comes next can finish the job.
    """
    job = workshop.admit(workshop.tenant(), [row(1)])
    workshop.issue(workshop.queue.lease("w"))
    failpoints.arm("job.before_finalize=raise")
    try:
        with pytest.raises(RuntimeError):
            workshop.settle()
    finally:
        failpoints.arm("")

    assert workshop.job(job).state is JobState.PROCESSING
    assert workshop.settle() == 1
    assert workshop.job(job).state is JobState.COMPLETED


def test_every_row_is_tried_twice_and_no_more(workshop):
    """
    A failed row gets one automatic second try, of its own; then it is final.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(1), failing(2), row(3)])

    tries = []
    while lease := workshop.queue.lease("w"):
        rows = [number for number, _ in workshop.registry.rows(lease)]
        tries.append((lease.is_second_try, rows))
        workshop.issue(lease)
        if not lease.is_second_try:
            assert workshop.owners.status(tenant.id, job.id).failed == 0
    workshop.settle()

    assert tries == [(False, [1, 2, 3]), (True, [2])]
    assert workshop.owners.status(tenant.id, job.id).failed == 1


def test_what_is_wrong_with_a_row_is_known_while_its_job_still_runs(workshop):
    """A second try is handed out before the chunks that have not been tried."""
    tenant = workshop.tenant()
    rows = [failing(1), *(row(n) for n in range(2, 7))]
    job = workshop.admit(tenant, rows, chunk_rows=2)

    order = []
    while lease := workshop.queue.lease("w"):
        order.append((lease.first_row, lease.is_second_try))
        workshop.issue(lease)

    assert order == [(1, False), (1, True), (3, False), (5, False)]
    assert workshop.owners.status(tenant.id, job.id).failed == 1


def test_a_second_try_can_succeed(open_workshop):
    """
    A picture that was away for a moment costs its row nothing.
    """
    calls = []

    def flaky(url):
        from support.workshop import fetch

        calls.append(url)
        return fetch("missing" if len(calls) == 1 else url)

    workshop = open_workshop(fetch=flaky)
    job = workshop.admit(workshop.tenant(), [row(1)])
    workshop.drain()

    assert workshop.outcomes(job) == {1: "success"}
    assert len(calls) == 2
    assert workshop.wrong() == []
