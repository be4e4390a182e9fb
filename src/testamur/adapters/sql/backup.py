"""A consistent copy of the database while others write to it."""

import sqlite3
from pathlib import Path

from testamur.core.refusals import Kind, Refusal

from .database import Database


def backup_database(database: Database, target: Path) -> None:
    """
    Copy the SQLite database to *target*, as of one moment.

    Raises:
        Refusal: for PostgreSQL, which has better tools of its own.
    """
    if not database.is_sqlite:
        raise Refusal(
            Kind.INVALID,
            "backup_postgresql",
            "this database is PostgreSQL: back it up with pg_dump or a base backup, "
            "and copy the files of the data directory after it",
        )
    source = sqlite3.connect(f"file:{database.path}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        with copy:
            source.backup(copy)
    finally:
        copy.close()
        source.close()
