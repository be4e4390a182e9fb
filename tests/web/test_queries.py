"""Query parameters: what is read, and what is not guessed at."""

import pytest

from testamur.core.refusals import Kind, Refusal
from testamur.web.queries import read_query, read_whole

KNOWN = ("status", "page", "limit")
STATUSES = ("queued", "processing", "completed", "failed", "cancelled")


def read(query: bytes) -> tuple[int, int, str | None]:
    """Return page, limit and status of a list's query."""
    known = read_query(query, KNOWN)
    return known.page(), known.limit(default=20), known.choice("status", STATUSES)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", (1, 20, None)),
        (b"page=1&limit=1&status=queued", (1, 1, "queued")),
        (b"limit=100&page=9999999", (9_999_999, 100, None)),
        (b"p%61ge=%32", (2, 20, None)),
    ],
)
def test_a_query_is_read_as_documented(query, expected):
    """Every parameter may be left out."""
    assert read(query) == expected


@pytest.mark.parametrize(
    ("query", "code", "at"),
    [
        pytest.param(b"page=0", "number_range", "page", id="Q01-zero"),
        pytest.param(b"page=-1", "number_range", "page", id="Q01-negative"),
        pytest.param(b"page=1.5", "number_range", "page", id="Q01-fraction"),
        pytest.param(b"page=1e3", "number_range", "page", id="Q01-exponent"),
        pytest.param(b"page=0x10", "number_range", "page", id="Q01-hex"),
        pytest.param(b"page=%201", "number_range", "page", id="Q01-space"),
        pytest.param(b"page=+1", "number_range", "page", id="Q01-plus-is-a-space"),
        pytest.param(b"page=1%0a", "number_range", "page", id="Q01-newline"),
        pytest.param(b"page=1_000", "number_range", "page", id="Q01-underscore"),
        pytest.param(b"page=01", "number_range", "page", id="Q01-leading-zero"),
        pytest.param(
            b"page=%D9%A1%D9%A2", "number_range", "page", id="Q01-arabic-digits"
        ),
        pytest.param(b"page=" + b"9" * 5_000, "number_range", "page", id="Q01-5000"),
        pytest.param(b"page=", "number_range", "page", id="Q01-empty"),
        pytest.param(b"page", "number_range", "page", id="Q01-no-value"),
        pytest.param(
            b"page=9223372036854775807", "number_range", "page", id="Q02-2^63-1"
        ),
        pytest.param(b"page=10000000", "number_range", "page", id="Q02-8-digits"),
        pytest.param(b"limit=0", "number_range", "limit", id="Q03-zero"),
        pytest.param(b"limit=101", "number_range", "limit", id="Q03-101"),
        pytest.param(b"limit=100000", "number_range", "limit", id="Q03-100000"),
        pytest.param(
            b"status=queued&status=failed", "repeated_parameter", "status", id="Q04-two"
        ),
        pytest.param(
            b"page=1&page=1", "repeated_parameter", "page", id="Q04-twice-the-same"
        ),
        pytest.param(
            b"status=queued&st%61tus=failed",
            "repeated_parameter",
            "status",
            id="Q04-two-spellings",
        ),
        pytest.param(b"status[]=queued", "unknown_parameter", "status[]", id="Q04-[]"),
        pytest.param(b"status=QUEUED", "unknown_value", "status", id="Q04-case"),
        pytest.param(b"status=done", "unknown_value", "status", id="Q04-unknown"),
        pytest.param(b"status=", "unknown_value", "status", id="Q04-empty"),
        pytest.param(b"Status=queued", "unknown_parameter", "Status", id="Q04-name"),
        pytest.param(
            b"where[password]=x", "unknown_parameter", "where[password]", id="Q06-where"
        ),
        pytest.param(
            b"&".join(b"a%d=1" % number for number in range(1_000)),
            "query_encoding",
            None,
            id="Q06-1000-parameters",
        ),
        pytest.param(b"status=%ff", "query_encoding", None, id="not-utf-8"),
        pytest.param(b"status=queued%00", "query_encoding", "status", id="nul"),
        pytest.param(b"status=%zz", "query_encoding", None, id="stray-percent"),
        pytest.param(b"status=\xff", "query_encoding", None, id="not-ascii"),
    ],
)
def test_what_is_not_documented_is_refused(query, code, at):
    """Never the last of two, never the nearest number; the refusal says where."""
    with pytest.raises(Refusal) as refused:
        read(query)

    assert refused.value.kind is Kind.INVALID
    assert (refused.value.code, refused.value.at) == (code, at)


def test_a_refusal_says_what_would_be_right():
    """A person reads it and knows what to send."""
    with pytest.raises(Refusal, match="from 1 to 1,000,000"):
        read_whole("1000001", "count", largest=1_000_000)
    with pytest.raises(Refusal, match="cancelled, completed, failed, processing"):
        read(b"status=unknown")
