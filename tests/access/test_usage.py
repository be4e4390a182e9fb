"""What certificates cost, before and after."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.access.ports import JobUsage
from testamur.access.usage import preview, read_count, usage_of
from testamur.core.policy import CURRENT_PRICES, PLANS
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.words import Tenant

TENANT = Tenant("1" * 24, "academy", "Academy", PLANS["standard"])
COUNTS = st.integers(1, 1_000_000)


class Book:
    """A ledger with what a test wrote into it."""

    def __init__(self, *jobs: JobUsage) -> None:
        self.jobs = jobs

    def used(self, tenant_id, since, until):
        """Return the jobs."""
        return self.jobs


@pytest.mark.parametrize(
    ("count", "tiers", "total"),
    [
        (1, [(1, 1, 10)], 10),
        (1_000, [(1, 1_000, 10)], 10_000),
        (1_001, [(1, 1_000, 10), (1_001, 1, 8)], 10_008),
        (10_000, [(1, 1_000, 10), (1_001, 9_000, 8)], 82_000),
        (10_001, [(1, 1_000, 10), (1_001, 9_000, 8), (10_001, 1, 5)], 82_005),
        (999_999, [(1, 1_000, 10), (1_001, 9_000, 8), (10_001, 989_999, 5)], 5_031_995),
    ],
)  # fmt: skip
def test_each_certificate_costs_what_its_tier_says(count, tiers, total):
    """Tiers are graduated: a cheaper tier never makes earlier ones cheaper."""
    cost = preview(count)

    lines = [(line.first, line.quantity, line.unit_price) for line in cost.lines]
    assert lines == tiers
    assert (cost.total, cost.count, cost.currency) == (total, count, "USD")
    assert cost.price_version == CURRENT_PRICES


@given(COUNTS)
def test_the_bill_of_n_successes_is_the_preview_of_n(count):
    """What was previewed is what is billed, to the cent."""
    book = Book(JobUsage(CURRENT_PRICES, 0, count))

    usage = usage_of(book, TENANT, 0, 1)

    (line,) = usage.lines
    assert (line.certificates, line.amount) == (count, preview(count).total)
    assert usage.certificates == count


@given(COUNTS, COUNTS)
def test_periods_add_up_to_the_whole(before, after):
    """A job that spans two periods is billed as one job, in whole cents."""
    parts = [
        usage_of(Book(JobUsage(CURRENT_PRICES, *job)), TENANT, 0, 1).lines[0].amount
        for job in ((0, before), (before, after))
    ]

    whole = usage_of(Book(JobUsage(CURRENT_PRICES, 0, before + after)), TENANT, 0, 1)

    assert sum(parts) == whole.lines[0].amount
    assert all(type(amount) is int for amount in parts)


def test_each_job_begins_in_the_first_tier():
    """Two small jobs cost twice one small job: tiers count within a job."""
    job = JobUsage(CURRENT_PRICES, 0, 1_000)

    usage = usage_of(Book(job, job), TENANT, 0, 1)

    assert usage.lines[0].amount == 2 * preview(1_000).total


def test_nothing_used_costs_nothing():
    """A period without certificates has no lines."""
    usage = usage_of(Book(), TENANT, 5, 5)

    assert (usage.lines, usage.certificates) == ((), 0)


def test_a_period_does_not_end_before_it_begins():
    """Dates in the wrong order are said, not answered with nothing."""
    with pytest.raises(Refusal) as refusal:
        usage_of(Book(), TENANT, 2, 1)

    assert (refusal.value.kind, refusal.value.code) == (Kind.INVALID, "period_range")


def test_a_price_list_nobody_knows_is_our_trouble():
    """Usage that a newer version wrote is never billed by a guess."""
    with pytest.raises(Fault, match="2099-01") as fault:
        usage_of(Book(JobUsage("2099-01", 0, 1)), TENANT, 0, 1)

    assert not fault.value.passing


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1000000000", id="Q11-billion"),
        pytest.param("1000001", id="Q11-one-too-many"),
        pytest.param("-1", id="Q11-negative"),
        pytest.param("1e9", id="Q11-exponent"),
        pytest.param("٣", id="Q11-arabic-digit"),
        pytest.param("0", id="Q11-zero"),
        pytest.param("", id="Q11-empty"),
        pytest.param(" 1", id="Q11-space"),
        pytest.param("1\n", id="Q11-newline"),
        pytest.param("1_000", id="Q11-underscore"),
        pytest.param("1.0", id="Q11-fraction"),
        pytest.param("+1", id="Q11-plus"),
        pytest.param("007", id="Q11-leading-zeros"),
        pytest.param("0x10", id="Q11-hexadecimal"),
        pytest.param("NaN", id="Q11-nan"),
        pytest.param("9" * 5_000, id="Q11-5000-digits"),
    ],
)
def test_a_count_is_1_to_a_million_in_plain_digits(text):
    """Q11: anything else is INVALID, and the answer says what would do."""
    with pytest.raises(Refusal, match="1 to 1,000,000") as refusal:
        read_count(text)

    assert (refusal.value.kind, refusal.value.code) == (Kind.INVALID, "count_range")


@pytest.mark.parametrize("count", [0, -1, 1_000_001])
def test_nobody_previews_what_cannot_be_a_job(count):
    """The bound holds for every way in."""
    with pytest.raises(Refusal, match="1 to 1,000,000"):
        preview(count)


@pytest.mark.parametrize(("text", "count"), [("1", 1), ("1000000", 1_000_000)])
def test_both_ends_of_the_range_are_inside(text, count):
    """One and a million can be previewed."""
    assert preview(read_count(text)).count == count
