"""Acts on certificates, on both databases: all or nothing, once, and for ever."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from support.issuing import IssuingWorld, row
from testamur.adapters.files.acts_record import ActsRecord
from testamur.adapters.sql.acts import SqlActs
from testamur.adapters.sql.status_lists import SqlStatusLists
from testamur.core import failpoints
from testamur.core.acts import Act, Chosen
from testamur.core.ids import new_id
from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.issuance.standing import Standings, read_reason

REVOKE, SUSPEND, REINSTATE = (
    StandingEvent.REVOKE,
    StandingEvent.SUSPEND,
    StandingEvent.REINSTATE,
)


class House:
    """Certificates of two tenants, and what is done to them."""

    def __init__(self, database, folder: Path) -> None:
        self.world = IssuingWorld(database)
        self.database = database
        self.record = ActsRecord(folder / "record")
        self.standings = Standings(SqlActs(database), self.record, self.world.clock)
        self.tenant = self.world.tenant()
        self.other = self.world.tenant("Another")
        self.job = self.issue(7, batch="Spring")
        self.ids = self.ids_of(self.job)

    def issue(self, count, *, tenant=None, batch=None):
        """Issue certificates in a job, and finish it."""
        job = self.world.issue(
            tenant or self.tenant,
            [row(name=f"Tides {number}") for number in range(count)],
            batch=batch,
        )
        with self.database.writing() as connection:
            connection.execute(
                text("UPDATE jobs SET state = 'completed' WHERE seq = :seq"),
                {"seq": job.seq},
            )
        return job

    def ids_of(self, job):
        """Return the ids of a job's certificates, by row."""
        return self.column(
            f"SELECT id FROM certificates WHERE job_seq = {job.seq} ORDER BY number"
        )

    def column(self, query):
        """Return the first column of what *query* finds."""
        with self.database.reading() as connection:
            return [one for (one,) in connection.execute(text(query))]

    def standing(self):
        """Return how every certificate stands that is not active, by id."""
        with self.database.reading() as connection:
            found = connection.execute(
                text(
                    "SELECT c.id, s.standing FROM standings s JOIN certificates c "
                    "ON c.job_seq = s.job_seq AND c.number = s.number"
                )
            )
            return dict(found.all())

    def change(self, event, *ids, reason="Issued by mistake", **chosen):
        """Do something to certificates, named by id or otherwise."""
        choice = Chosen(ids=ids) if ids else Chosen(**chosen)
        return self.standings.change(
            event, self.tenant, choice, reason=reason, actor="key 1"
        )


@pytest.fixture
def house(database, tmp_path):
    """Return a house with seven certificates of one tenant."""
    return House(database, tmp_path)


def test_one_call_is_one_act(house):
    """
    I17, I25: one row, one audit entry, one leaf, one line on record, whatever the
    number of certificates.
    """
    before = house.column("SELECT count(*) FROM audit")[0]

    done = house.change(REVOKE, *house.ids[:3])

    assert (done.changed, done.unchanged) == (3, 0)
    assert house.standing() == dict.fromkeys(house.ids[:3], "revoked")
    assert house.column("SELECT id FROM acts") == [done.act.id]
    assert house.column("SELECT count FROM acts") == [3]
    assert house.column("SELECT act FROM leaf_batches WHERE act IS NOT NULL") == [
        done.act.id
    ]
    leaf = house.column("SELECT digests FROM leaf_batches WHERE act IS NOT NULL")[0]
    assert bytes(leaf) == done.act.digest
    assert house.column("SELECT count(*) FROM audit")[0] == before + 1
    assert house.column(
        "SELECT act || ' ' || subject || ' ' || actor FROM audit "
        "ORDER BY seq DESC LIMIT 1"
    ) == [f"certificate.revoke {done.act.id} key 1"]
    assert list(house.record.read()) == [done.act]
    (name,) = house.column("SELECT name FROM status_lists")
    indices = house.column("SELECT status_index FROM standings ORDER BY number")
    assert done.act.places == tuple(f"{name}/{index}" for index in indices)


def test_a_whole_batch_is_one_call(house):
    """
    A batch, its job, or references name the same certificates as their ids.
    """
    batch = house.column("SELECT id FROM batches")[0]
    references = tuple(
        house.column("SELECT reference FROM certificates WHERE number <= 2")
    )

    assert house.change(SUSPEND, batch_id=batch).changed == 7
    assert house.change(REINSTATE, job_id=house.job.id).changed == 7
    assert house.change(SUSPEND, references=references).changed == 2
    assert set(house.standing()) == set(house.ids[:2])


def test_what_is_so_already_is_not_done_again(house):
    """
    Asking again changes nothing, says so, and leaves no second act.
    """
    house.change(REVOKE, *house.ids[:2])
    marks = house.column("SELECT since FROM standings")
    house.world.clock.pass_seconds(5)

    again = house.change(REVOKE, *house.ids[:2])
    more = house.change(REVOKE, *house.ids[:3])

    assert (again.act, again.changed, again.unchanged) == (None, 0, 2)
    assert (more.changed, more.unchanged) == (1, 2)
    assert more.act.certificates == (house.ids[2],)
    assert house.column("SELECT since FROM standings ORDER BY number")[:2] == marks
    assert len(house.column("SELECT id FROM acts")) == 2
    assert house.change(REINSTATE, house.ids[5]).act is None


