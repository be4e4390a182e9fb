"""Certificates in other formats: signed once, the same bytes ever after (I5)."""

import base64
import copy
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode
from sqlalchemy import text

from support.credentials import PUBLIC_URL
from support.issuing import IssuingWorld, row
from support.verifiers import digital_bazaar, panva_jose
from testamur.access.halt import KillSwitch
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.house_state import SqlSwitch
from testamur.adapters.sql.renditions import SqlRenditions
from testamur.core.refusals import Fault, Halted, Refusal
from testamur.issuance.did_web import did_document, did_of, method_of
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.renditions import Format, Rendition, Renditions

pytestmark = [
    pytest.mark.xdist_group("node"),
    pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning"),
]

TOKENS = [
    (format, algorithm)
    for format in (Format.VC_JWT, Format.OB_JWT)
    for algorithm in Algorithm
]
SIGNED = [(Format.JCS, Algorithm.EDDSA), *TOKENS]


@dataclass
class Counter:
    """A tenant with one certificate, and who writes it in other formats."""

    world: IssuingWorld
    tenant: str
    certificate: str

    def __post_init__(self) -> None:
        self.renditions = self.opened()

    def opened(self) -> Renditions:
        """Return what another process has."""
        return Renditions(
            self.world.vouching.credentials,
            SqlRenditions(self.world.database),
            self.world.vouching.keyring,
            self.world.clock,
        )

    def get(self, format: Format, algorithm: Algorithm = Algorithm.EDDSA) -> Rendition:
        """Return the certificate in a format."""
        return self.renditions.render(
            self.tenant, self.certificate, format, algorithm, actor="key"
        )

    def did(self) -> dict[str, Any]:
        """Return the issuer's DID document, as it is published."""
        keys = self.world.vouching.keyring.keys_of(self.tenant)
        return did_document(did_of(PUBLIC_URL, self.tenant), keys)

    def facts(self) -> dict[str, Any]:
        """Return what was issued, without its proof."""
        found = self.world.vouching.credentials.find(self.certificate)
        assert found is not None
        facts: dict[str, Any] = json.loads(found.body)
        del facts["proof"]
        return facts

    def count(self, query: str) -> int:
        """Return the number that *query* counts."""
        with self.world.database.reading() as connection:
            return int(connection.scalar(text(query)) or 0)


@pytest.fixture
def counter(database):
    """Return a certificate with every kind of fact; all must agree at the end."""
    world = IssuingWorld(database)
    tenant = world.tenant()
    world.issue(tenant, [row(attribute_grade="A*", recipientName="Ána 🎓")])
    with database.reading() as connection:
        certificate = connection.scalar(text("SELECT id FROM certificates"))
    yield Counter(world, tenant, certificate)
    assert list(violations(database)) == []


def test_whoever_asks_for_the_format_that_was_issued_gets_those_bytes(counter):
    """
    No key is used for it.
    """
    used = counter.count("SELECT count(*) FROM audit")

    found = counter.get(Format.RDFC)

    issued = counter.world.vouching.credentials.find(counter.certificate)
    assert (found.body, found.media_type) == (issued.body, "application/vc")
    assert counter.count("SELECT count(*) FROM audit") == used


def test_digital_bazaar_accepts_the_proof_over_json(counter):
    """
    The facts are those that were issued, and so is the moment; and no other facts.
    """
    found = counter.get(Format.JCS)
    secured = json.loads(found.body)

    assert found.media_type == "application/vc"
    (proof,) = secured.pop("proof")
    assert secured == counter.facts()
    assert proof["cryptosuite"] == "eddsa-jcs-2022"
    assert proof["created"] == secured["validFrom"]
    good = json.loads(found.body)
    bad = copy.deepcopy(good)
    bad["credentialSubject"]["achievement"]["name"] += " "
    answers = digital_bazaar([good, bad], counter.did())
    assert answers[0] is None
    assert answers[1] is not None


def test_the_jose_of_npm_accepts_every_token(counter):
    """
    By the keys of the DID document alone; and not after one bit has changed.
    """
    tokens = [counter.get(*wanted).body.decode() for wanted in TOKENS]
    bent = [token[:-9] + chr(ord(token[-9]) ^ 1) + token[-8:] for token in tokens]

    answers = panva_jose([*tokens, *bent], counter.did())

    good, bad = answers[: len(tokens)], answers[len(tokens) :]
    facts = counter.facts()
    for answer, (format, algorithm) in zip(good, TOKENS, strict=True):
        assert answer["header"]["alg"] == algorithm
        claims = answer["claims"]
        if format is Format.VC_JWT:
            assert claims == facts
            assert answer["header"]["typ"] == "vc+jwt"
        else:
            assert claims["iss"] == facts["issuer"]["id"]
            assert facts.items() <= claims.items()
    assert all(isinstance(answer, str) for answer in bad), bad


def test_joserfc_accepts_every_token(counter):
    """
    Another library of another language, from the keys' own bytes.
    """
    for format, algorithm in TOKENS:
        token = counter.get(format, algorithm).body.decode()
        key = counter.world.vouching.keyring.current(counter.tenant, algorithm)
        jwk: Any
        if algorithm is Algorithm.RS256:
            rsa = load_der_public_key(key.public)
            jwk = RSAKey(rsa, rsa)
        else:
            x = urlsafe_b64encode(key.public).decode()
            jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})

        opened = jws.deserialize_compact(token, jwk, algorithms=[str(algorithm)])

        method = method_of(did_of(PUBLIC_URL, counter.tenant), key)
        assert opened.headers()["kid"] == method


