"""Signers whose key is in a token (PKCS #11): a real one, in software."""

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from support.pki_of_signers import institution, intermediate
from support.signers import HandClock, Room
from support.softhsm import PIN, soft_token
from testamur.adapters.keys.signing_child import LOCKED
from testamur.adapters.keys.token_signer import Tokens, TokenSession
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.migrate import migrate
from testamur.core.pins import Pin, read_pin
from testamur.core.refusals import Refusal, SignerUnavailable
from testamur.core.signers import SignerAlgorithm, SignerKind
from testamur.documents.signers.opened import belongs

pytestmark = pytest.mark.xdist_group("token_signers")

KINDS = {
    "rsa-2048": SignerAlgorithm.RSA_SHA256,
    "p256": SignerAlgorithm.ECDSA_SHA256,
    "p384": SignerAlgorithm.ECDSA_SHA384,
}


@pytest.fixture(scope="module")
def token(tmp_path_factory):
    """Return a token with a key of each kind."""
    token = soft_token(tmp_path_factory.mktemp("token") / "t")
    for kind in KINDS:
        key = institution(kind).key
        token.hold(
            kind,
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )
    return token


@pytest.fixture
def room(token, tmp_path, monkeypatch):
    """Return the room, to which the token is plugged in."""
    monkeypatch.setenv("SOFTHSM2_CONF", token.environment["SOFTHSM2_CONF"])
    database = Database(f"sqlite:///{tmp_path / 'testamur.db'}")
    migrate(database)
    room = Room(database, HandClock())
    yield room
    assert list(violations(database)) == []
    database.close()


def uri_of(token, kind):
    """Return where the key is."""
    return f"pkcs11:token=testamur;object={kind}?module-path={token.module}"


