"""
What is wrong with the head of a request. No I/O, no clock.

llhttp, the parser behind httptools, refuses what RFC 9112 calls malformed: bare
LF, folded lines, a Content-Length beside a Transfer-Encoding, two lengths.
Here is what it leaves to its caller.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")

#: The end of a head, also where the client sent LF alone (refused afterwards).
END_OF_HEAD = re.compile(rb"\n\r?\n")

REQUEST_LINE = re.compile(rb"([!#-'*+.^_`|~0-9A-Za-z-]+) ([^ ]+) HTTP/(\d\.\d)\r\n")
#: Origin form only (RFC 9112 section 3.2.1): we are nobody's proxy.
TARGET = re.compile(rb"/[!\"$-~]*")

UPGRADE = re.compile(rb"(?i)\nupgrade[ \t]*:")


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that is given before any dialect has been reached."""

    status: HTTPStatus
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def response(self, default_headers: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
        """Spell it as a whole HTTP response that closes the connection."""
        kind = "invalid_request_error" if self.status < 500 else "api_error"
        error = {"type": kind, "code": self.code, "message": self.message}
        body = json.dumps({"success": False, "error": error}).encode()
        headers = [
            *default_headers,
            *self.headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        line = f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n".encode()
        fields = b"".join(b"%b: %b\r\n" % field for field in headers)
        return line + fields + b"\r\n" + body


MALFORMED = Problem(
    HTTPStatus.BAD_REQUEST, "malformed_request", "This is not an HTTP/1.1 request."
)
METHOD = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED,
    "method_not_allowed",
    "This server answers GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.",
    ((b"allow", b", ".join(METHODS)),),
)
VERSION = Problem(
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
    "http_version",
    "This server speaks HTTP/1.1 and HTTP/1.0.",
)
TARGET_FORM = Problem(
    HTTPStatus.BAD_REQUEST,
    "request_target",
    "Name the path of a resource, starting with a slash, percent-encoded in ASCII.",
)
HEAD_TOO_LARGE = Problem(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "headers_too_large",
    "Send fewer or shorter headers, and a shorter address.",
)
HOST = Problem(HTTPStatus.BAD_REQUEST, "host_header", "Send exactly one Host header.")
FRAMING = Problem(
    HTTPStatus.BAD_REQUEST,
    "transfer_encoding",
    "Send a Content-Length, or Transfer-Encoding: chunked and nothing else.",
)
ENCODED_BODY = Problem(
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "content_encoding",
    "Send the body as it is: compressed requests are not read.",
    ((b"accept-encoding", b"identity"),),
)
UNEXPECTED_BODY = Problem(
    HTTPStatus.BAD_REQUEST,
    "unexpected_body",
    "A GET or HEAD request has no body; send what you have to say as parameters.",
)
HEAD_TOO_SLOW = Problem(
    HTTPStatus.REQUEST_TIMEOUT,
    "headers_too_slow",
    "The headers did not arrive in time; send the request again.",
)
BODY_TOO_SLOW = Problem(
    HTTPStatus.REQUEST_TIMEOUT,
    "body_too_slow",
    "The body did not arrive in time; send the request again over a faster line.",
)
CROWDED = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "too_many_connections",
    "Too many connections are open; try again in a few seconds.",
    ((b"retry-after", b"5"),),
)
STOPPING = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "stopping",
    "The server is being stopped; send the request again in a few seconds.",
    ((b"retry-after", b"5"),),
)


def request_line_problem(line: bytes) -> Problem | None:
    """Say what is wrong with a request's first line, CRLF included."""
    match = REQUEST_LINE.fullmatch(line)
    if match is None:
        return MALFORMED
    method, target, version = match.groups()
    if version not in (b"1.1", b"1.0"):
        return VERSION
    if method not in METHODS:
        return METHOD
    return None if TARGET.fullmatch(target) else TARGET_FORM


def headers_problem(
    method: str, version: str, headers: Sequence[tuple[bytes, bytes]]
) -> Problem | None:
    """Say what is wrong with *headers*, whose names are in lower case."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value.strip(b" \t"))

    hosts = len(values.get(b"host", ()))
    if hosts > 1 or (hosts == 0 and version == "1.1"):
        return HOST  # RFC 9112 section 3.2

    codings = values.get(b"transfer-encoding", [])
    lengths = values.get(b"content-length", [])
    if codings and (
        lengths
        or version != "1.1"
        or [coding.lower() for coding in codings] != [b"chunked"]
    ):
        return FRAMING  # section 6.1
    if any(
        value.lower() != b"identity" for value in values.get(b"content-encoding", ())
    ):
        return ENCODED_BODY
    if method in ("GET", "HEAD") and (codings or lengths not in ([], [b"0"])):
        return UNEXPECTED_BODY
    return None


def without_upgrade(head: bytes) -> bytes:
    """
    Return *head* with its Upgrade header renamed, so that it has no effect.

    RFC 9110 section 7.8 lets us ignore it. The parser would not: it would end
    the request before its body. Java's HTTP client sends one by default.
    """
    return UPGRADE.sub(b"\nx-ignored-upgrade:", head)
