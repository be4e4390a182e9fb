"""TLS towards picture hosts: verified against the name, always."""

import datetime
import socket
import ssl
import threading
import time
import warnings
from ipaddress import ip_network

import pytest
import trustme

from support.picture_host import PICTURE, Call, PictureHost, redirect
from testamur.adapters.http.fetch import Fetcher
from testamur.core.refusals import Reason

AUTHORITY = trustme.CA()
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def fetcher(**settings) -> Fetcher:
    """Return a fetcher that trusts AUTHORITY and knows one name: 127.0.0.1's."""
    return Fetcher(
        **{
            "allow": [ip_network("127.0.0.1/32")],
            "retries": 0,
            "user_agent": "Testamur/test",
            "extra_authorities": AUTHORITY.cert_pem.bytes().decode(),
            "resolver": lambda _: ["127.0.0.1"],
            **settings,
        }
    )


def serving(cert: trustme.LeafCert) -> ssl.SSLContext:
    """Return the server's side of *cert*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


def good() -> ssl.SSLContext:
    """Return the server's side of a certificate for pictures.example."""
    return serving(AUTHORITY.issue_cert("pictures.example", "127.0.0.1"))


def expired() -> ssl.SSLContext:
    """Return a certificate that ran out."""
    return serving(AUTHORITY.issue_cert("pictures.example", not_after=LONG_AGO))


def self_signed() -> ssl.SSLContext:
    """Return a certificate of an authority that nobody trusts."""
    return serving(trustme.CA().issue_cert("pictures.example"))


def other_name() -> ssl.SSLContext:
    """Return a certificate for another host."""
    return serving(AUTHORITY.issue_cert("other.example"))


def tls_1_0() -> ssl.SSLContext:
    """Return a server that speaks nothing newer than TLS 1.0."""
    context = good()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
    return context


def test_a_picture_arrives_over_tls_by_name_and_by_address():
    """
    SNI, Host and the certificate's name are the URL's, though we connect to an
    address; keeping the connection works as without TLS.
    """
    asked = []
    context = good()
    context.sni_callback = lambda line, name, context: asked.append(name)
    with PictureHost(tls=context) as host:
        one = fetcher()
        assert one.fetch(host.url(host="pictures.example")) == PICTURE
        assert one.fetch(host.url(host="pictures.example")) == PICTURE
        assert one.fetch(host.url()) == PICTURE
        one.close()

    assert asked == ["pictures.example", None]
    assert host.calls[0].headers()["host"] == f"pictures.example:{host.port}"


@pytest.mark.parametrize("context", [expired, self_signed, other_name, tls_1_0])
def test_a_host_that_cannot_prove_its_name_is_refused(context):
    """
    U14: expired, self-signed, for another name, or too old to be sure.
    """
    with PictureHost(tls=context()) as host:
        refused = fetcher(retries=2).fetch(host.url(host="pictures.example"))

    assert isinstance(refused, Reason)
    assert refused.code == "url_tls"
    assert host.connections == 1
    assert not host.calls


def test_a_host_that_speaks_no_tls_is_refused():
    """
    U14: plain HTTP behind https is not fetched.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def complain() -> None:
            line, _ = listener.accept()
            with line:
                line.recv(4096)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=complain, daemon=True).start()
        port = listener.getsockname()[1]
        refused = fetcher().fetch(f"https://pictures.example:{port}/")

    assert isinstance(refused, Reason)
    assert refused.code == "url_tls"


def test_an_authority_must_be_named_to_be_trusted():
    """
    Without the operator's authority the same host is refused.
    """
    with PictureHost(tls=good()) as host:
        refused = fetcher(extra_authorities="").fetch(host.url(host="pictures.example"))

    assert isinstance(refused, Reason)
    assert refused.code == "url_tls"


def test_a_redirect_from_https_to_http_is_refused():
    """
    U08: what began with TLS does not end without, even where http is allowed.
    """
    with PictureHost() as plain, PictureHost(redirect(plain.url()), tls=good()) as host:
        refused = fetcher(allow_http=True).fetch(host.url(host="pictures.example"))

    assert isinstance(refused, Reason)
    assert refused.code == "url_scheme"
    assert not plain.connections


def test_a_body_that_drips_through_tls_is_given_up_at_the_deadline():
    """
    U13: the deadline holds inside TLS too.
    """
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

    def drips(call: Call) -> None:
        call.drip([head] + [b"x"] * 1000, every=0.02)

    with PictureHost(drips, tls=good()) as host:
        began = time.monotonic()
        refused = fetcher(total_seconds=0.3).fetch(host.url(host="pictures.example"))

    assert isinstance(refused, Reason)
    assert refused.code == "url_timeout"
    assert time.monotonic() - began < 4


def test_a_handshake_that_never_comes_is_given_up():
    """
    U15: accepted, and then nothing: the time to connect covers the handshake.
    """
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        refused = fetcher(connect_seconds=0.2, total_seconds=5).fetch(
            f"https://pictures.example:{port}/"
        )

    assert isinstance(refused, Reason)
    assert refused.code == "url_timeout"
    assert time.monotonic() - began < 4
