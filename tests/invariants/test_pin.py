"""I22 to I24 for the PINs of signers: nowhere in clear, needed, and counted."""

import subprocess
import sys
import traceback

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from sqlalchemy import text

from support.canaries import Watch, leaks, stored
from support.pki_of_signers import institution, intermediate, packed
from support.server import TESTAMUR, start
from support.softhsm import PIN as TOKEN_PIN
from support.softhsm import soft_token
from testamur.adapters.sql.fsck import violations
from testamur.core.pins import Pin
from testamur.core.refusals import Fault
from testamur.documents.signers import envelope
from testamur.documents.signers.envelope import Hardness

pytestmark = pytest.mark.xdist_group("pin")

#: Distinctive, so that they are found wherever they should not be.
PIN = "Qz7.Wk3-Tv9"
WRONG = "Xj5.Rm8-Lb2"
PASSWORD = "Hy4/Nd6+Pc1"
LONG = "１２３４５６ is no PIN Gf0"

#: Opens a signer in a process that is told the PIN on standard input.
OPEN = """
import os, sys
from pathlib import Path
from testamur.config import read_settings
from testamur.core.pins import read_pin
from testamur.core.refusals import Refusal
from testamur.wiring.office import open_office
tenant, signer = sys.argv[1:]
office = open_office(read_settings(os.environ, Path.cwd()))
try:
    with office.signers.open(
        tenant, int(signer), read_pin(sys.stdin.readline().rstrip()), by="worker"
    ) as opened:
        print(len(opened.sign(b"x")), repr(opened), repr(office.signers))
except Refusal as refusal:
    print(refusal.code)
"""


