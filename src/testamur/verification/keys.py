"""
Public keys: where a proof's key is found, and whether a signature is its.

Controlled Identifiers 1.0 (verification methods, Multikey, JsonWebKey); did:key
and did:web as the Credentials Community Group has them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm

from .form import items
from .multibase import from_base64url, from_multibase

Key = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey

#: Multicodecs, as varints.
_ED25519 = b"\xed\x01"
_P256 = b"\x80\x24"
_P384 = b"\x81\x24"

#: What signs credentials; below that RSA can be broken, and above it takes long.
_RSA_BITS = range(2_048, 8_193)

#: What each suite's signatures are made with, and over which hashes.
_EDDSA = ("eddsa-rdfc-2022", "eddsa-jcs-2022")
_ECDSA = ("ecdsa-rdfc-2019", "ecdsa-jcs-2019")

_HASHES: Mapping[str, HashAlgorithm] = {"sha256": SHA256(), "sha384": SHA384()}


class NoKey(Exception):
    """There is no such key. *code* is stable; the text is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve that ECDSA is used with, its hash, and how long its numbers are."""

    curve: ec.EllipticCurve
    hash: str
    size: int
    #: How it is named as a suite of tokens.
    token: str


CURVES = {
    "P-256": Curve(ec.SECP256R1(), "sha256", 32, "JWT ES256"),
    "P-384": Curve(ec.SECP384R1(), "sha384", 48, "JWT ES384"),
}


def did_url(did: str) -> str:
    """
    Return where the document of a did:web is (did:web 2.5.2).

    >>> did_url("did:web:example.org:t:harbour")
    'https://example.org/t/harbour/did.json'
    >>> did_url("did:web:127.0.0.1%3A8000")
    'https://127.0.0.1:8000/.well-known/did.json'

    Raises:
        NoKey: it names no host.
    """
    host, *path = did.removeprefix("did:web:").split(":")
    host = unquote(host)
    if (
        not host
        or urlsplit(f"https://{host}/").netloc != host
        or any(mark in host for mark in "@/?#\\ ")
        or not all(path)
        or any(unquote(part) in (".", "..") or "/" in unquote(part) for part in path)
    ):
        raise NoKey(
            "issuer_did", "The issuer's did:web names no host that can be asked."
        )
    if not path:
        return f"https://{host}/.well-known/did.json"
    return f"https://{host}/{'/'.join(quote(unquote(p)) for p in path)}/did.json"


def key_of_did_key(did: str) -> Key:
    """
    Return the key that a did:key is.

    Raises:
        NoKey: it is of a kind that is not known here.
    """
    return multikey(did.removeprefix("did:key:"))


def multikey(text: str) -> Key:
    """
    Return the key that *text* spells (Controlled Identifiers 1.0, 2.2.2).

    Raises:
        NoKey: it is of a kind that is not known here, or damaged.
    """
    raw = from_multibase(text) or b""
    kind, key = raw[:2], raw[2:]
    try:
        if kind == _ED25519:
            return ed25519.Ed25519PublicKey.from_public_bytes(key)
        for code, name in ((_P256, "P-256"), (_P384, "P-384")):
            if kind == code and len(key) == CURVES[name].size + 1:
                return ec.EllipticCurvePublicKey.from_encoded_point(
                    CURVES[name].curve, key
                )
    except ValueError:
        pass
    raise NoKey("key_kind", "The issuer's key is of a kind that is not known here.")


def jwk(fields: Mapping[str, Any]) -> Key:
    """
    Return the key that a JSON Web Key spells (RFC 7517, RFC 7518, RFC 8037).

    Raises:
        NoKey: it is of a kind that is not known here, or damaged.
    """
    try:
        if fields.get("kty") == "OKP" and fields.get("crv") == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(_raw(fields, "x"))
        curve = CURVES.get(str(fields.get("crv")))
        if fields.get("kty") == "EC" and curve is not None:
            return ec.EllipticCurvePublicNumbers(
                int.from_bytes(_raw(fields, "x")),
                int.from_bytes(_raw(fields, "y")),
                curve.curve,
            ).public_key()
        if fields.get("kty") == "RSA":
            number = int.from_bytes(_raw(fields, "n"))
            exponent = int.from_bytes(_raw(fields, "e"))
            if number.bit_length() in _RSA_BITS and exponent in (3, 17, 65_537):
                return rsa.RSAPublicNumbers(exponent, number).public_key()
    except ValueError:
        pass
    raise NoKey("key_kind", "The issuer's key is of a kind that is not known here.")


def _raw(fields: Mapping[str, Any], name: str) -> bytes:
    found = from_base64url(str(fields.get(name)))
    if not found or len(found) > 2_000:
        raise ValueError(name)
    return found


def key_in(document: Mapping[str, Any], did: str, method: str, purpose: str) -> Key:
    """
    Return the key *method* from the DID *document* of *did*, if it is for *purpose*.

    Raises:
        NoKey: the document is not of that DID, or has no such key for the purpose.
    """
    if document.get("id") != did:
        raise NoKey("did_document", f"The document of {did} is one of another DID.")
    named = []
    for one in _objects(document, "verificationMethod", purpose):
        if isinstance(one.get("id"), str) and _whole(one["id"], did) == method:
            named.append(one)
    allowed = {
        _whole(one if isinstance(one, str) else one.get("id", ""), did)
        for one in items(document.get(purpose))
        if isinstance(one, str)
        or (isinstance(one, Mapping) and isinstance(one.get("id"), str))
    }
    if len(named) != 1:
        raise NoKey(
            "key_not_listed",
            f"{did} does not list the key {method}: it was taken back, or never its.",
        )
    if method not in allowed:
        raise NoKey(
            "key_purpose", f"{did} does not list the key {method} for this purpose."
        )
    found = named[0]
    if found.get("controller", did) != did:
        raise NoKey("key_controller", f"The key {method} belongs to somebody else.")
    if isinstance(found.get("publicKeyMultibase"), str):
        return multikey(found["publicKeyMultibase"])
    if isinstance(found.get("publicKeyJwk"), Mapping):
        return jwk(found["publicKeyJwk"])
    raise NoKey("key_kind", "The issuer's key is of a kind that is not known here.")


def _objects(document: Mapping[str, Any], *names: str) -> Sequence[Mapping[str, Any]]:
    return [
        one
        for name in names
        for one in items(document.get(name))
        if isinstance(one, Mapping)
    ]


def _whole(name: str, did: str) -> str:
    return did + name if name.startswith("#") else name


def holds(
    key: Key, suite: str, messages: Mapping[str, bytes], signature: bytes
) -> bool | None:
    """
    Say whether *signature* is by *key*; None when *suite* is not for such a key.

    *suite* is a cryptosuite, or "JWT" and an algorithm.
    """
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            if suite in _EDDSA:
                key.verify(signature, messages["sha256"])
            elif suite in ("JWT EdDSA", "JWT Ed25519"):
                key.verify(signature, messages["jws"])
            else:
                return None
            return True
        if isinstance(key, rsa.RSAPublicKey):
            if suite != "JWT RS256":
                return None
            key.verify(signature, messages["jws"], PKCS1v15(), SHA256())
            return True
        return _holds_on_curve(key, suite, messages, signature)
    except InvalidSignature:
        return False


def _holds_on_curve(
    key: ec.EllipticCurvePublicKey,
    suite: str,
    messages: Mapping[str, bytes],
    signature: bytes,
) -> bool | None:
    named = [one for one in CURVES.values() if one.curve.name == key.curve.name]
    if not named:
        return None
    curve = named[0]
    if suite in _ECDSA:
        message = messages[curve.hash]
    elif suite == curve.token:
        message = messages["jws"]
    else:
        return None
    if len(signature) != 2 * curve.size:
        return False
    r, s = signature[: curve.size], signature[curve.size :]
    der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
    key.verify(der, message, ec.ECDSA(_HASHES[curve.hash]))
    return True


def short(method: str) -> str:
    """Return a DID URL so that a sentence can hold it."""
    if len(method) <= 120:
        return method
    return method[:100] + "… (" + hashlib.sha256(method.encode()).hexdigest()[:8] + ")"
