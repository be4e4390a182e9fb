"""What every test can ask for, and how a run begins and ends."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support.capabilities import LACKS, lacking
from support.postgres import (
    REMEDY,
    NoPostgres,
    PostgresServer,
    end_shared_server,
    fresh_database,
    shared_server,
)

# The same examples on every run: a red build is red for everyone, and again.
# `--hypothesis-profile=soak` looks for new ones.
settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", deadline=None, max_examples=5_000)
settings.load_profile("steady")

#: Where the processes of one run meet, and which of them is in charge.
RUN_DIRECTORY = "TESTAMUR_TEST_RUN"
RUN_OWNER = "TESTAMUR_TEST_OWNER"


def is_worker(config: pytest.Config) -> bool:
    """Say whether this process was started by pytest-xdist."""
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a folder; workers inherit it through the environment."""
    if not is_worker(config):
        os.environ[RUN_DIRECTORY] = tempfile.mkdtemp(prefix="testamur-run-")
        os.environ[RUN_OWNER] = str(os.getpid())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what the run started."""
    if not is_worker(config) and RUN_DIRECTORY in os.environ:
        end_shared_server(Path(os.environ.pop(RUN_DIRECTORY)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested because the machine lacks something."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple | list)
    )
    lacks = {text: count for text, count in reasons.items() if LACKS in text}
    if lacks:
        terminalreporter.section("NOT TESTED", yellow=True, bold=True)
        for text, count in sorted(lacks.items()):
            terminalreporter.line(f"{count} tests: {text}", yellow=True)


@pytest.fixture(scope="session")
def postgres_administrator() -> str:
    """Return the administrator's URL of the PostgreSQL server this run shares."""
    try:
        return shared_server(
            Path(os.environ[RUN_DIRECTORY]), int(os.environ[RUN_OWNER])
        )
    except NoPostgres as trouble:
        lacking(f"a PostgreSQL server ({trouble})", REMEDY)


@pytest.fixture
def postgres_url(postgres_administrator: str) -> Iterator[str]:
    """Return the `postgresql://` URL of an empty database, dropped afterwards."""
    with fresh_database(postgres_administrator) as url:
        yield url


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """Return a running PostgreSQL server that the test may break."""
    try:
        server = PostgresServer()
    except NoPostgres as trouble:
        lacking(f"a PostgreSQL server ({trouble})", REMEDY)
    with server:
        yield server
