"""
The names things get: unguessable, and never reused.

An id is 24 hexadecimal characters (96 bits from the system's CSPRNG), the form
the Pocketbook wire uses for everything. It identifies; it never authorises an
act. What authorises (API keys, tokens) has 256 bits and is stored as a digest.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass

#: Crockford's base 32: no I, L, O or U, so it survives being read aloud.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

ID_PATTERN = re.compile(r"[0-9a-f]{24}")


def new_id() -> str:
    """Return a new id."""
    return secrets.token_hex(12)


def is_id(text: str) -> bool:
    """Say whether *text* has the form of an id."""
    return ID_PATTERN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class RowIds:
    """The names that one row's certificate will have, whatever happens."""

    certificate: str
    voucher: str
    reference: str


def row_ids(seed: bytes, row: int, *, prefix: str = "PB-") -> RowIds:
    """
    Derive the names of a row's certificate from its chunk's secret *seed*.

    The seed (32 random bytes) is stored before anything is signed, so a second
    run after a crash gives every row the same names. Keyed BLAKE2b (RFC 7693):
    who knows the names of one row learns nothing of another's.

    A reference is *prefix* and 12 letters and digits (60 bits).
    """
    raw = hashlib.blake2b(row.to_bytes(8), key=seed, digest_size=32).digest()
    number = int.from_bytes(raw[24:32])
    reference = "".join(ALPHABET[number >> shift & 31] for shift in range(0, 60, 5))
    return RowIds(raw[:12].hex(), raw[12:24].hex(), prefix + reference)
