"""The tenants' signing keys: one exercise, on both databases."""

import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from support.access import AccessRoom
from support.clocks import HandClock
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.issuer_keys import SqlIssuerKeys
from testamur.adapters.sql.schema import issuer_keys
from testamur.core.refusals import Fault, Refusal
from testamur.core.words import Tenant
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.keyring import Keyring
from testamur.issuance.keys import make_key

SEALING = bytes(range(32))


@pytest.fixture
def clock() -> HandClock:
    """The clock of every process."""
    return HandClock()


@pytest.fixture
def tenant(database) -> Tenant:
    """A tenant that has no key yet, as one from an older database."""
    return AccessRoom(database).tenant()


@pytest.fixture
def open_keyring(database, clock):
    """Return what opens the keys; each call is another process's view."""

    def opened(sealing: bytes = SEALING) -> Keyring:
        return Keyring(SqlIssuerKeys(database), lambda: sealing, clock)

    return opened


def told(database: Database) -> list[tuple[str, str, str]]:
    """Return what the audit log says of keys: act, actor, subject."""
    query = text(
        "SELECT act, actor, subject FROM audit WHERE act LIKE 'key.%' ORDER BY seq"
    )
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_tenant_gets_its_key_when_it_is_first_needed(open_keyring, tenant, database):
    """One key, the same for every process, and a line in the audit log about it."""
    first = open_keyring().current(tenant.id)

    assert open_keyring().current(tenant.id) == first
    assert first.is_in_force
    assert list(open_keyring().keys_of(tenant.id)) == [first]
    assert told(database) == [("key.made", "house", first.id)]


def test_processes_that_are_first_at_once_agree(open_keyring, tenant, database):
    """Eight look, see no key and make one: seven of them are thrown away."""
    barrier = threading.Barrier(8)
    found = []

    def look() -> None:
        store = SqlIssuerKeys(database)
        key = make_key(tenant.id, Algorithm.EDDSA, sealing=SEALING, now=1)
        barrier.wait(10)
        found.append(store.add(key, by="house").id)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(found) == 8
    assert set(found) == {key.id for key in open_keyring().keys_of(tenant.id)}
    assert len(set(found)) == 1
    assert len(told(database)) == 1


def test_what_was_signed_before_a_rotation_stays_signed(open_keyring, tenant, clock):
    """Jobs accepted before go on with the old key, new ones take the new."""
    here, elsewhere = open_keyring(), open_keyring()
    old = here.current(tenant.id)
    sign = here.signer(old.id)
    clock.pass_seconds(1)

    new = elsewhere.rotate(tenant.id, by="operator")

    assert here.current(tenant.id) == new
    assert here.signer(old.id) is sign
    Ed25519PublicKey.from_public_bytes(new.public).verify(
        here.signer(new.id)(b"said"), b"said"
    )
    newest, retired = here.keys_of(tenant.id)
    assert (newest, retired.id) == (new, old.id)
    assert retired.retired_at == clock()
    assert not retired.is_in_force


def test_rotations_at_once_leave_one_key_in_force(open_keyring, tenant):
    """However they interleave, a tenant has one key that new jobs are signed with."""
    open_keyring().current(tenant.id)
    barrier = threading.Barrier(4)

    def rotate() -> None:
        keyring = open_keyring()
        barrier.wait(10)
        keyring.rotate(tenant.id, by="operator")

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    in_force = [one for one in open_keyring().keys_of(tenant.id) if one.is_in_force]
    assert len(in_force) == 1


def test_a_revocation_elsewhere_is_noticed(open_keyring, tenant, database):
    """A process that holds the opened key signs nothing more with it."""
    here, elsewhere = open_keyring(), open_keyring()
    key = here.current(tenant.id)
    here.signer(key.id)

    revoked = elsewhere.revoke(tenant.id, key.id, by="operator")

    assert revoked.revoked_at is not None
    with pytest.raises(Fault, match="revoked") as fault:
        here.signer(key.id)
    assert not fault.value.passing
    assert here.current(tenant.id).id != key.id
    assert told(database)[1] == ("key.revoked", "operator", key.id)


def test_marking_again_changes_nothing(open_keyring, tenant, database, clock):
    """The first moment counts, and the audit log tells of it once."""
    keyring = open_keyring()
    key = keyring.current(tenant.id)
    first = keyring.revoke(tenant.id, key.id, by="operator")
    clock.pass_seconds(60)

    assert keyring.revoke(tenant.id, key.id, by="operator") == first
    assert [act for act, _, _ in told(database)] == ["key.made", "key.revoked"]


def test_nobody_revokes_a_key_of_others(open_keyring, tenant, database):
    """Another tenant's key is answered as one that does not exist."""
    other = AccessRoom(database).tenant("other")
    theirs = open_keyring().current(other.id)

    for key_id in (theirs.id, "no-such-key"):
        with pytest.raises(Refusal, match=f"no issuer key {key_id}"):
            open_keyring().revoke(tenant.id, key_id, by="operator")

    assert open_keyring().current(other.id) == theirs


def test_each_algorithm_has_a_key_of_its_own(open_keyring, tenant):
    """Rotating one leaves the other."""
    keyring = open_keyring()
    ed25519 = keyring.current(tenant.id)
    rsa = keyring.current(tenant.id, Algorithm.RS256)

    keyring.rotate(tenant.id, by="operator")

    assert keyring.current(tenant.id, Algorithm.RS256) == rsa
    assert keyring.current(tenant.id) != ed25519


def test_without_the_operator_secret_nothing_is_signed(open_keyring, tenant):
    """The tables alone are worth nothing (I23)."""
    key = open_keyring().current(tenant.id)

    with pytest.raises(Fault, match="does not open"):
        open_keyring(sealing=bytes(32)).signer(key.id)


def test_a_key_that_came_by_another_way_is_noticed(open_keyring, tenant, database):
    """Who can write to the tables adds no key that `fsck` does not see."""
    key = open_keyring().current(tenant.id)
    assert list(violations(database)) == []
    with database.writing() as connection:
        connection.execute(
            issuer_keys.insert().values(
                id="0" * 24, tenant_id=tenant.id, algorithm="EdDSA",
                public=key.public, sealed=key.sealed, made_at=1,
            )
        )  # fmt: skip

    found = list(violations(database))

    assert len(found) == 2
    assert any("more than one signing key" in line for line in found)
    assert any("0" * 24 in line and "audit" in line for line in found)


def test_a_key_that_cannot_be_told_of_is_not_made(open_keyring, tenant, database):
    """I25: if the audit log cannot be written, nothing has happened."""
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO gone")

    with pytest.raises(Exception, match="audit"):
        open_keyring().current(tenant.id)

    assert list(open_keyring().keys_of(tenant.id)) == []
