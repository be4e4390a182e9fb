"""
Which bit of which list tells whether a certificate was taken back.

W3C Bitstring Status List v1.0: a list is a string of bits, the first of them the
left-most of the first byte, compressed with GZIP and spelled in base64url. Who
reads one learns how many certificates were taken back and not which: a place in
the list says nothing of when its certificate was issued, or beside which others.
"""

import gzip
import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from functools import lru_cache

from testamur.core.policy import STATUS_LIST_PLACES

#: Certificates in one list.
SIZE = STATUS_LIST_PLACES

#: What a list of somebody else may unpack to: 32 million places.
MAX_BYTES = 4 * 1024 * 1024

#: Rounds of the permutation. Four are enough in theory (Luby and Rackoff), were
#: its halves longer than 8 bits.
ROUNDS = 8

#: GZIP's frame around zlib's stream, in the words of zlib's own interface.
_GZIP = 16 + zlib.MAX_WBITS


def place(seed: bytes, n: int, size: int) -> int:
    """
    Return the index of the *n*-th place that a list with this *seed* hands out.

    A permutation of `range(size)`: each index comes up once. Nobody without the
    seed can tell which comes next, whatever came before. *size* is a power of two.
    """
    return places(seed, n, 1, size)[0]


def places(seed: bytes, first: int, count: int, size: int) -> list[int]:
    """Return the indices of *count* places, from the *first*-th on."""
    if not 0 <= first <= first + count <= size:
        raise ValueError(f"places {first} to {first + count} of {size}")
    low, rounds = _rounds(seed, size)
    mask = (1 << low) - 1
    found = []
    for n in range(first, first + count):
        left, right = n >> low, n & mask
        for of_right, of_left in rounds:
            left ^= of_right[right]
            right ^= of_left[left]
        found.append(left << low | right)
    return found


@lru_cache(maxsize=64)
def _rounds(
    seed: bytes, size: int
) -> tuple[int, tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]]:
    """
    Return the bits of the right half, and the round functions, as tables.

    A Feistel network whose halves need not be equally long: each step changes
    one half by a random function of the other, which can be undone. SHAKE256 of
    the seed fills the tables.
    """
    bits = size.bit_length() - 1
    if size != 1 << bits or bits < 2:
        raise ValueError(f"a list cannot have {size} places")
    low = bits // 2
    high = bits - low
    rounds = []
    for number in range(ROUNDS // 2):
        rounds.append(
            (
                _table(seed, 2 * number, 1 << low, (1 << high) - 1),
                _table(seed, 2 * number + 1, 1 << high, (1 << low) - 1),
            )
        )
    return low, tuple(rounds)


def _table(seed: bytes, number: int, length: int, mask: int) -> tuple[int, ...]:
    stream = hashlib.shake_256(b"testamur places\0" + bytes([number]) + seed)
    words = memoryview(stream.digest(4 * length)).cast("I")
    return tuple([word & mask for word in words])


def encoded(indices: Iterable[int], size: int) -> str:
    """
    Return the list of *size* places in which the bits at *indices* are set.

    As `encodedList` spells it (section 2.2): multibase base64url without padding
    of the GZIP of the bits. The same bits give the same text.
    """
    bits = bytearray(size // 8)
    for index in indices:
        bits[index >> 3] |= 0x80 >> (index & 7)
    packed = gzip.compress(bits, compresslevel=9, mtime=0)
    return "u" + urlsafe_b64encode(packed).rstrip(b"=").decode()


def decoded(text: str, *, max_bytes: int = MAX_BYTES) -> bytes:
    """
    Return the bits that *text* spells, eight to a byte, the first left-most.

    Raises:
        ValueError: when it is not a list, or unpacks to more than *max_bytes*.
    """
    if not text.startswith("u") or not text.isascii():
        raise ValueError("the list is not multibase base64url")
    if len(text) > 2 * max_bytes:
        raise ValueError(f"the list is longer than {max_bytes} bytes")
    body = text[1:].rstrip("=")
    if not body.replace("-", "").replace("_", "").isalnum():
        raise ValueError("the list is not multibase base64url")
    packed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    stream = zlib.decompressobj(_GZIP)
    try:
        bits = stream.decompress(packed, max_bytes + 1)
    except zlib.error as error:
        raise ValueError("the list is not GZIP") from error
    if len(bits) > max_bytes:
        raise ValueError(f"the list is longer than {max_bytes} bytes")
    if not stream.eof or stream.unused_data:
        raise ValueError("the list is cut off, or something follows it")
    return bits


def is_set(bits: bytes, index: int) -> bool:
    """
    Say whether the bit at *index* is set.

    Raises:
        ValueError: when the list has no such place.
    """
    if not 0 <= index < 8 * len(bits):
        raise ValueError(f"the list has no place {index}")
    return bool(bits[index >> 3] & 0x80 >> (index & 7))
