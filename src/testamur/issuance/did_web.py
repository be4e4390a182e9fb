"""
Who an issuer is to everybody else: a `did:web`, and the document behind it.

W3C CCG did:web Method, section 2.5, and Controlled Identifiers 1.0. The document
of `did:web:host:t:slug` is found at `https://host/t/slug/did.json`.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import idna
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .die.base58 import base58btc
from .die.jose import encoded
from .die.sign import Algorithm
from .ports import IssuerKey

#: Multicodec `ed25519-pub`, as a varint.
_ED25519 = b"\xed\x01"

_CONTEXTS = ("https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1")


def did_of(public_url: str, slug: str) -> str:
    """
    Return the DID of the tenant called *slug*.

    >>> did_of("http://127.0.0.1:8000", "harbour")
    'did:web:127.0.0.1%3A8000:t:harbour'
    """
    return f"{house_did(public_url)}:t:{slug}"


def house_did(public_url: str) -> str:
    """
    Return the DID of whoever runs this server.

    The method names hosts by domain name only. An address is written all the same,
    with `%3A` for its colons and `%5B`, `%5D` for the brackets of IPv6: a valid
    DID, which resolvers that decode the host find, and others refuse.

    >>> house_did("https://example.org/certificates")
    'did:web:example.org:certificates'
    >>> house_did("http://[::1]:8000")
    'did:web:%5B%3A%3A1%5D%3A8000'
    """
    parts = urlsplit(public_url)
    host, path = parts.netloc.rpartition("@")[2].lower(), parts.path.strip("/")
    with suppress(idna.IDNAError):  # such as an address: it stays as it is
        name, colon, port = host.partition(":")
        if not name.isascii():
            host = idna.encode(name, uts46=True).decode() + colon + port
    below = path.split("/") if path else []
    return ":".join(["did:web", *map(_written, [host, *below])])


def house_path(public_url: str) -> str:
    """Return where the document of `house_did` is, below *public_url*."""
    has_path = urlsplit(public_url).path.strip("/")
    return "/did.json" if has_path else "/.well-known/did.json"


def did_key_of(key: IssuerKey) -> str:
    """
    Return the `did:key` of an Ed25519 *key*: a name that is the key itself.

    W3C CCG did:key Method, section 3.1. Nobody has to be asked for such a key, and
    it can neither be replaced nor revoked.
    """
    return "did:key:z" + base58btc(_ED25519 + key.public)


def method_of(did: str, key: IssuerKey) -> str:
    """Return the DID URL by which proofs name *key*."""
    return f"{did}#{key.id}"


def did_document(did: str, keys: Sequence[IssuerKey]) -> dict[str, Any]:
    """
    Return the DID document of an issuer with these *keys*, past ones included.

    Retired keys stay under `assertionMethod`: verifiers accept a proof only from
    a key that stands there, and what was signed before a rotation stays valid. A
    revoked key stands nowhere.
    """
    valid = sorted(
        (key for key in keys if key.revoked_at is None),
        key=lambda key: (key.made_at, key.id),
        reverse=True,
    )
    methods = [_method(did, key) for key in valid]
    contexts = list(_CONTEXTS)
    if any(key.algorithm is Algorithm.RS256 for key in valid):
        contexts.append("https://w3id.org/security/jwk/v1")
    return {
        "@context": contexts,
        "id": did,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def house_document(did: str, log_key: bytes) -> dict[str, Any]:
    """
    Return the DID document of whoever runs this server.

    *log_key* signs the transparency log's checkpoints. It vouches for no
    credential, so it has no purpose beside being known.
    """
    multibase = "z" + base58btc(_ED25519 + log_key)
    return {
        "@context": list(_CONTEXTS),
        "id": did,
        "verificationMethod": [
            {
                "id": f"{did}#log",
                "type": "Multikey",
                "controller": did,
                "publicKeyMultibase": multibase,
            }
        ],
    }


def _written(part: str) -> str:
    # Every character that a DID may have stands for itself (DID Core, 3.1);
    # `quote` leaves one more.
    return quote(unquote(part), safe="").replace("~", "%7E")


def _method(did: str, key: IssuerKey) -> dict[str, Any]:
    method: dict[str, Any] = {"id": method_of(did, key), "controller": did}
    if key.algorithm is Algorithm.EDDSA:
        multibase = "z" + base58btc(_ED25519 + key.public)
        return method | {"type": "Multikey", "publicKeyMultibase": multibase}
    rsa = load_der_public_key(key.public)
    assert isinstance(rsa, RSAPublicKey)
    numbers = rsa.public_numbers()
    return method | {
        "type": "JsonWebKey",
        "publicKeyJwk": {
            "kty": "RSA",
            "alg": "RS256",
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        },
    }


def _number(number: int) -> str:
    return encoded(number.to_bytes((number.bit_length() + 7) // 8))
