"""I22: no secret is in clear in anything that is stored, said, logged or listed."""

import base64
import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from support.canaries import Watch, leaks, stored
from support.pki_of_signers import institution, packed
from support.server import TESTAMUR, Server, Tenant, good_rows, pictures, sheet, start
from support.softhsm import PIN, Token, soft_token
from testamur.config import read_settings
from testamur.issuance import keys as sealed_keys
from testamur.wiring.office import Office, open_office

pytestmark = pytest.mark.xdist_group("no_clear_secrets")

#: 32 bytes that nothing else is likely to have, as an operator would keep them.
SECRET = bytes.fromhex("c0ffee5eed" * 6 + "0ddb")

#: A key that nobody was given, which callers may still send.
WRONG_KEY = "pk_" + "5ca1ab1e" * 8

#: Of a user, and what was tried in its place.
PASSWORD = "unheard-of 7f3a passphrase of Ana"
WRONG_PASSWORD = "unheard-of 8b4c passphrase of Eve"

#: Of a signer, and of the file that it came in.
SIGNER_PIN = "seal-9d5e-of-the-rector"
WRONG_PIN = "seal-0c6f-of-the-rector"
FILE_PASSWORD = "packed-1e7a-by-the-authority"


def private_keys(office: Office) -> list[bytes]:
    """Return the private halves of every issuer's keys, as only we may see them."""
    sealing = office.secret.derive(sealed_keys.SEALING)
    opened = []
    for tenant in office.access_store.tenants():
        office.keyring.current(tenant.id)
        for key in office.keyring.keys_of(tenant.id):
            named = sealed_keys._named(key.tenant_id, key.id, key.algorithm)
            private = sealed_keys._unseal(key.sealed, sealing, named)
            assert private is not None
            opened.append(private)
    assert opened
    return opened


def people(server: Server, tenant: Tenant) -> tuple[dict[str, bytes], dict[str, str]]:
    """Log in and add a signer, rightly and wrongly; return answers, and tokens."""
    email = "ana.canary@example.org"
    server.office.users.create(server.office.tenants.find(tenant.slug), email, PASSWORD)
    post = tenant.client.post
    sent = {"email": email, "password": PASSWORD}
    answer = post("/auth/login", json=sent)
    assert answer.status_code == 200, answer.text
    first = answer.json()
    refreshed = post(
        "/auth/refresh", json={"refresh_token": first["refresh_token"]}
    ).json()
    said = {}
    tenant.client.headers["X-Tenant"] = tenant.slug
    for name, path, options in (
        (
            "wrong password",
            "/auth/login",
            {"json": {**sent, "password": WRONG_PASSWORD}},
        ),
        (
            "password, malformed",
            "/auth/login",
            {"json": {**sent, "password": [PASSWORD]}},
        ),
        (
            "password, in the query",
            "/auth/login",
            {"params": sent, "json": {}},
        ),
        ("refresh token, spent", "/auth/refresh", {"json": first}),
        ("signer", "/certs", _signer(FILE_PASSWORD, SIGNER_PIN)),
        ("signer, wrong password", "/certs", _signer(SIGNER_PIN, SIGNER_PIN)),
        ("signer, short PIN", "/certs", _signer(FILE_PASSWORD, "1")),
        ("signer, PIN as JSON", "/certs", {"json": {"pin": SIGNER_PIN}}),
    ):
        answer = post(path, **options)
        said[f"answer: {name}"] = answer.content + str(answer.headers).encode()
    [cert] = tenant.client.get("/certs").json()["data"]
    for pin in (WRONG_PIN, SIGNER_PIN):
        answer = post(
            f"/documents/batch/sign/{cert['id']}",
            json={"document_ids": [1], "pin": pin},
        )
        said[f"answer: signing with {pin[:9]}"] = answer.content
    tokens = {
        "access token": first["access_token"],
        "refresh token": first["refresh_token"],
        "newer access token": refreshed["access_token"],
        "newer refresh token": refreshed["refresh_token"],
    }
    return said, tokens


def _signer(password: str, pin: str) -> dict[str, dict[str, object]]:
    """Return the form that adds a signer."""
    file = packed(institution("p256"), FILE_PASSWORD)
    return {
        "files": {"certificate": ("rector.p12", file)},
        "data": {"name": "Rectorate", "pin": pin, "password": password},
    }


def work(server: Server, tenant: Tenant, token: str) -> dict[str, bytes]:
    """Use the server in every way that handles a secret; return what it said."""
    said = {}
    job = tenant.job(sheet(*good_rows(3), "No address,,one.png,x,nobody"), pictures())
    assert tenant.wait(job)["status"] in ("completed", "failed")
    for name, path, key in (
        ("results", f"/api/bulk-mint/{job}/download/csv", tenant.key),
        ("token", "/v1/jobs", token),
        ("wrong key", "/v1/jobs", WRONG_KEY),
        ("wrong token", "/v1/jobs", token[:-4] + "AAAA"),
        ("keys", "/v1/keys", tenant.key),
        ("in the path", f"/c/{tenant.key}", tenant.key),
        ("in the query", f"/v1/jobs?key={tenant.key}", tenant.key),
        ("metrics", "/metrics", tenant.key),
        ("certificates", "/v1/certificates", tenant.key),
        ("document", f"/t/{tenant.slug}/did.json", tenant.key),
    ):
        headers = {"x-api-key": "", "authorization": f"Bearer {key}"}
        answer = tenant.client.get(path, headers=headers)
        said[f"answer: {name}"] = answer.content + str(answer.headers).encode()
    # What a fault says when a key cannot be opened.
    with server.office.database.writing() as connection:
        connection.exec_driver_sql("UPDATE issuer_keys SET public = sealed")
    broken = tenant.job(sheet(*good_rows(1)), pictures())
    tenant.wait(broken)
    return said


