"""
The parts of a mail that strangers wrote, as far as they are worth reading.

The library's parser takes any depth and number of parts, and minutes for some. Here
everything has an end: what lies beyond it is not there.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

MAX_HEADERS = 300
MAX_HEADER_BYTES = 8_192
MAX_DEPTH = 6
MAX_PARTS = 40

_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
_LINE_END = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its type in small letters, its headers, and its body, decoded."""

    type: str
    headers: "Headers"
    body: bytes
    #: How many messages it is inside of.
    depth: int


class Headers:
    """Headers, by their names in any letters."""

    def __init__(self, data: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        lines: list[bytes] = []
        for line in _LINE_END.split(data, MAX_HEADERS)[:MAX_HEADERS]:
            if line[:1] in (b" ", b"\t") and lines:
                if len(lines[-1]) < MAX_HEADER_BYTES:
                    lines[-1] += b" " + line.strip()
            else:
                lines.append(line[:MAX_HEADER_BYTES])
        for line in lines:
            name, colon, value = line.partition(b":")
            if colon:
                said = name.decode("ascii", "replace").strip().lower()
                text = value[:MAX_HEADER_BYTES].decode("utf-8", "replace").strip()
                self._values.setdefault(said, []).append(text)

    def one(self, name: str) -> str:
        """Return the first header of this name; empty when there is none."""
        return next(iter(self._values.get(name.lower(), ())), "")

    def all(self, name: str) -> list[str]:
        """Return every header of this name."""
        return self._values.get(name.lower(), [])

    def __bool__(self) -> bool:
        return bool(self._values)


def split(data: bytes) -> tuple[Headers, bytes]:
    """Return the headers of a message, and its body."""
    data = data.lstrip(b"\r\n")
    end = _BLANK_LINE.search(data)
    if end is None:
        return Headers(data), b""
    return Headers(data[: end.start()]), data[end.end() :]


def parts_of(data: bytes) -> Iterator[Part]:
    """Give the parts of a message that are no containers, outermost first."""
    budget = [MAX_PARTS]
    yield from _parts(data, 0, 0, budget)


def _parts(data: bytes, level: int, depth: int, budget: list[int]) -> Iterator[Part]:
    if level > MAX_DEPTH or budget[0] <= 0:
        return
    headers, body = split(data)
    kind = Message()
    kind["content-type"] = headers.one("content-type") or "text/plain"
    type_ = kind.get_content_type()
    boundary = kind.get_boundary() if type_.startswith("multipart/") else None
    if boundary:
        delimiter = re.compile(
            rb"(?:^|\r?\n)--"
            + re.escape(boundary.encode("utf-8", "replace"))
            + rb"(?=--|[ \t]*(?:\r?\n|$))"
        )
        for piece in delimiter.split(body, MAX_PARTS)[1 : MAX_PARTS + 1]:
            if piece.startswith(b"--"):
                return
            yield from _parts(_after_line(piece), level + 1, depth, budget)
        return
    budget[0] -= 1
    decoded = _decoded(headers.one("content-transfer-encoding"), body)
    yield Part(type_, headers, decoded, depth)
    if type_ in ("message/rfc822", "message/global"):
        yield from _parts(decoded, level + 1, depth + 1, budget)


def _after_line(piece: bytes) -> bytes:
    """Return what follows the rest of the delimiter's line; a part may lack headers."""
    end = _LINE_END.search(piece)
    rest = b"" if end is None else piece[end.end() :]
    return b"\r\n\r\n" + rest if _LINE_END.match(rest) else rest


def _decoded(encoding: str, body: bytes) -> bytes:
    how = encoding.strip().lower()
    if how == "base64":
        try:
            return base64.b64decode(re.sub(rb"[^A-Za-z0-9+/]", b"", body) + b"==")
        except binascii.Error:
            return b""
    if how == "quoted-printable":
        return quopri.decodestring(body)
    return body


def readable(text: str) -> str:
    """Return a header's text with its encoded words decoded (RFC 2047)."""
    try:
        return str(make_header(decode_header(text)))
    except (MessageError, LookupError, ValueError):
        return text
