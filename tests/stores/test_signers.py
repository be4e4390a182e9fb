"""Signers and the guesses at their PINs, on both engines."""

import dataclasses

import pytest
from sqlalchemy import text

from support.pki_of_signers import NOW, YEAR, institution, intermediate
from support.signers import PIN, WRONG, HandClock, Room, at_once
from testamur.adapters.sql.fsck import violations
from testamur.core.clock import MINUTE
from testamur.core.refusals import Fault, Halted, Refusal
from testamur.core.signers import SignerStatus
from testamur.documents.signers import keeper


@pytest.fixture
def clock():
    """Return a clock that the test sets."""
    return HandClock()


@pytest.fixture
def room(database, clock):
    """Return the room, in which everything must agree when the test ends."""
    room = Room(database, clock)
    yield room
    assert list(violations(database)) == []


def refused(room, signer_id, pin=WRONG):
    """Return the refusal of a PIN."""
    with pytest.raises(Refusal) as caught:
        room.open(signer_id, pin)
    return caught.value


def test_a_signer_is_kept_with_its_chain_in_order(room):
    """The signing certificate first, then the intermediate; never the root."""
    party = institution("rsa-2048")
    made = room.add(party)

    stored = room.store.find(made.signer.id)

    assert stored.chain == (party.der, intermediate().der)
    assert room.signers.find(room.tenant_id, made.signer.id) == made
    assert list(room.signers.listing(room.tenant_id)) == [made]
    assert room.acts() == ["signer.add"]


def test_opening_is_told_before_the_key_is_given(room):
    """A right PIN opens and is told; a wrong one is told as well."""
    signer = room.add().signer
    assert refused(room, signer.id).code == "pin_incorrect"

    with room.open(signer.id) as opened:
        assert opened.chain[0] == room.store.find(signer.id).chain[0]

    assert room.acts() == ["signer.add", "signer.pin_refused", "signer.opened"]


def test_five_wrong_pins_lock_for_a_quarter_of_an_hour(room, clock):
    """Then the right one is not even looked at; it is told when to come back."""
    signer = room.add().signer
    for _ in range(5):
        assert refused(room, signer.id).code == "pin_incorrect"

    locked = refused(room, signer.id, PIN)
    assert locked.code == "pin_locked"
    assert locked.retry_after_seconds == 15 * 60
    assert room.signers.find(None, signer.id).status is SignerStatus.LOCKED
    clock.now += 15 * MINUTE - 1
    assert refused(room, signer.id, PIN).retry_after_seconds == 1
    clock.now += 1
    room.open(signer.id).close()
    assert room.signers.find(None, signer.id).wrong_pins == 0


def test_ten_in_a_row_block_until_somebody_unlocks(room, clock):
    """However slowly they come; waiting does not help, and a caller sees that."""
    signer = room.add().signer
    for _ in range(10):
        assert refused(room, signer.id).code == "pin_incorrect"
        clock.now += 16 * MINUTE

    blocked = refused(room, signer.id, PIN)
    assert blocked.code == "pin_blocked"
    assert blocked.retry_after_seconds is None
    room.signers.unlock(None, signer.id, by="operator")
    room.open(signer.id).close()


def test_a_right_pin_forgets_the_wrong_ones(room):
    """Four wrong, one right, four wrong: nobody is locked out."""
    signer = room.add().signer
    for _ in range(2):
        for _ in range(4):
            assert refused(room, signer.id).code == "pin_incorrect"
        room.open(signer.id).close()

    assert room.signers.find(None, signer.id).wrong_pins == 0


def test_of_sixteen_guesses_at_once_five_are_looked_at(room, database, clock):
    """I24: in sixteen processes as in one; the others are refused unseen."""
    signer = room.add().signer
    rooms = [Room(database, clock, tenant_id=room.tenant_id) for _ in range(16)]

    found = at_once(16, lambda n: rooms[n].open(signer.id, WRONG))

    codes = sorted(error.code for error in found)
    assert codes == ["pin_incorrect"] * 5 + ["pin_locked"] * 11
    assert room.acts().count("signer.pin_refused") == 5
    assert len(room.store.find(signer.id).guesses) == 5


def test_sixteen_right_pins_at_once_all_open(room):
    """Who has the PIN is not taken for one who guesses."""
    signer = room.add().signer

    found = at_once(16, lambda _: room.open(signer.id))

    assert [one.sign(b"x") for one in found] != []
    assert room.acts().count("signer.opened") == 16


def test_a_guess_is_counted_before_it_is_looked_at(room, monkeypatch):
    """What breaks in between, whatever it is, leaves it counted."""
    signer = room.add().signer
    seen = []

    def broken(name):
        seen.append((name, len(room.store.find(signer.id).guesses)))
        raise RuntimeError

    monkeypatch.setattr(keeper, "fp", broken)
    with pytest.raises(RuntimeError):
        room.open(signer.id)

    assert seen == [("signer.guess_counted", 1)]
    assert len(room.store.find(signer.id).guesses) == 1


