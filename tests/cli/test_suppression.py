"""`testamur suppression`, as an operator types it."""

import json
import os
import subprocess
import sys

import pytest

from support import nursery

TESTAMUR = os.path.join(os.path.dirname(sys.executable), "testamur")

pytestmark = pytest.mark.xdist_group("cli_suppression")


@pytest.fixture
def run(tmp_path):
    """Return what runs `testamur` in a folder with a tenant `acme`."""
    environment = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    environment |= {"TESTAMUR_DATA": "data", "TESTAMUR_SECRET_FILE": "secret"}

    def run(*words: str) -> subprocess.CompletedProcess:
        return nursery.run(
            [TESTAMUR, *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert run("tenant", "create", "acme", "--name", "Acme").returncode == 0
    return run


def test_a_list_comes_from_a_file_and_goes_into_one(run, tmp_path):
    """Whole or not at all; what is printed as CSV is read again."""
    listing = ("suppression", "list", "--tenant", "acme")
    load = ("suppression", "import", "--tenant", "acme")
    file = tmp_path / "list.csv"
    file.write_text("name,email,reason\nAda,Ada@x.org,complained\nBob,bob@x.org,\n")
    assert "2 addresses, 2 of them new" in run(*load, str(file)).stdout
    file.write_text("eve@x.org\nnobody\nmallory@x.org\n")
    refused = run(*load, str(file))
    assert (refused.returncode, "line 2" in refused.stderr) == (1, True)

    file.write_text(run(*listing, "--csv").stdout)
    assert "2 addresses, 0 of them new" in run(*load, str(file)).stdout
    entries = json.loads(run(*listing, "--json").stdout)
    assert {(one["address"], one["reason"]) for one in entries} == {
        ("ada@x.org", "complained"),
        ("bob@x.org", "manual"),
    }


def test_an_address_is_added_and_removed(run):
    """By itself or by the id of its entry; what is not there is said so."""
    of = ("--tenant", "acme")
    added = run("suppression", "add", "Ada@x.org", *of, "--reason", "bounced")
    assert added.stdout == "ada@x.org is on the list: bounced\n"

    assert "1 entry removed" in run("suppression", "remove", "ADA@x.org", *of).stdout
    gone = run("suppression", "remove", "ada@x.org", *of)
    assert (gone.returncode, "no such entry" in gone.stderr) == (1, True)
