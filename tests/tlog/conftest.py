"""A log on both databases, which must be sound when the test ends."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.logs import LogHouse, TickingClock


@pytest.fixture
def open_log(database_url: str, tmp_path: Path) -> Iterator[Callable[..., LogHouse]]:
    """Return what opens the log; each call is another process's view of it."""
    clock = TickingClock()
    with ExitStack() as stack:

        def opened(folder: str = "one", **options) -> LogHouse:
            house = LogHouse(database_url, tmp_path / folder, clock=clock, **options)
            stack.callback(house.close)
            return house

        yield opened


@pytest.fixture
def house(open_log: Callable[..., LogHouse]) -> Iterator[LogHouse]:
    """Return a log in which everything must agree when the test ends."""
    opened = open_log()
    yield opened
    assert opened.wrong() == []
