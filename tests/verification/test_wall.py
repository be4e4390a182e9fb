"""What a stranger's document makes this server ask: nobody it should not."""

import http.server
import json
import threading
from contextlib import suppress
from ipaddress import IPv4Network
from typing import ClassVar

import pytest

from support.credentials import DID, SEALING, issuer_key
from support.verifying import LIST_URL, issuers_web, told, verdict_on
from testamur.issuance.did_web import did_document, did_of, method_of
from testamur.issuance.die import jcs
from testamur.issuance.keys import open_key
from testamur.verification.keys import NoKey, did_url
from testamur.verification.ports import NotFetched
from testamur.verification.verdict import Outcome, Result, Step
from testamur.wiring.verifying import Fetching


def signed_by(did, **changed):
    """Return a small credential that names the issuer *did*."""
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "credentialSubject": {"id": "https://example.org/people/1"},
    } | changed
    return jcs.secure(
        document,
        created="2026-11-22T00:00:00Z",
        verification_method=method_of(did, issuer_key()),
        sign=open_key(issuer_key(), sealing=SEALING),
    )


@pytest.mark.parametrize(
    ("did", "url"),
    [
        ("did:web:example.org", "https://example.org/.well-known/did.json"),
        ("did:web:example.org:t:school", "https://example.org/t/school/did.json"),
        ("did:web:example.org%3A8443:a", "https://example.org:8443/a/did.json"),
        (
            "did:web:xn--bcher-kva.example",
            "https://xn--bcher-kva.example/.well-known/did.json",
        ),
    ],
)
def test_a_did_web_leads_to_its_document(did, url):
    """As the method says."""
    assert did_url(did) == url


@pytest.mark.parametrize(
    "did",
    [
        "did:web:",
        "did:web::a",
        "did:web:user%40internal.example",
        "did:web:internal.example%2Fadmin",
        "did:web:internal.example%3Fq=",
        "did:web:internal.example%23",
        "did:web:internal.example%5C",
        "did:web:a%20b",
        "did:web:example.org:..:admin",
        "did:web:example.org:%2e%2e:admin",
        "did:web:example.org:a%2Fb",
        "did:web:example.org::a",
    ],
)
def test_a_did_web_that_is_no_host_leads_nowhere(did):
    """A name cannot smuggle in a path, a query or a login."""
    with pytest.raises(NoKey):
        did_url(did)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0.0.0.0"),
        *("169.254.169.254", "10.0.0.1", "192.168.1.1", "%5B%3A%3A1%5D", "100.64.0.1"),
        *("%5B%3A%3Affff%3A127.0.0.1%5D", "%5Bfe80%3A%3A1%5D", "metadata.invalid"),
    ],
)
def test_an_issuer_on_a_private_network_is_not_asked(host):
    """Whatever it is called: the answer is that it could not be had."""
    verdict = verdict_on(signed_by(f"did:web:{host}"), web=Fetching())

    assert verdict.result is Result.UNREADABLE
    assert told(verdict, Step.ISSUER_KEY)[0] is Outcome.NOT_CHECKED


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1/", "https://localhost/", "file:///etc/passwd"),
        *("gopher://127.0.0.1/", "https://user:x@127.0.0.1/", "data:,x"),
    ],
)
def test_a_status_list_on_a_private_network_is_not_asked(url):
    """Nor anything that is not https."""
    found = Fetching()(url)

    assert isinstance(found, NotFetched)


class Intranet(http.server.BaseHTTPRequestHandler):
    """A server on the operator's own network, without TLS."""

    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self):
        """Answer with the file, or that there is none."""
        body = self.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        with suppress(OSError):  # they had enough
            self.wfile.write(body or b"")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def intranet():
    """Return the port of a server on 127.0.0.1."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Intranet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_a_network_that_the_operator_opened_is_asked_without_tls(intranet):
    """TESTAMUR_FETCH_ALLOW: that is how intranets look."""
    did = did_of(f"http://127.0.0.1:{intranet}", "school")
    Intranet.files = {
        "/t/school/did.json": json.dumps(did_document(did, [issuer_key()])).encode()
    }

    opened = verdict_on(signed_by(did), web=Fetching([IPv4Network("127.0.0.0/8")]))
    closed = verdict_on(signed_by(did), web=Fetching())

    assert opened.result is Result.VALID, opened.spelled()
    assert closed.result is Result.UNREADABLE


def test_a_server_that_sends_without_end_is_left(intranet):
    """Nobody's document is larger than the bound."""
    did = did_of(f"http://127.0.0.1:{intranet}", "school")
    Intranet.files = {"/t/school/did.json": b" " * 5 * 1024 * 1024}

    verdict = verdict_on(signed_by(did), web=Fetching([IPv4Network("127.0.0.0/8")]))

    assert verdict.result is Result.UNREADABLE


def test_a_list_is_asked_for_once_however_often_it_is_named():
    """Twenty credentials of one list are one request."""

    web = issuers_web()
    entry = {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": LIST_URL,
    }
    many = [signed_by(DID, credentialStatus=entry)] * 20

    verdict = verdict_on(many, web=web)

    assert verdict.result is Result.VALID
    assert len(web.asked) == 2