def test_what_is_wrong_besides_the_pin_is_not_counted(room, clock, database):
    """A16: unknown, another tenant's, expired, not valid yet, revoked."""
    signer = room.add().signer
    stranger = Room(database, clock)
    assert refused(stranger, signer.id, PIN).code == "signer_not_found"
    assert refused(room, 10**9).code == "signer_not_found"
    old = room.add(institution("p256", until=NOW - YEAR)).signer
    assert refused(room, old.id, PIN).code == "signer_expired"
    clock.now = signer.valid_from - 1
    assert refused(room, signer.id, PIN).code == "signer_expired"
    clock.now = signer.valid_from
    room.signers.revoke(room.tenant_id, signer.id, by="operator")
    for pin in (PIN, WRONG):
        assert refused(room, signer.id, pin).code == "signer_revoked"

    assert room.store.find(signer.id).guesses == ()
    assert room.store.find(old.id).guesses == ()


def test_a_revoked_signer_has_no_key_any_more(room):
    """Not even a sealed one; twice is once."""
    signer = room.add().signer
    for _ in range(2):
        room.signers.revoke(room.tenant_id, signer.id, by="operator")

    stored = room.store.find(signer.id)
    assert stored.sealed is stored.salt is None
    assert stored.chain
    assert room.acts() == ["signer.add", "signer.revoke"]


def test_a_sealed_key_opens_in_its_own_row_only(room):
    """Moved to another signer, or given other certificates, it is a wrong PIN."""
    one, other = room.add().signer, room.add(institution("p384")).signer
    with room.database.writing() as connection:
        connection.execute(
            text(
                "UPDATE signers SET sealed = (SELECT sealed FROM signers WHERE id = "
                ":one), salt = (SELECT salt FROM signers WHERE id = :one) "
                "WHERE id = :other"
            ),
            {"one": one.id, "other": other.id},
        )

    assert refused(room, other.id, PIN).code == "pin_incorrect"
    room.open(one.id).close()


def test_halted_nothing_is_opened(room):
    """The PIN is right, and nobody gets the key; nor is it taken for a wrong one."""
    signer = room.add().signer
    with room.database.writing() as connection:
        connection.exec_driver_sql(
            "INSERT INTO house (name, value) VALUES ('halted_at', '1')"
        )

    with pytest.raises(Halted):
        room.open(signer.id)

    assert room.store.find(signer.id).guesses == ()
    assert "signer.opened" not in room.acts()


def test_a_tenant_has_so_many_and_no_more(room, monkeypatch):
    """A caller who adds without end is stopped, however many come at once."""
    monkeypatch.setattr(keeper, "MOST_SIGNERS", 2)
    party = institution("p256")

    found = at_once(5, lambda _: room.add(party))

    kinds = sorted(getattr(one, "code", "made") for one in found)
    assert kinds == ["made"] * 2 + ["too_many_signers"] * 3


BREAK = {
    True: """
        CREATE TRIGGER broken BEFORE INSERT ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is broken'); END
    """,
    False: """
        CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'the audit log is broken'; END $$;
        CREATE TRIGGER broken BEFORE INSERT ON audit
        FOR EACH ROW EXECUTE FUNCTION broken()
    """,
}
MEND = {
    True: "DROP TRIGGER broken",
    False: "DROP TRIGGER broken ON audit; DROP FUNCTION broken()",
}


def test_what_cannot_be_told_is_not_done(room):
    """I25: no signer is added, opened, renamed, revoked or unlocked in silence."""
    signer = room.add().signer
    refused(room, signer.id)
    before = room.store.find(signer.id)
    with room.database.writing() as connection:
        connection.exec_driver_sql(BREAK[room.database.is_sqlite])

    for act in (
        room.add,
        lambda: room.open(signer.id),
        lambda: room.signers.rename(None, signer.id, "New", by="operator"),
        lambda: room.signers.revoke(None, signer.id, by="operator"),
        lambda: room.signers.unlock(None, signer.id, by="operator"),
    ):
        with pytest.raises(Fault, match="audit log cannot be written"):
            act()

    after = room.store.find(signer.id)
    assert dataclasses.replace(after, guesses=before.guesses) == before
    assert len(room.signers.listing(room.tenant_id)) == 1
    with room.database.writing() as connection:
        connection.exec_driver_sql(MEND[room.database.is_sqlite])
    room.open(signer.id).close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE signers SET sealed = NULL", "can be opened by nothing"),
        ("UPDATE signers SET uri = 'pkcs11:'", "can be opened by nothing"),
        ("UPDATE signers SET revoked_at = 1", "its key is still there"),
        ("UPDATE signers SET id = id + 1000", "the audit log does not tell of it"),
    ],
)
def test_fsck_finds_a_signer_that_is_not_as_it_was_left(database, change, said):
    """Each rule, broken."""
    room = Room(database)
    room.add()

    with database.writing() as connection:
        connection.exec_driver_sql(change)

    assert [line for line in violations(database) if said in line]
