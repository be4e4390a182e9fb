"""
Single values of what a client sent, read one by one.

What is wrong with one item of a bulk call is wrong with that item alone, so these
raise `BadItem`, whose text is the item's error.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from testamur.core.text import is_blank, nfc, quoted, text_problem, trim

MAX_URL_CHARACTERS = 2_048

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)
_URL = re.compile(r"https?://[!-~]+", re.IGNORECASE)

#: What JSON calls the types of values.
_CALLED = {
    "str": "text",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "list": "a list",
    "dict": "an object",
    "NoneType": "null",
}


class BadItem(Exception):
    """One item cannot be taken; the text says why, and what to change."""


def called(value: object) -> str:
    """Return what *value* is, in JSON's words."""
    return _CALLED.get(type(value).__name__, "something else")


def an_object(value: Any, name: str) -> Mapping[str, Any]:
    """Read an object."""
    if not isinstance(value, dict):
        raise BadItem(f"{name} must be an object, and is {called(value)}.")
    return value


def line(value: Any, name: str, *, most: int = 255, may_break: bool = False) -> str:
    """Read text that people see: trimmed, NFC, with nothing that cannot be printed."""
    if not isinstance(value, str):
        raise BadItem(f"{name} must be text, and is {called(value)}.")
    text = trim(value)
    if problem := text_problem(text, name, may_break=may_break):
        raise BadItem(problem.message.removeprefix("Column "))
    if is_blank(text):
        raise BadItem(f"{name} is empty. Fill it in.")
    text = nfc(text)
    if len(text) > most:
        raise BadItem(
            f"{name} has {len(text):,} characters and may have {most:,}. Shorten it."
        )
    return text


def uuid(value: Any, name: str) -> str:
    """Read a UUID of any version; it is spelt in small letters from then on."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        shown = f" {quoted(value)}" if isinstance(value, str) else f" {called(value)}"
        raise BadItem(
            f"{name} must be a UUID such as 7f3b0a52-3f0e-4a51-9d2c-6a0f3f1f7a10, and "
            f"is{shown}."
        )
    return str(UUID(value))


def is_uuid(value: object) -> bool:
    """Say whether *value* is a UUID."""
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def whole(value: Any, name: str, low: int, high: int) -> int:
    """Read a whole number; 12.0 is one, true is not."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value != int(value):
        shown = repr(value) if is_number else called(value)
        raise BadItem(f"{name} must be a whole number, and is {shown[:32]}.")
    if not low <= value <= high:
        raise BadItem(f"{name} must be from {low:,} to {high:,}, and is {value:,.9g}.")
    return int(value)


def flag(value: Any, name: str) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise BadItem(f"{name} must be true or false, and is {called(value)}.")
    return value


def one_of(value: Any, name: str, known: tuple[str, ...]) -> str:
    """Read one of the words that there are."""
    if not isinstance(value, str) or value not in known:
        shown = quoted(value) if isinstance(value, str) else called(value)
        raise BadItem(f"{name} must be {' or '.join(known)}, and is {shown}.")
    return value


def url(value: Any, name: str) -> str:
    """Read the address of a file or page. Nothing is fetched here."""
    if not isinstance(value, str) or not _URL.fullmatch(value):
        shown = quoted(value) if isinstance(value, str) else called(value)
        raise BadItem(
            f"{name} must be a URL that begins with https:// (or http://), with other "
            f"characters percent-encoded, and is {shown}."
        )
    if len(value) > MAX_URL_CHARACTERS:
        raise BadItem(f"{name} has more than {MAX_URL_CHARACTERS:,} characters.")
    return value


def colour(value: Any, name: str) -> str:
    """Read a colour such as #1a2b3c or #123."""
    if not isinstance(value, str) or not re.fullmatch(
        r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})", value
    ):
        shown = quoted(value) if isinstance(value, str) else called(value)
        raise BadItem(f"{name} must be a colour such as #1a2b3c, and is {shown}.")
    digits = value[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * one for one in digits))


def moment(value: Any, name: str, *, is_end: bool = False) -> str:
    """
    Read an ISO 8601 date, or a moment with its offset, as RFC 3339 in UTC.

    A date is its midnight, or with *is_end* its last second.
    """
    try:
        if not isinstance(value, str):
            raise ValueError
        if _DATE.fullmatch(value):
            at = datetime.combine(
                date.fromisoformat(value),
                datetime.max.time().replace(microsecond=0)
                if is_end
                else datetime.min.time(),
                UTC,
            )
        elif _MOMENT.fullmatch(value):
            at = datetime.fromisoformat(value.upper()).astimezone(UTC)
        else:
            raise ValueError
    except (ValueError, OverflowError):
        shown = quoted(value) if isinstance(value, str) else called(value)
        raise BadItem(
            f"{name} must be an ISO 8601 date such as 2030-12-31 or moment such as "
            f"2030-12-31T18:00:00.000Z that exists, and is {shown}."
        ) from None
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
