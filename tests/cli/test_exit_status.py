"""What a script learns from the command line: status, and one clear line."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

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
    return subprocess.run(
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
    done = run(folder, "isue")

    assert done.returncode == 2
    assert done.stderr == ("testamur: No such command 'isue'. Did you mean 'issue'?\n")


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


def test_fsck_fails_when_something_does_not_agree(folder):
    """
    A watchdog that runs `fsck` learns by the status that it found something.
    """
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
