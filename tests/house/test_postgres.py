"""The PostgreSQL servers that other tests stand on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from support.postgres import NoPostgres, PostgresServer, shared_server

TESTS = Path(__file__).resolve().parents[1]


def test_a_test_gets_an_empty_database_that_it_owns(postgres_url):
    """
    The database of a test holds nothing yet, and the test may make tables in it.
    """
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        connection.execute("CREATE TABLE mine (id int)")

        assert tables == (0,)


def test_a_tests_role_is_no_superuser(postgres_url):
    """
    Code that would need more rights than a careful operator grants fails here.
    """
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

        assert row == (False,)


def test_the_server_is_as_durable_as_in_production(postgres_url):
    """
    Nothing is measured or proved on a server that has been told not to fsync.
    """
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_the_server_listens_on_loopback_only_and_asks_for_a_password(postgres_url):
    """
    Nobody else on this machine or its network reaches the data of a test.
    """
    wrong = postgres_url.replace("testamur:", "testamur:x", 1)

    with psycopg.connect(postgres_url) as connection:
        listens = connection.execute("SHOW listen_addresses").fetchone()

    assert listens == ("127.0.0.1",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(wrong)


def test_what_was_committed_survives_a_kill(postgres_server):
    """
    A killed server starts again under the same URL with what it had committed,
    and without what it had not.
    """
    url = postgres_server.url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.commit()
        connection.execute("INSERT INTO kept VALUES (1)")
        connection.commit()
        connection.execute("INSERT INTO kept VALUES (2)")

        postgres_server.kill()
        connection.close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    postgres_server.start()

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(1,)]


def test_the_shared_server_ends_with_the_run_that_was_killed(
    postgres_administrator, tmp_path
):
    """
    However a run of the tests ends, no server and no data stay behind.
    """
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    run = tmp_path / "run"
    run.mkdir()
    shared_server(run, owner.pid)
    keeper = psutil.Process(int((run / "keeper").read_text()))
    (server,) = keeper.children()
    data = Path(server.cmdline()[server.cmdline().index("-D") + 1])

    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    owner.stdin.close()
    _, alive = psutil.wait_procs([keeper, server], timeout=30)

    assert alive == []
    assert not data.exists()
    assert not run.exists()


def test_a_server_ends_with_the_process_that_started_it(postgres_administrator):
    """
    A test process that is killed takes its own server with it.
    """
    program = (
        "from support.postgres import PostgresServer\n"
        "server = PostgresServer()\n"
        "server.start()\n"
        "print(server._process.pid, server.directory, flush=True)\n"
        "input()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=TESTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        pid, _, directory = child.stdout.readline().strip().partition(" ")
        server = psutil.Process(int(pid))

        child.kill()
        child.wait()
        _, alive = psutil.wait_procs([server], timeout=30)

    subprocess.run(["rm", "-rf", directory], check=True)
    assert alive == []


def test_a_refused_start_says_why(postgres_administrator):
    """
    A setting PostgreSQL does not accept is named in the error, in its own words.
    """
    server = PostgresServer(max_connections="many")

    with pytest.raises(NoPostgres, match="max_connections"), server:
        pass
