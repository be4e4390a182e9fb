"""
PostgreSQL schemas for tests: made once, and emptied for the next test.

To make all tables takes a tenth of a second, and hundreds of tests need them.
"""

import contextlib
import secrets
from collections.abc import Iterator
from graphlib import TopologicalSorter

import psycopg
from psycopg import sql

from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate

#: A worker that was killed may not have noticed yet.
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND usename = current_user AND state <> 'idle'
"""

#: All that is there but rows: a test that changed something of it is noticed.
SHAPE = """
    SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
      SELECT c.relname || a.attname || a.atttypid || a.attnotnull AS line
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = %(name)s::regnamespace AND a.attnum > 0
      UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = %(name)s::regnamespace
      UNION ALL SELECT proname FROM pg_proc
      WHERE pronamespace = %(name)s::regnamespace
      UNION ALL SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
      WHERE c.relnamespace = %(name)s::regnamespace AND NOT t.tgisinternal) AS lines
"""

#: Each table, and a table that it refers to, if any.
TABLES = """
    SELECT t.tablename, r.relname FROM pg_tables t
    LEFT JOIN pg_constraint c ON c.contype = 'f'
      AND c.conrelid = format('%%I.%%I', t.schemaname, t.tablename)::regclass
    LEFT JOIN pg_class r ON r.oid = c.confrelid AND r.relname <> t.tablename
    WHERE t.schemaname = %(name)s AND t.tablename <> 'schema_versions'
"""

USED_SEQUENCES = """
    SELECT sequencename FROM pg_sequences
    WHERE schemaname = %(name)s AND last_value IS NOT NULL
"""


class Schemas:
    """Schemas of the newest kind in one database."""

    def __init__(self, database: str) -> None:
        """Use the database at this URL, whose role may do everything in it."""
        self._database = database
        self._free: list[str] = []
        #: How each was made. Constraints name its schema, so no two are alike.
        self._shapes: dict[str, str | None] = {}
        self._tables: list[str] = []

    @contextlib.contextmanager
    def lent(self) -> Iterator[str]:
        """Yield a URL that sees one schema alone, with every table and no row."""
        name = self._free.pop() if self._free else self._made()
        try:
            yield self._url(name)
        finally:
            with psycopg.connect(self._database, autocommit=True) as connection:
                connection.execute(END_OTHERS)
                if self._shape_of(connection, name) == self._shapes[name]:
                    self._empty(connection, name)
                    self._free.append(name)
                else:
                    drop = sql.SQL("DROP SCHEMA {} CASCADE")
                    connection.execute(drop.format(sql.Identifier(name)))

    def _made(self) -> str:
        name = f"t_{secrets.token_hex(8)}"
        with psycopg.connect(self._database, autocommit=True) as connection:
            create = sql.SQL("CREATE SCHEMA {}")
            connection.execute(create.format(sql.Identifier(name)))
            database = Database(self._url(name))
            migrate(database)
            database.close()
            self._shapes[name] = self._shape_of(connection, name)
            if not self._tables:
                rows = connection.execute(TABLES, {"name": name}).fetchall()
                self._tables = _referring_first(rows)
        return name

    def _empty(self, connection: "psycopg.Connection", name: str) -> None:
        here = sql.Identifier(name)
        statements = [
            sql.SQL("DELETE FROM {}.{}").format(here, sql.Identifier(table))
            for table in self._tables
        ]
        for (used,) in connection.execute(USED_SEQUENCES, {"name": name}).fetchall():
            restart = sql.SQL("ALTER SEQUENCE {}.{} RESTART")
            statements.append(restart.format(here, sql.Identifier(used)))
        connection.execute(sql.SQL("; ").join(statements))

    def _shape_of(self, connection: "psycopg.Connection", name: str) -> str | None:
        row = connection.execute(SHAPE, {"name": name}).fetchone()
        return row[0] if row else None

    def _url(self, name: str) -> str:
        return f"{self._database}?options=-csearch_path%3D{name}"


def _referring_first(rows: list[tuple[str, str | None]]) -> list[str]:
    """Return the tables so that none comes after one that it refers to."""
    refers: dict[str, set[str]] = {}
    for table, other in rows:
        refers.setdefault(table, set()).update({other} if other else ())
    return list(TopologicalSorter(refers).static_order())[::-1]
