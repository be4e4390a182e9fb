"""Verifiers that nobody here wrote accept what we sign, and nothing else."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openbadgeslib.ob3.ldp import OB3LdpVerifier
from openbadgeslib.ob3.verifier import OB3VerificationError

from support.credentials import (
    DID,
    ISSUED_AT,
    ISSUER,
    PLAIN,
    SEALING,
    hostile_facts,
    issuer_key,
    secured,
)
from support.verifiers import digital_bazaar
from testamur.issuance.did_web import did_document, method_of
from testamur.issuance.die import jcs
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.keys import make_key, open_key

pytestmark = pytest.mark.xdist_group("node")


def document() -> dict[str, Any]:
    """Return the issuer's DID document."""
    return did_document(DID, [issuer_key()])


def test_digital_bazaar_accepts_a_hundred_hostile_rows():
    """
    Letters, marks and emoji of all sorts, and whatever JSON, RDF and formats
    mean something by; with the address hashed and plain.
    """
    plain = replace(ISSUER, hides_addresses=False)
    credentials = [
        secured(facts, number, issuer=plain if number % 2 else ISSUER)
        for number, facts in enumerate(hostile_facts(100), 1)
    ]

    answers = digital_bazaar(credentials, document())

    assert answers == [None] * 100


def changes(credential: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in *credential*."""
    if isinstance(credential, dict):
        inner = [changes(value, (*path, key)) for key, value in credential.items()]
    elif isinstance(credential, list):
        inner = [changes(value, (*path, at)) for at, value in enumerate(credential)]
    else:
        return [path]
    return [found for some in inner for found in some]


def flipped(credential: Mapping[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return *credential* with the last bit of the value at *path* flipped."""
    bad: Any = copy.deepcopy(credential)
    *parents, last = path
    place = bad
    for key in parents:
        place = place[key]
    value = place[last]
    if isinstance(value, bool):
        place[last] = not value
    else:
        place[last] = value[:-1] + chr(ord(value[-1]) ^ 1)
    changed: dict[str, Any] = bad
    return changed


def test_digital_bazaar_refuses_each_changed_value():
    """
    Every value of a credential in turn, its last bit flipped.
    """
    credential = secured(PLAIN, has_end=True)
    changed = [flipped(credential, path) for path in changes(credential)]

    answers = digital_bazaar([credential, *changed], document())

    assert answers[0] is None
    assert len(changed) > 50
    accepted = [
        path
        for path, answer in zip(changes(credential), answers[1:], strict=True)
        if answer is None
    ]
    assert accepted == []


def test_digital_bazaar_accepts_what_was_signed_before_a_rotation():
    """
    And refuses it once the old key is revoked.
    """
    credential = secured(PLAIN)
    current = make_key("tenant", Algorithm.EDDSA, sealing=SEALING, now=ISSUED_AT + 1)
    old = replace(issuer_key(), retired_at=ISSUED_AT + 1)
    revoked = replace(old, revoked_at=ISSUED_AT + 2)

    rotated = did_document(DID, [current, old])
    after = did_document(DID, [current, revoked])

    assert digital_bazaar([credential], rotated) == [None]
    assert digital_bazaar([credential], after) != [None]


def test_digital_bazaar_accepts_the_other_suite():
    """
    `eddsa-jcs-2022` over the same facts.
    """
    sign = open_key(issuer_key(), sealing=SEALING)
    credentials = []
    for number, facts in enumerate(hostile_facts(20, seed=8), 1):
        credential = secured(facts, number)
        del credential["proof"]
        credentials.append(
            jcs.secure(
                credential,
                created=credential["validFrom"],
                verification_method=method_of(DID, issuer_key()),
                sign=sign,
            )
        )

    answers = digital_bazaar([*credentials, credentials[0] | {"name": "x"}], document())

    assert answers[:-1] == [None] * 20
    assert answers[-1] is not None


def openbadgeslib_says(credential: Mapping[str, Any]) -> str | None:
    """Return why openbadgeslib refuses *credential*, or None when it accepts it."""
    key = Ed25519PublicKey.from_public_bytes(issuer_key().public)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        OB3LdpVerifier(pubkey_pem=pem).verify(dict(credential))
    except OB3VerificationError as error:
        return str(error)
    return None


def test_openbadgeslib_accepts_hostile_rows():
    """
    A verifier of Open Badges 3.0 that also reads what the credential says.
    """
    for number, facts in enumerate(hostile_facts(25, seed=9), 1):
        assert openbadgeslib_says(secured(facts, number)) is None


@pytest.mark.parametrize("path", changes(secured(PLAIN)), ids=str)
def test_openbadgeslib_refuses_each_changed_value(path):
    """
    Every value of a credential in turn, its last bit flipped.
    """
    credential = secured(PLAIN)

    assert openbadgeslib_says(flipped(credential, path)) is not None
