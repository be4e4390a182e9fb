"""
Request bodies: read to a limit, and JSON that means one thing only.

RFC 8259 leaves duplicate keys, large numbers and lone surrogates to each parser
(sections 4, 6, 8.2). What parsers disagree about is refused here.
"""

import asyncio
import json
import math
import re
from collections.abc import Callable
from typing import Any, Never

from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from testamur.core.policy import MIB
from testamur.core.refusals import Kind, Refusal

MAX_JSON_BYTES = 1 * MIB
MAX_JSON_DEPTH = 32

#: Larger than this it is parsed in a thread, so that others need not wait.
THREAD_BYTES = 64 * 1024

#: Nineteen digits in a row: only then can a whole number exceed 64 bits.
LONG_NUMBER = re.compile(r"\d{19}")
MAX_WHOLE = 2**63 - 1

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
NUL = re.compile(r"\\u0000")
JSON_TYPE = re.compile(rb"application/(json|[a-z0-9.+-]+\+json)")


def content_type(request: Request) -> tuple[bytes, dict[bytes, bytes]]:
    """
    Return the media type in lower case, and its parameters.

    Raises:
        Refusal: UNSUPPORTED, when the type is not named, or named twice.
    """
    named = request.headers.getlist("content-type")
    if len(named) != 1:
        raise Refusal(
            Kind.UNSUPPORTED, "content_type", "Send exactly one Content-Type header."
        )
    return parse_options_header(named[0])


