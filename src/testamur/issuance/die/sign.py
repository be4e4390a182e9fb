"""The seam between what is signed and the key: a function from bytes to bytes."""

from collections.abc import Callable
from enum import StrEnum

#: Signs bytes with one key: 64 bytes for Ed25519, as many as its modulus for RSA.
Sign = Callable[[bytes], bytes]

#: An Ed25519 signature's length.
SIGNATURE_BYTES = 64


class Algorithm(StrEnum):
    """What a key can sign, as JSON Web Tokens spell it (RFC 7518, RFC 8037)."""

    EDDSA = "EdDSA"  #: an Ed25519 key: Data Integrity proofs, and tokens
    RS256 = "RS256"  #: an RSA key: tokens, for verifiers that know nothing newer
