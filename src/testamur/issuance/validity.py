"""
How long a certificate is valid: as its row says, or as its job does, or for ever.
"""

import re
from datetime import UTC, datetime

from testamur.core.clock import DAY
from testamur.core.refusals import Reason
from testamur.core.text import quoted
from testamur.core.words import Facts, Profile

#: An attribute of this name, in any case, is no line beside the picture: it says
#: when the certificate ends.
VALID_UNTIL = "validUntil"

COLUMN = "attribute_validUntil"

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

#: RFC 3339, section 5.6: a moment without its offset from UTC is none.
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

#: The last moment that can be spelled.
_LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()) * 1000


def is_valid_until(attribute: str) -> bool:
    """Say whether the attribute of this name says when the certificate ends."""
    return attribute.lower() == "validuntil"


def read_end(text: str) -> int | Reason:
    """
    Return the moment that *text* names, in milliseconds.

    A date (RFC 3339 `full-date`) is its day's last second in UTC; of a moment
    (`date-time`) the fraction of its second is cut off, as credentials have none.
    """
    try:
        if _DATE.fullmatch(text):
            at = datetime.fromisoformat(f"{text}T23:59:59+00:00")
        elif moment := _MOMENT.fullmatch(text):
            date, time, offset = moment.groups()
            at = datetime.fromisoformat(f"{date}T{time}{offset.upper()}")
        else:
            return _not_an_end(text)
    except ValueError:  # the 30th of February
        return _not_an_end(text)
    end = int(at.timestamp()) * 1000
    return _not_an_end(text) if end > _LAST else end


def valid_until(facts: Facts, profile: Profile, issued_at: int) -> int | None:
    """Return until when a certificate is valid (milliseconds); None means for ever."""
    if facts.valid_until is not None:
        return facts.valid_until
    if profile.valid_days is None:
        return None
    return min(issued_at + profile.valid_days * DAY, _LAST) // 1000 * 1000


def problem_with_end(facts: Facts, issued_at: int) -> Reason | None:
    """
    Say why a row cannot be issued at this moment: its end has come already.

    Of a moment that was written down (a draft's), so that a second try of the
    same chunk judges as the first one did.
    """
    if facts.valid_until is None or facts.valid_until > issued_at:
        return None
    at = datetime.fromtimestamp(facts.valid_until // 1000, UTC)
    return Reason(
        "valid_until_past",
        f"The certificate would have ended on {at:%Y-%m-%d} at {at:%H:%M:%S} UTC "
        f"(column {COLUMN}), before it was issued. Write a later date.",
    )


def _not_an_end(text: str) -> Reason:
    return Reason(
        "valid_until_format",
        f"{quoted(text)} in column {COLUMN} is no date that exists. Write the last "
        "day on which the certificate is valid, such as 2030-12-31, or a moment with "
        "its offset from UTC, such as 2030-12-31T18:00:00Z.",
    )
