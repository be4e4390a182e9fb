"""`testamur issuer` and `testamur secret`, as an operator types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import nursery
from support.softhsm import PIN, soft_token

TESTAMUR = Path(sys.executable).with_name("testamur")

pytestmark = pytest.mark.xdist_group("cli_issuer")


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `testamur` in *folder*, with the secret in a file unless told otherwise."""
    environment = {k: v for k, v in os.environ.items() if "TESTAMUR_" not in k}
    environment["TESTAMUR_DATA"] = "data"
    if not any(name.startswith("TESTAMUR_SECRET") for name in settings):
        environment["TESTAMUR_SECRET_FILE"] = "secret"
    return nursery.run(
        [TESTAMUR, *words],
        cwd=folder,
        env=environment | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def told(folder: Path, *words: str, **settings: str) -> str:
    """Return what a command prints that does what it is told."""
    done = run(folder, *words, **settings)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(folder: Path, *words: str, **settings: str) -> str:
    """Return the one line of a command that does not."""
    done = run(folder, *words, **settings)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with data, a secret, and the tenant acme."""
    told(tmp_path, "tenant", "create", "acme", "--name", "Acme")
    return tmp_path


def keys(folder: Path, **settings: str) -> list[dict]:
    """Return the keys of acme."""
    return json.loads(
        told(folder, "issuer", "keys", "--tenant", "acme", "--json", **settings)
    )


def test_a_tenant_is_made_with_its_key(folder):
    """And can sign from its first job on."""
    (key,) = keys(folder)

    assert key["algorithm"] == "EdDSA"
    assert key["retiredAt"] is key["revokedAt"] is None


def test_a_rotated_key_is_listed_and_retired(folder):
    """The newest is first; what a script needs is in the JSON."""
    (old,) = keys(folder)
    new = json.loads(told(folder, "issuer", "rotate", "--tenant", "acme", "--json"))
    rsa = ("issuer", "rotate", "--tenant", "acme", "--algorithm", "RS256")

    assert "RS256" in told(folder, *rsa)

    third, second, first = keys(folder)
    assert third["algorithm"] == "RS256"
    assert second == new
    assert first["id"] == old["id"]
    assert first["retiredAt"] is not None
    assert "EdDSA or RS256" in refused(folder, *rsa[:-1], "ES256")


def test_revoking_a_key_has_to_be_meant(folder):
    """Who does not say --yes is told what it would do, and nothing is done."""
    (key,) = keys(folder)
    words = ("issuer", "revoke-key", key["id"], "--tenant", "acme")

    said = refused(folder, *words)
    assert "stops verifying, for ever" in said
    assert "rotate" in said
    assert keys(folder) == [key]

    assert "verifies no more" in told(folder, *words, "--yes")
    assert keys(folder)[0]["revokedAt"] is not None
    assert "no issuer key" in refused(folder, "issuer", "revoke-key", "nothing",
                                      "--tenant", "acme", "--yes")  # fmt: skip


def test_how_recipients_are_named_is_the_tenants_choice(folder):
    """Hashed unless told otherwise; each change is for later jobs."""
    show = ("issuer", "show", "--tenant", "acme", "--json")
    assert json.loads(told(folder, *show))["recipients"] == "hashed"

    told(folder, "issuer", "set", "--tenant", "acme", "--recipients", "plain")
    assert json.loads(told(folder, *show))["recipients"] == "plain"
    assert "hashed or plain" in refused(
        folder, "issuer", "set", "--tenant", "acme", "--recipients", "none"
    )
    told(folder, "issuer", "set", "--tenant", "acme", "--recipients", "hashed")
    assert json.loads(told(folder, *show))["recipients"] == "hashed"


def test_a_secret_from_the_environment_is_shown_to_nobody(folder):
    """It works as the file did, and `config show` says that it is there."""
    secret = (folder / "secret").read_text().strip()

    told(folder, "issuer", "rotate", "--tenant", "acme", TESTAMUR_SECRET=secret)
    for words in (["config", "show"], ["config", "show", "--json"]):
        shown = told(folder, *words, TESTAMUR_SECRET=secret)
        assert "***" in shown
        assert secret not in shown


def test_two_secrets_are_one_too_many(folder):
    """Which of them is meant cannot be known; neither is quoted."""
    for other in ("TESTAMUR_SECRET_FILE", "TESTAMUR_SECRET_URL"):
        value = {"TESTAMUR_SECRET_URL": "pkcs11:object=k"}.get(other, "secret")
        said = refused(
            folder, "config", "show", **{"TESTAMUR_SECRET": "s" * 40, other: value}
        )
        assert f"{other} is set too" in said
        assert "ssss" not in said


def test_a_secret_does_not_belong_into_the_settings_file(folder):
    """It would be read by whoever reads the settings."""
    (folder / "testamur.toml").write_text('secret = "' + "s" * 40 + '"\n')

    said = refused(folder, "config", "show")

    assert "set TESTAMUR_SECRET instead" in said
    assert "ssss" not in said


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("vault://somewhere", "pkcs11:... or aws-kms://"),
        ("pkcs11:object=k?pin-value=98765", "pin-source=file:PATH"),
    ],
)
def test_a_url_that_will_not_do_is_refused(folder, url, says):
    """What it holds is not repeated."""
    said = refused(folder, "config", "show", TESTAMUR_SECRET_URL=url)

    assert says in said
    assert "98765" not in said


def test_the_secret_moves_into_a_token(folder):
    """What was signed and made before goes on; without the token nothing does."""
    token = soft_token(folder / "token")
    before = keys(folder)
    sealing = ("secret", "seal", token.uri(), "--make-key")

    printed = told(folder, *sealing, TESTAMUR_SECRET_FILE="secret", **token.environment)
    (folder / "secret").unlink()

    assert f"TESTAMUR_SECRET_URL={token.uri()}" in printed.splitlines()
    sealed = {"TESTAMUR_SECRET_URL": token.uri(), **token.environment}
    told(folder, "issuer", "rotate", "--tenant", "acme", **sealed)
    assert [one["id"] for one in keys(folder, **sealed)][1:] == [before[0]["id"]]
    token.pin_file.write_text("0000000\n")
    said = refused(folder, "issuer", "rotate", "--tenant", "acme", **sealed)
    assert "refuses the PIN" in said
    assert PIN not in said
    assert "is missing" in refused(folder, "issuer", "rotate", "--tenant", "acme")


def test_an_installation_may_begin_in_a_token(tmp_path):
    """No secret was ever in a file; it is sealed before the first start."""
    token = soft_token(tmp_path / "token")
    sealed = {"TESTAMUR_SECRET_URL": token.uri(), **token.environment}
    create = ("tenant", "create", "acme", "--name", "Acme")

    assert "run: testamur secret seal" in refused(tmp_path, *create, **sealed)
    told(tmp_path, "secret", "seal", "--make-key", **sealed)

    told(tmp_path, *create, **sealed)
    assert len(keys(tmp_path, **sealed)) == 1
    assert list(tmp_path.glob("secret*")) == []


def test_data_with_a_secret_of_its_own_is_not_given_another(folder):
    """Sealing a new one would void every key and token; it is refused."""
    token = soft_token(folder / "token")
    sealed = {"TESTAMUR_SECRET_URL": token.uri(), **token.environment}

    said = refused(folder, "secret", "seal", "--make-key", **sealed)

    assert "was made with a secret that is not sealed yet" in said
    told(folder, "issuer", "rotate", "--tenant", "acme")