def test_suspension_ends_and_revocation_does_not(house):
    """
    I17: nothing brings a revoked certificate back; all of the call is refused.
    """
    house.change(SUSPEND, *house.ids[:2])
    house.change(REVOKE, house.ids[0])

    for event in (SUSPEND, REINSTATE):
        with pytest.raises(Refusal) as refused:
            house.change(event, house.ids[0], house.ids[1])
        assert (refused.value.kind, refused.value.code) == (
            Kind.CONFLICT,
            "certificate_revoked",
        )
        assert house.ids[0] in refused.value.detail
        assert house.ids[1] not in refused.value.detail
    assert house.standing() == {house.ids[0]: "revoked", house.ids[1]: "suspended"}
    # A job is reinstated but for what is revoked.
    done = house.change(REINSTATE, job_id=house.job.id)
    assert (done.changed, done.unchanged) == (1, 6)
    assert house.standing() == {house.ids[0]: "revoked"}


def test_nothing_is_done_when_one_is_unknown(house):
    """
    What does not exist, and what is another tenant's, is named and told alike.
    """
    theirs = house.ids_of(house.issue(1, tenant=house.other))[0]
    nowhere = new_id()

    told = []
    for wrong in (theirs, nowhere, "no id", "\0"):
        with pytest.raises(Refusal) as refused:
            house.change(REVOKE, house.ids[0], wrong)
        assert refused.value.kind is Kind.NOT_FOUND
        assert wrong in refused.value.detail
        assert house.ids[0] not in refused.value.detail
        told.append(refused.value.detail.replace(wrong, "it"))
    assert len(set(told)) == 1
    assert house.standing() == {}
    assert list(house.record.read()) == []


@pytest.mark.parametrize("way", ["job_id", "batch_id"])
def test_a_job_of_another_tenant_is_not_there(house, way):
    """
    The tenant wall stands before jobs and batches too.
    """
    house.issue(1, tenant=house.other, batch="Theirs")
    names = {
        "job_id": f"SELECT id FROM jobs WHERE tenant_id = '{house.other}'",
        "batch_id": f"SELECT id FROM batches WHERE tenant_id = '{house.other}'",
    }
    (theirs,) = house.column(names[way])

    for wrong in (theirs, new_id(), "", "\0"):
        with pytest.raises(Refusal) as refused:
            house.change(REVOKE, **{way: wrong})
        assert refused.value.kind is Kind.NOT_FOUND
    assert house.standing() == {}


def test_a_job_that_still_issues_is_not_revoked_in_part(house):
    """
    "All of it" is not answered while there is more to come.
    """
    job = house.world.issue(house.tenant, [row()])

    with pytest.raises(Refusal) as refused:
        house.change(REVOKE, job_id=job.id)

    assert refused.value.code == "job_unfinished"
    assert house.standing() == {}


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("", "reason_missing"),
        (" \u200b ", "reason_characters"),
        ("  ", "reason_missing"),
        ("x" * 501, "reason_too_long"),
        ("two\nlines", "reason_characters"),
        ("a\0", "reason_characters"),
        ("\u202egnorw", "reason_characters"),
        ("\ud800", "reason_characters"),
    ],
)
def test_a_reason_is_a_line_that_everybody_can_read(house, reason, code):
    """
    It is shown to the public, and stays for ever.
    """
    with pytest.raises(Refusal) as refused:
        house.change(REVOKE, house.ids[0], reason=reason)

    assert (refused.value.code, refused.value.at) == (code, "reason")


def test_a_reason_is_kept_as_it_is_compared():
    """
    Trimmed and composed; 500 characters are enough for everybody.
    """
    assert read_reason("  Cafe\u0301 ") == "Caf\u00e9"
    assert len(read_reason("x" * 500)) == 500
    assert read_reason("", is_needed=False) == ""


@pytest.mark.parametrize(
    "chosen",
    [
        Chosen(),
        Chosen(ids=()),
        Chosen(references=()),
        Chosen(ids=("a",), job_id="b"),
        Chosen(ids=("a",) * 10_001),
    ],
)
def test_certificates_are_chosen_in_one_way(house, chosen):
    """
    An empty choice is a mistake, and never means all.
    """
    with pytest.raises(Refusal):
        house.standings.change(REVOKE, house.tenant, chosen, reason="x", actor="y")


