"""
The die of status list credentials: one for every issuer and every list.

A server signs a list anew when one of its bits changed, and takes no PyLD's memory
for it: this module, run as a program, engraves the die in a process of its own.
"""

import hashlib
import sys
from collections.abc import Callable
from typing import Any

from .contexts import VC_V2, pinned_contexts
from .credential import Hole, Holes, proof_of, xml_moment
from .engrave import SUITE, Tokens, engrave_documents

#: Milliseconds for which a reader may keep a list before asking again: as long as
#: we let caches keep it.
TTL = 30_000


def document(text: Hole, iri: Hole) -> dict[str, Any]:
    """
    Return the credential (W3C Bitstring Status List v1.0, section 2.2).

    Without `validUntil`: a list that was saved stays evidence when its issuer is
    gone, and `validFrom` says since when it was as it is.
    """
    return {
        "@context": [VC_V2],
        "id": iri("list credential"),
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": iri("issuer"),
        "validFrom": text("valid from"),
        "credentialSubject": {
            "id": iri("list"),
            "type": "BitstringStatusList",
            "statusPurpose": text("purpose"),
            "encodedList": text("encoded list"),
            "ttl": TTL,
        },
    }


def list_holes(
    *,
    url: str,
    issuer: str,
    verification_method: str,
    purpose: str,
    encoded: str,
    moment: int,
) -> Holes:
    """Return what fills the die: the same arguments give the same bytes."""
    return {
        "list credential": url,
        "list": url + "#list",
        "issuer": issuer,
        "verification method": verification_method,
        "purpose": purpose,
        "encoded list": encoded,
        "valid from": xml_moment(moment),
        "created": xml_moment(moment),
    }


def list_shape() -> str:
    """Return the name under which the die is kept. Needs no PyLD."""
    tokens, credential, proof = _documents()
    told = repr((credential, proof, sorted(tokens.texts), sorted(tokens.iris)))
    return "status list " + hashlib.sha256(told.encode()).hexdigest()


def engrave_list() -> bytes:
    """Return the die's bytes. Takes PyLD's memory."""
    tokens, credential, proof = _documents()
    return engrave_documents(credential, proof, tokens, pinned_contexts()).to_bytes()


def _documents() -> tuple[Tokens, dict[str, Any], dict[str, Any]]:
    tokens = Tokens()
    text: Callable[[str], str] = tokens.text
    credential = document(text, tokens.iri)
    return tokens, credential, proof_of(text, tokens.iri, suite=SUITE)


if __name__ == "__main__":
    sys.stdout.buffer.write(engrave_list())
