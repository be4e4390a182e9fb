"""
Events are told to webhooks, at least once each, in no promised order.

A message has one id over all its attempts, by which its receiver knows it again.
Whoever was killed between a call and noting what came of it leaves a lease that
runs out, and the call is made again.
"""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from testamur.core.clock import DAY, HOUR, MINUTE, SECOND, Clock
from testamur.core.refusals import Fault
from testamur.core.webhooks import DeliveryState, Webhook, WebhookAttempt, WebhookEnd

from .ports import Answer, Call, Caller, CallStore
from .signing import headers, unseal

#: How long after each failed attempt the next one comes, in milliseconds.
SCHEDULE = (
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
)

MOST = len(SCHEDULE) + 1

#: Up to this share is added to each wait, so that not all come back at once.
JITTER = 0.25

#: What a system may ask us to wait, in milliseconds.
RETRY_AFTER = (SECOND, 24 * HOUR)

#: A webhook that failed for so long, and never succeeded meanwhile, is told no more.
PATIENCE = 5 * DAY

#: Longer than a call takes, in milliseconds.
LEASE = MINUTE

#: How many are called at once, of all; of one webhook; at one host.
AT_ONCE, PER_WEBHOOK, PER_HOST = 16, 2, 4

#: After so many failures in a row nobody else is called at a host for a while.
BREAKER_MISSES, BREAKER_REST = 5, 30 * SECOND

#: How many deliveries of each webhook are made in one go.
FANNED_OUT = 500

GONE = 410
ASKS_TO_WAIT = (429, 503)


class Announcer:
    """Tells webhooks of events. One thread calls `step`; it has threads of its own."""

    def __init__(
        self,
        store: CallStore,
        caller: Caller,
        sealing: Callable[[], bytes],
        clock: Clock,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """*sealing* returns what the webhooks' secrets are sealed with."""
        self._store = store
        self._caller = caller
        self._sealing = sealing
        self._clock = clock
        self._jitter = jitter
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook")
        self._busy: dict[Future[None], Call] = {}
        self._misses: Counter[str] = Counter()
        self._rests_until: dict[str, int] = {}

    def step(self, seconds: float) -> int:
        """
        Begin what is due and can be begun; wait up to *seconds* for what is on its way.

        Return how many calls were begun or made out.
        """
        made = self._store.fan_out(self._clock(), FANNED_OUT)
        begun = self._begin()
        if self._busy:
            done, _ = wait(self._busy, seconds, FIRST_COMPLETED)
            for one in done:
                del self._busy[one]
                one.result()
        return made + begun

    def run_out(self) -> None:
        """Make all calls that are due by now, and wait for them."""
        while self.step(1.0) or self._busy:
            pass

    def close(self) -> None:
        """Begin nothing more. Calls on their way are left to their leases."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self) -> int:
        now = self._clock()
        begun = 0
        of_webhook = Counter(call.webhook.seq for call in self._busy.values())
        at_host = Counter(self._host(call.webhook) for call in self._busy.values())
        for webhook in self._store.due(now):
            host = self._host(webhook)
            room = min(
                AT_ONCE - len(self._busy),
                PER_WEBHOOK - of_webhook[webhook.seq],
                self._places(host) - at_host[host],
            )
            if room <= 0 or self._rests_until.get(host, 0) > now:
                continue
            for call in self._store.lease(webhook, now, now + LEASE, room, MOST):
                of_webhook[webhook.seq] += 1
                at_host[host] += 1
                self._busy[self._threads.submit(self._call, call)] = call
                begun += 1
        return begun

    def _places(self, host: str) -> int:
        """After a rest one is called to see, and the others wait for what it finds."""
        return 1 if self._misses[host] >= BREAKER_MISSES else PER_HOST

    def _host(self, webhook: Webhook) -> str:
        return self._caller.host_of(webhook.url)

    def _call(self, call: Call) -> None:
        begun = self._clock()
        try:
            answer = self._caller.post(
                call.webhook.url, call.body, self._headers(call, begun)
            )
        except Fault:  # its secret does not open: rotating it mends that
            answer = Answer(None, "secret_unreadable")
        now = self._clock()
        is_well = answer.status is not None and 200 <= answer.status < 300
        self._remember(call, answer, now)
        attempt = WebhookAttempt(
            call.attempts,
            begun,
            now - begun,
            answer.status,
            None if is_well else answer.error or f"status_{answer.status}",
            answer.beginning or None,
        )
        if is_well:
            self._store.settle(call, attempt, DeliveryState.DELIVERED)
        elif answer.status == GONE:
            self._store.settle(
                call, attempt, DeliveryState.PARKED, ends=WebhookEnd.GONE
            )
        else:
            self._fail(call, attempt, answer, now)

    def _fail(
        self, call: Call, attempt: WebhookAttempt, answer: Answer, now: int
    ) -> None:
        since = call.webhook.failing_since
        is_hopeless = since is not None and now - since >= PATIENCE
        if is_hopeless or call.attempts >= MOST:
            self._store.settle(
                call,
                attempt,
                DeliveryState.PARKED,
                ends=WebhookEnd.FAILING if is_hopeless else None,
            )
            return
        pause = SCHEDULE[call.attempts - 1]
        if answer.status in ASKS_TO_WAIT and answer.retry_after is not None:
            least, most = RETRY_AFTER
            pause = min(max(answer.retry_after, least), most)
        pause += int(pause * JITTER * self._jitter())
        self._store.settle(call, attempt, DeliveryState.QUEUED, next_at=now + pause)

    def _headers(self, call: Call, at: int) -> dict[str, str]:
        hook, sealing = call.webhook, self._sealing()
        secrets = [unseal(hook.sealed, hook.id, sealing=sealing)]
        if hook.sealed_before is not None and (hook.before_until or 0) > at:
            secrets.append(unseal(hook.sealed_before, hook.id, sealing=sealing))
        return dict(
            headers(
                call.body,
                message_id=call.id,
                at=at,
                secrets=secrets,
                style=hook.style,
                webhook_id=hook.id,
                event=call.type,
            )
        )

    def _remember(self, call: Call, answer: Answer, now: int) -> None:
        """A host that does not answer at all is left alone for a while."""
        host = self._host(call.webhook)
        if answer.status is not None:
            self._misses.pop(host, None)
            self._rests_until.pop(host, None)
            return
        self._misses[host] += 1
        if self._misses[host] >= BREAKER_MISSES:
            self._rests_until[host] = now + BREAKER_REST