def test_nothing_happens_when_it_cannot_be_put_on_record(house, monkeypatch):
    """
    I17, I25: an act that a restored backup could undo is not done at all.
    """

    def fail(_act):
        raise Fault("no room", passing=True)

    monkeypatch.setattr(house.record, "append", fail)
    with pytest.raises(Fault):
        house.change(REVOKE, *house.ids)

    assert house.standing() == {}
    assert house.column("SELECT id FROM acts") == []
    assert house.column("SELECT act FROM audit WHERE act LIKE 'certificate.%'") == []
    assert house.column("SELECT act FROM leaf_batches WHERE act IS NOT NULL") == []


def test_an_act_that_was_not_committed_is_withdrawn(house):
    """
    What the caller was told failed is not done at the next start.
    """
    failpoints.arm("act.before_commit=raise")
    try:
        with pytest.raises(RuntimeError):
            house.change(REVOKE, *house.ids)
    finally:
        failpoints.arm("")

    assert house.standing() == {}
    assert list(house.record.read()) == []


def test_each_act_changes_the_lists_it_touches(house):
    """
    Readers learn of a change by the list's version, and of no other.
    """
    lists = "SELECT version FROM status_lists ORDER BY id"
    house.issue(1, tenant=house.other)
    assert house.column(lists) == [0, 0]

    house.change(REVOKE, house.ids[0])
    house.change(SUSPEND, *house.ids[1:])
    house.change(SUSPEND, *house.ids[1:])
    assert house.column(lists) == [2, 0]
    house.change(REINSTATE, house.ids[1])
    assert house.column(lists) == [3, 0]
    assert house.column("SELECT changed_at FROM status_lists ORDER BY id")[1] is None


def test_an_act_on_record_is_done_again_once(house, tmp_path):
    """
    I17: what a restored backup does not know is done as it was: id, moment and
    reason; and a second time nothing happens.
    """
    done = house.change(REVOKE, *house.ids[:3])
    with house.database.writing() as connection:  # as an older backup has it
        connection.execute(text("DELETE FROM standings"))
        connection.execute(text("DELETE FROM leaf_batches WHERE act IS NOT NULL"))
        connection.execute(text("DELETE FROM acts"))
    house.world.clock.pass_seconds(100)

    assert [house.standings.apply(act) for act in house.record.read()] == [0]
    assert house.standing() == dict.fromkeys(house.ids[:3], "revoked")
    assert house.column("SELECT done_at FROM acts") == [done.act.at]
    assert house.column("SELECT reason FROM acts") == ["Issued by mistake"]
    assert set(house.column("SELECT since FROM standings")) == {done.act.at}
    assert [house.standings.apply(act) for act in house.record.read()] == [None]
    assert house.column("SELECT id FROM acts") == [done.act.id]


def test_certificates_that_a_backup_lacks_are_counted(house):
    """
    What is there is revoked, what is lost is told; and places that the lost ones
    may have had are handed out no more.
    """
    done = house.change(REVOKE, *house.ids[:2])
    lost = replace(done.act, id=new_id(), certificates=(house.ids[3], new_id()))

    assert house.standings.apply(lost) == 1
    assert house.standing()[house.ids[3]] == "revoked"
    full = "SELECT count(*) FROM status_lists WHERE used = size"
    assert house.column(full) == [1]
    house.issue(1)
    assert house.column("SELECT count(*) FROM status_lists") == [2]


def test_bits_of_certificates_that_a_backup_lacks_are_told(house):
    """
    I17: whoever holds the credential of a lost certificate still finds its bit set,
    or cleared again, as it was.
    """
    lists = SqlStatusLists(house.database, house.world.clock)
    (name,) = house.column("SELECT name FROM status_lists")
    (list_id,) = house.column("SELECT id FROM status_lists")

    def act_on(number, event, place):
        return Act(
            id=f"{number:024x}",
            tenant_id=house.tenant,
            verb=str(event),
            at=1,
            reason="x",
            actor="y",
            certificates=(new_id(),),
            places=(place,),
        )

    def bits(*, suspended_only=False):
        return sorted(lists.indices(list_id, suspended_only=suspended_only))

    for number, event in enumerate((REVOKE, SUSPEND, SUSPEND), 1):
        place = f"{name}/{100_000 + number}"
        assert house.standings.apply(act_on(number, event, place)) == 1
    assert bits() == [100_001, 100_002, 100_003]
    assert bits(suspended_only=True) == [100_002, 100_003]
    house.standings.apply(act_on(4, REINSTATE, f"{name}/100002"))
    house.standings.apply(act_on(5, REINSTATE, f"{name}/100001"))
    house.standings.apply(act_on(6, REVOKE, f"{'0' * 24}/7"))
    assert bits() == [100_001, 100_003]
    assert house.column("SELECT version FROM status_lists") == [5]
    assert house.standings.apply(act_on(5, REINSTATE, f"{name}/100001")) is None


def test_acts_of_a_tenant_that_is_not_there_are_counted(house):
    """
    A tenant made after the backup was is lost with all it had.
    """
    done = house.change(REVOKE, house.ids[0])
    lost = replace(done.act, id=new_id(), tenant_id=new_id())

    assert house.standings.apply(lost) == 1
    assert house.column("SELECT id FROM acts") == [done.act.id]
