"""
Status lists: the bit that says whether a credential was taken back.

W3C Bitstring Status List 1.0, sections 3.2 and 3.3.
"""

import zlib
from collections.abc import Mapping
from typing import Any

from .multibase import from_base64url

#: 131,072 entries: a shorter list would tell too much about who is looked up.
MIN_BYTES = 16 * 1024
#: 128 million entries. What expands further was made to fill memory.
MAX_BYTES = 16 * 1024 * 1024

#: Purposes that speak against a credential, and how people say it.
AGAINST = {"revocation": "revoked", "suspension": "suspended"}


class NoStatus(Exception):
    """The list cannot be read. *code* is stable; the text is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def bit_at(said: Mapping[str, Any], purpose: str, index: int) -> bool:
    """
    Return the bit of place *index* in a list (the `list` of an examination).

    Raises:
        NoStatus: it is for another purpose, cannot be expanded, is too short or too
            long, or has no such place.
    """
    if purpose not in said["purposes"]:
        raise NoStatus(
            "status_purpose", f"The status list is not one for {purpose[:40]}."
        )
    bits = expanded(said["encoded"])
    if index >= len(bits) * 8:
        raise NoStatus("status_range", "The status list has no such place.")
    # The first place is the leftmost bit of the first byte.
    return bool(bits[index // 8] >> (7 - index % 8) & 1)


def expanded(encoded: str | None) -> bytes:
    """
    Return the bits of an `encodedList`.

    Raises:
        NoStatus: it is none, too short, or expands to more than `MAX_BYTES`.
    """
    damaged = NoStatus("status_encoding", "The status list is damaged.")
    if not encoded or not encoded.startswith("u"):
        raise damaged
    packed = from_base64url(encoded[1:])
    if packed is None:
        raise damaged
    inflater = zlib.decompressobj(wbits=31)
    try:
        bits = inflater.decompress(packed, MAX_BYTES)
    except zlib.error:
        raise damaged from None
    if inflater.unconsumed_tail:
        raise NoStatus("status_size", "The status list expands to too much.")
    if not inflater.eof or inflater.unused_data:
        raise damaged
    if len(bits) < MIN_BYTES:
        raise NoStatus(
            "status_size", "The status list is shorter than the standard allows."
        )
    return bits
