"""The access room on SQLite; what differs between engines is tested in stores."""

from collections.abc import Iterator

import pytest

from support.access import AccessRoom
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate


@pytest.fixture
def room(sqlite_url: str) -> Iterator[AccessRoom]:
    """Return the room with nobody in it yet."""
    database = Database(sqlite_url)
    migrate(database)  # nothing is left to do, as in a process that starts
    yield AccessRoom(database)
    database.close()
