"""How values of credentials are spelled: URLs, moments, texts, digests."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Any

#: RFC 3986 with the characters of RFC 3987, as far as one expression tells.
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x20<>\"{}|\\^`]+")
_AUTHORITY = re.compile(r"(?i:https?|ftp|wss?):(?!//[^/?#])")
_DID = re.compile(r"did:(?![a-z0-9]+:.)")

#: XML Schema 1.1 part 2, 3.3.7; `dateTimeStamp` (3.4.28) needs the zone.
_MOMENT = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,12})?|24:00:00(?:\.0+)?)"
    r"(?P<zone>Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?",
    re.ASCII,
)

#: RFC 5646, as far as one expression tells.
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")

_SRI_LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}
_MULTIHASHES = {b"\x12\x20": 32, b"\x13\x40": 64}
_BASE58 = {
    digit: value
    for value, digit in enumerate(
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    )
}


def is_url(value: Any) -> bool:
    """
    Say whether *value* is an absolute URL, DID and URN included.

    >>> is_url("did:example:subject"), is_url("https ://not-a-url"), is_url("me")
    (True, False, False)
    """
    return (
        isinstance(value, str)
        and _URL.fullmatch(value) is not None
        and _AUTHORITY.match(value) is None
        and _DID.match(value) is None
    )


def moment_of(value: Any, *, needs_zone: bool = True) -> datetime | None:
    """
    Return the moment that *value* spells as XML Schema's `dateTime`, or None.

    Without a zone (where that is allowed) it is read as UTC.
    """
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None or (needs_zone and not found["zone"]):
        return None
    # 24:00:00 is how the next day begins.
    extra = timedelta(days=1) if "T24:" in found[0] else timedelta()
    try:
        moment = datetime.fromisoformat(found[0].replace("T24:", "T00:"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) + extra
    except (ValueError, OverflowError):
        return None


def is_text(value: Any) -> bool:
    """Say whether *value* is a string, or a language value object (11.1)."""
    if isinstance(value, str):
        return True
    if not isinstance(value, dict) or not isinstance(value.get("@value"), str):
        return False
    language, direction = value.get("@language"), value.get("@direction")
    return (
        set(value) <= {"@value", "@language", "@direction"}
        and ("@language" not in value or _is_language(language))
        and ("@direction" not in value or direction in ("ltr", "rtl"))
    )


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None


def sri(value: Any) -> set[str]:
    """Return what a `digestSRI` names, in hex; nothing if it is not one."""
    found = set()
    for part in value.split() if isinstance(value, str) else ():
        name, _, text = part.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            return set()
        if len(digest) != _SRI_LENGTHS.get(name):
            return set()
        found.add(digest.hex())
    return found


def multibase(value: Any) -> set[str]:
    """Return what a `digestMultibase` names, with and without a multihash's head."""
    if not isinstance(value, str) or len(value) > 256:
        return set()
    digest = b""
    if re.fullmatch(r"u[A-Za-z0-9_-]+", value):
        text = value[1:]
        try:
            digest = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (ValueError, binascii.Error):
            return set()
    elif value.startswith("z") and all(digit in _BASE58 for digit in value[1:]):
        number = 0
        for digit in value[1:]:
            number = number * 58 + _BASE58[digit]
        digest = number.to_bytes((number.bit_length() + 7) // 8)
    if len(digest) - 2 == _MULTIHASHES.get(digest[:2]):
        return {digest[2:].hex()}
    return {digest.hex()} if len(digest) in _SRI_LENGTHS.values() else set()
