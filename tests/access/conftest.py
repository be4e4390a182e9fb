"""The access room on SQLite; what differs between engines is tested in stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.access import AccessRoom
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate


@pytest.fixture
def room(tmp_path: Path) -> Iterator[AccessRoom]:
    """Return the room with nobody in it yet."""
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    yield AccessRoom(database)
    database.close()
