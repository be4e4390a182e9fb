"""What every test can ask for, and how a run begins and ends."""

import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from support.capabilities import LACKS, lacking
from support.plain_logs import write_plain_logs
from support.postgres import (
    REMEDY,
    NoPostgres,
    PostgresServer,
    end_shared_server,
    fresh_database,
    shared_server,
)
from support.schemas import Schemas
from support.workshop import Workshop
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate

if TYPE_CHECKING:  # most tests need no server
    from support.server import Server, Tenant

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


def pytest_configure() -> None:
    """
    Give the run a folder; workers, and runs that tests start, inherit it.

    Tests start thousands of processes. None of them compiles what another one has
    compiled, even where people who only try things out asked Python for that.
    """
    write_plain_logs()
    # `make test &` would have everything that is started here be deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if not Path(os.environ.get(RUN_DIRECTORY, "/nowhere")).is_dir():
        os.environ[RUN_DIRECTORY] = tempfile.mkdtemp(prefix="testamur-run-")
        os.environ[RUN_OWNER] = str(os.getpid())


def pytest_unconfigure() -> None:
    """Stop what the run started."""
    if os.environ.get(RUN_OWNER) == str(os.getpid()):
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


@pytest.fixture(scope="session")
def server() -> "Iterator[Server]":
    """Return a running server, shared by the tests of this process."""
    from support.server import running

    with running() as one:
        yield one


@pytest.fixture
def tenant(server: "Server") -> "Tenant":
    """Return a new tenant without limits on that server."""
    return server.tenant()


@pytest.fixture(scope="session")
def postgres_database(postgres_administrator: str) -> Iterator[str]:
    """Return the URL of a database for this process, in which tests have schemas."""
    with fresh_database(postgres_administrator) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_schemas(postgres_database: str) -> Schemas:
    """Return the schemas of this process."""
    return Schemas(postgres_database)


@pytest.fixture
def postgres_schema(postgres_schemas: Schemas) -> Iterator[str]:
    """Return a URL like `postgres_url`, of a schema without a row, and much quicker."""
    with postgres_schemas.lent() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of SQLite's with every table and no row."""
    path = tmp_path_factory.mktemp("template") / "testamur.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of a database of SQLite's without a row."""
    path = tmp_path / "testamur.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database without a row, once for each engine."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_schema"
    return str(request.getfixturevalue(name))


@pytest.fixture
def open_workshop(
    database_url: str, tmp_path: Path
) -> Iterator[Callable[..., Workshop]]:
    """Return what opens the installation; each call is another process's view."""
    with ExitStack() as stack:

        def opened(**options) -> Workshop:
            workshop = Workshop(database_url, tmp_path, **options)
            stack.callback(workshop.close)
            return workshop

        yield opened


@pytest.fixture
def workshop(open_workshop: Callable[..., Workshop]) -> Iterator[Workshop]:
    """Return an installation, in which everything must agree when the test ends."""
    opened = open_workshop()
    yield opened
    assert opened.wrong() == []
