"""Accepting jobs, and their idempotency keys: one exercise, both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from support.workshop import COLUMNS, csv_of, row
from testamur.core import failpoints
from testamur.core.refusals import Kind, Refusal

ROWS = csv_of([row(1), row(2)])


def test_what_is_accepted_is_there_whole(workshop, open_workshop):
    """
    Another process finds the job, every row of it, and chunks that cover them.
    """
    tenant = workshop.tenant()
    job = workshop.admit(tenant, [row(n) for n in range(1, 12)], chunk_rows=5)

    other = open_workshop()

    assert other.job(job) == job
    assert list(other.outcomes(job).values()) == ["pending"] * 11
    assert other.number("SELECT count(*) FROM chunks WHERE job_seq = :job", job) == 3
    assert other.number("SELECT sum(size) FROM chunks WHERE job_seq = :job", job) == 11


@pytest.mark.parametrize("where", ["upload.after_files", "upload.before_commit"])
def test_what_is_not_accepted_is_not_there_at_all(workshop, where):
    """
    Trouble before the commit leaves no job, and the same key can be used again.
    """
    tenant = workshop.tenant()
    failpoints.arm(f"{where}=raise")
    try:
        with pytest.raises(RuntimeError):
            workshop.enter(tenant, ROWS, key="k")
    finally:
        failpoints.arm("")

    assert workshop.jobs() == []
    assert workshop.ledger.find_twin(tenant.id, "k") is None
    assert workshop.enter(tenant, ROWS, key="k").total == 2


def test_the_same_key_with_the_same_content_is_the_same_job(workshop, open_workshop):
    """
    I7: who did not hear the answer asks again, also of another process.
    """
    tenant = workshop.tenant()
    job = workshop.enter(tenant, ROWS, key="k", batch="Spring")
    workshop.drain()

    again = open_workshop().enter(tenant, ROWS, key="k", batch="Spring")

    assert again.id == job.id
    assert len(workshop.jobs()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"content": csv_of([row(1), row(2, name="Someone else")])},
        {"content": ROWS + b"\n"},
        {"content": ROWS, "batch": "Spring"},
    ],
    ids=["a-row", "a-byte", "a-batch"],
)
def test_the_same_key_with_other_content_is_refused(workshop, other):
    """
    I7: a key names one submission, for ever.
    """
    tenant = workshop.tenant()
    workshop.enter(tenant, ROWS, key="k")

    with pytest.raises(Refusal) as refusal:
        workshop.enter(tenant, key="k", **other)

    assert refusal.value.kind is Kind.INVALID
    assert refusal.value.code == "idempotency_key_reused"
    assert len(workshop.jobs()) == 1


def test_another_tenants_key_never_collides(workshop):
    """
    I7: what a key means to one tenant, no other can find out.
    """
    first = workshop.enter(workshop.tenant("a"), ROWS, key="k")
    second = workshop.enter(workshop.tenant("b"), csv_of([row(3)]), key="k")

    assert first.id != second.id
    assert (first.total, second.total) == (2, 1)


def test_without_a_key_every_submission_is_a_job(workshop):
    """
    Two submissions that look alike may both be meant.
    """
    tenant = workshop.tenant()

    assert workshop.enter(tenant, ROWS).id != workshop.enter(tenant, ROWS).id


def test_sixteen_twins_at_once_are_one_job(workshop, open_workshop):
    """
    I7: however many arrive together, one is written down and all are told of it.
    """
    tenant = workshop.tenant()
    shops = [workshop, open_workshop()]
    start = threading.Barrier(16)

    def submit(number: int) -> str:
        start.wait(20)
        return shops[number % 2].enter(tenant, ROWS, key="k").id

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(submit, range(16)))

    assert len(ids) == 1
    assert len(workshop.jobs()) == 1


def test_cells_come_back_as_they_were_sent(workshop):
    """
    Both databases keep every letter, also those that are spelt in two ways.
    """
    strange = "Zoë Åse \U0001f393 x' \" \\ ; -- é \t ﬁ"
    job = workshop.admit(workshop.tenant(), [row(1, name=strange)])

    (found,) = workshop.results.between(job.seq, 1, 1)

    assert orjson.loads(found.cells)[COLUMNS.index("name")] == strange