def add(room, token, kind="p256", pin=None, uri=None, certificate_of=None):
    """Add a signer whose key is in the token."""
    party = institution(certificate_of or kind)
    pem = b"".join(
        one.certificate.public_bytes(Encoding.PEM) for one in (party, intermediate())
    )
    return room.signers.add_token(
        room.tenant_id,
        "Rectorate",
        uri or uri_of(token, kind),
        pem,
        read_pin(pin) if pin else None,
        by="operator",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_in_a_token_signs(room, token, kind):
    """With RSA and with ECDSA, whose signature comes as DER."""
    signer = add(room, token, kind).signer

    with room.open(signer.id, PIN) as opened:
        assert opened.chain[1] == intermediate().der
        assert belongs(opened.chain[0], opened, KINDS[kind])
        assert opened.sign(b"1") != opened.sign(b"2")

    assert (signer.kind, signer.algorithm) == (SignerKind.PKCS11, KINDS[kind])
    assert room.acts() == ["signer.add", "signer.opened"]


def test_nothing_of_a_token_s_pin_is_kept(room, token):
    """Not even sealed: the token asks for it."""
    signer = add(room, token, pin=PIN).signer

    stored = room.store.find(signer.id)

    assert stored.sealed is stored.salt is stored.parameters is None
    assert PIN not in repr(stored)


def test_a_wrong_pin_is_tried_once_and_counted(room, token, monkeypatch):
    """The token counts as well, and locks itself for good: it is never asked again."""
    signer = add(room, token).signer
    begun = []
    begin = TokenSession.begin
    monkeypatch.setattr(
        TokenSession, "begin", lambda *args: begun.append(1) or begin(*args)
    )
    for _ in range(5):
        with pytest.raises(Refusal) as caught:
            room.open(signer.id, "271828")
        assert caught.value.code == "pin_incorrect"
    with pytest.raises(Refusal) as caught:
        room.open(signer.id, PIN)

    assert caught.value.code == "pin_locked"
    assert len(begun) == 5


def test_a_wrong_pin_is_wrong_while_the_signer_is_open(room, token):
    """A login is a whole process's: each has one of its own."""
    signer = add(room, token).signer

    with room.open(signer.id, PIN) as opened:
        with pytest.raises(Refusal) as caught:
            room.open(signer.id, "271828")
        with room.open(signer.id, PIN) as again:
            assert again.sign(b"x")
        assert opened.sign(b"x")

    assert caught.value.code == "pin_incorrect"


def test_a_token_that_is_locked_says_so(room, token, monkeypatch):
    """What helps then is not ours to do."""
    signer = add(room, token).signer
    monkeypatch.setattr(TokenSession, "_ask", lambda *_: {"trouble": LOCKED})

    with pytest.raises(Refusal) as caught:
        room.open(signer.id, PIN)

    assert caught.value.code == "token_locked"


def test_a_token_that_is_not_there_costs_no_guess(room, token, monkeypatch, tmp_path):
    """Nobody looked at the PIN; it is sent again when the token is back."""
    signer = add(room, token).signer
    (tmp_path / "none").mkdir()
    (tmp_path / "empty.conf").write_text(f"directories.tokendir = {tmp_path}/none\n")
    with monkeypatch.context() as unplugged:
        unplugged.setenv("SOFTHSM2_CONF", str(tmp_path / "empty.conf"))
        for _ in range(6):
            with pytest.raises(SignerUnavailable, match="is not there"):
                room.open(signer.id, PIN)

    assert room.store.find(signer.id).guesses == ()
    room.open(signer.id, PIN).close()


def test_a_session_that_is_lost_is_said_so_and_the_pin_asked_anew(room, token):
    """Whoever signs a thousand documents opens the signer again, and goes on."""
    signer = add(room, token).signer
    opened = room.open(signer.id, PIN)
    [child] = signing_children()
    child.send_signal(signal.SIGKILL)
    child.wait(10)

    for _ in range(2):
        with pytest.raises(SignerUnavailable):
            opened.sign(b"x")

    opened.close()
    with room.open(signer.id, PIN) as again:
        assert again.sign(b"x")


def test_a_token_that_is_removed_is_noticed_at_the_next_signature(
    room, token, monkeypatch, tmp_path
):
    """Its files are gone under the session, as a stick is pulled out."""
    folder = tmp_path / "copy"
    shutil.copytree(token.folder, folder)
    conf = Path(token.environment["SOFTHSM2_CONF"]).read_text()
    (folder / "softhsm2.conf").write_text(conf.replace(str(token.folder), str(folder)))
    monkeypatch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
    signer = add(room, token).signer
    opened = room.open(signer.id, PIN)
    assert opened.sign(b"x")
    shutil.rmtree(folder / "tokens")

    with pytest.raises(SignerUnavailable):
        opened.sign(b"x")


def test_no_process_stays_when_the_signer_is_closed(room, token):
    """Closing logs out; twice is fine, and a closed one signs nothing."""
    opened = room.open(add(room, token).signer.id, PIN)
    assert len(signing_children()) == 1

    opened.close()
    opened.close()

    assert signing_children() == []


def test_a_key_that_is_not_the_certificates_is_found_out(room, token):
    """When it is added with the PIN; else when it is first opened."""
    with pytest.raises(Refusal) as caught:
        add(room, token, "rsa-2048", PIN, certificate_of="p256")
    assert caught.value.code == "certificate_mismatch"
    signer = add(room, token, uri=uri_of(token, "p384")).signer

    with pytest.raises(Refusal) as caught:
        room.open(signer.id, PIN)

    assert caught.value.code == "certificate_mismatch"
    assert room.store.find(signer.id).guesses == ()
    assert signing_children() == []


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("token=x;object=y?module-path=/x.so", "begin with pkcs11:"),
        ("pkcs11:token=x;object=y", "names no library"),
        ("pkcs11:token=x?module-path=/x.so", "names no key"),
        ("pkcs11:object=y?module-path=/x.so&pin-value=98765", "holds a PIN"),
        ("pkcs11:object=y?module-path=/x.so&pin-source=file:/p", "pin-source out"),
        ("pkcs11:object=y;type=cert?module-path=/x.so", "another type"),
        ("pkcs11:object=y;slot=3?module-path=/x.so", "slot, which is not"),
    ],
)
def test_a_uri_that_will_not_do_is_refused(uri, said):
    """Before anything is kept, and what it holds is not repeated."""
    with pytest.raises(Refusal, match=said) as caught:
        Tokens().check(uri)

    assert caught.value.code == "token_uri"
    assert "98765" not in str(caught.value)


@pytest.mark.parametrize("library", ["/nowhere.so", "/etc/hostname"])
def test_a_library_that_is_none_is_trouble_of_the_operator(library):
    """It is said what is wrong, and the PIN was seen by nobody."""
    uri = f"pkcs11:token=x;object=y?module-path={library}"

    with pytest.raises(SignerUnavailable) as caught:
        Tokens().open(uri, Pin(PIN))

    assert not caught.value.was_tried
    assert PIN not in str(caught.value)


def test_without_the_library_for_tokens_it_is_said_what_to_install(
    tmp_path, monkeypatch
):
    """It is an extra that most installations do not need."""
    (tmp_path / "pkcs11.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    with pytest.raises(SignerUnavailable, match=r"pip install \"testamur\[pkcs11\]\""):
        Tokens().open("pkcs11:object=y?module-path=/x.so", Pin(PIN))


def signing_children():
    """Return the processes that are logged in to a token."""
    return [
        one
        for one in psutil.Process(os.getpid()).children(recursive=True)
        if "testamur.adapters.keys.signing_child" in one.cmdline()
    ]
