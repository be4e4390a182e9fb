"""I23: a copy of the data directory signs nothing without the operator secret."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support import nursery
from support.server import TESTAMUR, good_rows, pictures, running, sheet
from support.softhsm import soft_token
from testamur.config import read_settings
from testamur.core.refusals import Fault
from testamur.issuance.keys import open_key
from testamur.wiring.office import open_office

pytestmark = pytest.mark.xdist_group("stolen_disk")

#: What a thief may try who has no secret.
GUESSES = (bytes(32), b"\xff" * 32, b"issuer key".ljust(32, b"\0"))


@pytest.fixture(scope="module")
def stolen(tmp_path_factory) -> Path:
    """Return a copy of what a server kept that has issued certificates."""
    folder = tmp_path_factory.mktemp("stolen")
    with running() as server:
        tenant = server.tenant()
        tenant.done(sheet(*good_rows(3)), pictures())
        shutil.copytree(server.data, folder / "data")
        shutil.copy(server.folder / "secret", folder / "secret")
        (folder / "slug").write_text(tenant.slug)
    return folder / "data"


@pytest.fixture
def copy(stolen, tmp_path) -> Path:
    """Return a folder with a fresh copy of it in `data`, and nothing else."""
    shutil.copytree(stolen, tmp_path / "data")
    return tmp_path


def settings_of(folder: Path, **named: str) -> dict[str, str]:
    """Return an environment in which the copy is the data."""
    clean = {name: v for name, v in os.environ.items() if "TESTAMUR_" not in name}
    return {
        **clean,
        "TESTAMUR_DATA": str(folder / "data"),
        "HOME": str(folder),
        **named,
    }


def start(environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess:
    """Try to serve; return how that ended."""
    return nursery.run(
        [TESTAMUR, "serve", "--port", "0", "--workers", "1"],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def signed(folder: Path) -> list[tuple]:
    """Return everything in the copy that took a key to make."""
    environment = settings_of(folder)
    office = open_office(read_settings(environment, folder), environment=environment)
    try:
        with office.database.reading() as connection:
            return [
                tuple(row)
                for query in (
                    "SELECT id, sealed, retired_at FROM issuer_keys ORDER BY id",
                    "SELECT id, signature FROM certificates ORDER BY id",
                    "SELECT size, note FROM log_checkpoints ORDER BY size",
                )
                for row in connection.exec_driver_sql(query)
            ]
    finally:
        office.close()


def test_a_copy_without_the_secret_does_not_start(copy):
    """It says in one line what is missing, makes no other, and signs nothing."""
    before = signed(copy)
    path = copy / "nowhere" / "secret"

    ended = start(settings_of(copy, TESTAMUR_SECRET_FILE=str(path)), copy)

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert re.search(r"operator secret \S+ is missing", ended.stderr)
    assert not path.exists()
    assert signed(copy) == before


@pytest.mark.parametrize("way", ["file", "environment", "default"])
def test_a_copy_with_another_secret_does_not_start(copy, way):
    """Wherever it comes from, it is not the one, and that is said in one line."""
    before = signed(copy)
    wrong = "ab" * 32
    environment = {"TESTAMUR_SECRET": wrong}
    if way != "environment":
        path = copy / (".config/testamur/secret" if way == "default" else "secret")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wrong)
        path.chmod(0o600)
        environment = {} if way == "default" else {"TESTAMUR_SECRET_FILE": str(path)}

    ended = start(settings_of(copy, **environment), copy)

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "is not the one that this data was made with" in ended.stderr
    assert wrong not in ended.stderr
    assert signed(copy) == before


def test_no_command_signs_for_a_copy_with_another_secret(copy, stolen):
    """What needs no server is refused as well, and nothing is added."""
    before = signed(copy)
    slug = stolen.with_name("slug").read_text()
    words = ["token", "create", "--tenant", slug]

    ended = nursery.run(
        [TESTAMUR, *words],
        env=settings_of(copy, TESTAMUR_SECRET="ab" * 32),
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "is not the one that this data was made with" in ended.stderr
    assert signed(copy) == before


def test_a_copy_does_not_open_its_keys_to_a_thief(copy):
    """Not with a guess, and not with everything that the tables know."""
    environment = settings_of(copy)
    office = open_office(read_settings(environment, copy), environment=environment)
    try:
        with office.database.reading() as connection:
            known = (
                connection.exec_driver_sql("SELECT value FROM house").scalars().all()
            )
            tenants = connection.exec_driver_sql("SELECT id FROM tenants").scalars()
            keys = [key for one in tenants for key in office.keyring.keys_of(one)]
    finally:
        office.close()
    assert keys
    guesses = [*GUESSES, *(k.public for k in keys)]
    guesses += [bytes.fromhex(v) for v in known if re.fullmatch("[0-9a-f]{64}", v)]
    assert len(guesses) > len(GUESSES) + len(keys)

    for key in keys:
        for guess in guesses:
            with pytest.raises(Fault, match="does not open"):
                open_key(key, sealing=guess)


def test_with_the_secret_a_copy_is_a_backup(copy, stolen):
    """The same copy and the secret beside it: its keys open, and sign."""
    environment = settings_of(
        copy, TESTAMUR_SECRET_FILE=str(stolen.with_name("secret"))
    )
    office = open_office(read_settings(environment, copy), environment=environment)
    try:
        (tenant,) = office.access_store.tenants()
        key = office.keyring.current(tenant.id)
        assert key.is_in_force
        assert len(office.keyring.signer(key.id)(b"said")) == 64
    finally:
        office.close()


def test_a_copy_and_the_tokens_files_still_need_the_pin(tmp_path):
    """Who has data, settings and the token itself, but no PIN, signs nothing."""
    token = soft_token(tmp_path / "token")
    settings = settings_of(tmp_path, TESTAMUR_SECRET_URL=token.uri())
    settings |= token.environment

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return nursery.run(
            [TESTAMUR, *words],
            env=settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert run("secret", "seal", "--make-key").returncode == 0
    assert run("tenant", "create", "acme", "--name", "Acme").returncode == 0
    token.pin_file.write_text("1234567890123\n")

    ended = run("issuer", "rotate", "--tenant", "acme")

    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "refuses the PIN" in ended.stderr
    assert run("issuer", "keys", "--tenant", "acme").stdout.count("\n") == 1
