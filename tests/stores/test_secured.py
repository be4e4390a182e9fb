"""Credentials that callers had secured, on both databases."""

import pytest
from sqlalchemy import text

from support.credentials import SEALING
from testamur.adapters.files.acts_record import ActsRecord
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.issuer_keys import SqlIssuerKeys
from testamur.adapters.sql.secured import SqlSecured
from testamur.adapters.sql.secured_acts import SqlSecuredActs
from testamur.adapters.sql.status_lists import SqlStatusLists
from testamur.core.acts import Chosen
from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Fault, Halted, Refusal
from testamur.issuance.keyring import Keyring
from testamur.issuance.ports import Securing
from testamur.issuance.standing import Standings
from testamur.issuance.status_list import place as index_of

NOW = 1_795_000_000_000


class House:
    """A database with two tenants and a key each, and its record."""

    def __init__(self, database, folder) -> None:
        self.database = database
        self.secured = SqlSecured(database)
        self.acts = SqlSecuredActs(database)
        self.lists = SqlStatusLists(database, lambda: NOW)
        self.record = ActsRecord(folder / "record")
        self.standings = Standings(self.acts, self.record, lambda: NOW)
        with database.writing() as connection:
            for name in ("a", "b"):
                connection.execute(
                    text(
                        "INSERT INTO tenants (id, slug, name, plan, created_at) "
                        "VALUES (:name, :name, :name, 'unlimited', 0)"
                    ),
                    {"name": name},
                )
        keyring = Keyring(SqlIssuerKeys(database), lambda: SEALING, lambda: NOW)
        self.keys = {name: keyring.current(name).id for name in ("a", "b")}
        self.count = 0

    def securing(self, tenant="a", name=None) -> Securing:
        """Return one use of the tenant's key."""
        self.count += 1
        return Securing(
            f"{self.count:024x}",
            tenant,
            self.keys[tenant],
            "actor",
            NOW,
            name,
            "https://one.example",
        )

    def secure(self, tenant="a", name=None, *, wants_place=True) -> str | None:
        """Secure something; return what it is called, if it can be taken back."""
        securing = self.securing(tenant, name)
        place = self.secured.begin(securing, wants_place=wants_place)
        index = place and index_of(place.seed, place.first, place.size)
        self.secured.keep(securing, place, index, bytes([self.count]) * 32)
        return place and f"secured/{place.list_name}/{index}"

    def change(self, event, *names, tenant="a"):
        """Take back, or give back."""
        return self.standings.change(
            event, tenant, Chosen(ids=names), reason="a test", actor="actor"
        )

    def bits(self, *, suspended_only=False) -> set[int]:
        """Return what every list says is not to be relied on."""
        with self.database.reading() as connection:
            lists = list(connection.scalars(text("SELECT id FROM status_lists")))
        return {
            index
            for one in lists
            for index in self.lists.indices(one, suspended_only=suspended_only)
        }

    def audit(self) -> list[str]:
        """Return every act of the audit log, once there are keys."""
        query = text("SELECT act FROM audit WHERE act <> 'key.made' ORDER BY seq")
        with self.database.reading() as connection:
            return list(connection.scalars(query))


@pytest.fixture
def house(database, tmp_path):
    """Return a house in which everything must agree when the test ends."""
    one = House(database, tmp_path)
    yield one
    assert list(violations(database)) == []


def index(name: str) -> int:
    """Return the place that a name says."""
    return int(name.split("/")[2])


def test_a_key_is_used_once_for_each_and_each_has_a_leaf(house):
    """
    With a place in a list or without.
    """
    placed, unplaced = house.secure(), house.secure(wants_place=False)

    assert placed is not None
    assert unplaced is None
    assert house.audit() == ["key.used", "key.used"]
    with house.database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM leaf_batches")) == 2


def test_places_are_never_handed_out_twice(house):
    """
    Not even that of a credential that was not kept in the end.
    """
    house.secured.begin(house.securing(), wants_place=True)
    names = [house.secure() for _ in range(20)]

    assert len(set(names)) == 20


