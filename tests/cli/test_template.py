"""`testamur template`, as an operator types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import nursery

TESTAMUR = Path(sys.executable).with_name("testamur")

pytestmark = pytest.mark.xdist_group("cli_template")

PLAIN = {
    "testamur": 1,
    "name": "Plain",
    "page": {"size": "A6"},
    "items": [
        {"type": "text", "box": [10, 10, 128, 20], "text": "{{recipientName}}"},
        {"type": "qr", "box": [100, 60, 30, 30]},
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with data, a secret, the tenant acme, and a template in a file."""
    made = tmp_path_factory.mktemp("templates")
    (made / "plain.json").write_text(json.dumps(PLAIN))
    assert run(made, "tenant", "create", "acme", "--name", "Acme").returncode == 0
    return made


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `testamur` in *folder*."""
    environment = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    return nursery.run(
        [TESTAMUR, *words],
        cwd=folder,
        env=environment
        | {"TESTAMUR_DATA": "data", "TESTAMUR_SECRET_FILE": str(folder / "secret")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def template(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command for the templates of acme."""
    return run(folder, "template", *words, "--tenant", "acme")


def test_a_template_is_added_seen_and_archived(folder):
    """From a file to a sample to its end."""
    added = template(folder, "add", "plain.json", "--json")
    assert added.returncode == 0, added.stderr
    made = json.loads(added.stdout)
    assert (made["name"], made["version"], made["state"]) == ("Plain", 1, "ready")

    seen = template(folder, "preview", "Plain", "out.pdf", "--set", "recipientName=Zoë")
    assert seen.returncode == 0, seen.stderr
    assert (folder / "out.pdf").read_bytes().startswith(b"%PDF-")

    archived = template(folder, "archive", made["id"])
    assert archived.stdout == f"template {made['id']} (Plain) is archived\n"
    gone = template(folder, "show", "Plain")
    assert gone.returncode == 1
    assert "There are: " in gone.stderr


def test_the_gallery_is_there_from_the_start(folder):
    """Each on a line; its package can be had, changed and added."""
    listed = template(folder, "list").stdout.splitlines()
    assert "classic-diploma" in [line.split("\t")[1] for line in listed]

    template(folder, "package", "classic-diploma@1", "out.zip")
    assert (folder / "out.zip").read_bytes().startswith(b"PK")


def test_every_fault_has_its_line(folder):
    """The last line is the error, as everywhere; those before it say what else."""
    broken = {**PLAIN, "colr": "#fff", "items": [{"type": "text", "box": [1]}]}
    (folder / "broken.json").write_text(json.dumps(broken))

    refused = template(folder, "add", "broken.json")

    assert refused.returncode == 1
    assert refused.stdout == ""
    lines = refused.stderr.splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        *("items[0]", "items[0].box", "testamur"),
    ]
    assert "Did you mean colour?" in lines[-1]
