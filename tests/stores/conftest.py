"""Both databases, for the exercises that both must pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database, once for each engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'testamur.db'}"
    return request.getfixturevalue("postgres_url")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database with the newest schema, once for each engine."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()