def test_nothing_begins_and_nothing_is_kept_while_issuing_is_halted(house):
    """
    Between the two, too.
    """
    begun = house.securing()
    house.secured.begin(begun, wants_place=False)
    with house.database.writing() as connection:
        connection.execute(
            text("INSERT INTO house (name, value) VALUES ('halted_at', '1')")
        )

    with pytest.raises(Halted):
        house.secured.keep(begun, None, None, bytes(32))
    with pytest.raises(Halted):
        house.secured.begin(house.securing(), wants_place=True)
    assert house.audit() == ["key.used"]


def test_a_credential_is_suspended_reinstated_and_revoked_for_ever(house):
    """
    Its bit says so; what is already so is not done again.
    """
    one, other = house.secure(), house.secure()

    assert house.change(StandingEvent.SUSPEND, one).changed == 1
    assert house.bits() == house.bits(suspended_only=True) == {index(one)}
    assert house.change(StandingEvent.REINSTATE, one).changed == 1
    assert house.bits() == set()
    assert house.change(StandingEvent.REVOKE, one).changed == 1
    assert house.change(StandingEvent.REVOKE, one).changed == 0
    assert (house.bits(), house.bits(suspended_only=True)) == ({index(one)}, set())
    for event in (StandingEvent.SUSPEND, StandingEvent.REINSTATE):
        with pytest.raises(Refusal, match="for ever"):
            house.change(event, one)
    assert index(other) not in house.bits()
    assert house.audit()[2:] == [
        "credential.suspend",
        "credential.reinstate",
        "credential.revoke",
    ]


def test_nobody_takes_back_what_is_not_theirs(house):
    """
    Another tenant's, or a place that was handed out to nothing.
    """
    ours, theirs = house.secure("a"), house.secure("b")
    empty = ours.rpartition("/")[0] + f"/{index(ours) ^ 1}"

    for name in (theirs, empty, "secured/", "secured/x/1", ours + "0" * 9):
        with pytest.raises(Refusal) as refused:
            house.change(StandingEvent.REVOKE, ours, name)
        assert refused.value.code == "credential_not_found"
    assert house.bits() == set()


def test_a_name_finds_all_that_has_it_and_is_its_tenant_s(house):
    """
    A caller may have secured the same credential twice.
    """
    first, second = house.secure(name="x"), house.secure(name="x")
    house.secure("b", name="x")
    house.secure(name="y")

    assert house.acts.named("a", "x") == (first, second)
    assert house.acts.named("a", "z") == ()


def test_an_act_that_cannot_be_written_down_does_not_happen(house, monkeypatch):
    """
    The record outside the data comes first.
    """
    one = house.secure()

    def full(act):
        raise Fault("the record's disk is full", passing=True)

    monkeypatch.setattr(house.record, "append", full)
    with pytest.raises(Fault):
        house.change(StandingEvent.REVOKE, one)

    assert house.bits() == set()
    assert "credential.revoke" not in house.audit()


@pytest.mark.parametrize("knows_it", [True, False])
def test_a_restored_backup_does_not_unrevoke(house, knows_it):
    """
    I17: acts of the record are done again, also to a credential that the backup
    does not know: its name says which bit it is.
    """
    one, other = house.secure(), house.secure()
    house.change(StandingEvent.REVOKE, one)
    house.change(StandingEvent.SUSPEND, other)
    forgotten = ["secured_standings", "acts", "leaf_batches"]
    with house.database.writing() as connection:
        for table in [*forgotten, *([] if knows_it else ["secured"])]:
            condition = "act IN (SELECT id FROM secured)"
            spare = table == "leaf_batches" and knows_it
            where = f" WHERE NOT {condition}" if spare else ""
            connection.execute(text(f"DELETE FROM {table}{where}"))

    for act in house.record.read():
        assert house.standings.apply(act) == 0
        assert house.standings.apply(act) is None

    assert house.bits() == {index(one), index(other)}
    assert house.bits(suspended_only=True) == {index(other)}
