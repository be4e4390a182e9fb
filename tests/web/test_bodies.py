"""JSON that means one thing, in bodies that end."""

import asyncio
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from testamur.core.refusals import Kind, Refusal
from testamur.web.bodies import read_body, read_json, receive_json

DEEP = 100_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"[" * DEEP + b"]" * DEEP, "json_depth", id="J01-arrays"),
        pytest.param(
            b'{"a":' * DEEP + b"1" + b"}" * DEEP, "json_depth", id="J01-objects"
        ),
        pytest.param(b"[" * DEEP, "json_depth", id="J01-unclosed"),
        pytest.param(b"[" * 33 + b"]" * 33, "json_depth", id="J01-33"),
        pytest.param(
            b'[{"a":' * 16 + b"[]" + b"}]" * 16, "json_depth", id="J01-33-mixed"
        ),
        pytest.param(b'{"a":' + b"9" * 5_000 + b"}", "number_range", id="J02-5000"),
        pytest.param(b"-" + b"9" * 500_000, "number_range", id="J02-500000"),
        pytest.param(b"[1e400]", "number_range", id="J02-infinite"),
        pytest.param(b"[-1e400]", "number_range", id="J02-minus-infinite"),
        pytest.param(b"[NaN]", "number_range", id="J02-nan"),
        pytest.param(b"[Infinity]", "number_range", id="J02-infinity"),
        pytest.param(b"[-Infinity]", "number_range", id="J02-minus-infinity"),
        pytest.param(b"[9223372036854775808]", "number_range", id="J02-2^63"),
        pytest.param(b"[-9223372036854775809]", "number_range", id="J02-below"),
        pytest.param(b"[18446744073709551616]", "number_range", id="J02-2^64"),
        pytest.param(b'"\xff"', "json_encoding", id="J03-not-utf-8"),
        pytest.param(b'"\xc0\x80"', "json_encoding", id="J03-overlong"),
        pytest.param(b'"\xed\xa0\x80"', "json_encoding", id="J03-raw-surrogate"),
        pytest.param('{"a": 1}'.encode("utf-16"), "json_encoding", id="J03-utf-16"),
        pytest.param(
            '{"a": 1}'.encode("utf-16-le"), "json_encoding", id="J03-utf-16-le"
        ),
        pytest.param('{"a": 1}'.encode("utf-32"), "json_encoding", id="J03-utf-32"),
        pytest.param(b'\xef\xbb\xbf{"a": 1}', "json_encoding", id="J03-bom"),
        pytest.param(rb'"\ud800"', "json_encoding", id="J03-lone-surrogate"),
        pytest.param(rb'{"\udfff": 1}', "json_encoding", id="J03-lone-in-key"),
        pytest.param(rb'"\udc00\ud800"', "json_encoding", id="J03-wrong-order"),
        pytest.param(b'{"a": 1, "a": 2}', "json_duplicate_key", id="J04-twice"),
        pytest.param(
            rb'[{"b": {"a": 1, "\u0061": 1}}]', "json_duplicate_key", id="J04-escaped"
        ),
        pytest.param(b"[" + b"0," * 8_000_000 + b"0]", "body_size", id="J05-16MB"),
        pytest.param(rb'["a\u0000b"]', "control_character", id="nul"),
        pytest.param(b"", "json_syntax", id="J09-empty"),
        pytest.param(b"{'a': 1}", "json_syntax", id="single-quotes"),
        pytest.param(b"{} {}", "json_syntax", id="two-values"),
        pytest.param(b'{"a": 1,}', "json_syntax", id="trailing-comma"),
        pytest.param(b'"a\nb"', "json_syntax", id="raw-newline"),
    ],
)
def test_json_that_readers_disagree_about_is_refused(body, code):
    """One stable code each, and never a long time."""
    start = time.process_time()
    with pytest.raises(Refusal) as refused:
        read_json(body)

    assert refused.value.code == code
    assert refused.value.kind is (
        Kind.TOO_LARGE if code == "body_size" else Kind.MALFORMED
    )
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 32 + "]" * 32, id="32-deep"),
        pytest.param("[" + "[]," * 500 + "{}]", id="wide"),
        pytest.param("[9223372036854775807, -9223372036854775808, -0]", id="64-bit"),
        pytest.param('["99999999999999999999999999", 0.1, 1e300]', id="long-text"),
        pytest.param(r'["\ud83d\ude00", "\\ud800", "\\u0000"]', id="escapes"),
        pytest.param(
            '"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["', id="brackets-in-text"
        ),
        pytest.param("[" + "0," * 500_000 + "0]", id="J05-1MB"),
    ],
)
def test_json_that_is_clear_is_read(text):
    """Limits do not cost honest bodies anything."""
    assert read_json(text.encode()) == json.loads(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=20,
)


