"""
One door to the database, whichever it is: read, write, insert in bulk.

SQLite runs in WAL mode with synchronous=FULL: an acknowledged row survives power
loss (NORMAL loses it). There is one writer at a time; writers queue at a file
lock rather than in SQLite's busy handler, which sleeps, and is not fair.
"""

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from testamur.core.refusals import Fault, StorageFull

#: How long a statement waits for a lock that our own queue does not cover.
BUSY_MILLISECONDS = 30_000

#: SQLite's page cache per connection, in KiB (negative means KiB to SQLite).
CACHE_KIB = 8_192


class Database:
    """
    The tables at *url*: `sqlite:///path` or `postgresql://...`.

    Threads may share one; each `reading` or `writing` block has a connection of
    its own. Processes make their own.
    """

    def __init__(self, url: str, *, pool_size: int = 8) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._turnstile = threading.Lock()
        self._lock_file: int | None = None
        if self.is_sqlite:
            self.path = Path(parsed.database or "")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = os.open(
                self.path.with_name(self.path.name + ".writer"),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                0o600,
            )
            self.engine = create_engine(parsed, pool_size=pool_size, max_overflow=32)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            parsed = parsed.set(drivername="postgresql+psycopg")
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=32,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 5},
            )
        self._write_engine = self.engine.execution_options(testamur_write=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        Lend a connection whose statements see one moment (SQLite) or the present.

        Raises:
            Fault: passing, when the database cannot be reached.
        """
        with self._explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """
        Lend a connection inside a write transaction; commit when the block ends.

        Any exception rolls everything back. On SQLite nobody else writes
        meanwhile, so keep the block short and do no other I/O in it.

        Raises:
            StorageFull: nothing was stored.
            Fault: passing, when the database cannot be reached.
        """
        with self._explained():
            if self._lock_file is None:
                with self._write_engine.begin() as connection:
                    yield connection
                return
            with self._turnstile:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX)
                try:
                    with self._write_engine.begin() as connection:
                        yield connection
                finally:
                    fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def bulk_insert(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        values: Iterable[tuple[Any, ...]],
    ) -> None:
        """
        Insert *values* (one tuple per row, in the order of *columns*).

        COPY on PostgreSQL, the driver's `executemany` on SQLite: SQLAlchemy's own
        insert costs twice to three times as much per row.
        """
        names = ", ".join(columns)
        if self.is_sqlite:
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"
            with self._as_sqlalchemy(statement):
                cursor = connection.connection.cursor()
                # The driver takes any iterable; its stub asks for a sequence.
                cursor.executemany(statement, cast(Sequence[Sequence[Any]], values))
                cursor.close()
            return
        statement = f"COPY {table.name} ({names}) FROM STDIN"
        driver = connection.connection.driver_connection
        assert driver is not None
        with (
            self._as_sqlalchemy(statement),
            driver.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for value in values:
                copy.write_row(value)

    def overwrite_freed(self, tables: Sequence[str]) -> None:
        """
        Leave nothing in the files of what was deleted or replaced before this.

        SQLite writes every page anew (VACUUM: writers wait, and it takes as much room
        as the database has) and empties its log. PostgreSQL lets go of old versions
        in *tables*; its files hold them until their room is used again.

        Raises:
            StorageFull: there is no room to do it.
            Fault: passing, when a reader stands in the way for too long.
        """
        if self._lock_file is None:
            with (
                self._explained(),
                self.engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                ) as connection,
            ):
                connection.exec_driver_sql(f"VACUUM {', '.join(tables)}")
            return
        # In the data directory: what SQLite moves through it is people's data.
        os.environ.setdefault("SQLITE_TMPDIR", str(self.path.parent))
        with self._explained(), self._turnstile:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                _vacuum(self.path)
            except sqlite3.OperationalError as error:
                raise _explain_sqlite(error) from error
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def change_mark(self) -> object:
        """
        Return something that is another after a commit; None when nothing is.

        What the file system tells of SQLite's log: a thousandth of a query. Two
        commits within one tick of its clock (4 ms) may leave the same mark.
        """
        if not self.is_sqlite:
            return None
        try:
            stat = os.stat(f"{self.path}-wal")
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def free_bytes(self) -> int | None:
        """Return how much room the database has left; None when we cannot tell."""
        if not self.is_sqlite:
            return None
        stat = os.statvfs(self.path.parent)
        return stat.f_bavail * stat.f_frsize

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    @contextmanager
    def _as_sqlalchemy(self, statement: str) -> Iterator[None]:
        """Let what the driver's own cursor raises look like everything else."""
        module = self.engine.dialect.loaded_dbapi
        try:
            yield
        except module.IntegrityError as error:
            raise IntegrityError(statement, None, error) from error
        except module.OperationalError as error:
            raise OperationalError(statement, None, error) from error

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise _explain(error) from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull("no space left for the database") from error
            raise


def _explain(error: DBAPIError) -> Exception:
    driver = error.orig
    if isinstance(driver, sqlite3.OperationalError):
        return _explain_sqlite(driver)
    # What a file is that no longer is a database; waiting does not mend it.
    if isinstance(driver, sqlite3.DatabaseError) and getattr(
        driver, "sqlite_errorname", ""
    ).startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return Fault(
            f"the database cannot be read: {driver}; restore a backup", passing=False
        )
    state = getattr(driver, "sqlstate", None)
    if state in ("53100", "53400"):  # disk_full, configuration_limit_exceeded
        return StorageFull("PostgreSQL has no space left")
    # 40: serialization failure or deadlock; 08, 57: connection lost or shut down.
    if error.connection_invalidated or isinstance(error, OperationalError):
        # psycopg explains itself in the first line, and quotes statements below it.
        line = str(driver).partition("\n")[0]
        return Fault(f"database: {line} ({state})" if state else line, passing=True)
    return error


def _explain_sqlite(error: sqlite3.OperationalError) -> Exception:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return StorageFull("SQLite has no space left")
    # After an I/O error the kernel may have dropped what it could not write:
    # only a fresh process may look again.
    text = f"SQLite: {name} ({error})"
    return Fault(text, passing=not name.startswith("SQLITE_IOERR"))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # We begin transactions ourselves: pysqlite would begin them too late.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_MILLISECONDS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"cache_size = -{CACHE_KIB}",
        "temp_store = MEMORY",
        "trusted_schema = OFF",
        "wal_autocheckpoint = 4000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _vacuum(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in (
            f"busy_timeout = {BUSY_MILLISECONDS}",
            "synchronous = FULL",
            f"cache_size = -{CACHE_KIB}",
            "temp_store = FILE",  # there may be more than fits into memory
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("VACUUM")
        # Waits for readers that still see what was before.
        is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.close()
    if is_busy:
        raise Fault("SQLite: readers keep the old log in use", passing=True)


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get("testamur_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
