"""I12: nobody waits for somebody else's large job."""

import time

import pytest

from support import crashing
from support.children import ended, start
from support.workshop import row
from testamur.core.lifecycle import JobState
from testamur.core.policy import CHUNK_ROWS


def seconds_until_done(workshop, job) -> float:
    """Wait for *job*; return how long it took from now."""
    begun = time.monotonic()
    while workshop.job(job).state is not JobState.COMPLETED:
        assert time.monotonic() < begun + 60
        workshop.settle()  # as the server's own thread does
        time.sleep(0.002)
    return time.monotonic() - begun


@pytest.mark.parametrize("is_same_tenant", [False, True])
def test_ten_rows_do_not_wait_for_twenty_thousand(
    workshop, database_url, tmp_path, is_same_tenant
):
    """
    With two workers, between a small job and its end lie the chunks in hand and a
    turn or two, whoever the large job belongs to.
    """
    large_owner = workshop.tenant("large")
    owner = large_owner if is_same_tenant else workshop.tenant("small")
    small = [row(n) for n in range(10)]
    workers = [
        start(crashing.work_until_told, database_url, tmp_path, name, 30)
        for name in ("ada", "bob")
    ]
    try:
        seconds_until_done(workshop, workshop.admit(owner, small))  # all warm
        alone = seconds_until_done(workshop, workshop.admit(owner, small))
        rows = [row(n) for n in range(20_000)]
        large = workshop.admit(large_owner, rows, chunk_rows=CHUNK_ROWS)
        kept = "SELECT count(*) FROM chunks WHERE job_seq = :job AND state = 'done'"
        while workshop.number(kept, large) < 2:
            time.sleep(0.01)

        job = workshop.admit(owner, small, chunk_rows=10)
        before = workshop.number(kept, large)
        beside = seconds_until_done(workshop, job)
        meanwhile = workshop.number(kept, large) - before
        state = workshop.job(large).state
        workshop.owners.cancel(large.tenant_id, large.id)
    finally:
        for worker in workers:
            worker.terminate()
            ended(worker)

    assert state is JobState.PROCESSING, "the large job was over: nothing was shown"
    assert meanwhile <= 8
    assert beside <= alone + 10
