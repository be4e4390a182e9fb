"""Credentials as tokens: both profiles, and what does not fit into either."""

import json

import pytest

from support.credentials import DID, SEALING, issuer_key
from support.verifying import credential, issuers_web, told, verdict_on
from testamur.issuance.did_web import did_document, method_of
from testamur.issuance.die.jose import ob_jwt, vc_jwt
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.keys import make_key, open_key
from testamur.verification.verdict import Outcome, Result, Step

DID_URL = "https://certificates.example.org/t/harbour/did.json"


@pytest.fixture(scope="module")
def rsa_key():
    """Return an RSA key of the issuer: making one takes a moment."""
    return make_key("tenant", Algorithm.RS256, sealing=SEALING, now=0)


def unsecured(**changed):
    """Return one of our credentials without its proof."""
    document = {key: one for key, one in credential().items() if key != "proof"}
    return document | changed


def token(profile, document, key=None):
    """Return *document* as a token of *profile*."""
    key = key or issuer_key()
    return profile(
        document,
        algorithm=key.algorithm,
        key_id=method_of(DID, key),
        sign=open_key(key, sealing=SEALING),
    ).encode()


def web_with(*keys):
    """Return a web where the issuer lists these *keys*."""
    web = issuers_web()
    web.files[DID_URL] = json.dumps(did_document(DID, [issuer_key(), *keys])).encode()
    return web


@pytest.mark.parametrize("profile", [ob_jwt, vc_jwt])
def test_a_token_of_either_profile_verifies(profile):
    """Open Badges' own, and that of VC-JOSE-COSE."""
    verdict = verdict_on(token(profile, unsecured()))

    assert verdict.result is Result.VALID, verdict.spelled()
    assert verdict.came_as == "jwt"


@pytest.mark.parametrize("profile", [ob_jwt, vc_jwt])
def test_a_token_signed_with_rsa_verifies(profile, rsa_key):
    """RS256 is what every verifier of Open Badges knows."""
    verdict = verdict_on(token(profile, unsecured(), rsa_key), web=web_with(rsa_key))

    assert verdict.result is Result.VALID, verdict.spelled()


def test_a_token_in_an_envelope_verifies():
    """As VC 2.0 puts tokens into presentations and answers."""
    envelope = {
        "@context": "https://www.w3.org/ns/credentials/v2",
        "type": "EnvelopedVerifiableCredential",
        "id": "data:application/vc+jwt," + token(vc_jwt, unsecured()).decode(),
    }

    assert verdict_on(envelope).result is Result.VALID


def test_an_rsa_key_does_not_sign_for_another_algorithm(rsa_key):
    """What the header says does not choose how a key is used."""
    head, body, _ = token(vc_jwt, unsecured()).split(b".")
    forged = token(vc_jwt, unsecured(), rsa_key).split(b".")[2]
    header = json.dumps(
        {"alg": "EdDSA", "kid": method_of(DID, rsa_key), "typ": "vc+jwt"}
    ).encode()
    import base64

    head = base64.urlsafe_b64encode(header).rstrip(b"=")
    verdict = verdict_on(b".".join((head, body, forged)), web=web_with(rsa_key))

    assert told(verdict, Step.PROOF) == (Outcome.FAILED, "key_suite")


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "did:web:evil.example"),
        ("jti", "https://example.org/other"),
        ("sub", "https://example.org/other"),
        ("nbf", 1),
        ("exp", 4_000_000_000),
        ("exp", None),
    ],
)
def test_claims_that_contradict_the_credential_are_refused(claim, value):
    """Two readers of one token must not see two things."""
    changed = unsecured(**{claim: value})
    if (claim, value) == ("exp", None):
        changed = unsecured(exp=1_795_305_601)

    verdict = verdict_on(token(vc_jwt, changed))

    assert verdict.result is Result.INVALID
    assert told(verdict, Step.FORM) == (Outcome.FAILED, "jwt_claim")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_is_never_valid(part):
    """Header, payload, signature: each letter counts."""
    parts = token(ob_jwt, unsecured()).split(b".")
    for at in range(0, len(parts[part]), max(1, len(parts[part]) // 25)):
        changed = bytearray(parts[part])
        changed[at] = ord("A") if changed[at] != ord("A") else ord("B")
        copy = [*parts[:part], bytes(changed), *parts[part + 1 :]]

        assert verdict_on(b".".join(copy)).result is not Result.VALID
