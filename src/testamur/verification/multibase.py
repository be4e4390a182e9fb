"""Keys and signatures as documents spell them: multibase (base58btc, base64url)."""

import base64
import binascii

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

#: Longer than any key or signature that is read here.
_MAX_TEXT = 1_000


def from_multibase(text: str) -> bytes | None:
    """Return what *text* spells in base58btc (z) or base64url (u), or None."""
    kind, rest = text[:1], text[1:]
    if not rest or len(rest) > _MAX_TEXT:
        return None
    if kind == "z":
        return _from_base58(rest)
    return from_base64url(rest) if kind == "u" else None


def from_base64url(text: str) -> bytes | None:
    """Return what *text* spells, if it is the one spelling of it without padding."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    spelled = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return data if spelled == text else None


def _from_base58(text: str) -> bytes | None:
    number = 0
    for digit in text:
        value = _BASE58.find(digit)
        if value < 0:
            return None
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8)
