"""I15: nothing is signed that is not well formed, and nothing shown that was not
verified."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from support.credentials import SEALING
from support.malformed import MALFORMED, MEANINGLESS, UNUSUAL, each, good
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.issuer_keys import SqlIssuerKeys
from testamur.adapters.sql.migrate import migrate
from testamur.adapters.sql.secured import SqlSecured
from testamur.core.refusals import Fault, Halted, Refusal
from testamur.issuance.die.contexts import known_contexts
from testamur.issuance.die.sign import Algorithm, Sign
from testamur.issuance.keyring import Keyring
from testamur.issuance.ports import IssuerKey
from testamur.issuance.secure import Order, Securer, Security
from testamur.verification.examine import examine
from testamur.wiring.reading_child import words

DID = "did:web:example.org:t:harbour"
NOW = 1_795_000_000_000


def read(data: bytes, media_type: str) -> Mapping[str, Any]:
    """Read a document as the child does, without the child."""
    return examine(data, media_type, words(known_contexts()))


@dataclass
class Counting:
    """A keyring whose every signature is counted, and may be spoilt."""

    inner: Keyring
    signed: list[bytes] = field(default_factory=list)
    spoil: Callable[[bytes], bytes] = lambda signature: signature

    def current(self, tenant_id: str, algorithm: Algorithm) -> IssuerKey:
        """Return the tenant's key."""
        return self.inner.current(tenant_id, algorithm)

    def signer(self, key_id: str) -> Sign:
        """Return what signs with a key, and counts."""
        sign = self.inner.signer(key_id)

        def counting(data: bytes) -> bytes:
            self.signed.append(data)
            return self.spoil(sign(data))

        return counting


@dataclass
class House:
    """All that securing needs, on a database of its own."""

    database: Database
    keys: Counting
    read: Callable[[bytes, str], Mapping[str, Any]] = read

    def secure(self, credential: dict[str, Any], **wishes: Any) -> dict[str, Any]:
        """Secure *credential* for the tenant."""
        securer = Securer(
            lambda *asked: self.read(*asked),
            SqlSecured(self.database),
            self.keys,
            public_url="https://example.org",
            clock=lambda: NOW,
        )
        return securer.secure(Order("harbour", DID, "key", credential, **wishes))

    def count(self, query: str) -> int:
        """Return how many rows there are."""
        with self.database.reading() as connection:
            return connection.scalar(text(f"SELECT count(*) FROM {query}"))

    @property
    def shown(self) -> int:
        """How many credentials, or leaves of some, there are."""
        return self.count("secured") + self.count("leaf_batches")

    @property
    def uses(self) -> int:
        """How often the audit log says that a key is used."""
        return self.count("audit WHERE act = 'key.used'")


@pytest.fixture
def house(tmp_path):
    """Return a house with one tenant, which has its keys."""
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    with database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO tenants (id, slug, name, plan, created_at) "
                "VALUES ('harbour', 'harbour', 'Harbour', 'unlimited', 0)"
            )
        )
    keyring = Keyring(SqlIssuerKeys(database), lambda: SEALING, lambda: NOW)
    keyring.current("harbour", Algorithm.EDDSA)
    keyring.current("harbour", Algorithm.RS256)
    yield House(database, Counting(keyring))
    database.close()


def ours(document: dict[str, Any]) -> dict[str, Any]:
    """Return *document* as one that its tenant would issue, were it well formed."""
    if document.get("issuer") == good()["issuer"]:
        document["issuer"] = DID
    return document


WAYS = [
    {"security": Security.RDFC},
    {"security": Security.JCS},
    {"security": Security.JWT},
    {"security": Security.JWT, "algorithm": Algorithm.RS256},
]


@pytest.mark.parametrize("wishes", WAYS, ids=["rdfc", "jcs", "jwt", "jwt-rs256"])
def test_no_key_is_used_for_what_is_no_credential(house, wishes):
    """
    More than eighty malformed ones and those that mean nothing in part: each is
    refused, no signature is made of any, and the audit log has no use of a key.
    """
    documents = [*each(ours), *map(ours, map(dict, MEANINGLESS.values()))]
    mendable = {"issuer-missing", "issuer-no-id"}  # the issuer is set where it lacks
    names = [*MALFORMED, *MEANINGLESS]

    for name, document in zip(names, documents, strict=True):
        if name in mendable:
            continue
        with pytest.raises(Refusal):
            house.secure(document, **wishes)

    assert len(documents) > 80
    assert house.keys.signed == []
    assert (house.uses, house.shown) == (0, 0)


