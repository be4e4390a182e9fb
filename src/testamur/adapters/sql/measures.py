"""What an operator watches, counted from the tables at the moment of asking."""

from collections.abc import Mapping

from sqlalchemy import text

from testamur.core.clock import Clock

from .database import Database

JOBS = text("SELECT state, count(*) FROM jobs GROUP BY state")

CHUNKS = text("""
    SELECT c.state, count(*) FROM jobs j JOIN chunks c ON c.job_seq = j.seq
    WHERE j.state IN ('queued', 'processing') GROUP BY c.state
""")

RETURNS = text("SELECT outcome, count FROM mail_returns")

TOTALS = text("""
    SELECT
      (SELECT coalesce(sum(quantity), 0) FROM usage),
      (SELECT count(*) FROM chunks WHERE state = 'parked'),
      (SELECT min(created_at) FROM jobs WHERE state = 'queued'),
      (SELECT count(*) FROM house WHERE name = 'halted_at')
""")


class SqlMeasures:
    """Measures of the tables in *database*."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def read(self) -> Mapping[tuple[str, str, str], float]:
        """Return values by (metric, label, label's value); label may be empty."""
        with self._database.reading() as connection:
            jobs = connection.execute(JOBS).fetchall()
            chunks = connection.execute(CHUNKS).fetchall()
            returns = connection.execute(RETURNS).fetchall()
            issued, parked, oldest, halted = connection.execute(TOTALS).one()
        waiting = (self._clock() - oldest) / 1000 if oldest else 0.0
        values = {("jobs", "state", state): float(count) for state, count in jobs}
        values |= {("open_chunks", "state", state): float(n) for state, n in chunks}
        values |= {("mail_returns", "outcome", one): float(n) for one, n in returns}
        values["certificates_issued", "", ""] = float(issued)
        values["issuing_halted", "", ""] = float(halted)
        values["chunks_parked", "", ""] = float(parked)
        values["oldest_queued_job_seconds", "", ""] = waiting
        free = self._database.free_bytes()
        if free is not None:
            values["data_free_bytes", "", ""] = float(free)
        return values
