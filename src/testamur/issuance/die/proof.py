"""
The proof `eddsa-rdfc-2022`: an Ed25519 signature over a credential's RDF.

W3C Data Integrity EdDSA Cryptosuites 1.0, section 3.2.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testamur.core.refusals import Reason

from . import jcs
from .base58 import base58btc, from_base58btc
from .contexts import Contexts, pinned_contexts
from .engrave import SUITE
from .linked_data import to_quads
from .rdfc import canonical
from .sign import SIGNATURE_BYTES
from .stamp import Stamper


def proof_value(signature: bytes) -> str:
    """Return *signature* as proofs spell it: multibase, base58btc."""
    return "z" + base58btc(signature)


class Press:
    """
    Stamps and signs with one die.

    Rows of one chunk share the moment and the key, so the proof's own hash is
    made once and kept until one of them changes.
    """

    def __init__(self, stamper: Stamper) -> None:
        self._stamper = stamper
        self._proof_of = ("", "")
        self._proof_digest = b""

    def to_be_signed(self, holes: Mapping[str, str]) -> bytes | Reason:
        """Return the 64 bytes that a key signs for the credential with *holes*."""
        text = self._stamper.canonical(holes)
        if isinstance(text, Reason):
            return text
        proof_of = (holes["created"], holes["verification method"])
        if proof_of != self._proof_of:
            self._proof_digest = self._stamper.proof_digest(holes)
            self._proof_of = proof_of
        return self._proof_digest + hashlib.sha256(text).digest()

    def secured(self, holes: Mapping[str, str], signature: bytes) -> bytes:
        """Return the credential with its proof: the bytes that are published."""
        return self._stamper.json(holes, proof_value(signature))


def hash_data(
    credential: Mapping[str, Any], proof: Mapping[str, Any], contexts: Contexts
) -> bytes:
    """
    Return what is signed for *credential*, worked out without a die (3.2.4).

    *proof* has no `proofValue`.

    Raises:
        NotSignableError: part of either means nothing.
        TooHardError: its blank nodes cannot be told apart in time.
    """
    options = {**proof, "@context": credential["@context"]}
    unsecured = {key: value for key, value in credential.items() if key != "proof"}
    return b"".join(
        hashlib.sha256(canonical(to_quads(part, contexts)).encode()).digest()
        for part in (options, unsecured)
    )


def problem_with(
    secured: Mapping[str, Any],
    keys: Mapping[str, bytes],
    contexts: Contexts | None = None,
) -> str | None:
    """
    Say why the proof of *secured* does not hold, or None when it does.

    Shares nothing with stamping but the contexts and the escapes. *keys* are
    Ed25519 public keys (32 bytes) by verification method, of the issuer alone.
    """
    proof = secured.get("proof")
    if isinstance(proof, list) and len(proof) == 1:
        proof = proof[0]
    if not isinstance(proof, dict):
        return "it has no proof, or several"
    config = {key: value for key, value in proof.items() if key != "proofValue"}
    signature = _signature(proof.get("proofValue"))
    method = proof.get("verificationMethod")
    issuer = secured.get("issuer")
    issuer_id = issuer.get("id") if isinstance(issuer, dict) else issuer
    suite = proof.get("cryptosuite")
    if proof.get("type") != "DataIntegrityProof" or suite not in (SUITE, jcs.SUITE):
        return f"its proof is not of the suite {SUITE} or {jcs.SUITE}"
    if proof.get("proofPurpose") != "assertionMethod":
        return "its proof has another purpose"
    if signature is None:
        return "its proof's value is no signature"
    if not isinstance(method, str) or method not in keys:
        return "its proof names a key that is not its issuer's"
    if method.partition("#")[0] != issuer_id:
        return "its proof names a key of somebody else"
    try:
        if suite == jcs.SUITE:
            signed = jcs.hash_data(secured, config)
        else:
            signed = hash_data(secured, config, contexts or pinned_contexts())
        Ed25519PublicKey.from_public_bytes(keys[method]).verify(signature, signed)
    except (ValueError, KeyError) as error:
        return f"what it says cannot be checked: {error}"
    except InvalidSignature:
        return "its signature does not hold: something was changed"
    return None


def _signature(value: Any) -> bytes | None:
    if not isinstance(value, str) or not value.startswith("z"):
        return None
    try:
        signature = from_base58btc(value[1:])
    except ValueError:
        return None
    return signature if len(signature) == SIGNATURE_BYTES else None
