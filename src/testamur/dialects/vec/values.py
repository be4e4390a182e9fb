"""One value of a request: what it is stored as, or what is wrong with it."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from testamur.core.text import has_lone_surrogate, is_blank, nfc, text_problem, trim

from .ids import read_uuid

MAX_LINE = 255
MAX_DETAILS = 1_000

_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CSV_DAY = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")


class BadValue(Exception):
    """What is wrong with a value, as a sentence for whoever sent it."""


def words(name: str) -> str:
    """
    Return what a field is called in sentences.

    >>> words("full_name")
    'full name'
    """
    return name.replace("_", " ")


def is_absent(value: Any) -> bool:
    """Say whether nothing was said: null, or a text in which nothing is."""
    return value is None or (isinstance(value, str) and not trim(value))


def text(value: Any, name: str, longest: int, *, may_break: bool = False) -> str:
    """Read a text."""
    if not isinstance(value, str):
        raise BadValue(f"The {words(name)} field must be a string.")
    if len(value) > longest:
        raise BadValue(
            f"The {words(name)} field must not be greater than {longest} characters."
        )
    if has_lone_surrogate(value):
        raise BadValue(f"The {words(name)} field is not valid text.")
    kept: str = nfc(trim(value))
    problem = text_problem(kept, name, may_break=may_break)
    if problem is not None:
        what = problem.message.removeprefix(f"Column {name}: ")
        raise BadValue(f"The {words(name)} field cannot be stored: {what}")
    if is_blank(kept):
        raise BadValue(f"The {words(name)} field is required.")
    return kept


def line(value: Any, name: str) -> str:
    """Read a text of one line."""
    return text(value, name, MAX_LINE)


def details(value: Any, name: str) -> str:
    """Read a text that may have several lines."""
    return text(value, name, MAX_DETAILS, may_break=True)


def file_id(value: Any, name: str) -> str:
    """Read a UUID."""
    found = read_uuid(value) if isinstance(value, str) else None
    if found is None:
        raise BadValue(f"The {words(name)} field must be a valid UUID.")
    return found


def day(value: Any, name: str) -> str:
    """Read a day such as 2025-06-01."""
    found = _ISO_DAY.fullmatch(trim(value)) if isinstance(value, str) else None
    try:
        if found:
            return date(*map(int, found.groups())).isoformat()
    except ValueError:
        pass
    raise BadValue(f"The {words(name)} field must be a valid date such as 2025-06-01.")


def csv_day(value: str) -> str:
    """
    Read a day as batches spell it.

    >>> csv_day("01-06-2025")
    '2025-06-01'
    """
    if found := _CSV_DAY.fullmatch(trim(value)):
        day_, month, year = map(int, found.groups())
        try:
            return date(year, month, day_).isoformat()
        except ValueError:
            pass
    raise BadValue("IssueDate must be a date such as 01-06-2025 (DD-MM-YYYY)")


#: How each field of an entry is read, and whether it may be absent.
FIELDS: dict[str, tuple[Callable[[Any, str], str], bool]] = {
    "certificate_title": (line, False),
    "full_name": (line, False),
    "applicant_email": (line, False),
    "file_id": (file_id, False),
    "issue_date": (day, True),
    "details": (details, True),
}