@pytest.mark.parametrize(("format", "algorithm"), SIGNED)
def test_a_rotation_changes_no_byte_of_what_was_given_out(counter, format, algorithm):
    """
    Nor does the revocation of the key; another certificate gets the new key.
    """
    keyring = counter.world.vouching.keyring
    first = counter.get(format, algorithm)
    old = keyring.current(counter.tenant, algorithm)

    keyring.rotate(counter.tenant, algorithm, by="operator")
    assert (
        counter.opened().render(
            counter.tenant, counter.certificate, format, algorithm, actor="other"
        )
        == first
    )
    keyring.revoke(counter.tenant, old.id, by="operator")
    assert counter.get(format, algorithm) == first

    counter.world.issue(counter.tenant, [row()])
    with counter.world.database.reading() as connection:
        counter.certificate = connection.scalar(
            text("SELECT id FROM certificates ORDER BY job_seq DESC LIMIT 1")
        )
    assert old.id not in _method_in(counter.get(format, algorithm).body)


def _method_in(body: bytes) -> str:
    if body.startswith(b"{"):
        return str(json.loads(body)["proof"][0]["verificationMethod"])
    head = body.partition(b".")[0]
    return base64.urlsafe_b64decode(head + b"=" * (-len(head) % 4)).decode()


def test_each_is_signed_once_audited_and_logged(counter):
    """
    One entry that a key is used and one leaf, of the bytes; the second time neither.
    """
    before = counter.count("SELECT count(*) FROM audit WHERE act = 'key.used'")
    found = [counter.get(*wanted) for wanted in SIGNED for _ in (1, 2)]

    after = counter.count("SELECT count(*) FROM audit WHERE act = 'key.used'")
    assert after - before == len(SIGNED)
    counter.world.vouching.publish()
    places = [
        counter.world.vouching.store.place(
            one.source, hashlib.sha256(one.body).digest()
        )
        for one in found
    ]
    assert None not in places
    assert len(set(places)) == len(SIGNED)
    name = f"{counter.certificate}/vc-jwt/RS256"
    assert counter.world.vouching.store.place(name, found[4].digest) == places[4]


def test_two_who_ask_at_once_get_the_same_bytes(counter):
    """
    Whoever is quicker decides, and the other's signature is shown to nobody.
    """
    counter.world.vouching.keyring.current(counter.tenant, Algorithm.RS256)

    with ThreadPoolExecutor(4) as pool:
        found = [
            one.result()
            for one in [
                pool.submit(counter.get, Format.VC_JWT, Algorithm.RS256)
                for _ in range(8)
            ]
        ]

    assert len({one.body for one in found}) == 1
    assert counter.count("SELECT count(*) FROM renditions") == 1


def test_while_issuing_is_halted_nothing_new_is_signed(counter):
    """
    What was given out before is still given out.
    """
    known = counter.get(Format.JCS)
    switch = KillSwitch(SqlSwitch(counter.world.database), counter.world.clock)
    switch.halt("a drill")
    used = counter.count("SELECT count(*) FROM audit WHERE act = 'key.used'")

    with pytest.raises(Halted):
        counter.get(Format.VC_JWT)

    assert counter.get(Format.JCS) == known
    assert counter.get(Format.RDFC)
    assert counter.count("SELECT count(*) FROM audit WHERE act = 'key.used'") == used
    assert counter.count("SELECT count(*) FROM renditions") == 1


def test_a_signature_that_does_not_verify_is_shown_to_nobody(counter):
    """
    A failing key store, or failing memory; nothing is kept, and nothing has a leaf.
    """
    keyring = counter.world.vouching.keyring
    sign = keyring.signer(keyring.current(counter.tenant).id)

    class Failing:
        current, keys_of = keyring.current, keyring.keys_of

        def signer(self, key_id: str) -> Any:
            return lambda data: sign(data + b"!")

    renditions = Renditions(
        counter.world.vouching.credentials,
        SqlRenditions(counter.world.database),
        Failing(),
        counter.world.clock,
    )
    for format in (Format.JCS, Format.VC_JWT, Format.OB_JWT):
        with pytest.raises(Fault, match="does not verify"):
            renditions.render(counter.tenant, counter.certificate, format, actor="key")
    assert counter.count("SELECT count(*) FROM renditions") == 0
    assert counter.count("SELECT count(*) FROM leaf_batches WHERE act <> ''") == 0


def test_a_signature_that_rotted_on_the_disk_is_not_given_out(counter):
    """
    What is told again is verified again.
    """
    counter.get(Format.JCS)
    with counter.world.database.writing() as connection:
        connection.execute(
            text("UPDATE renditions SET signature = :other"), {"other": b"\1" * 64}
        )

    with pytest.raises(Fault, match="restore"):
        counter.get(Format.JCS)


def test_proofs_are_made_with_eddsa_alone(counter):
    """
    Asking for another is refused, and says what to ask for.
    """
    for format in (Format.RDFC, Format.JCS):
        with pytest.raises(Refusal) as refused:
            counter.get(format, Algorithm.RS256)
        assert refused.value.code == "credential_algorithm"
