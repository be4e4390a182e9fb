"""What was deleted from the database file is not in it any more."""

import sqlite3
from pathlib import Path

import pytest

from testamur.adapters.sql.database import Database
from testamur.core.refusals import Fault

CANARY = b"zdenka-quixote-4711"


def holding(folder: Path) -> list[str]:
    """Return the names of files that hold the canary."""
    return [path.name for path in folder.iterdir() if CANARY in path.read_bytes()]


@pytest.fixture
def database(tmp_path):
    """Return a database from which the canary was deleted by SQLite at its laziest."""
    path = tmp_path / "testamur.db"
    database = Database(f"sqlite:///{path}")
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY, said TEXT)")
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA secure_delete = OFF")
    for n in range(200):
        said = CANARY.decode() if n == 70 else f"somebody else {n}"
        raw.execute("INSERT INTO t VALUES (?, ?)", (n, said * 5))
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.execute("DELETE FROM t WHERE n = 70")
    raw.close()
    yield database
    database.close()


def test_freed_bytes_are_overwritten(database, tmp_path):
    """
    I26: neither the file nor its log holds them; everything else is there.
    """
    assert holding(tmp_path)

    database.overwrite_freed(("t",))

    assert holding(tmp_path) == []
    with database.reading() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM t").scalar()
    assert count == 199


def test_a_reader_that_sees_the_old_is_no_lie(database, tmp_path, monkeypatch):
    """
    While somebody still reads what was before, the log cannot be emptied; that is
    said, and nobody is told that nothing is left.
    """
    monkeypatch.setattr("testamur.adapters.sql.database.BUSY_MILLISECONDS", 50)
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM t").scalar()

        with pytest.raises(Fault, match="readers"):
            database.overwrite_freed(("t",))

    database.overwrite_freed(("t",))
    assert holding(tmp_path) == []
