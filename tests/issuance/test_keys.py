"""Issuer keys: sealed at rest, and of use to nobody without the secret."""

import json
import re
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from testamur.core.refusals import Fault
from testamur.issuance.did_web import did_document, did_of, method_of
from testamur.issuance.die.base58 import from_base58btc
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.keys import make_key, open_key

SEALING = bytes(range(32))
DID = "did:web:example.org:t:harbour"


def new(algorithm: Algorithm = Algorithm.EDDSA, now: int = 1):
    """Return a new key of the tenant."""
    return make_key("tenant", algorithm, sealing=SEALING, now=now)


def test_an_opened_key_signs_for_its_public_half():
    """
    What it signs verifies, and nothing else does.
    """
    key = new()
    public = Ed25519PublicKey.from_public_bytes(key.public)

    signature = open_key(key, sealing=SEALING)(b"said")

    public.verify(signature, b"said")
    with pytest.raises(InvalidSignature):
        public.verify(signature, b"sung")


@pytest.mark.parametrize(
    "change",
    [
        {"tenant_id": "other"},
        {"id": "0" * 24},
        {"algorithm": Algorithm.RS256},
        {"sealed": b""},
        {"sealed": b"\x01" + bytes(100)},
        {"public": bytes(32)},
        {"public": Ed25519PrivateKey.generate().public_key().public_bytes_raw()},
    ],
    ids=["tenant", "id", "algorithm", "empty", "zeros", "public", "other-public"],
)
def test_a_key_that_was_moved_or_changed_does_not_open(change):
    """
    A row of the table is of use where it stands, and as it is.
    """
    with pytest.raises(Fault) as refused:
        open_key(replace(new(), **change), sealing=SEALING)
    assert not refused.value.passing


def test_no_byte_of_a_sealed_key_can_be_changed():
    """
    Each one in turn.
    """
    key = new()

    for at in range(len(key.sealed)):
        changed = bytearray(key.sealed)
        changed[at] ^= 1
        with pytest.raises(Fault):
            open_key(replace(key, sealed=bytes(changed)), sealing=SEALING)


def test_another_secret_does_not_open_it():
    """
    Who copies the data alone cannot sign.
    """
    with pytest.raises(Fault, match="operator secret"):
        open_key(new(), sealing=bytes(32))


def test_a_sealed_key_shows_nothing():
    """
    Neither the private half nor a repetition: two seals of keys share no bytes.
    """
    first, second = new(), new()

    assert first.public not in first.sealed
    assert first.sealed[1:40] != second.sealed[1:40]
    assert "sealed" not in repr(first)


def test_a_revoked_key_signs_no_more():
    """
    Whoever asks.
    """
    with pytest.raises(Fault, match="revoked"):
        open_key(replace(new(), revoked_at=5), sealing=SEALING)


@pytest.mark.parametrize(
    ("public_url", "did"),
    [
        ("https://example.org", "did:web:example.org:t:harbour"),
        ("https://Example.ORG/", "did:web:example.org:t:harbour"),
        ("http://127.0.0.1:8000", "did:web:127.0.0.1%3A8000:t:harbour"),
        ("https://a.b.example:8443", "did:web:a.b.example%3A8443:t:harbour"),
    ],
)
def test_the_did_leads_back_to_the_tenants_document(public_url, did):
    """
    Resolved as did:web says: colons to slashes, and the port unescaped.
    """
    found = did_of(public_url, "harbour")
    _, _, host, *path = found.split(":")

    assert found == did
    assert "/".join([host.replace("%3A", ":"), *path, "did.json"]) == (
        public_url.partition("//")[2].rstrip("/").lower() + "/t/harbour/did.json"
    )


def test_the_document_keeps_what_was_signed_before_a_rotation_valid():
    """
    The newest key comes first, retired ones still assert, a revoked one is gone.
    """
    old = replace(new(now=1), retired_at=2)
    stolen = replace(new(now=2), revoked_at=3)
    current = new(now=3)

    document = did_document(DID, [old, stolen, current])

    assert document["assertionMethod"] == [method_of(DID, current), method_of(DID, old)]
    assert stolen.id not in json.dumps(document)
    spelt = document["verificationMethod"][0]
    assert spelt["type"] == "Multikey"
    assert spelt["controller"] == document["id"] == DID
    assert (
        from_base58btc(spelt["publicKeyMultibase"][1:]) == b"\xed\x01" + current.public
    )
    assert re.fullmatch("z6Mk[1-9A-HJ-NP-Za-km-z]{44}", spelt["publicKeyMultibase"])


def test_a_key_for_tokens_stands_in_the_document_as_a_jwk():
    """
    RSA has no form as Multikey.
    """
    document = did_document(DID, [new(Algorithm.RS256)])

    method = document["verificationMethod"][0]
    assert method["type"] == "JsonWebKey"
    assert method["publicKeyJwk"]["kty"] == "RSA"
    assert method["publicKeyJwk"]["e"] == "AQAB"
    assert "d" not in method["publicKeyJwk"]
    assert "https://w3id.org/security/jwk/v1" in document["@context"]