def begin(server, client, signer_id, failpoints=""):
    """Start a process that opens a signer when it hears the PIN."""
    return subprocess.Popen(
        [sys.executable, "-c", OPEN, client.tenant_id, str(signer_id)],
        env={**server.environment, "TESTAMUR_FAILPOINTS": failpoints},
        cwd=server.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def add(client, file, **form):
    """Send a certificate."""
    return client.post("/certs", files={"certificate": ("x.p12", file)}, data=form)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return a server whose files are all in one folder, with a token plugged in."""
    folder = tmp_path_factory.mktemp("pin")
    token = soft_token(folder / "token")
    house = folder / "house"
    (house / "tmp").mkdir(parents=True)
    server = start(
        house, is_forked=False, TMPDIR=str(house / "tmp"), **token.environment
    )
    server.token = token
    try:
        yield server
    finally:
        server.stop()
        server.office.close()


@pytest.fixture
def client(server):
    """Return a client of a tenant on it."""
    tenant = server.tenant()
    client = tenant.client
    client.headers["X-Tenant"] = tenant.slug
    client.tenant_id = server.office.tenants.find(tenant.slug).id
    return client


def test_no_pin_and_no_password_is_in_clear_anywhere(server, client, monkeypatch):
    """
    PINs right and wrong, of files and of a token, passwords and private keys: not in
    files, log, answers, arguments, environments, nor in a traceback with locals.
    """
    monkeypatch.setenv("SOFTHSM2_CONF", server.token.environment["SOFTHSM2_CONF"])
    party = institution("p256")
    pem = party.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    places = {}

    def note(name, answer):
        places[name] = answer.content + str(answer.headers).encode()
        return answer

    watch = Watch(0.05)  # every process here lives for longer
    with watch.on():
        file = packed(party, PASSWORD)
        made = note("added", add(client, file, name="R", pin=PIN, password=PASSWORD))
        signer_id = made.json()["data"]["id"]
        for name, form in {
            "wrong password": {"name": "R", "pin": WRONG},
            "swapped": {"name": "R", "pin": PASSWORD, "password": PIN},
            "no name": {"pin": PIN, "password": PASSWORD},
            "no pin": {"name": "R", "pin": LONG, "password": PASSWORD},
            "unknown": {"name": "R", "pin": PIN, "passwort": PASSWORD},
            "too long": {"name": "R", "pin": PIN * 200},
        }.items():
            assert note(name, add(client, file, **form)).status_code == 422
        note("in the path", client.get(f"/certs/{PIN}"))
        for pin in (WRONG, PIN):
            child = begin(server, client, signer_id)
            said = "".join(child.communicate(pin + "\n", 120))
            assert child.returncode == 0, said
            places[f"child {pin is PIN}"] = said.encode()
        (server.folder / "own.p12").write_bytes(file)
        added = subprocess.run(
            [
                *(TESTAMUR, "signer", "add", "own.p12", "--pin-stdin", "--name", "R"),
                *("--password-stdin", "--tenant", client.headers["X-Tenant"]),
            ],
            env=server.environment,
            cwd=server.folder,
            input=f"{PIN}\n{PASSWORD}\n".encode(),
            capture_output=True,
            timeout=60,
        )
        assert added.returncode == 0, added.stderr
        places["command"] = added.stdout + added.stderr
        signers = server.office.signers
        in_token = signers.add_token(
            client.tenant_id,
            "T",
            server.token.hold("key", pem),
            b"".join(
                one.certificate.public_bytes(Encoding.PEM)
                for one in (party, intermediate())
            ),
            Pin(TOKEN_PIN),
            by="operator",
        )
        with signers.open(
            client.tenant_id, in_token.signer.id, Pin(TOKEN_PIN), by="x"
        ) as opened:
            opened.sign(b"x")
            places["opened"] = repr(opened).encode()
        places["traceback"] = traceback_of_an_open(server, client, signer_id)
        places |= stored(server.folder, server.folder / "own.p12")
    # The token's own tool is told its PIN in the one way that it knows.
    ours = [one for one in watch.arguments if b"softhsm2-util" not in one]
    places["arguments"] = b"\n".join(ours)
    places["environments"] = b"\n".join(watch.environments)
    scalar = party.key.private_numbers().private_value.to_bytes(32)
    canaries = {
        "PIN": PIN.encode(),
        "wrong PIN": WRONG.encode(),
        "password": PASSWORD.encode(),
        "what is no PIN": LONG.encode(),
        "token's PIN": TOKEN_PIN.encode(),
        "private key": scalar,
    }

    assert ours
    assert "data/testamur.db-wal" in places
    assert leaks(canaries, places) == []


def traceback_of_an_open(server, client, signer_id):
    """Return what a debugger would print of an opening that breaks, locals and all."""
    with server.office.database.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is broken'); END"
        )
    said = []
    for pin in (Pin(PIN), Pin(WRONG)):
        try:
            server.office.signers.open(client.tenant_id, signer_id, pin, by="x")
        except Fault as fault:
            found = traceback.TracebackException.from_exception(
                fault, capture_locals=True
            )
            said.append("".join(found.format()))
    assert len(said) == 2
    assert "Pin(***)" in said[0]
    with server.office.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")
    return "".join(said).encode()


def test_a_stolen_disk_opens_with_neither_secret_alone(server, client):
    """
    I23: with all that the tables know, a thief who has the PIN lacks the operator
    secret, and one who has that lacks the PIN; with both it opens.
    """
    made = add(client, packed(institution("p256"), PIN), name="R", pin=PIN)
    signer_id = made.json()["data"]["id"]
    office = server.office
    row = office.signers._store.find(signer_id)
    named = envelope.name_of(client.tenant_id, signer_id, row.parameters, row.chain)

    def opened(pin, house):
        salt = row.salt
        hardness = Hardness.read(row.parameters)
        sealing = envelope.sealing_key(
            envelope.stretch(Pin(pin), salt, hardness), house, salt
        )
        return envelope.unseal(row.sealed, sealing, named)

    house = office.secret.derive(envelope.SEALING)

    assert opened(PIN, house) is not None
    for guess in (bytes(32), b"\xff" * 32, b"", office.secret.derive("issuer key")):
        assert opened(PIN, guess) is None
    for guess in ("0000", "000000", "123456", PIN.lower(), PIN + " ", PIN[:-1]):
        assert opened(guess, house) is None
    assert Hardness.read(row.parameters).memory_kib >= 64 * 1024


def test_a_guess_counts_whatever_becomes_of_its_process(server, client):
    """
    I24: two are killed (-9) between counting and looking, and four are wrong at once:
    three of them are looked at, and from then on nobody's, until it is unlocked.
    """
    made = add(client, packed(institution("p256"), PIN), name="R", pin=PIN)
    signer_id = made.json()["data"]["id"]
    for _ in range(2):
        child = begin(server, client, signer_id, "signer.guess_counted=kill")
        child.communicate(PIN + "\n", 120)
        assert child.returncode == -9
    assert "signer.opened" not in acts(server, signer_id)

    children = [begin(server, client, signer_id) for _ in range(4)]
    said = sorted(child.communicate(WRONG + "\n", 120)[0].strip() for child in children)

    assert said == ["pin_incorrect"] * 3 + ["pin_locked"]
    assert acts(server, signer_id) == ["signer.add", *["signer.pin_refused"] * 3]
    assert client.get(f"/certs/{signer_id}").json()["data"]["status"] == "locked"
    assert list(violations(server.office.database)) == []
    signers = server.office.signers
    signers.unlock(None, signer_id, by="operator")
    signers.open(client.tenant_id, signer_id, Pin(PIN), by="x").close()


def acts(server, signer_id):
    """Return what the audit log tells of a signer."""
    query = "SELECT act FROM audit WHERE subject = :signer ORDER BY seq"
    with server.office.database.reading() as connection:
        return list(connection.scalars(text(query), {"signer": str(signer_id)}))
