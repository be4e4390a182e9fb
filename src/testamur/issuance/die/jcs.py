"""
The proof `eddsa-jcs-2022`: an Ed25519 signature over a credential's JSON.

W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.3, over the JSON
Canonicalization Scheme (RFC 8785). For those who ask for it; the default is the
suite over RDF, which Open Badges 3.0 names.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .base58 import base58btc
from .sign import Sign

SUITE = "eddsa-jcs-2022"

#: Larger integers are read differently by readers with floating point (RFC 7493).
_MAX_INTEGER = 2**53 - 1


def jcs(value: Any) -> bytes:
    """
    Return *value* as RFC 8785 has it.

    Raises:
        ValueError: it holds a number that is not a whole one up to 2^53 - 1, or
            half a character.
    """
    return json.dumps(
        _sorted(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()


def secure(
    credential: Mapping[str, Any], *, created: str, verification_method: str, sign: Sign
) -> dict[str, Any]:
    """Return the unsecured *credential* with a proof made by *sign*."""
    proof = {
        "@context": credential["@context"],
        "type": "DataIntegrityProof",
        "cryptosuite": SUITE,
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    signature = sign(hash_data(credential, proof))
    return {
        **credential,
        "proof": [{**proof, "proofValue": "z" + base58btc(signature)}],
    }


def hash_data(credential: Mapping[str, Any], proof: Mapping[str, Any]) -> bytes:
    """
    Return what is signed for *credential* (3.3.4); *proof* has no `proofValue`.

    Raises:
        ValueError: as `jcs`; or the contexts of *proof* are not those that
            *credential* begins with.
    """
    unsecured = {key: value for key, value in credential.items() if key != "proof"}
    if "@context" in proof:
        ours, theirs = _list(proof["@context"]), _list(credential["@context"])
        if theirs[: len(ours)] != ours:
            raise ValueError("the proof has other contexts than the credential")
        unsecured["@context"] = proof["@context"]
    return hashlib.sha256(jcs(proof)).digest() + hashlib.sha256(jcs(unsecured)).digest()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        # By UTF-16 code units (3.2.3).
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _sorted(value[key]) for key in keys}
    if isinstance(value, list):
        return [_sorted(inner) for inner in value]
    if isinstance(value, float) or (
        isinstance(value, int) and abs(value) > _MAX_INTEGER
    ):
        raise ValueError(f"{value} is a number that readers do not agree on")
    return value
