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


class Namer:
    """
    Derives the names of a chunk's certificates from the chunk's secret *seed*.

    The seed (32 random bytes) is stored before anything is signed, so a second
    run after a crash gives every row the same names. Keyed BLAKE2b (RFC 7693):
    who knows the names of one row learns nothing of another's, but that a chunk's
    names begin alike: 16 bits of ids, 15 of references. Beginning alike, they lie
    side by side in an index, and a chunk changes a handful of its pages instead
    of one for every certificate.

    A reference is *prefix* and 12 letters and digits (60 bits).
    """

    def __init__(self, seed: bytes, *, prefix: str = "PB-") -> None:
        self._seed = seed
        head = hashlib.blake2b(key=seed, digest_size=6).digest()
        self._ids = head[:2].hex()
        self._voucher_ids = head[2:4].hex()
        self._references = prefix + _letters(int.from_bytes(head[4:]), 3)

    def name(self, row: int) -> RowIds:
        """Return the names of the chunk's row with this number."""
        raw = hashlib.blake2b(row.to_bytes(8), key=self._seed, digest_size=32).digest()
        digits = raw[:20].hex()
        return RowIds(
            self._ids + digits[:20],
            self._voucher_ids + digits[20:],
            self._references + _letters(int.from_bytes(raw[20:28]), 9),
        )


#: Two letters at a time: half the steps of one at a time.
PAIRS = tuple(first + second for second in ALPHABET for first in ALPHABET)


def _letters(number: int, count: int) -> str:
    """Spell the lowest bits of *number* in *count* letters of the alphabet."""
    pairs = "".join(PAIRS[number >> shift & 1023] for shift in range(0, 5 * count, 10))
    return pairs[:count]