@pytest.mark.parametrize("way", ["file", "environment", "token"])
def test_no_secret_is_in_clear_anywhere(tmp_path, way):
    """
    Secret, PIN, API key, token and private keys, each in every spelling, are
    looked for in files, log, answers, arguments and environments.
    """
    folder = tmp_path / "house"
    (folder / "tmp").mkdir(parents=True)
    secret_file = tmp_path / "secret"
    secret_file.write_text(SECRET.hex())
    secret_file.chmod(0o600)
    settings = {
        "TESTAMUR_SECRET_FILE": str(secret_file),
        "TMPDIR": str(folder / "tmp"),
    }
    if way == "environment":
        settings |= {"TESTAMUR_SECRET_FILE": "", "TESTAMUR_SECRET": SECRET.hex()}
    # Whoever makes a token has to say its PIN; nobody has to afterwards.
    token_of_house = soft_token(tmp_path / "token") if way == "token" else None
    watch = Watch()
    with watch.on():
        if token_of_house:
            settings = _sealed(token_of_house, folder, settings)
            secret_file.unlink()
        server = start(folder, is_forked=False, **settings)
        try:
            with _environment(settings):
                tenant = server.tenant()
                token = tenant.token_with()
                said, tokens = people(server, tenant)
                keys = private_keys(server.office)
            places = said | work(server, tenant, token)
            places |= stored(folder)
        finally:
            server.stop()
            server.office.close()
    places |= {f"{name} after the end": d for name, d in stored(folder).items()}
    assert "data/testamur.db-wal" in places
    assert watch.arguments
    places["arguments"] = b"\n".join(watch.arguments)
    if way != "environment":  # where the operator put it, it is
        places["environments"] = b"\n".join(watch.environments)
    canaries = {
        "operator secret": SECRET,
        "operator secret as written": SECRET.hex().encode(),
        "PIN": PIN.encode(),
        "API key": tenant.key.encode(),
        "API key's digits": tenant.key.removeprefix("pk_").encode(),
        "wrong API key": WRONG_KEY.encode(),
        "token": token.encode(),
        "token's signature": token.rpartition(".")[2].encode(),
        "password": PASSWORD.encode(),
        "wrong password": WRONG_PASSWORD.encode(),
        "signer's PIN": SIGNER_PIN.encode(),
        "wrong PIN": WRONG_PIN.encode(),
        "file's password": FILE_PASSWORD.encode(),
        **{name: text.encode() for name, text in tokens.items()},
        **{f"private key {n}": key for n, key in enumerate(keys)},
    }

    assert leaks(canaries, places) == []


def _sealed(token: Token, folder: Path, settings: dict[str, str]) -> dict[str, str]:
    """Have the secret sealed by a token; return what to start with then."""
    settings = settings | token.environment
    done = subprocess.run(
        [TESTAMUR, "secret", "seal", token.uri(), "--make-key"],
        env={**os.environ, **settings, "TESTAMUR_DATA": str(folder / "data")},
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert leaks({"secret": SECRET}, {"printed": done.stdout + done.stderr}) == []
    return {**settings, "TESTAMUR_SECRET_FILE": "", "TESTAMUR_SECRET_URL": token.uri()}


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Let what this process starts see the token."""
    with pytest.MonkeyPatch.context() as patch:
        if conf := settings.get("SOFTHSM2_CONF"):
            patch.setenv("SOFTHSM2_CONF", conf)
        yield


@pytest.mark.parametrize("secret", [SECRET, PIN.encode(), WRONG_KEY.encode()])
def test_a_canary_is_heard_in_every_spelling(secret):
    """What looks for them finds them: wherever they begin, and among others."""
    for shift in range(3):
        around = b"\x01" * shift + secret + b"\x02\x03"
        for written in (
            around,
            base64.b64encode(around),
            base64.urlsafe_b64encode(around),
            around.hex().encode(),
            around.hex().upper().encode("utf-16-le"),
            base64.b64encode(around).decode().encode("utf-16-be"),
            quote(around, safe="").encode(),
        ):
            assert leaks({"it": secret}, {"there": b"before " + written + b" after"})


def test_settings_in_a_traceback_do_not_show_the_secret(tmp_path):
    """Whoever prints the settings, or an office, prints no secret."""
    environment = {"TESTAMUR_DATA": str(tmp_path), "TESTAMUR_SECRET": SECRET.hex()}
    settings = read_settings(environment, tmp_path)
    office = open_office(replace(settings), environment={})
    try:
        shown = f"{settings!r} {office!r} {office.secret!r} {office.secrets!r}"
    finally:
        office.close()

    assert leaks({"it": SECRET}, {"shown": shown.encode()}) == []
