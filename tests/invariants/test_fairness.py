"""I12: nobody waits for somebody else's large job."""

import time

import pytest

from support import crashing
from support.children import ended, start
from support.workshop import row
from testamur.core.policy import CHUNK_ROWS

UNKEPT = "SELECT count(*) FROM chunks WHERE job_seq = :job AND finished_at IS NULL"

#: Chunks of a job that were kept after a moment, up to another one.
KEPT = """
    SELECT count(*) FROM chunks
    WHERE job_seq = :job AND finished_at > :since AND finished_at <= :until
"""

LAST_KEPT = "SELECT max(finished_at) FROM chunks WHERE job_seq = :job"


def seconds_until_kept(workshop, job) -> float:
    """Wait until every chunk of *job* is kept; return how long it took from now."""
    begun = time.monotonic()
    while workshop.number(UNKEPT, job):
        assert time.monotonic() < begun + 60
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
        seconds_until_kept(workshop, workshop.admit(owner, small))  # all warm
        alone = seconds_until_kept(workshop, workshop.admit(owner, small))
        rows = [row(n) for n in range(20_000)]
        large = workshop.admit(large_owner, rows, chunk_rows=CHUNK_ROWS)
        while workshop.number(UNKEPT, large) > len(rows) / CHUNK_ROWS - 2:
            time.sleep(0.01)

        job = workshop.admit(owner, small, chunk_rows=10)
        admitted = workshop.clock()
        beside = seconds_until_kept(workshop, job)
        kept = workshop.number(LAST_KEPT, job)
        workshop.owners.cancel(large.tenant_id, large.id)
    finally:
        for worker in workers:
            worker.terminate()
            ended(worker)

    # What was kept when is in the tables, however busy the machine is.
    before = workshop.number(KEPT, large, since=0, until=kept)
    assert before < len(rows) / CHUNK_ROWS, "the large job was over: nothing was shown"
    assert workshop.number(KEPT, large, since=admitted, until=kept) <= 8
    assert beside <= alone + 10
