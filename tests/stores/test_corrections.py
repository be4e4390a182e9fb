"""A correction, on both databases: one certificate goes as the other one comes."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from support.workshop import COLUMNS, row
from testamur.adapters.sql.acts import SqlActs
from testamur.core import failpoints
from testamur.core.acts import Chosen
from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Fault
from testamur.intake.ports import NewJob
from testamur.issuance.standing import Standings


@pytest.fixture
def old(workshop):
    """Return a job with one certificate."""
    job = workshop.admit(workshop.tenant(), [row(1)])
    workshop.drain()
    return job


def ask(workshop, old, *, content="two"):
    """Admit a job that corrects the certificate of *old*."""
    job = workshop.ledger.admit(
        NewJob(
            tenant_id=old.tenant_id,
            verb="issue",
            dialect="native",
            profile=replace(
                old.profile, corrects=id_of(workshop, old), asked_by="key 1"
            ),
            total=1,
            chunk_rows=1,
            batch_name=None,
            idempotency_key=None,
            submission_digest=content,
        ),
        [(1, [row(2).get(column, "") for column in COLUMNS])],
    )
    return job


def id_of(workshop, job):
    """Return the id of a job's only certificate."""
    return workshop.names(job)[1].certificate


def all_of(workshop, query):
    """Return what *query* finds."""
    with workshop.database.reading() as connection:
        return [tuple(found) for found in connection.execute(text(query))]


def standings(workshop):
    """Return what takes certificates back."""
    return Standings(SqlActs(workshop.database), workshop.record, workshop.clock)


ACTS = "SELECT verb, reason, actor, count FROM acts"
STANDING = "SELECT job_seq, number, standing FROM standings"
CORRECTIONS = "SELECT job_seq, number, replaced_by FROM corrections"


def is_corrected_once(workshop, old, new):
    """Assert that the old certificate is revoked for the new one, by one act."""
    assert all_of(workshop, ACTS) == [("correct", "corrected", "key 1", 1)]
    assert all_of(workshop, STANDING) == [(old.seq, 1, "revoked")]
    assert all_of(workshop, CORRECTIONS) == [(old.seq, 1, id_of(workshop, new))]
    recorded = {act.id: act.certificates for act in workshop.record.read()}
    assert list(recorded.values()) == [(id_of(workshop, old),)]
    audited = "SELECT act, actor FROM audit WHERE act = 'certificate.correct'"
    assert all_of(workshop, audited) == [("certificate.correct", "key 1")]
    leaves = "SELECT count FROM leaf_batches WHERE act IS NOT NULL"
    assert all_of(workshop, leaves) == [(1,)]
    assert all_of(workshop, "SELECT version FROM status_lists") == [(1,)]


def test_the_new_one_comes_as_the_old_one_goes(workshop, old):
    """
    One act, one entry in the audit log, one leaf, one line on record.
    """
    new = ask(workshop, old)
    workshop.drain()

    assert workshop.outcomes(new) == {1: "success"}
    is_corrected_once(workshop, old, new)


@pytest.mark.parametrize(
    "place", ["keep.before_commit", "act.after_record", "draft.after_commit"]
)
def test_a_correction_that_breaks_anywhere_is_finished_by_a_second_try(
    workshop, old, place
):
    """
    Nothing of it is true before all of it is, and then it is true once.
    """
    new = ask(workshop, old)
    failpoints.arm(f"{place}=raise@1")
    try:
        with pytest.raises(RuntimeError):
            workshop.issue(workshop.queue.lease("one"))
    finally:
        failpoints.arm("")
    assert all_of(workshop, ACTS) == []
    assert all_of(workshop, STANDING) == []
    assert all_of(workshop, CORRECTIONS) == []

    workshop.restart()
    workshop.drain()

    assert workshop.outcomes(new) == {1: "success"}
    is_corrected_once(workshop, old, new)


def test_a_replay_before_the_second_try_does_no_harm(workshop, old):
    """
    I17: the record knows an act that the database does not; it is the same act
    that the second try of the chunk finds done.
    """
    new = ask(workshop, old)
    failpoints.arm("act.after_record=raise@1")
    try:
        with pytest.raises(RuntimeError):
            workshop.issue(workshop.queue.lease("one"))
    finally:
        failpoints.arm("")
    (act,) = workshop.record.read()

    assert standings(workshop).apply(act) == 0
    assert all_of(workshop, STANDING) == [(old.seq, 1, "revoked")]
    workshop.restart()
    workshop.drain()

    assert workshop.outcomes(new) == {1: "success"}
    assert all_of(workshop, CORRECTIONS) == [(old.seq, 1, id_of(workshop, new))]
    assert all_of(workshop, ACTS) == [("correct", "corrected", "key 1", 1)]


def test_a_suspended_certificate_can_be_corrected(workshop, old):
    """
    Its suspension ends in its revocation.
    """
    chosen = Chosen(ids=(id_of(workshop, old),))
    standings(workshop).change(
        StandingEvent.SUSPEND, old.tenant_id, chosen, reason="x", actor="y"
    )
    new = ask(workshop, old)
    workshop.drain()

    assert all_of(workshop, STANDING) == [(old.seq, 1, "revoked")]
    assert all_of(workshop, CORRECTIONS) == [(old.seq, 1, id_of(workshop, new))]


def test_what_was_revoked_meanwhile_is_not_corrected(workshop, old):
    """
    The row fails and says why; there is no second certificate.
    """
    new = ask(workshop, old)
    chosen = Chosen(ids=(id_of(workshop, old),))
    standings(workshop).change(
        StandingEvent.REVOKE, old.tenant_id, chosen, reason="x", actor="y"
    )
    workshop.drain()

    assert workshop.outcomes(new) == {1: "failed"}
    assert all_of(workshop, "SELECT code FROM failures") == [("certificate_revoked",)]
    assert all_of(workshop, CORRECTIONS) == []
    assert len(all_of(workshop, "SELECT id FROM certificates")) == 1


def test_nothing_is_issued_when_the_old_one_cannot_be_revoked(
    workshop, old, monkeypatch
):
    """
    I17: without the record there is no correction, and so no new certificate.
    """
    ask(workshop, old)

    def fail(_act):
        raise Fault("no room", passing=True)

    monkeypatch.setattr(workshop.registry, "_write_down", fail)
    with pytest.raises(Fault):
        workshop.issue(workshop.queue.lease("one"))

    assert len(all_of(workshop, "SELECT id FROM certificates")) == 1
    assert all_of(workshop, STANDING) == []
    monkeypatch.undo()
    workshop.restart()
    workshop.drain()
