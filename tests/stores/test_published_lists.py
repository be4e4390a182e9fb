"""Status lists as everybody reads them: current, signed, and the same bytes."""

import json
import subprocess
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from sqlalchemy import text

from support.credentials import PUBLIC_URL
from support.issuing import IssuingWorld, row
from support.peers import need_node_peer
from testamur.access.halt import KillSwitch
from testamur.adapters.files.acts_record import ActsRecord
from testamur.adapters.processes.engraver import engrave_list_die
from testamur.adapters.sql.acts import SqlActs
from testamur.adapters.sql.house_state import SqlSwitch
from testamur.adapters.sql.status_lists import SqlStatusLists
from testamur.core.acts import Chosen
from testamur.core.clock import rfc3339
from testamur.core.ids import new_id
from testamur.core.lifecycle import StandingEvent
from testamur.core.refusals import Fault
from testamur.issuance.did_web import did_document, did_of
from testamur.issuance.die.list_die import engrave_list
from testamur.issuance.die.proof import problem_with
from testamur.issuance.published_list import PublishedLists, Purpose
from testamur.issuance.standing import Standings
from testamur.issuance.status_list import SIZE, decoded, encoded, is_set


@dataclass
class Published:
    """The lists of one tenant with five certificates, as a verifier sees them."""

    world: IssuingWorld
    standings: Standings
    tenant: str
    lists: SqlStatusLists
    engraved: list[int] = field(default_factory=list)

    def reader(self) -> PublishedLists:
        """Return what a process reads with that just started."""

        def engrave() -> bytes:
            self.engraved.append(1)
            return engrave_list()

        return PublishedLists(
            self.lists,
            self.world.vouching.dies,
            self.world.vouching.keyring,
            engrave=engrave,
        )

    def credentials(self):
        """Return the credentials, by row."""
        with self.world.database.reading() as connection:
            ids = connection.scalars(
                text("SELECT id FROM certificates ORDER BY job_seq, number")
            ).all()
        found = [self.world.vouching.credentials.find(one) for one in ids]
        return [json.loads(one.body) for one in found]

    def name(self) -> str:
        """Return what the address of the newest list ends in."""
        with self.world.database.reading() as connection:
            return connection.scalar(
                text("SELECT name FROM status_lists ORDER BY id DESC LIMIT 1")
            )

    def change(self, event, *credentials):
        """Do something to certificates."""
        ids = tuple(one["id"].rpartition("/")[2] for one in credentials)
        self.world.clock.pass_seconds(10)
        self.standings.change(
            event, self.tenant, Chosen(ids=ids), reason="Because", actor="key"
        )

    def keys(self):
        """Return the tenant's public keys, as its DID document has them."""
        did = did_of(PUBLIC_URL, self.tenant)
        return {
            f"{did}#{key.id}": key.public
            for key in self.world.vouching.keyring.keys_of(self.tenant)
        }


@pytest.fixture
def published(database, tmp_path) -> Published:
    """Return the lists of a tenant with five certificates."""
    world = IssuingWorld(database)
    tenant = world.tenant()
    world.issue(tenant, [row() for _ in range(5)])
    standings = Standings(SqlActs(database), ActsRecord(tmp_path / "r"), world.clock)
    return Published(world, standings, tenant, SqlStatusLists(database, world.clock))


def bits_of(body: bytes):
    """Return the bits of a signed list."""
    return decoded(json.loads(body)["credentialSubject"]["encodedList"])


def flagged(published, reader, purpose=Purpose.REVOCATION):
    """Return the rows whose certificates a verifier finds flagged."""
    found = []
    for number, credential in enumerate(published.credentials()):
        status = credential["credentialStatus"]
        name = status["statusListCredential"].rpartition("/")[2]
        bits = bits_of(reader.read(name, purpose))
        if is_set(bits, int(status["statusListIndex"])):
            found.append(number)
    return found


