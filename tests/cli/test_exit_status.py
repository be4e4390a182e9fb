"""What a script learns from the command line: status, and one clear line."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from support import nursery

pytestmark = pytest.mark.xdist_group("cli_exit_status")

TESTAMUR = Path(sys.executable).with_name("testamur")

WRONG_ROW = (
    "name,description,category,recipientEmail,imageUrl\n"
    "Course,About it,education,nobody,https://images.example.org/a.png\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with data and secret of its own, and the tenant acme."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "testamur.toml").write_text('data = "data"\nsecret_file = "secret"\n')
    assert run(folder, "tenant", "create", "acme", "--name", "Acme").returncode == 0
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run `testamur` in *folder*, whatever is set around the tests."""
    environment = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    return nursery.run(
        [TESTAMUR, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_refused_command_fails_with_one_line(folder):
    """
    What is refused ends with 1 and one line that says who speaks.
    """
    done = run(folder, "key", "create", "--tenant", "nobody")

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("testamur: ")
    assert done.stderr.count("\n") == 1


def test_a_mistyped_command_fails_with_one_line(folder):
    """
    What cannot be understood ends with 2, as with every Unix command.
    """
    done = run(folder, "tennant")

    assert done.returncode == 2
    asked = "testamur: No such command 'tennant'. Did you mean 'tenant'?\n"
    assert done.stderr == asked


def test_a_port_that_there_is_not_is_mistyped(folder):
    """
    A slip of the pen does not end on a port that nobody asked for.
    """
    done = run(folder, "serve", "--port", "80000")

    assert done.returncode == 2
    assert "--port" in done.stderr


def test_no_command_at_all_shows_which_there_are(folder):
    """
    Whoever just types `testamur` reads what it can do.
    """
    done = run(folder)

    assert done.returncode == 2
    assert done.stderr.startswith("Usage: testamur ")


def test_a_job_without_a_certificate_fails(folder):
    """
    A script that issues learns by the status that nothing was issued.
    """
    (folder / "wrong.csv").write_text(WRONG_ROW)

    done = run(folder, "issue", "wrong.csv", "--tenant", "acme")

    assert "row 1: Invalid email format" in done.stdout
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "testamur: the job is failed; no certificate was issued"
    )


def test_nothing_is_issued_when_its_results_have_no_place(folder):
    """
    Who is refused for a mistyped path may try again: nothing is issued twice.
    """
    (folder / "some.csv").write_text(WRONG_ROW)
    before = run(folder, "job", "list", "--tenant", "acme").stdout

    done = run(
        folder, "issue", "some.csv", "--tenant", "acme", "--results", "nowhere/x.csv"
    )

    assert done.returncode == 1
    assert "Nothing was issued" in done.stderr
    assert run(folder, "job", "list", "--tenant", "acme").stdout == before


def test_fsck_fails_when_something_does_not_agree(folder):
    """
    A watchdog that runs `fsck` learns by the status that it found something.
    """
    (folder / "any.csv").write_text(WRONG_ROW)
    run(folder, "issue", "any.csv", "--tenant", "acme")
    well = run(folder, "fsck")
    database = sqlite3.connect(folder / "data" / "testamur.db")
    database.execute("DELETE FROM rows")
    database.commit()
    database.close()

    ill = run(folder, "fsck")

    assert (well.returncode, well.stdout) == (0, "everything agrees\n")
    assert ill.returncode == 1
    assert "does not have the rows it was accepted with" in ill.stdout
    assert ill.stderr.endswith(" violations\n")


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    """
    Whoever meets a damaged database reads a line, not a stack trace.
    """
    (tmp_path / "testamur.toml").write_text('data = "."\nsecret_file = "../secret"\n')
    (tmp_path / "testamur.db").write_text("no database at all\n" * 100)

    done = run(tmp_path, "tenant", "list")

    assert done.returncode == 1
    assert done.stderr == (
        "testamur: the database cannot be read: file is not a database; "
        "restore a backup\n"
    )


def test_ctrl_c_ends_a_server_without_a_word(folder):
    """
    A terminal sends Ctrl-C to the server and to its workers, and all end in order.
    """
    server = subprocess.Popen(
        [TESTAMUR, "serve", "--port", "0", "--workers", "2"],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if "TESTAMUR_" not in k},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    ready = server.stdout.readline()
    while not workers_ready(server.pid):
        assert server.poll() is None

    os.killpg(server.pid, signal.SIGINT)
    _, errors = server.communicate(timeout=40)

    assert ready.startswith("Testamur is ready at ")
    assert errors == ""
    assert server.returncode == 0


def workers_ready(pid: int) -> bool:
    """Say whether two workers of *pid* run and leave Ctrl-C to their parent."""
    return sum(map(ignores_ctrl_c, psutil.Process(pid).children())) == 2


def ignores_ctrl_c(process: psutil.Process) -> bool:
    """Say whether SIGINT is among the signals that *process* ignores (proc(5))."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    ignored = int(status.partition("SigIgn:")[2].split()[0], 16)
    return bool(ignored & 1 << (signal.SIGINT - 1))
