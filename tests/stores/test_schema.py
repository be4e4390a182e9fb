"""The tables that queries name are the tables that migrations make."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
from sqlalchemy import text

from support.postgres import fresh_schema
from testamur.adapters.sql import migrate as migrating
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate, migrations
from testamur.adapters.sql.schema import metadata
from testamur.core import failpoints
from testamur.core.refusals import Fault


@pytest.fixture
def postgres_schema(postgres_database):
    """Return a URL of a schema in which there is nothing, not even a table."""
    with fresh_schema(postgres_database) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path):
    """Return a URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'testamur.db'}"


#: Only `migrate` and the rate limiter on PostgreSQL name these.
UNNAMED = {"schema_versions", "meters"}

KINDS = {
    "TEXT": "text",
    "BIGINT": "number",
    "INTEGER": "number",
    "BOOLEAN": "truth",
    "BLOB": "bytes",
    "BYTEA": "bytes",
}


def tables_of(database: Database) -> dict[str, dict[str, str]]:
    """Return every table that is there, and its columns and their kinds."""
    looker = sqlalchemy.inspect(database.engine)
    return {
        table: {
            column["name"]: KINDS[str(column["type"]).upper()]
            for column in looker.get_columns(table)
        }
        for table in looker.get_table_names()
        if table not in UNNAMED
    }


def shape_of(database: Database) -> dict[str, object]:
    """Return all that is there: columns, keys, indexes."""
    looker = sqlalchemy.inspect(database.engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in columns],
            looker.get_pk_constraint(table)["constrained_columns"],
            sorted(
                (f["constrained_columns"], f["referred_table"])
                for f in looker.get_foreign_keys(table)
            ),
            sorted(u["column_names"] for u in looker.get_unique_constraints(table)),
            sorted((i["name"], i["column_names"]) for i in looker.get_indexes(table)),
        )
        for table in looker.get_table_names()
        if (columns := looker.get_columns(table))
    }


def test_queries_name_what_migrations_make(database):
    """
    Every table and column is in both, with the same kind of value.
    """
    named = {
        table.name: {
            column.name: {
                "Text": "text",
                "BigInteger": "number",
                "Integer": "number",
                "Boolean": "truth",
                "LargeBinary": "bytes",
            }[type(column.type).__name__]
            for column in table.columns
        }
        for table in metadata.sorted_tables
    }

    assert tables_of(database) == named


def test_every_row_is_held_by_a_key(database):
    """
    I3, I7: what must be there once is held by the tables, not by good will.
    """
    looker = sqlalchemy.inspect(database.engine)

    def unique(table: str) -> list[list[str]]:
        found = [u["column_names"] for u in looker.get_unique_constraints(table)]
        return [*found, looker.get_pk_constraint(table)["constrained_columns"]]

    assert ["job_seq", "number"] in unique("certificates")
    assert ["id"] in unique("certificates")
    assert ["reference"] in unique("certificates")
    assert ["job_seq", "number"] in unique("vouchers")
    assert ["job_seq", "number"] in unique("failures")
    assert ["chunk_id"] in unique("usage")
    assert ["tenant_id", "idempotency_key"] in unique("jobs")
    assert ["job_seq", "source"] in unique("pictures")


def test_migrating_again_changes_nothing(database):
    """
    Every start migrates; nearly always there is nothing to do.
    """
    before = shape_of(database)

    assert migrate(database) == migrations()[-1][0]
    assert shape_of(database) == before


def test_a_database_of_the_previous_schema_becomes_a_fresh_one(
    database_url, monkeypatch
):
    """
    However far back it starts, a migrated schema equals a fresh one.
    """
    every = migrations()
    database = Database(database_url)
    for count in range(1, len(every) + 1):
        monkeypatch.setattr(migrating, "migrations", lambda n=count: every[:n])
        migrate(database)
    stepwise = shape_of(database)
    with database.writing() as connection:
        for table in sqlalchemy.inspect(connection).get_table_names():
            cascade = "" if database.is_sqlite else "CASCADE"
            if database.is_sqlite:
                connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            connection.exec_driver_sql(f"DROP TABLE {table} {cascade}")
    monkeypatch.undo()
    migrate(database)

    assert shape_of(database) == stepwise
    database.close()


def test_four_that_start_at_once_migrate_once(database_url):
    """
    Hosts that come up together wait for each other.
    """
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(migrate, databases)) == {migrations()[-1][0]}

    with databases[0].reading() as connection:
        versions = connection.execute(text("SELECT version FROM schema_versions"))
        assert sorted(n for (n,) in versions) == [n for n, _ in migrations()]
    for database in databases:
        database.close()


def test_a_migration_is_there_whole_or_not_at_all(database_url):
    """
    What a crash in the middle leaves is what was there before.
    """
    database = Database(database_url)
    failpoints.arm("migrate.before_commit=raise")
    try:
        with pytest.raises(RuntimeError):
            migrate(database)
    finally:
        failpoints.arm("")

    assert tables_of(database) == {}
    migrate(database)
    assert "certificates" in tables_of(database)
    database.close()


def test_a_newer_database_is_refused(database):
    """
    An older Testamur does not write into what it does not know.
    """
    with database.writing() as connection:
        connection.execute(text("INSERT INTO schema_versions VALUES (9999)"))

    with pytest.raises(Fault, match="9999") as fault:
        migrate(database)

    assert not fault.value.passing
