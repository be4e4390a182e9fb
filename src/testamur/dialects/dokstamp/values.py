"""
One value of a request body: what it is stored as, or what is wrong with it.

The sentences are the service's own, which clients may show to people.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from testamur.core.records import Field, Holds
from testamur.core.text import nfc, text_problem, trim

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")

#: A day, or a moment whose day is meant.
_DAY = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(
    rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}"
)

TRUTHS = {"1": True, "0": False}


class BadValue(Exception):
    """What is wrong with a value, as a sentence for whoever sent it."""


def uuid(value: Any, words: str) -> str:
    """Read a UUID; it is spelt in small letters from then on."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise BadValue(f"The {words} field must be a valid UUID.")
    return value.lower()


def is_blank(value: Any) -> bool:
    """Say whether nothing was said: null, or a text in which nothing is."""
    return value is None or (isinstance(value, str) and not trim(value))


def read(field: Field, value: Any) -> str | int | bool:
    """
    Return what *value*, which is not blank, is stored as.

    Raises:
        BadValue: it cannot be a value of *field*.
    """
    match field.holds:
        case Holds.LINE | Holds.TEXT:
            return text(value, field.words, field.longest, field.holds is Holds.TEXT)
        case Holds.EMAIL:
            return _email(text(value, field.words, field.longest), field.words)
        case Holds.URL:
            return _url(text(value, field.words, field.longest), field.words)
        case Holds.CHOICE:
            if not isinstance(value, str) or value not in field.choices:
                raise BadValue(f"The selected {field.words} is invalid.")
            return value
        case Holds.DATE:
            return _day(value, field.words)
        case Holds.WHOLE:
            return _whole(value, field)
        case Holds.HUNDREDTHS:
            return _hundredths(value, field)
        case Holds.TRUTH:
            return _truth(value, field.words)
        case Holds.RECORD | Holds.ELSEWHERE:
            return uuid(value, field.words)


def text(value: Any, words: str, longest: int, may_break: bool = False) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise BadValue(f"The {words} field must be a string.")
    if len(value) > longest:
        raise BadValue(
            f"The {words} field must not be greater than {longest} characters."
        )
    kept: str = nfc(trim(value))
    problem = text_problem(kept, words, may_break=may_break)
    if problem is not None:
        what = problem.message.removeprefix(f"Column {words}: ")
        raise BadValue(f"The {words} field cannot be stored: {what}")
    return kept


def _email(value: str, words: str) -> str:
    if _ADDRESS.fullmatch(value) or (not value.isascii() and _is_address(value)):
        return value
    raise BadValue(f"The {words} field must be a valid email address.")


def _is_address(value: str) -> bool:
    """Say whether a name of a domain beyond ASCII makes an address."""
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(
            value, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except EmailNotValidError:
        return False
    return not found.smtputf8


def _url(value: str, words: str) -> str:
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or " " in value:
        raise BadValue(f"The {words} field must be a valid URL.")
    return value


def _day(value: Any, words: str) -> str:
    found = _DAY.fullmatch(trim(value)) if isinstance(value, str) else None
    try:
        if found:
            return date.fromisoformat(found[1]).isoformat()
    except ValueError:
        pass
    raise BadValue(f"The {words} field must be a valid date.")


def _whole(value: Any, field: Field) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadValue(f"The {field.words} field must be an integer.")
    _within(Decimal(value), field)
    return value


def _hundredths(value: Any, field: Field) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and _NUMBER.fullmatch(value)):
        raise BadValue(f"The {field.words} field must be a number.")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise BadValue(f"The {field.words} field must be a number.") from None
    _within(number, field)
    if (hundredths := int(number * 100)) != number * 100:
        raise BadValue(f"The {field.words} field must have 0-2 decimal places.")
    return hundredths


def _within(number: Decimal, field: Field) -> None:
    if number < field.least:
        raise BadValue(f"The {field.words} field must be at least {field.least}.")
    if number > field.most:
        raise BadValue(
            f"The {field.words} field must not be greater than {field.most}."
        )


def _truth(value: Any, words: str) -> bool:
    if isinstance(value, bool):
        return value
    found = TRUTHS.get(str(value)) if isinstance(value, str | int) else None
    if found is None:
        raise BadValue(f"The {words} field must be true or false.")
    return found