def test_a_list_is_a_credential_of_its_issuer(published):
    """
    Every member that the specification asks for, signed by the issuer's key.
    """
    name = published.name()
    made = published.world.vouching.keyring.current(published.tenant).made_at

    for purpose, url in (
        (Purpose.REVOCATION, f"{PUBLIC_URL}/status/{name}"),
        (Purpose.SUSPENSION, f"{PUBLIC_URL}/status/{name}/suspension"),
    ):
        found = json.loads(published.reader().read(name, purpose))
        assert problem_with(found, published.keys()) is None
        assert isinstance(found["proof"], list)
        assert found["id"] == url
        assert found["issuer"] == did_of(PUBLIC_URL, published.tenant)
        assert found["type"] == [
            "VerifiableCredential",
            "BitstringStatusListCredential",
        ]
        assert found["validFrom"] == rfc3339(made // 1000 * 1000).replace(".000", "")
        subject = found["credentialSubject"]
        assert subject["id"] == url + "#list"
        assert subject["type"] == "BitstringStatusList"
        assert subject["statusPurpose"] == str(purpose)
        assert subject["ttl"] <= 60_000
        assert len(decoded(subject["encodedList"])) * 8 == SIZE
    status = published.credentials()[0]["credentialStatus"]
    assert status["statusListCredential"] == f"{PUBLIC_URL}/status/{name}"


def test_a_revoked_certificate_is_flagged_at_once_and_for_ever(published):
    """
    I17: by every reader, started before or after; suspension ends, revocation not.
    """
    early = published.reader()
    assert flagged(published, early) == []
    first, second, third, *_ = published.credentials()

    published.change(StandingEvent.REVOKE, first)
    published.change(StandingEvent.SUSPEND, second, third)
    for reader in (early, published.reader()):
        assert flagged(published, reader) == [0, 1, 2]
        assert flagged(published, reader, Purpose.SUSPENSION) == [1, 2]

    published.change(StandingEvent.REINSTATE, second)
    published.change(StandingEvent.REVOKE, third)
    for reader in (early, published.reader()):
        assert flagged(published, reader) == [0, 2]
        assert flagged(published, reader, Purpose.SUSPENSION) == []


def test_somebody_elses_reader_agrees(published):
    """
    A library that shares no line with ours verifies the lists, finds the same
    statuses in them, spells lists that we read, and refuses a list of which one
    bit was changed.
    """
    folder = need_node_peer("statuslist")
    first, second, *_ = credentials = published.credentials()
    published.change(StandingEvent.REVOKE, first)
    published.change(StandingEvent.SUSPEND, second)
    name, reader = published.name(), published.reader()
    lists = [json.loads(reader.read(name, purpose)) for purpose in Purpose]
    suspended = [
        one
        | {
            "credentialStatus": {
                **one["credentialStatus"],
                "statusPurpose": "suspension",
                "statusListCredential": lists[1]["id"],
            }
        }
        for one in credentials
    ]
    keys = published.world.vouching.keyring.keys_of(published.tenant)
    question = {
        "did": did_document(did_of(PUBLIC_URL, published.tenant), keys),
        "lists": lists,
        "credentials": credentials + suspended,
        "set": [0, 9, 131_071],
    }

    def answer(question):
        done = subprocess.run(
            ["node", folder / "check.mjs"],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    found = answer(question)
    assert found["length"] == SIZE
    assert found["statuses"] == [True, True, *[False] * 4, True, *[False] * 3]
    theirs = decoded(found["encoded"])
    assert [n for n in range(SIZE) if is_set(theirs, n)] == [0, 9, 131_071]
    assert theirs == decoded(encoded([0, 9, 131_071], SIZE))

    lists[0]["credentialSubject"]["encodedList"] = encoded([], SIZE)
    told = answer(question | {"credentials": credentials[:1]})["statuses"]
    assert "not verified" in told[0]


def test_a_list_that_did_not_change_is_the_same_to_the_byte(published):
    """
    For the same process, for one that started later, and for another beside it.
    """
    reader, name = published.reader(), published.name()
    before = reader.read(name, Purpose.REVOCATION)
    assert reader.read(name, Purpose.REVOCATION) is before
    assert published.reader().read(name, Purpose.REVOCATION) == before

    published.change(StandingEvent.REVOKE, published.credentials()[0])
    after = reader.read(name, Purpose.REVOCATION)
    assert after != before
    assert json.loads(after)["validFrom"] > json.loads(before)["validFrom"]
    published.world.clock.pass_seconds(1_000)
    assert published.reader().read(name, Purpose.REVOCATION) == after


def test_taking_back_gets_out_while_issuing_is_halted(published):
    """
    I19: a halt stops what is issued, and never what is revoked.
    """
    reader, first = published.reader(), published.credentials()[0]
    KillSwitch(SqlSwitch(published.world.database), published.world.clock).halt()

    published.change(StandingEvent.REVOKE, first)

    assert flagged(published, reader) == [0]


def test_a_new_key_signs_the_lists(published):
    """
    After a rotation, and after the old key was found to be in wrong hands.
    """
    reader, name = published.reader(), published.name()
    keyring = published.world.vouching.keyring
    old = keyring.current(published.tenant)
    before = reader.read(name, Purpose.REVOCATION)
    published.world.clock.pass_seconds(60)

    new = keyring.rotate(published.tenant, by="test")
    keyring.revoke(published.tenant, old.id, by="test")
    after = json.loads(reader.read(name, Purpose.REVOCATION))

    assert json.loads(before)["proof"][0]["verificationMethod"].endswith(old.id)
    assert after["proof"][0]["verificationMethod"].endswith(new.id)
    assert problem_with(after, published.keys()) is None


def test_the_use_of_the_key_is_in_the_audit_log_first(published, monkeypatch):
    """
    I25: a list that cannot be audited is not signed.
    """
    reader, name = published.reader(), published.name()

    def fail(*_):
        raise Fault("the audit log cannot be written", passing=True)

    with monkeypatch.context() as patched:
        patched.setattr(published.lists, "note_signing", fail)
        with pytest.raises(Fault):
            reader.read(name, Purpose.REVOCATION)
    query = text("SELECT count(*) FROM audit WHERE act = 'key.used'")
    with published.world.database.reading() as connection:
        before = connection.scalar(query)
    for _ in range(3):
        reader.read(name, Purpose.REVOCATION)
    with published.world.database.reading() as connection:
        assert connection.scalar(query) == before + 1


def test_lists_that_are_not_there_are_none(published):
    """
    Whatever stands in the address.
    """
    for name in (new_id(), "", "\0", "x" * 5_000, "../" + published.name()):
        assert published.reader().read(name, Purpose.REVOCATION) is None


def test_the_die_is_engraved_once(published):
    """
    Whoever comes later finds it kept.
    """
    for _ in range(2):
        published.reader().read(published.name(), Purpose.REVOCATION)

    assert published.engraved == [1]


def test_places_of_thousands_are_all_different(published):
    """
    I17: no index is handed out twice, whether its certificate came about or not,
    and their order tells nothing.
    """
    published.world.issue(
        published.tenant,
        [row() if number % 10 else row(recipientEmail="x") for number in range(3_000)],
        chunk_rows=500,
    )
    with published.world.database.reading() as connection:
        found = connection.execute(
            text(
                "SELECT s.status_list_id, c.status_index FROM certificates c "
                "JOIN signings s ON s.chunk_id = c.chunk_id ORDER BY c.job_seq, number"
            )
        ).all()

    assert len(found) == 5 + 2_700
    assert len(set(found)) == len(found)
    ups = sum(later > earlier for (_, earlier), (_, later) in pairwise(found))
    assert 1_200 < ups < 1_500


def test_engraving_takes_place_elsewhere():
    """
    A process of its own engraves the same die, so that a server never needs PyLD.
    """
    assert engrave_list_die() == engrave_list()
