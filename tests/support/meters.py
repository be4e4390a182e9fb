"""Rate state as a process opens it, and a process that wears one key out."""

from pathlib import Path

from testamur.access.limits import pace_of
from testamur.access.ports import Meter
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.meter import PostgresMeter, SqliteMeter
from testamur.core.policy import Rate

#: What `hammer` is held to: 60 at once, and one more every minute.
HAMMERED = Rate(60, 3_600)


def meter_of(place: str) -> Meter:
    """Return the meter on *place*: a file, or a PostgreSQL database."""
    if place.startswith("postgresql:"):
        return PostgresMeter(Database(place, pool_size=1))
    return SqliteMeter(Path(place))


def hammer(place: str, times: int, now: int) -> int:
    """Charge one key *times* times; return how often it was admitted."""
    meter, pace = meter_of(place), pace_of(HAMMERED)
    waits = [meter.charge(b"key", now, pace.interval, pace.span) for _ in range(times)]
    return waits.count(0)
