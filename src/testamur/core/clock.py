"""
The one place that reads a clock. Everything else is handed a `Clock`.

Moments are whole milliseconds since 1970-01-01T00:00:00Z, in tables and in code.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: Returns now, in milliseconds since the Unix epoch.
Clock = Callable[[], int]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def system_clock() -> int:
    """Return the wall clock of this machine."""
    return time.time_ns() // 1_000_000


def rfc3339(moment: int) -> str:
    """
    Spell a moment as RFC 3339 in UTC, to the millisecond.

    >>> rfc3339(1736935200000)
    '2025-01-15T10:00:00.000Z'
    """
    at = datetime.fromtimestamp(moment / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