@pytest.mark.parametrize("wishes", WAYS, ids=["rdfc", "jcs", "jwt", "jwt-rs256"])
def test_what_is_only_unusual_is_secured(house, wishes):
    """
    Refusing everything would pass the test above.
    """
    for document in map(dict, UNUSUAL.values()):
        secured = house.secure(ours(document), **wishes)
        assert "proof" in secured or secured["id"].startswith("data:")

    assert len(house.keys.signed) == len(UNUSUAL) == house.uses
    assert house.count("secured") == house.count("leaf_batches") == len(UNUSUAL)


def flipped(bit: int) -> Callable[[bytes], bytes]:
    """Return what flips one bit, counted from the first."""

    def flip(data: bytes) -> bytes:
        spoilt = bytearray(data)
        spoilt[bit // 8] ^= 0x80 >> bit % 8
        return bytes(spoilt)

    return flip


@pytest.mark.parametrize("wishes", WAYS, ids=["rdfc", "jcs", "jwt", "jwt-rs256"])
@pytest.mark.parametrize("bit", [0, 255, 256, 511])
def test_a_signature_with_one_bit_flipped_in_memory_is_shown_to_nobody(
    house, wishes, bit
):
    """
    The key is fine and the memory is not: the answer is trouble of ours, and there
    is neither a credential nor a leaf. That a key was used is known.
    """
    house.keys.spoil = flipped(bit)

    with pytest.raises(Fault) as trouble:
        house.secure(good(issuer=DID), **wishes)

    assert not trouble.value.passing
    assert (house.shown, house.uses) == (0, 1)


@pytest.mark.parametrize("wishes", WAYS, ids=["rdfc", "jcs", "jwt", "jwt-rs256"])
def test_what_reads_differently_once_it_is_signed_is_shown_to_nobody(house, wishes):
    """
    A mistake between what is signed and what is sent: the message differs.
    """

    def misread(data: bytes, media_type: str) -> Mapping[str, Any]:
        if house.keys.signed and b'"Ada"' in data:
            data = data.replace(b'"Ada"', b'"Eve"')
        elif house.keys.signed:
            data = data[:-40] + (b"A" if data[-40:-39] != b"A" else b"B") + data[-39:]
        return read(data, media_type)

    house.read = misread

    with pytest.raises(Fault):
        house.secure(good(issuer=DID), **wishes)

    assert len(house.keys.signed) == 1
    assert house.shown == 0


def test_the_audit_log_has_the_use_before_it_happens(house):
    """
    When an entry cannot be written, nothing is signed.
    """
    with house.database.writing() as connection:
        connection.execute(
            text(
                "CREATE TRIGGER broken BEFORE INSERT ON audit "
                "BEGIN SELECT RAISE(ABORT, 'no more audit'); END"
            )
        )

    with pytest.raises(Exception, match="no more audit"):
        house.secure(good(issuer=DID))

    assert house.keys.signed == []


def test_nothing_is_signed_while_issuing_is_halted(house):
    """
    Not even what is in hand: a halt between the two transactions shows nothing.
    """
    halt = text("INSERT INTO house (name, value) VALUES ('halted_at', '1')")

    def halting(signature: bytes) -> bytes:
        with house.database.writing() as connection:
            connection.execute(halt)
        return signature

    house.keys.spoil = halting
    with pytest.raises(Halted):
        house.secure(good(issuer=DID))
    assert (len(house.keys.signed), house.shown) == (1, 0)

    with pytest.raises(Halted):
        house.secure(good(issuer=DID))
    assert (len(house.keys.signed), house.shown) == (1, 0)


def test_the_leaf_is_of_the_bytes_that_are_answered(house):
    """
    Whoever has the credential can find it in the log.
    """
    secured = house.secure(good(issuer=DID))
    token = house.secure(good(issuer=DID), security=Security.JWT)["id"].split(",")[1]

    with house.database.reading() as connection:
        found = connection.execute(text("SELECT digests FROM leaf_batches ORDER BY id"))
        leaves = [bytes(row.digests).hex() for row in found]

    compact = json.dumps(secured, ensure_ascii=False, separators=(",", ":"))
    digests = [read(data, "")["digest"] for data in (compact.encode(), token.encode())]
    assert leaves == digests