def declared_length(request: Request) -> int:
    """Return the Content-Length; 0 when the client does not say."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def body_incomplete() -> Refusal:
    """Return what a client that has gone away would be told."""
    return Refusal(
        Kind.MALFORMED,
        "body_incomplete",
        "The connection ended before the whole body had arrived; send it again.",
    )


async def read_body(request: Request, limit: int) -> bytes:
    """
    Return the whole body of at most *limit* bytes.

    Raises:
        Refusal: TOO_LARGE, before more than *limit* was kept; MALFORMED, when the
            client goes away.
    """
    refusal = Refusal(
        Kind.TOO_LARGE, "body_size", f"Send a body of at most {limit:,} bytes."
    )
    if declared_length(request) > limit:
        raise refusal
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > limit:
                raise refusal
    except ClientDisconnect:
        raise body_incomplete() from None
    return bytes(body)


async def receive_json(
    request: Request, limit: int = MAX_JSON_BYTES, *, per_item: bool = False
) -> Any:
    """
    Return the value of a JSON body; *per_item* as `read_json`.

    Raises:
        Refusal: UNSUPPORTED, when it is not called JSON, or not UTF-8; and what
            `read_body` and `read_json` refuse.
    """
    kind, options = content_type(request)
    if not JSON_TYPE.fullmatch(kind):
        raise Refusal(
            Kind.UNSUPPORTED,
            "content_type",
            "Send JSON, and say so: Content-Type: application/json.",
        )
    if options.get(b"charset", b"utf-8").lower() not in (b"utf-8", b"utf8"):
        raise Refusal(
            Kind.UNSUPPORTED, "content_type", "JSON is UTF-8; leave out the charset."
        )
    body = await read_body(request, limit)
    if len(body) > THREAD_BYTES:
        return await asyncio.to_thread(
            read_json, body, max_bytes=limit, per_item=per_item
        )
    return read_json(body, max_bytes=limit, per_item=per_item)


def read_json(
    body: bytes,
    *,
    max_bytes: int = MAX_JSON_BYTES,
    max_depth: int = MAX_JSON_DEPTH,
    per_item: bool = False,
) -> Any:
    """
    Return what *body* says, as `json.loads` would, or refuse it.

    With *per_item* the caller looks at every value, so that one that is unusable
    spoils no others: a number beyond 64 bits comes as text, and texts may hold NUL
    and halves of characters.

    >>> read_json(b'{"ids": [1, 2.5, "x"]}')
    {'ids': [1, 2.5, 'x']}

    Raises:
        Refusal: TOO_LARGE or MALFORMED: too long or deep, not UTF-8, not JSON, a
            key given twice, a number no 64-bit reader could hold, a NUL.
    """
    if len(body) > max_bytes:
        raise Refusal(
            Kind.TOO_LARGE, "body_size", f"Send a body of at most {max_bytes:,} bytes."
        )
    text = decode(body)
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_constant=number_refused,
            parse_float=(lambda text: _or_text(finite, text)) if per_item else finite,
            parse_int=(
                int
                if not LONG_NUMBER.search(text)
                else (lambda text: _or_text(whole, text))
                if per_item
                else whole
            ),
        )
    except json.JSONDecodeError as trouble:
        raise Refusal(
            Kind.MALFORMED,
            "json_syntax",
            f"This is not JSON: {trouble.msg.lower()}.",
            at=f"line {trouble.lineno}, column {trouble.colno}",
        ) from None
    except RecursionError:
        raise too_deep(max_depth) from None

    # Cheap where nothing is suspicious, which is nearly always.
    if text.count("[") + text.count("{") > max_depth and is_deep(value, max_depth):
        raise too_deep(max_depth)
    if per_item:
        return value
    if SURROGATE.search(text) and not is_unicode(value):
        raise bad_encoding("A \\u escape names half of a character")
    if NUL.search(text) and holds_nul(value):
        raise Refusal(
            Kind.MALFORMED,
            "control_character",
            "Take the NUL (\\u0000) out of the text.",
        )
    return value


def decode(body: bytes) -> str:
    """Return *body* as text; UTF-8 without a byte order mark, as RFC 8259 says."""
    if b"\0" in body:
        raise bad_encoding("This looks like UTF-16 or UTF-32")
    if body.startswith(b"\xef\xbb\xbf"):
        raise bad_encoding("It begins with a byte order mark")
    try:
        return body.decode()
    except UnicodeDecodeError as trouble:
        raise bad_encoding(f"Byte {trouble.start} is not UTF-8") from None


def bad_encoding(what: str) -> Refusal:
    """Return the refusal of text that is not Unicode in UTF-8."""
    return Refusal(
        Kind.MALFORMED, "json_encoding", f"{what}; send JSON as plain UTF-8."
    )


def too_deep(limit: int) -> Refusal:
    """Return the refusal of what is nested too deeply."""
    return Refusal(
        Kind.MALFORMED, "json_depth", f"Nest arrays and objects at most {limit} deep."
    )


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return *pairs* as a dict, unless a key occurs twice."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    raise Refusal(
        Kind.MALFORMED,
        "json_duplicate_key",
        "An object has the same key twice; say which value you mean.",
        at=twice[:64].encode("utf-8", "replace").decode(),
    )


def number_refused(text: str) -> Never:
    """Refuse a number."""
    raise Refusal(
        Kind.MALFORMED,
        "number_range",
        "A number is not finite, or does not fit into 64 bits.",
        at=text[:24],
    )


def finite(text: str) -> float:
    """Return a number with a fraction or an exponent."""
    value = float(text)
    return value if math.isfinite(value) else number_refused(text)


def whole(text: str) -> int:
    """Return a whole number; its length is looked at first, int() is quadratic."""
    value = int(text) if len(text) <= 20 else MAX_WHOLE + 1
    return value if -MAX_WHOLE - 1 <= value <= MAX_WHOLE else number_refused(text)


def _or_text(read: Callable[[str], float], text: str) -> float | str:
    """Return the number that *read* makes of *text*, or where it refuses, *text*."""
    try:
        return read(text)
    except Refusal:
        return text[:24]


def is_deep(value: Any, limit: int) -> bool:
    """Say whether containers are nested more than *limit* deep; no recursion."""
    level = [value]
    for _ in range(limit + 1):
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return False
        level = [
            part
            for item in level
            for part in (item.values() if isinstance(item, dict) else item)
        ]
    return True


def is_unicode(value: Any) -> bool:
    """Say whether every text in *value* can be encoded."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def holds_nul(value: Any) -> bool:
    """Say whether a text in *value* has a NUL; what "\\\\u0000" spells has none."""
    plain = json.dumps(value, ensure_ascii=False)
    return re.search(r"(?<!\\)(\\\\)*\\u0000", plain) is not None
