"""How long a certificate is valid."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.credentials import PLAIN
from testamur.core.clock import DAY, rfc3339
from testamur.core.refusals import Reason
from testamur.core.words import Facts, Profile
from testamur.issuance.check import Checker
from testamur.issuance.validity import problem_with_end, read_end, valid_until

ISSUED_AT = 1_800_000_000_123


def profile(**changed) -> Profile:
    """Return a job's profile."""
    plain = Profile(
        columns=(),
        rows_digest="",
        images_digest=None,
        expiry_days=30,
        price_version="",
        reference_prefix="",
    )
    return replace(plain, **changed)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2030-12-31", "2030-12-31T23:59:59.000Z"),
        ("2028-02-29", "2028-02-29T23:59:59.000Z"),
        ("9999-12-31", "9999-12-31T23:59:59.000Z"),
        ("2030-12-31T18:00:00Z", "2030-12-31T18:00:00.000Z"),
        ("2030-12-31t18:00:00z", "2030-12-31T18:00:00.000Z"),
        ("2030-12-31T18:00:00.999999999Z", "2030-12-31T18:00:00.000Z"),
        ("2030-12-31T18:00:00+02:00", "2030-12-31T16:00:00.000Z"),
        ("2030-12-31T18:00:00-11:30", "2031-01-01T05:30:00.000Z"),
        ("2030-12-31T18:00:00-00:00", "2030-12-31T18:00:00.000Z"),
    ],
)
def test_an_end_is_a_day_or_a_moment(text, moment):
    """
    A date ends with its day in UTC; a moment is itself, to the second.
    """
    found = read_end(text)

    assert isinstance(found, int)
    assert rfc3339(found) == moment


@pytest.mark.parametrize(
    "text",
    [
        "31.12.2030",
        "12/31/2030",
        "2030",
        "2030-12",
        "2030-1-1",
        "20301231",
        "2030-02-29",
        "2030-13-01",
        "0000-01-01",
        "2030-12-31T18:00:00",
        "2030-12-31 18:00:00",
        "2030-12-31T18:00Z",
        "2030-12-31T24:00:00Z",
        "2030-12-31T18:00:60Z",
        "2030-12-31T18:00:00+24:00",
        "2030-12-31T18:00:00,5Z",
        "9999-12-31T23:59:59-01:00",
        "2030-W01-1",
        "٢٠٣٠-١٢-٣١",
        "never",
        "2030-12-31\n",
    ],
)
def test_what_is_no_end_says_how_to_write_one(text):
    """
    No guess which of two numbers is the month, nor where a clock stood.
    """
    found = read_end(text)

    assert isinstance(found, Reason)
    assert found.code == "valid_until_format"
    assert "2030-12-31" in found.message


@given(st.text(max_size=30) | st.from_regex(r"\A[0-9TZ:.+-]{8,28}\Z"))
def test_every_text_is_an_end_or_a_reason(text):
    """
    Nothing in a cell is a bug of ours, and every end can be spelled again.
    """
    found = read_end(text)

    if isinstance(found, int):
        assert rfc3339(found).endswith(".000Z")


def test_the_row_comes_before_the_job():
    """
    A job's days are for certificates whose row says nothing; without both, a
    certificate is valid for ever.
    """
    end = int(datetime(2031, 1, 1, tzinfo=UTC).timestamp()) * 1000
    own = replace(PLAIN, valid_until=end)

    assert valid_until(PLAIN, profile(), ISSUED_AT) is None
    assert valid_until(own, profile(valid_days=10), ISSUED_AT) == end
    assert valid_until(PLAIN, profile(valid_days=10), ISSUED_AT) == (
        (ISSUED_AT + 10 * DAY) // 1000 * 1000
    )


def test_a_certificate_cannot_end_before_it_begins():
    """
    Its row fails, and says why.
    """
    ended = replace(PLAIN, valid_until=ISSUED_AT)
    found = problem_with_end(ended, ISSUED_AT)

    assert found is not None
    assert found.code == "valid_until_past"
    assert "2027-01-15" in found.message
    later = replace(PLAIN, valid_until=ISSUED_AT + 1)
    assert problem_with_end(later, ISSUED_AT) is None
    assert problem_with_end(PLAIN, ISSUED_AT) is None


COLUMNS = ("name", "description", "category", "recipientEmail", "attribute_Course")
CELLS = ("Tides", "Knows them.", "course", "ada@example.org", "Tides 1")


def check(column: str, cell: str, **options) -> Facts | Reason:
    """Check a good row with one more column."""
    checker = Checker((*COLUMNS, column), images_optional=True, **options)
    return checker.check(1, (*CELLS, cell))


@pytest.mark.parametrize("column", ["attribute_validUntil", "attribute_ValidUntil"])
def test_a_row_says_when_its_certificate_ends(column):
    """
    The end is no line beside the picture, however its column is capitalised.
    """
    found = check(column, " 2030-12-31 ", ends=True)

    assert isinstance(found, Facts)
    assert found.valid_until == read_end("2030-12-31")
    assert found.attributes == (("Course", "Tides 1"),)


def test_an_empty_end_is_none():
    """
    A cell without anything says nothing.
    """
    found = check("attribute_validUntil", " ", ends=True)

    assert isinstance(found, Facts)
    assert found.valid_until is None


def test_a_wrong_end_fails_its_row():
    """
    Better no certificate than one that ends when nobody meant it to.
    """
    found = check("attribute_validUntil", "31.12.2030", ends=True)

    assert isinstance(found, Reason)
    assert found.code == "valid_until_format"


def test_jobs_of_earlier_releases_keep_their_attribute():
    """
    I5: what was issued with an attribute of this name still shows it.
    """
    found = check("attribute_validUntil", "next spring")

    assert isinstance(found, Facts)
    assert found.valid_until is None
    assert ("validUntil", "next spring") in found.attributes
