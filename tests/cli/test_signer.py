"""`testamur signer`, as an operator types it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from support import nursery
from support.pki_of_signers import NOW, YEAR, institution, intermediate, packed
from support.softhsm import PIN as TOKEN_PIN
from support.softhsm import soft_token

TESTAMUR = Path(sys.executable).with_name("testamur")

pytestmark = pytest.mark.xdist_group("cli_signer")

PIN = "314159"


def run(
    folder: Path, *words: str, said: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run `testamur` in *folder*, and say *said* to it."""
    environment = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    return nursery.run(
        [TESTAMUR, "signer", *words],
        cwd=folder,
        env=environment
        | {"TESTAMUR_DATA": "data", "TESTAMUR_SECRET_FILE": "secret"}
        | settings,
        input=said,
        capture_output=True,
        text=True,
        timeout=60,
    )


def told(folder: Path, *words: str, said: str = "", **settings: str) -> str:
    """Return what a command prints that does what it is told."""
    done = run(folder, *words, said=said, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(folder: Path, *words: str, said: str = "", **settings: str) -> str:
    """Return the one line of a command that does not."""
    done = run(folder, *words, said=said, **settings)
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A folder with data, the tenant acme, and certificate files."""
    folder = tmp_path_factory.mktemp("house")
    nursery.run(
        [TESTAMUR, "tenant", "create", "acme", "--name", "Acme"],
        cwd=folder,
        env=os.environ | {"TESTAMUR_DATA": "data", "TESTAMUR_SECRET_FILE": "secret"},
        check=True,
        capture_output=True,
        timeout=60,
    )
    (folder / "plain.p12").write_bytes(packed(institution("p256"), PIN))
    (folder / "own.p12").write_bytes(packed(institution("p384"), "Größe 4!"))
    (folder / "old.p12").write_bytes(packed(institution("p256", until=NOW - YEAR), PIN))
    return folder


ADD = ("--tenant", "acme", "--name", "Rectorate", "--pin-stdin")


def test_a_signer_is_added_shown_and_revoked(house):
    """Its id is the last line; revoking it has to be meant."""
    printed = told(house, "add", "plain.p12", *ADD, said=PIN + "\n")
    name = printed.splitlines()[-1]
    assert name.isdigit()

    shown = json.loads(told(house, "show", name, "--json"))
    assert shown["subject"] == "CN=Universidade Exemplo"
    assert shown["status"] == "active"
    listed = json.loads(told(house, "list", "--tenant", "acme", "--json"))
    assert shown in listed
    assert "unlocked" in told(house, "unlock", name)
    assert "never signs again" in refused(house, "revoke", name)
    assert "is revoked" in told(house, "revoke", name, "--yes")
    assert json.loads(told(house, "show", name, "--json"))["status"] == "revoked"


def test_a_file_with_a_password_of_its_own_takes_two_lines(house):
    """The PIN, and then what opens the file; neither is an argument."""
    said = f"{PIN}\nGröße 4!\n"

    told(house, "add", "own.p12", *ADD, "--password-stdin", said=said)

    assert "password of its own" in refused(house, "add", "own.p12", *ADD, said=said)


def test_an_expired_certificate_is_added_with_a_warning(house):
    """On standard error, so that the last line is still the id."""
    done = run(house, "add", "old.p12", *ADD, said=PIN)

    assert done.returncode == 0
    assert "has expired" in done.stderr
    assert done.stdout.splitlines()[-1].isdigit()


@pytest.mark.parametrize(
    ("words", "said", "why"),
    [
        (("add", "plain.p12", *ADD), "12\n", "4 to 128 printable ASCII"),
        (("add", "plain.p12", *ADD), "", "pin field is required"),
        (("add", "plain.p12", *ADD[:-1]), PIN, "say --pin-stdin"),
        (("add", "plain.p12", *ADD), "271828\n", "does not open"),
        (("add", "secret", *ADD), PIN, "PKCS #12 file"),
        (("add", *ADD), PIN, "name either"),
        (("add", "plain.p12", *ADD, "--pkcs11", "pkcs11:"), PIN, "name either"),
        (("show", "999"), "", "no such certificate"),
        (("list", "--tenant", "nobody"), "", "no such tenant"),
    ],
)
def test_what_will_not_do_is_said_in_one_line(house, words, said, why):
    """And nothing that was said comes back."""
    line = refused(house, *words, said=said)

    assert why in line
    assert "271828" not in line
    assert PIN not in line


def test_a_key_in_a_token_is_added_by_its_uri(house):
    """Without a PIN, or tried once with it; what will not do is said."""
    token = soft_token(house / "token")
    party = institution("p256")
    uri = token.hold(
        "rector",
        party.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    (house / "chain.pem").write_bytes(
        b"".join(
            one.certificate.public_bytes(Encoding.PEM)
            for one in (party, intermediate())
        )
    )
    words = ("add", "--pkcs11", uri, "--certificate", "chain.pem", *ADD[:-1])

    added = told(house, *words, **token.environment)
    tried = told(house, *words, ADD[-1], said=TOKEN_PIN, **token.environment)
    wrong = refused(house, *words, ADD[-1], said="271828", **token.environment)

    assert added.splitlines()[-1].isdigit()
    assert tried.splitlines()[-1].isdigit()
    assert "pin is incorrect" in wrong
    shown = json.loads(told(house, "show", added.splitlines()[-1], "--json"))
    assert shown["kind"] == "pkcs11"
