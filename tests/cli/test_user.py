"""`testamur user`, as an operator types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import nursery

TESTAMUR = Path(sys.executable).with_name("testamur")

pytestmark = pytest.mark.xdist_group("cli_user")


def run(folder: Path, *words: str, typed: bytes = b"") -> subprocess.CompletedProcess:
    """Run `testamur` in *folder*, with *typed* on its standard input."""
    environment = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    environment |= {"TESTAMUR_DATA": "data", "TESTAMUR_SECRET_FILE": "secret"}
    return nursery.run(
        [TESTAMUR, *words],
        cwd=folder,
        env=environment,
        input=typed,
        capture_output=True,
        timeout=60,
    )


def told(folder: Path, *words: str, typed: bytes = b"") -> str:
    """Return what a command prints that does what it is told."""
    done = run(folder, *words, typed=typed)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def refused(folder: Path, *words: str, typed: bytes = b"") -> str:
    """Return the one line of a command that does not."""
    done = run(folder, *words, typed=typed)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.count(b"\n") == 1
    return done.stderr.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with data, a secret, and the tenant acme."""
    folder = tmp_path_factory.mktemp("house")
    told(folder, "tenant", "create", "acme", "--name", "Acme")
    return folder


ACME = ("--tenant", "acme")


def create(email: str, *more: str) -> tuple[str, ...]:
    """Return the words that let somebody log in."""
    return ("user", "create", email, *ACME, "--password-stdin", *more)


def listed(folder: Path) -> dict[str, dict]:
    """Return the users of acme, by their addresses."""
    users = json.loads(told(folder, "user", "list", *ACME, "--json"))
    return {one["email"]: one for one in users}


def test_a_user_is_made_disabled_and_let_in_again(folder):
    """The password is nowhere in what is printed."""
    secret = b"correct horse\n"

    made = told(folder, *create("ana@example.org", "--name", "Ana"), typed=secret)
    assert "ana@example.org" in made
    assert listed(folder)["ana@example.org"]["name"] == "Ana"
    told(folder, "user", "disable", "ANA@example.org", *ACME)
    assert listed(folder)["ana@example.org"]["disabledAt"] is not None
    words = ("user", "password", "ana@example.org", *ACME, "--password-stdin")
    changed = told(folder, *words, typed=b"another horse")

    assert listed(folder)["ana@example.org"]["disabledAt"] is None
    assert "horse" not in made + changed


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        (b"", "8 to 1,024 characters"),
        (b"short\n", "8 to 1,024 characters"),
        (b"correct horse\nand another line\n", "more than one line"),
        (b"\xff" * 12, "UTF-8"),
        (b"x" * 9_000, "too long"),
        (b"x" * 1_025, "8 to 1,024 characters"),
    ],
)
def test_a_password_that_is_none_is_refused(folder, typed, problem):
    """On one line, which does not repeat it; and nobody is made."""
    line = refused(folder, *create("bo@example.org"), typed=typed)

    assert problem in line
    assert "horse" not in line
    assert "bo@example.org" not in listed(folder)


def test_a_password_is_never_an_argument(folder):
    """Other processes could read it."""
    words = ("user", "create", "bo@example.org", *ACME)

    assert "--password-stdin" in refused(folder, *words, typed=b"correct horse\n")


def test_who_is_not_there_cannot_be_disabled(folder):
    """Nor anybody of a tenant that is not there."""
    words = ("user", "disable", "nobody@example.org")

    assert "no user" in refused(folder, *words, *ACME)
    assert "no such tenant" in refused(folder, *words, "--tenant", "other")


def test_an_address_is_taken_once(folder):
    """The operator is told how to give another password."""
    told(folder, *create("cy@example.org"), typed=b"correct horse")

    line = refused(folder, *create("CY@example.org"), typed=b"correct horse")

    assert "testamur user password" in line
