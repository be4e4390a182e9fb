"""I22: no secret is in clear in anything that is stored, said, logged or listed."""

import base64
import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

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

#: How often is looked at what processes are called.
LOOK_SECONDS = 0.005


def spellings(secret: bytes) -> set[bytes]:
    """Return every way in which *secret* may be written somewhere."""
    texts = {secret.hex(), secret.hex().upper()}
    for shift in range(3):
        # Where it begins among other bytes decides its letters; the first and
        # last ones are its neighbours' too.
        whole = base64.b64encode(bytes(shift) + secret).decode().rstrip("=")
        inner = whole[4 if shift else 0 : -2]
        texts |= {inner, inner.replace("+", "-").replace("/", "_")}
    texts |= {quote(secret, safe=""), "".join(f"%{byte:02X}" for byte in secret)}
    with contextlib.suppress(UnicodeDecodeError):
        texts.add(secret.decode("ascii"))
    found = {secret}
    for text in texts:
        found |= {text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")}
    return found


class Watch:
    """Collects arguments and environments of every process that we start."""

    def __init__(self) -> None:
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Look meanwhile."""
        stopping = threading.Event()

        def look() -> None:
            while not stopping.wait(LOOK_SECONDS):
                for one in psutil.Process().children(recursive=True):
                    for name, seen in (
                        ("cmdline", self.arguments),
                        ("environ", self.environments),
                    ):
                        with contextlib.suppress(OSError):
                            seen.add(Path(f"/proc/{one.pid}/{name}").read_bytes())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


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


def stored(folder: Path, *own: Path) -> dict[str, bytes]:
    """Return every file below *folder* that is not one of its *own* secrets."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(path.is_relative_to(one) for one in own)
    }


def leaks(canaries: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Return which canary sings where."""
    return [
        f"{name} in {place}"
        for name, secret in canaries.items()
        for spelling in spellings(secret)
        for place, content in places.items()
        if spelling in content
    ]


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
        server = start(folder, **settings)
        try:
            with _environment(settings):
                tenant = server.tenant()
                token = tenant.token_with()
                keys = private_keys(server.office)
            places = work(server, tenant, token)
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
