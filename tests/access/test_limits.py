"""GCRA: the arithmetic, and what a tenant is told."""

import doctest
import sqlite3
from math import ceil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.access import AccessRoom
from testamur.access import limits
from testamur.access.limits import Limiter, gcra, pace_of
from testamur.adapters.sql.meter import SqliteMeter
from testamur.core.clock import rfc3339
from testamur.core.policy import PLANS, Metered, Rate
from testamur.core.refusals import Fault, Kind, Refusal

RATES = st.builds(Rate, burst=st.integers(1, 30), period_seconds=st.integers(1, 3_600))

#: Microseconds between one request and the next.
GAPS = st.lists(st.integers(0, 60_000_000), min_size=1, max_size=80)


def test_the_examples_of_the_arithmetic_hold():
    """What the docstrings show is what happens."""
    assert doctest.testmod(limits).failed == 0


@example(Rate(3, 1), [0, 0, 0, 0, None])  # an interval of 333,333.3 microseconds
@given(RATES, st.lists(st.integers(0, 60_000_000) | st.none(), max_size=80))
def test_over_any_window_no_more_than_burst_and_refill_is_admitted(rate, gaps):
    """I32: in every window of length t, at most burst + rate * t are admitted, also
    when the client comes back (None) to the microsecond."""
    pace, state, now, wait, admitted = pace_of(rate), None, 0, 0, []
    for gap in gaps:
        now += wait if gap is None else gap
        state, wait = gcra(state, now, pace)
        if not wait:
            admitted.append(now)

    for first, begin in enumerate(admitted):
        for last, end in enumerate(admitted[first:], 1):
            # Whole numbers on both sides: a microsecond too many shows.
            more = (last - rate.burst) * rate.period_seconds * 1_000_000
            assert more <= (end - begin) * rate.burst


@given(RATES, GAPS)
def test_who_waits_as_told_is_admitted(rate, gaps):
    """I32: a client that obeys Retry-After is never refused twice in a row."""
    pace, state, now = pace_of(rate), None, 0
    for gap in gaps:
        now += gap
        state, wait = gcra(state, now, pace)
        if wait:
            now += ceil(wait / 1_000_000) * 1_000_000
            state, wait = gcra(state, now, pace)
            assert wait == 0


@given(RATES, GAPS)
def test_nobody_waits_when_a_little_less_would_do(rate, gaps):
    """A microsecond before the moment that was named, the answer is still no."""
    pace, state, now = pace_of(rate), None, 0
    for gap in gaps:
        now += gap
        state, wait = gcra(state, now, pace)
        if wait:
            assert gcra(state, now + wait - 1, pace)[1] == 1


@given(RATES, GAPS, st.integers(0, 79))
def test_losing_the_state_admits_more_never_less(rate, gaps, lost_at):
    """I32: from where the state was lost, each request fares as well or better."""
    pace, kept, other, now = pace_of(rate), None, None, 0
    for number, gap in enumerate(gaps):
        now += gap
        if number == lost_at:
            other = None
        kept, wait = gcra(kept, now, pace)
        other, wait_after_loss = gcra(other, now, pace)
        if number == lost_at:
            assert wait_after_loss == 0
        assert other <= kept or wait


