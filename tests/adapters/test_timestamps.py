"""Asking a timestamp authority: what goes out, what comes in, and what is refused."""

import contextlib
import ipaddress
import socket
import threading
import time

import pytest

from testamur.adapters.http import timestamps
from testamur.adapters.http.timestamps import TimestampAuthority
from testamur.config import read_settings
from testamur.core.refusals import Fault, Refusal

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)

REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n"


@contextlib.contextmanager
def authority(answer, *, pause=0.0):
    """Serve one connection with *answer*; lend the URL and what was asked."""
    asked = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with contextlib.suppress(OSError):
                line, _ = server.accept()
                with line:
                    line.settimeout(5)
                    while not asked.endswith(b"the request"):
                        asked.extend(line.recv(4096))
                    for byte in (answer,) if not pause else map(bytes, zip(answer)):
                        line.sendall(byte)
                        time.sleep(pause)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/tsa?x=1", asked
        server.close()
        thread.join(10)


def ask(url, **options):
    """Ask the authority at *url*."""
    return TimestampAuthority(url, allow=LOOPBACK, **options)(b"the request")


def test_a_request_goes_out_and_its_reply_comes_back():
    """As RFC 3161, section 3.4, says: a POST of one type, answered with another."""
    with authority(REPLY + b"Content-Length: 5\r\n\r\nreply") as (url, asked):
        assert ask(url) == b"reply"

    head, _, body = bytes(asked).partition(b"\r\n\r\n")
    assert head.startswith(b"POST /tsa?x=1 HTTP/1.1\r\n")
    assert b"Content-Type: application/timestamp-query" in head
    assert b"Content-Length: 11" in head
    assert body == b"the request"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (b"HTTP/1.1 302 Go\r\nLocation: http://10.0.0.1/\r\n\r\n", "status 302"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>",
            "no timestamp reply",
        ),
        (REPLY + b"Content-Length: 9999999\r\n\r\n" + b"x" * 400_000, "too large"),
        (REPLY + b"Content-Length: 50\r\n\r\nhalf", "broke off"),
        (b"SSH-2.0-OpenSSH\r\n", "broke off"),
    ],
)
def test_what_is_no_reply_is_trouble_that_passes(answer, said):
    """The signature waits; nothing of a foreign answer is taken for a timestamp."""
    with authority(answer) as (url, _), pytest.raises(Fault, match=said) as caught:
        ask(url)

    assert caught.value.passing


def test_one_that_trickles_is_given_up_in_time():
    """A byte now and then keeps nobody waiting for longer than was said."""
    since = time.monotonic()
    with (
        authority(REPLY + b"Content-Length: 500\r\n\r\n" + b"x" * 500, pause=0.02) as (
            url,
            _,
        ),
        pytest.raises(Fault, match="no answer in time"),
    ):
        ask(url, total_seconds=0.5)

    assert time.monotonic() - since < 5


def test_nobody_there_is_trouble_that_passes():
    """Tomorrow it may be there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Fault, match=r"broke off|in time") as caught:
        ask(f"http://127.0.0.1:{port}/")

    assert caught.value.passing


def test_a_private_authority_has_to_be_allowed():
    """The same wall as everywhere: the operator opens it, and nobody else."""
    with pytest.raises(Fault, match="url_forbidden_address"):
        TimestampAuthority("http://127.0.0.1:9/")(b"the request")


@pytest.mark.parametrize(
    "url", ["ftp://x", "timestamp.example", "http://", "http://me:secret@tsa.example/"]
)
def test_a_setting_that_is_no_address_is_refused(url, tmp_path):
    """At the start, and without the password that somebody put into it."""
    with pytest.raises(Refusal) as caught:
        read_settings({"TESTAMUR_TSA_URL": url}, tmp_path)

    assert "TESTAMUR_TSA_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_method_is_one_of_two(tmp_path):
    """The quick one unless somebody says otherwise."""
    assert read_settings({}, tmp_path).sign_method == "fast"
    named = {"TESTAMUR_SIGN_METHOD": "reference"}
    assert read_settings(named, tmp_path).sign_method == "reference"
    with pytest.raises(Refusal, match="fast or reference"):
        read_settings({"TESTAMUR_SIGN_METHOD": "quick"}, tmp_path)


def test_an_address_that_the_wall_cannot_read_is_said_at_once():
    """Not at the first signature."""
    with pytest.raises(Fault, match="TESTAMUR_TSA_URL") as caught:
        TimestampAuthority("http://2130706433/")

    assert not caught.value.passing
    assert timestamps.MAX_BYTES > 64 * 1024


@pytest.mark.parametrize("level", ["B-T", "B-LTA"])
def test_a_level_that_needs_timestamps_is_refused_without_an_authority(level, tmp_path):
    """
    At start, and it says what to set.
    """
    named = {"TESTAMUR_SIGN_LEVEL": level}

    with pytest.raises(Refusal, match="TESTAMUR_TSA_URL"):
        read_settings(named, tmp_path)

    named["TESTAMUR_TSA_URL"] = "http://timestamp.example.org"
    assert read_settings(named, tmp_path).signature_level == level


def test_without_a_level_an_authority_decides(tmp_path):
    """
    B-B without one, B-T with one; B-B can be had with one, too; others are none.
    """
    authority = {"TESTAMUR_TSA_URL": "http://timestamp.example.org"}
    plain = {**authority, "TESTAMUR_SIGN_LEVEL": "B-B"}

    assert read_settings({}, tmp_path).signature_level == "B-B"
    assert read_settings(authority, tmp_path).signature_level == "B-T"
    assert read_settings(plain, tmp_path).signature_level == "B-B"
    with pytest.raises(Refusal, match="SIGN_LEVEL"):
        read_settings({"TESTAMUR_SIGN_LEVEL": "b-t"}, tmp_path)
