"""
Rate state: `access.limits.gcra` as one SQL statement, for both engines.

It is no truth: losing it admits a little more. So on SQLite it lives in a file
of its own that never waits for the database's writer and is never synced, and
on PostgreSQL in an UNLOGGED table; neither is part of the schema.
"""

import sqlite3
import threading
from pathlib import Path

from sqlalchemy import text

from testamur.core.refusals import Fault

from .database import Database

#: Admits, and says so by returning a row, if the request fits. `{max}` and
#: `{bytes}` are what the engines spell differently.
CHARGE = """
INSERT INTO rate_states (key, state) VALUES (:key, :now + :interval)
ON CONFLICT (key) DO UPDATE
  SET state = {max}(rate_states.state, :now) + :interval
  WHERE {max}(rate_states.state, :now) + :interval <= :now + :span
RETURNING state
"""
PEEK = "SELECT state FROM rate_states WHERE key = :key"

#: Mends what a clock that was wrong left behind.
PULL_BACK = "UPDATE rate_states SET state = :full WHERE key = :key AND state > :full"

REFUND = "UPDATE rate_states SET state = state - :span WHERE key = :key"

FORGET = "DELETE FROM rate_states WHERE state < :before"
CREATE = """
CREATE {kind} IF NOT EXISTS rate_states (
  key {bytes} PRIMARY KEY,
  state BIGINT NOT NULL
) {storage}
"""

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = OFF",
    "cache_size = -256",  # KiB
    "wal_autocheckpoint = 200",
    "trusted_schema = OFF",
)

#: How long to wait for another process's write, which takes microseconds.
BUSY_SECONDS = 5.0


class SqliteMeter:
    """
    Rate state in the file at *path*, for every process of this host.

    Threads take turns on one connection: a charge takes some microseconds, and a
    connection for each of a server's threads would cost more than it saves.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._charge = CHARGE.format(max="max")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = self._open()

    def charge(self, key: bytes, now: int, interval: int, span: int) -> int:
        """Count one request; return 0, or the microseconds to wait."""
        values = {"key": key, "now": now, "interval": interval, "span": span}
        with self._lock:
            try:
                if self._rows(self._charge, values):
                    return 0
                return self._wait(key, now, interval, now + span)
            except sqlite3.Error as error:
                raise self._trouble(error) from error

    def refund(self, key: bytes, span: int) -> None:
        """Take one charged request off the count again."""
        with self._lock:
            try:
                self._rows(REFUND, {"key": key, "span": span})
            except sqlite3.Error as error:
                raise self._trouble(error) from error

    def state(self, key: bytes) -> int | None:
        """Return the timestamp of *key*, if it has one."""
        with self._lock:
            try:
                rows = self._rows(PEEK, {"key": key})
            except sqlite3.Error as error:
                raise self._trouble(error) from error
        return rows[0][0] if rows else None

    def forget(self, before: int) -> None:
        """Drop timestamps older than *before*."""
        with self._lock:
            try:
                self._rows(FORGET, {"before": before})
            except sqlite3.Error as error:
                raise self._trouble(error) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _wait(self, key: bytes, now: int, interval: int, full: int) -> int:
        rows = self._rows(PEEK, {"key": key})
        state = rows[0][0] if rows else now
        if state > full:
            self._rows(PULL_BACK, {"key": key, "full": full})
        return max(1, min(state, full) + interval - full)

    def _rows(self, statement: str, values: dict[str, object]) -> list[tuple[int]]:
        # To the end, or the statement would keep its lock.
        return self._connection.execute(statement, values).fetchall()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise Fault(f"{self._path}: {error}", passing=True) from error
            self._discard()
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        create = CREATE.format(kind="TABLE", bytes="BLOB", storage="WITHOUT ROWID")
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            connection.execute(create)
        except BaseException:
            connection.close()
            raise
        return connection

    def _trouble(self, error: sqlite3.Error) -> Fault:
        """Return *error* as a fault; begin again if the file is not what it was."""
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        ):
            self._connection.close()
            self._discard()
            self._connection = self._open()
        return Fault(f"{self._path}: {error}", passing=True)

    def _discard(self) -> None:
        """Remove the file: power was lost while it was written."""
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


class PostgresMeter:
    """Rate state in an UNLOGGED table, for every host."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._charge = text(CHARGE.format(max="greatest"))
        with database.writing() as connection:
            # Hosts that start at once would both create it.
            connection.execute(text("SELECT pg_advisory_xact_lock(7450231)"))
            connection.execute(
                text(
                    CREATE.format(
                        kind="UNLOGGED TABLE",
                        bytes="BYTEA",
                        storage="WITH (fillfactor = 50)",  # room to update in place
                    )
                )
            )

    def charge(self, key: bytes, now: int, interval: int, span: int) -> int:
        """Count one request; return 0, or the microseconds to wait."""
        values = {"key": key, "now": now, "interval": interval, "span": span}
        full = now + span
        with self._database.writing() as connection:
            if connection.execute(self._charge, values).first() is not None:
                return 0
            state = connection.scalar(text(PEEK), {"key": key}) or now
            if state > full:
                connection.execute(text(PULL_BACK), {"key": key, "full": full})
        return max(1, min(state, full) + interval - full)

    def refund(self, key: bytes, span: int) -> None:
        """Take one charged request off the count again."""
        with self._database.writing() as connection:
            connection.execute(text(REFUND), {"key": key, "span": span})

    def state(self, key: bytes) -> int | None:
        """Return the timestamp of *key*, if it has one."""
        with self._database.reading() as connection:
            state: int | None = connection.scalar(text(PEEK), {"key": key})
        return state

    def forget(self, before: int) -> None:
        """Drop timestamps older than *before*."""
        with self._database.writing() as connection:
            connection.execute(text(FORGET), {"before": before})