@given(RATES, st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_state_from_the_future_costs_one_interval_at_most(rate, state, now):
    """A clock that was wrong once does not lock anybody out."""
    pace = pace_of(rate)

    assert gcra(state, now, pace)[1] <= pace.interval


@pytest.fixture
def meter(tmp_path):
    """The rate state of one host."""
    meter = SqliteMeter(tmp_path / "limits.db")
    yield meter
    meter.close()


@pytest.fixture
def limiter(room: AccessRoom, meter):
    """A limiter as a server has one."""
    return Limiter(meter, room.clock)


def caller(room, slug="academy", plan="standard"):
    """Return somebody of a new tenant."""
    made = room.keys.create(room.tenant(slug, plan))
    return room.gate.authenticate(api_keys=[made.text])


def refusal_of(limiter, somebody, metered, subject=""):
    """Return why the request is refused; None when it is admitted."""
    try:
        limiter.admit(somebody, metered, subject)
    except Refusal as refusal:
        return refusal
    return None


@pytest.mark.parametrize(
    ("metered", "count", "seconds", "words"),
    [
        (Metered.CREATE, 10, 360, "10 requests in 1 hour"),
        (Metered.POLL, 100, 9, "100 requests in 15 minutes"),
        (Metered.DOWNLOAD, 50, 72, "50 requests in 1 hour"),
        (Metered.RETRY, 5, 720, "5 requests in 1 hour"),
    ],
)
def test_the_standard_plan_has_the_documented_limits(
    room, limiter, metered, count, seconds, words
):
    """The request after the last says how many there are, and when to come back."""
    somebody = caller(room)
    for _ in range(count):
        limiter.admit(somebody, metered)

    with pytest.raises(Refusal) as refusal:
        limiter.admit(somebody, metered)

    assert refusal.value.kind is Kind.TOO_OFTEN
    assert refusal.value.code == "rate_limit_exceeded"
    assert refusal.value.retry_after_seconds == seconds
    assert words in refusal.value.detail
    room.clock.pass_seconds(seconds)
    limiter.admit(somebody, metered)


def test_a_poll_storm_that_obeys_gets_on(room, limiter):
    """Q12: polling every 5 s as the documented sample does, and waiting when told,
    every wait is followed by an answer; the refusal names the moment."""
    somebody = caller(room)
    started, waits = room.clock(), []

    for _ in range(400):
        refusal = refusal_of(limiter, somebody, Metered.POLL, "job")
        if refusal:
            waits.append(refusal.retry_after_seconds)
            again = room.clock() + waits[-1] * 1_000
            assert rfc3339(again) in refusal.detail
            room.clock.now = again
            assert refusal_of(limiter, somebody, Metered.POLL, "job") is None
        room.clock.pass_seconds(5.3)  # the answer takes its time, too

    minutes = (room.clock() - started) / 60_000
    assert waits, "a poll every 5 s is more than 100 in 15 minutes"
    assert set(waits) <= set(range(1, 10))
    assert 100 + 100 * minutes / 15 >= 400


def test_jobs_are_polled_each_on_its_own_count(room, limiter):
    """A tenant that polls one job too often can still poll another."""
    somebody = caller(room)
    for _ in range(100):
        limiter.admit(somebody, Metered.POLL, "one")

    limiter.admit(somebody, Metered.POLL, "another")

    with pytest.raises(Refusal):
        limiter.admit(somebody, Metered.POLL, "one")


def test_tenants_and_operations_do_not_share_a_count(room, limiter):
    """I20: what one tenant does costs another nothing, and retries no downloads."""
    one, other = caller(room), caller(room, "other")
    for _ in range(5):
        limiter.admit(one, Metered.RETRY)

    limiter.admit(other, Metered.RETRY)
    limiter.admit(one, Metered.DOWNLOAD)

    with pytest.raises(Refusal):
        limiter.admit(one, Metered.RETRY)


def test_an_unlimited_plan_is_not_even_looked_up(room):
    """A plan without rates works where no state can be kept at all."""
    somebody = caller(room, plan="unlimited")
    assert PLANS["unlimited"].rates == {}

    for metered in Metered:
        Limiter(None, room.clock).admit(somebody, metered)


class UnreachableMeter:
    """A meter whose disk or server is gone."""

    def charge(self, key, now, interval, span):
        """Fail."""
        raise Fault("gone", passing=True)


def test_when_the_count_cannot_be_reached_requests_are_admitted(room, caplog):
    """The service goes on, and the log says that limits do not."""
    limiter = Limiter(UnreachableMeter(), room.clock)
    somebody = caller(room)

    for _ in range(6):
        limiter.admit(somebody, Metered.RETRY)

    assert "rate limits are not counted: gone" in caplog.text
    assert somebody.tenant.id not in caplog.text


@pytest.mark.parametrize("subject", ["", "\x00", "\ud800", "é" * 100_000, "' OR 1=1"])
def test_a_subject_may_be_anything(room, limiter, tmp_path, subject):
    """What a client put into a path is counted, and takes no more room than an id."""
    somebody = caller(room)
    for _ in range(100):
        limiter.admit(somebody, Metered.POLL, subject)

    with pytest.raises(Refusal):
        limiter.admit(somebody, Metered.POLL, subject)

    with sqlite3.connect(tmp_path / "limits.db") as connection:
        ((size,),) = connection.execute("SELECT max(length(key)) FROM rate_states")
    assert size == 16


def test_old_counts_are_dropped(room, limiter, tmp_path):
    """Tidying removes what no longer limits anybody, and nothing else."""
    somebody = caller(room)
    for number in range(20):
        limiter.admit(somebody, Metered.POLL, str(number))
    room.clock.pass_seconds(60)
    for _ in range(100):
        limiter.admit(somebody, Metered.POLL, "busy")

    limiter.tidy()

    with sqlite3.connect(tmp_path / "limits.db") as connection:
        (count,) = connection.execute("SELECT count(*) FROM rate_states").fetchone()
    assert count == 1
    with pytest.raises(Refusal):
        limiter.admit(somebody, Metered.POLL, "busy")


@pytest.mark.parametrize(
    ("intact", "admitted"),
    [
        pytest.param(0, 5, id="seen-at-start"),
        pytest.param(4096, 6, id="seen-when-counting"),  # the first page is whole
    ],
)
def test_a_broken_file_is_replaced(room, tmp_path, intact, admitted):
    """What a power cut left of the counts is thrown away, and counting goes on."""
    path, somebody = tmp_path / "counts.db", caller(room)
    before = SqliteMeter(path)
    Limiter(before, room.clock).admit(somebody, Metered.RETRY)
    before.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:intact] + b"\xaa" * (len(whole) - intact))

    limiter = Limiter(SqliteMeter(path), room.clock)
    answers = [refusal_of(limiter, somebody, Metered.RETRY) for _ in range(8)]

    assert answers.index(next(filter(None, answers))) == admitted
    assert None not in answers[admitted:]


def test_counting_never_waits_for_the_databases_writer(room, limiter):
    """While a large transaction is written, polls are counted as ever."""
    somebody = caller(room)

    with room.database.writing():
        for _ in range(50):
            limiter.admit(somebody, Metered.POLL)


def test_a_refund_gives_back_no_more_than_has_not_refilled_already(room, limiter):
    """
    A request that came to nothing is uncounted, and what refilled while it lasted
    is not counted twice: afterwards no more fit in than the burst.
    """
    somebody = caller(room)
    admitted_at = limiter.admit(somebody, Metered.CREATE)
    room.clock.pass_seconds(400)
    for _ in range(10):
        limiter.admit(somebody, Metered.CREATE)

    limiter.refund(somebody, Metered.CREATE, admitted_at)

    with pytest.raises(Refusal):
        limiter.admit(somebody, Metered.CREATE)


def test_a_refund_at_once_makes_room_for_one_more(room, limiter):
    """An upload that was refused costs nothing of the plan."""
    somebody = caller(room)
    for _ in range(10):
        admitted_at = limiter.admit(somebody, Metered.CREATE)

    limiter.refund(somebody, Metered.CREATE, admitted_at)

    limiter.admit(somebody, Metered.CREATE)
    with pytest.raises(Refusal):
        limiter.admit(somebody, Metered.CREATE)
