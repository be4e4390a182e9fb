"""
A small timestamping authority (RFC 3161) over real HTTP, with a test certificate.

Its answers can be made wrong in every way that a client has to notice.
"""

import hashlib
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
from asn1crypto import core, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from testamur.documents.pades.cms import oid, tlv

from . import pki

TST_INFO = "1.2.840.113549.1.9.16.1.4"


class Authority:
    """Answers requests; *wrong* says how to be wrong."""

    def __init__(self) -> None:
        self.wrong = ""
        #: Where it is, for whoever keeps it served.
        self.url = ""
        self.count = 0
        #: More bytes in its tokens: another certificate, over and over.
        self.padding = 0
        self._serials = itertools.count(1)

    def respond(self, body: bytes) -> bytes:
        """Return the answer to a request."""
        self.count += 1
        asked = tsp.TimeStampReq.load(body)
        if self.wrong == "garbage":
            return b"<html>"
        if self.wrong == "refused":
            return tlv(0x30, tlv(0x30, tlv(0x02, b"\x02")))
        imprint = asked["message_imprint"].dump()
        nonce = asked["nonce"].dump()
        if self.wrong == "imprint":
            digest = asked["message_imprint"]["hashed_message"].native
            imprint = imprint.replace(digest, bytes(len(digest)))
        if self.wrong == "nonce":
            nonce = core.Integer(7).dump()
        if self.wrong == "no nonce":
            nonce = b""
        token = self._token(imprint, nonce)
        return tlv(0x30, tlv(0x30, tlv(0x02, b"\0")), token)

    def _token(self, imprint: bytes, nonce: bytes) -> bytes:
        party = pki.timestamper()
        certificate = x509.Certificate.load(party.der)
        sha = tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))
        issuer = certificate.issuer.dump()
        serial = core.Integer(certificate.serial_number).dump()
        info = tlv(
            0x30,
            tlv(0x02, b"\x01"),
            oid("1.2.3.4.1"),
            imprint,
            core.Integer(next(self._serials)).dump(),
            tlv(0x18, datetime.now(UTC).strftime("%Y%m%d%H%M%SZ").encode()),
            nonce,
        )
        name = tlv(0x30, tlv(0x30, tlv(0xA4, issuer)), serial)
        own = tlv(0x30, tlv(0x04, hashlib.sha256(party.der).digest()), name)
        attributes = b"".join(
            sorted(
                tlv(0x30, oid(kind), tlv(0x31, value))
                for kind, value in (
                    ("1.2.840.113549.1.9.3", oid(TST_INFO)),
                    (
                        "1.2.840.113549.1.9.4",
                        tlv(0x04, hashlib.sha256(info).digest()),
                    ),
                    ("1.2.840.113549.1.9.16.2.47", tlv(0x30, tlv(0x30, own))),
                )
            )
        )
        signature = party.key.sign(
            tlv(0x31, attributes), padding.PKCS1v15(), hashes.SHA256()
        )
        signer = tlv(
            0x30,
            tlv(0x02, b"\x01"),
            tlv(0x30, issuer, serial),
            sha,
            tlv(0xA0, attributes),
            tlv(0x30, oid("1.2.840.113549.1.1.11"), b"\x05\x00"),
            tlv(0x04, signature),
        )
        certificates = [party.der, pki.intermediate().der]
        while sum(map(len, certificates)) < self.padding:
            certificates.append(pki.issue("Padding", party.key, pki.intermediate()).der)
        signed = tlv(
            0x30,
            tlv(0x02, b"\x03"),
            tlv(0x31, sha),
            tlv(0x30, oid(TST_INFO), tlv(0xA0, tlv(0x04, info))),
            tlv(0xA0, *sorted(certificates)),
            tlv(0x31, signer),
        )
        return tlv(0x30, oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed))


@contextmanager
def served(authority: Authority) -> Iterator[str]:
    """Serve *authority* on a free port of the loopback; yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = authority.respond(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def posting(url: str):
    """Return what posts requests to *url*."""

    def post(body: bytes) -> bytes:
        answer = httpx.post(
            url, content=body, headers={"Content-Type": "application/timestamp-query"}
        )
        return answer.raise_for_status().content

    return post
