"""Credentials as tokens: two forms, two algorithms, read by a library."""

import json
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key
from joserfc import jws
from joserfc.jwk import OKPKey, RSAKey
from joserfc.util import urlsafe_b64encode

from support.credentials import DID, ENDS_AT, ISSUED_AT, PLAIN, SEALING, secured
from testamur.issuance.did_web import did_document, method_of
from testamur.issuance.die.jose import ob_jwt, vc_jwt
from testamur.issuance.die.sign import Algorithm
from testamur.issuance.keys import make_key, open_key
from testamur.issuance.ports import IssuerKey

pytestmark = pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")


@cache
def key(algorithm: Algorithm) -> IssuerKey:
    """Return a key for *algorithm*."""
    return make_key("tenant", algorithm, sealing=SEALING, now=ISSUED_AT)


def unsecured(**shape):
    """Return the plain facts' credential, without a proof."""
    credential = secured(PLAIN, **shape)
    del credential["proof"]
    return credential


def opened(token: str, algorithm: Algorithm) -> jws.CompactSignature:
    """Return the token as joserfc reads it, its signature verified."""
    public = key(algorithm).public
    if algorithm is Algorithm.EDDSA:
        x = urlsafe_b64encode(public).decode()
        jwk = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
    else:
        document = did_document(DID, [key(algorithm)])
        jwk = RSAKey.import_key(document["verificationMethod"][0]["publicKeyJwk"])
    return jws.deserialize_compact(token, jwk, algorithms=[str(algorithm)])


def made(form, algorithm: Algorithm, **shape) -> str:
    """Return the plain facts' credential as a token."""
    return form(
        unsecured(**shape),
        algorithm=algorithm,
        key_id=method_of(DID, key(algorithm)),
        sign=open_key(key(algorithm), sealing=SEALING),
    )


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_token_of_open_badges_has_the_registered_claims(algorithm):
    """
    Beside the credential's own: Open Badges 3.0, section 8.2.
    """
    token = opened(made(ob_jwt, algorithm, has_end=True), algorithm)
    claims = json.loads(token.payload)
    credential = unsecured(has_end=True)

    assert token.headers() == {
        "alg": str(algorithm),
        "kid": method_of(DID, key(algorithm)),
        "typ": "JWT",
    }
    assert {k: claims.pop(k) for k in ("iss", "jti", "nbf", "exp", "sub")} == {
        "iss": DID,
        "jti": credential["id"],
        "nbf": ISSUED_AT // 1000,
        "exp": ENDS_AT // 1000,
        "sub": credential["credentialSubject"]["id"],
    }
    assert claims == credential


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_token_of_vc_jose_holds_the_credential_alone(algorithm):
    """
    Its type says so: VC-JOSE-COSE, section 3.1.
    """
    token = opened(made(vc_jwt, algorithm), algorithm)

    assert token.headers() == {
        "alg": str(algorithm),
        "kid": method_of(DID, key(algorithm)),
        "typ": "vc+jwt",
        "cty": "vc",
    }
    assert json.loads(token.payload) == unsecured()


def test_the_rsa_key_is_long_enough_for_years():
    """
    3,072 bits: what NIST SP 800-57 wants beyond 2030.
    """
    public = load_der_public_key(key(Algorithm.RS256).public)

    assert public.key_size == 3_072