#: The library writes what it should not: NaN, and numbers of any size.
REFUSED = ("number_range", "control_character")


def same(one: Any, other: Any) -> bool:
    """Compare, telling 1 from 1.0 and from True, and 0.0 from -0.0."""
    return json.dumps(one) == json.dumps(other)


@given(value=JSON, ascii_=st.booleans())
def test_any_value_is_read_as_the_library_reads_it_or_refused(value, ascii_):
    """Never changed: not a digit, not a character."""
    text = json.dumps(value, ensure_ascii=ascii_)
    expected = json.loads(text)
    try:
        read = read_json(text.encode())
    except Refusal as refusal:
        read = refusal.code

    assert read in REFUSED or same(read, expected)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(st.sampled_from('[]{}",:\\ud8c01e+-.NaIn \n'), max_size=40).map(
            str.encode
        ),
    )
)
def test_any_bytes_are_json_or_refused(body):
    """What is accepted can be encoded again, is finite and is what json reads."""
    try:
        value = read_json(body)
    except Refusal:
        return

    assert same(value, json.loads(body))
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


def request_of(
    *pieces: bytes, ends: bool = True, headers: dict[str, str] | None = None
) -> tuple[Request, list[Any]]:
    """Return a request with that body, and what has not been asked of it."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in pieces
    ]
    messages.append({"type": "http.request" if ends else "http.disconnect"})

    async def hear() -> dict[str, Any]:
        return messages.pop(0)

    raw = [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()]
    return Request({"type": "http", "headers": raw}, hear), messages


def test_a_body_is_read_to_its_limit_and_not_beyond():
    """The first piece too many ends it; the rest is not asked for."""
    fits, _ = request_of(b"x" * 6, b"y" * 4)
    long, unread = request_of(b"x" * 6, b"y" * 5, b"z" * 1_000)

    assert asyncio.run(read_body(fits, 10)) == b"xxxxxxyyyy"
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_body(long, 10))
    assert refused.value.kind is Kind.TOO_LARGE
    assert len(unread) == 2


def test_a_length_beyond_the_limit_is_refused_unread():
    """Nothing is asked for."""
    request, unread = request_of(b"x", headers={"Content-Length": "11"})
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_body(request, 10))

    assert refused.value.kind is Kind.TOO_LARGE
    assert len(unread) == 2


def test_a_body_that_breaks_off_is_not_half_a_body():
    """A disconnect is a refusal that nobody hears."""
    request, _ = request_of(b'{"a": 1}', ends=False)
    with pytest.raises(Refusal) as refused:
        asyncio.run(read_body(request, 100))

    assert refused.value.code == "body_incomplete"


@pytest.mark.parametrize(
    ("kind", "is_read"),
    [
        pytest.param("application/json", True, id="json"),
        pytest.param("Application/JSON; charset=UTF-8", True, id="charset"),
        pytest.param('application/json; charset="utf-8"', True, id="quoted-charset"),
        pytest.param("application/merge-patch+json", True, id="suffix"),
        pytest.param("application/json; charset=utf-7", False, id="J09-utf-7"),
        pytest.param("application/json; charset=utf-16", False, id="J03-utf-16"),
        pytest.param("text/plain", False, id="J09-text"),
        pytest.param("application/jsonx", False, id="like-json"),
        pytest.param("multipart/form-data; boundary=x", False, id="form"),
        pytest.param(None, False, id="J09-none"),
    ],
)
def test_a_body_is_json_only_if_it_says_so(kind, is_read):
    """A browser form cannot pretend."""
    request, _ = request_of(
        b'{"a": 1}', headers={} if kind is None else {"Content-Type": kind}
    )
    if is_read:
        assert asyncio.run(receive_json(request)) == {"a": 1}
        return
    with pytest.raises(Refusal) as refused:
        asyncio.run(receive_json(request))
    assert (refused.value.kind, refused.value.code) == (
        Kind.UNSUPPORTED,
        "content_type",
    )


def test_a_large_body_does_not_hold_up_the_others():
    """J05: 1 MB of objects is read in a thread; the loop turns meanwhile."""
    body = b"[" + b'{"a":0},' * 130_000 + b"0]"
    request, _ = request_of(body, headers={"Content-Type": "application/json"})

    async def run() -> tuple[Any, int]:
        turns = 0
        task = asyncio.create_task(receive_json(request))
        while not task.done():
            await asyncio.sleep(0.001)
            turns += 1
        return await task, turns

    value, turns = asyncio.run(run())

    assert len(value) == 130_001
    assert turns > 4
