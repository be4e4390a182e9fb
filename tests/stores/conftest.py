"""Both databases, for the exercises that both must pass."""

from collections.abc import Iterator

import pytest

from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database with the newest schema, once for each engine."""
    database = Database(database_url)
    migrate(database)
    yield database
    database.close()
