"""Keeping what was issued: one exercise, both databases."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from support.workshop import failing, row
from testamur.core import failpoints
from testamur.core.ids import Namer
from testamur.core.refusals import Fault, StorageFull
from testamur.issuance.ports import Issued, Outcome


def everything(workshop) -> dict[str, int]:
    """Return how many lines each table has that keeping writes to."""
    tables = ("certificates", "vouchers", "usage", "failures", "chunks", "drafts")
    tables += ("signings", "leaf_batches")
    with workshop.database.reading() as connection:
        return {
            table: connection.scalar(text(f"SELECT count(*) FROM {table}"))
            for table in tables
        }


@pytest.mark.parametrize("action", ["raise", "enospc"])
def test_keeping_is_all_or_nothing(workshop, action):
    """
    I6, I14: certificates, vouchers, bill, failures, leaves and the chunk's end are
    one fact.
    """
    job = workshop.admit(workshop.tenant(), [row(1), failing(2)])
    lease = workshop.queue.lease("w")
    before = everything(workshop)
    failpoints.arm(f"keep.before_commit={action}")
    try:
        with pytest.raises(StorageFull if action == "enospc" else RuntimeError):
            workshop.issue(lease)
    finally:
        failpoints.arm("")

    assert everything(workshop) == {**before, "drafts": 1}
    workshop.issue(lease)
    assert everything(workshop) == {
        "certificates": 1,
        "vouchers": 1,
        "usage": 1,
        "failures": 1,
        "chunks": 2,
        "drafts": 0,
        "signings": 1,
        "leaf_batches": 1,
    }
    assert workshop.billed(job) == 1


def test_a_chunk_handed_to_four_workers_is_kept_by_one(workshop, open_workshop):
    """
    I3: an engine may deliver twice; the row gets one certificate, from one of them.
    """
    tenant = workshop.tenant()
    shops = [workshop, *(open_workshop() for _ in range(3))]

    def issue(shop) -> bool:
        start.wait(10)
        try:
            shop.issue(lease)
        except Fault:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        for _ in range(12):
            job = workshop.admit(tenant, [row(1), row(2)])
            lease = workshop.queue.lease("w")
            start = threading.Barrier(4)
            kept = list(pool.map(issue, shops))
            workshop.settle()

            assert sorted(kept) == [False, False, False, True]
            assert len(workshop.names(job)) == 2
            assert workshop.billed(job) == 2


def test_a_kept_chunk_cannot_be_kept_again(workshop):
    """
    I3: also its own worker, with its own token, is too late the second time.
    """
    job = workshop.admit(workshop.tenant(), [row(1)])
    lease = workshop.queue.lease("w")
    workshop.issue(lease)
    names = workshop.names(job)

    with pytest.raises(Fault, match="no longer ours"):
        workshop.issue(lease)

    assert workshop.names(job) == names


def test_a_row_cannot_have_two_certificates_whoever_says_so(workshop):
    """
    I3: should all else be wrong, the tables themselves refuse the second.
    """
    job = workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=1)
    workshop.work_once()
    picture = workshop.number("SELECT picture_id FROM certificates", job)
    lease = workshop.queue.lease("w")
    names = workshop.names(job)
    wrong = Issued(1, Namer(b"s" * 32).name(1), 1, picture)

    with pytest.raises(Fault) as fault:
        workshop.registry.keep(lease, Outcome(1, [wrong], []))
    workshop.queue.release(lease)

    assert not fault.value.passing
    assert workshop.names(job) == names


@pytest.mark.parametrize("what", ["certificate", "reference", "voucher"])
def test_a_name_that_is_taken_is_not_given_again(workshop, what):
    """
    Another row's name is refused; the next try takes other names, and succeeds.
    """
    job = workshop.admit(workshop.tenant(), [row(1), row(2)], chunk_rows=1)
    workshop.work_once()
    (taken,) = workshop.names(job).values()
    picture = workshop.number("SELECT picture_id FROM certificates", job)
    lease = workshop.queue.lease("w")
    draft = workshop.registry.draft(lease, b"d" * 32, 1)
    ids = Namer(draft.seed).name(2)
    same = {"certificate": ids.certificate, "reference": ids.reference}
    same |= {"voucher": ids.voucher, what: getattr(taken, what)}
    wrong = Issued(2, type(ids)(**same), 1, picture)

    with pytest.raises(Fault, match="collided"):
        workshop.registry.keep(lease, Outcome(1, [wrong], []))

    assert workshop.registry.draft(lease, b"d" * 32, 1) != draft
    workshop.issue(lease)
    assert len(workshop.names(job)) == 2


def test_a_draft_fixes_names_until_the_facts_change(workshop):
    """
    The same facts find the same seed, and the same places in the status list; other
    facts (a picture that is gone) find neither: a place is handed out once.
    """
    workshop.admit(workshop.tenant(), [row(1)])
    lease = workshop.queue.lease("w")
    draft = workshop.registry.draft(lease, b"a" * 32, 1)

    assert workshop.registry.draft(lease, b"a" * 32, 1) == draft
    other = workshop.registry.draft(lease, b"b" * 32, 1)
    assert other.seed != draft.seed
    assert other.places.list_name == draft.places.list_name
    assert other.places.first == draft.places.first + 1


def test_nothing_is_drafted_for_a_chunk_without_good_rows_but_its_names(workshop):
    """
    Where nothing will be signed no key is used, no place taken, no leaf added.
    """
    workshop.admit(workshop.tenant(), [failing(1), failing(2)])
    lease = workshop.queue.lease("w")

    draft = workshop.registry.draft(lease, b"a" * 32, 0)
    workshop.issue(lease)

    assert draft.places is None
    found = everything(workshop)
    assert (found["signings"], found["leaf_batches"]) == (0, 0)
    assert used_keys(workshop) == []


def test_that_a_key_is_used_is_written_down_before_it_is(workshop):
    """
    The audit log names key, job, chunk and how many, once for every time that
    somebody was about to sign, also one whose worker then died.
    """
    job = workshop.admit(workshop.tenant(), [row(1), failing(2), row(3)])
    failpoints.arm("draft.after_commit=raise")
    try:
        with pytest.raises(RuntimeError):
            workshop.issue(workshop.queue.lease("unlucky"))
    finally:
        failpoints.arm("")
    (first,) = used_keys(workshop)
    assert everything(workshop)["certificates"] == 0

    workshop.queue.lapse(worker="unlucky")
    workshop.drain("other")

    assert used_keys(workshop)[0] == first
    assert [actor for actor, _, _ in used_keys(workshop)] == ["unlucky", "other"]
    for _, subject, detail in used_keys(workshop):
        assert subject == job.profile.letterhead.key_id
        assert (detail["job"], detail["credentials"]) == (job.id, 2)


def used_keys(workshop) -> list[tuple[str, str, dict[str, Any]]]:
    """Return who, by the audit log, used which key for what, the oldest first."""
    with workshop.database.reading() as connection:
        found = connection.execute(
            text(
                "SELECT actor, subject, detail FROM audit WHERE act = 'key.used' "
                "ORDER BY seq"
            )
        )
        return [
            (actor, subject, json.loads(detail)) for actor, subject, detail in found
        ]


def test_a_draft_is_for_who_holds_the_lease(workshop):
    """
    I11: nothing is even begun with an old token.
    """
    workshop.admit(workshop.tenant(), [row(1)])
    stale = workshop.queue.lease("w")
    workshop.queue.lapse(worker="w")
    workshop.queue.lease("other")

    with pytest.raises(Fault, match="no longer ours"):
        workshop.registry.draft(stale, b"a" * 32, 1)
    assert everything(workshop)["drafts"] == 0


def test_certificates_have_unlike_names(workshop):
    """
    Nothing about one row's names follows from another's.
    """
    job = workshop.admit(workshop.tenant(), [row(n) for n in range(200)], chunk_rows=90)
    workshop.drain()

    names = workshop.names(job).values()

    for part in ("certificate", "reference", "voucher"):
        assert len({getattr(name, part) for name in names}) == 200
        assert len({getattr(name, part)[:12] for name in names}) > 190
