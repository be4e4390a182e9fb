"""Rate state: one atomic step, on both databases, for every process."""

import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.meters import hammer, meter_of
from testamur.access.limits import gcra, pace_of
from testamur.core.policy import Rate

RATES = st.builds(Rate, burst=st.integers(1, 6), period_seconds=st.integers(1, 60))
#: The clock goes on, mostly; once in a while somebody sets it back.
GAPS = st.lists(st.integers(-2_000_000, 30_000_000), min_size=1, max_size=25)
NUMBERS = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where the rate state is, once for each engine."""
    if request.param == "sqlite":
        return tmp_path / "limits.db"
    return request.getfixturevalue("postgres_url")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RATES, GAPS)
def test_the_statement_does_what_the_arithmetic_says(meter, rate, gaps):
    """Over any history, the SQL admits and makes wait exactly as `gcra` does."""
    key, pace, state, now = str(next(NUMBERS)).encode(), pace_of(rate), None, 10**15
    for gap in gaps:
        now += gap
        state, wait = gcra(state, now, pace)

        assert meter.charge(key, now, pace.interval, pace.span) == wait


@pytest.fixture
def meter(place):
    """A meter on that place."""
    return meter_of(str(place))


def test_four_processes_admit_exactly_the_burst(place):
    """I32: all at once on one key, from start to end, nobody slips through."""
    spawn = multiprocessing.get_context("spawn")

    with ProcessPoolExecutor(4, mp_context=spawn) as processes:
        runs = [processes.submit(hammer, str(place), 100, 10**15) for _ in range(4)]
        admitted = [run.result(timeout=60) for run in runs]

    assert sum(admitted) == 60
    # I32: a restart forgets nothing. One interval (60 s) later there is one more.
    assert hammer(str(place), 5, 10**15 + 60_000_000) == 1


def test_a_clock_that_was_wrong_is_forgiven(meter):
    """After a year in the future, the wait is one interval, and it ends."""
    pace = pace_of(Rate(3, 30))
    year = 365 * 86_400 * 1_000_000
    assert meter.charge(b"key", year, pace.interval, pace.span) == 0

    wait = meter.charge(b"key", 0, pace.interval, pace.span)

    assert wait == pace.interval
    assert meter.charge(b"key", wait, pace.interval, pace.span) == 0


def test_forgetting_leaves_what_still_counts(meter):
    """Only timestamps before the moment are dropped."""
    pace = pace_of(Rate(1, 10))
    for key, now in ((b"old", 0), (b"new", 5_000_000)):
        assert meter.charge(key, now, pace.interval, pace.span) == 0

    meter.forget(before=12_000_000)

    assert meter.charge(b"old", 5_000_000, pace.interval, pace.span) == 0
    assert meter.charge(b"new", 12_000_000, pace.interval, pace.span) == 3_000_000


def test_a_host_that_starts_late_finds_the_counts(place):
    """Opening the same place again neither fails nor clears it."""
    pace = pace_of(Rate(1, 10))
    assert meter_of(str(place)).charge(b"key", 0, pace.interval, pace.span) == 0

    assert meter_of(str(place)).charge(b"key", 0, pace.interval, pace.span) > 0
