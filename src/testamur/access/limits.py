"""
How often: the generic cell rate algorithm (GCRA; ITU-T I.371, annex A).

The whole state of a limit is one timestamp, the *theoretical arrival time*: the
moment at which everything admitted so far would have been used up at the even
rate. It says at once whether a request fits and, if not, when one will. Losing
it admits more, never less.
"""

import logging
from dataclasses import dataclass
from hashlib import blake2b

from testamur.core.clock import SECOND, Clock, rfc3339
from testamur.core.policy import TI_ENTERPRISE, Allowance, Metered, Rate
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.words import Caller

from .ports import Meter

logger = logging.getLogger(__name__)

#: What each operation is called in a refusal.
WORDS = {
    Metered.CREATE: "Creating jobs",
    Metered.POLL: "Reading the status of one job",
    Metered.DOWNLOAD: "Downloading results",
    Metered.RETRY: "Retrying jobs",
    Metered.SECURE: "Securing credentials",
    Metered.TI: "This API",
    Metered.REHEARSE: "Rehearsing",
    Metered.DOKSTAMP: "This API",
    Metered.VEC: "This API",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """A rate in microseconds: one request per *interval*, *span* of them saved up."""

    interval: int
    span: int


def pace_of(rate: Rate) -> Pace:
    """Return the pace of *rate*, rounded so that no more than that is admitted."""
    interval = -(-rate.period_seconds * 1_000_000 // rate.burst)
    return Pace(interval, interval * rate.burst)


def gcra(state: int | None, now: int, pace: Pace) -> tuple[int, int]:
    """
    Return the new state, and how long to wait: 0 when the request is admitted.

    A state further ahead than a full span can only come from a clock that was
    wrong, and counts as a full span: nobody waits longer than one interval.

    >>> gcra(None, 0, Pace(interval=10, span=20))
    (10, 0)
    >>> gcra(20, 5, Pace(interval=10, span=20))
    (20, 5)
    """
    used = min(max(state or 0, now), now + pace.span)
    wait = max(0, used + pace.interval - (now + pace.span))
    return (used if wait else used + pace.interval), wait


class Limiter:
    """
    Counts what tenants do against their plans, across processes and hosts.

    Requests are counted per tenant, operation and *subject*. The subject of a
    poll is its job: the documented clients poll each job every 2 to 5 seconds
    and would cut one another off if all jobs shared one count. Everything else
    has no subject.
    """

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock

    def admit(self, caller: Caller, metered: Metered, subject: str = "") -> int:
        """
        Count one request of *caller*; a refused one does not count.

        Returns the moment of counting, for `refund`.

        When the count cannot be reached the request is admitted: a limit is
        worth less than the service it protects.

        Raises:
            Refusal: TOO_OFTEN `rate_limit_exceeded`. Who waits
                `retry_after_seconds` is admitted, unless others of the same
                tenant came first.
        """
        now = self._clock()
        plan = caller.tenant.plan
        rate = plan.rates.get(metered)
        if rate is None:
            return now
        pace = pace_of(rate)
        key = _key(caller.tenant.id, metered, subject)
        try:
            wait = self._meter.charge(key, now * 1_000, pace.interval, pace.span)
        except Fault as trouble:
            logger.warning("rate limits are not counted: %s", trouble)
            return now
        if wait:
            seconds = -(-wait // 1_000_000)
            again = rfc3339(now + seconds * SECOND)
            raise Refusal(
                Kind.TOO_OFTEN,
                "rate_limit_exceeded",
                f"{WORDS[metered]} is limited to {rate.burst} requests in "
                f"{_period(rate.period_seconds)} on the plan {plan.name}. The next "
                f"one is possible at {again}, in {seconds} s.",
                retry_after_seconds=seconds,
            )
        return now

    def allowance(self, caller: Caller, metered: Metered) -> Allowance:
        """
        Return how often *caller* may still do this now.

        Whom nothing is counted for may do it at least so often.
        """
        now = self._clock()
        rate = caller.tenant.plan.rates.get(metered)
        state = None
        if rate is None:
            rate = TI_ENTERPRISE
        else:
            try:
                state = self._meter.state(_key(caller.tenant.id, metered, ""))
            except Fault as trouble:
                logger.warning("rate limits are not counted: %s", trouble)
        pace = pace_of(rate)
        ahead = min(max(0, (state or 0) - now * 1_000), pace.span)
        return Allowance(
            rate.burst, (pace.span - ahead) // pace.interval, now + -(-ahead // 1_000)
        )

    def refund(
        self, caller: Caller, metered: Metered, admitted_at: int, subject: str = ""
    ) -> None:
        """
        Uncount a request that was admitted at *admitted_at*: it came to nothing.

        What has refilled since then is not given back a second time.
        """
        rate = caller.tenant.plan.rates.get(metered)
        if rate is None:
            return
        since = max(0, self._clock() - admitted_at) * 1_000
        left = pace_of(rate).interval - since
        if left <= 0:
            return
        key = _key(caller.tenant.id, metered, subject)
        try:
            self._meter.refund(key, left)
        except Fault as trouble:
            logger.warning("rate limits are not counted: %s", trouble)

    def tidy(self) -> None:
        """Drop the counts that are back at nothing; call it now and then."""
        self._meter.forget(self._clock() * 1_000)


def _key(tenant_id: str, metered: Metered, subject: str) -> bytes:
    """Return a name of fixed size: a subject may be anything a client sent."""
    text = f"{tenant_id} {metered} {subject}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _period(seconds: int) -> str:
    """
    Return *seconds* in words.

    >>> _period(900)
    '15 minutes'
    """
    units = ((3600, "hour"), (60, "minute"), (1, "second"))
    count, word = next(
        (seconds // size, word) for size, word in units if seconds % size == 0
    )
    return f"{count} {word}" + ("s" if count != 1 else "")
