"""Results on SQLite; what differs between engines is tested in stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.results import ResultsWorld
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate
from testamur.adapters.sql.results import SqlResults
from testamur.delivery.downloads import Downloads
from testamur.issuance.issue import facts_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ResultsWorld]:
    """Return a world without jobs, on SQLite."""
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    yield ResultsWorld(database, tmp_path / "blobs")
    database.close()


@pytest.fixture
def downloads(world: ResultsWorld) -> Downloads:
    """Return the downloads of that world."""
    return Downloads(
        SqlResults(world.database),
        world.blobs,
        facts_of,
        "https://certificates.example/",
    )
