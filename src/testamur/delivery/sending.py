"""
The outbox is emptied: each message is handed over at least once, and not given up
before its schedule says so.

What waits is committed with the facts that it tells of, so nothing is sent that did
not happen, and nothing that happened is forgotten. A message is leased, sent and
then settled: whoever dies in between has it sent again, under the same Message-ID.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Set

from testamur.core.clock import HOUR, MINUTE, SECOND, Clock
from testamur.core.refusals import Fault
from testamur.core.suppressions import SuppressionReason

from .dressing import PLAIN, Dressing
from .letter import Letter, mail_of
from .ports import Leased, Outbox, Post, Undeliverable, Unreachable

#: How long a message waits after each attempt that failed: two days in all, which is
#: longer than most mail servers are down. After the last it is parked.
SCHEDULE = (
    1 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    1 * HOUR,
    4 * HOUR,
    12 * HOUR,
    30 * HOUR,
)

#: Up to so much of a wait is added to it, so that what failed together does not
#: come back together.
JITTER = 0.25

#: How long nothing is tried when the post cannot be reached at all.
PAUSE = 30 * SECOND

#: How many are taken at once. A round must end before its lease does, or others send
#: them again: the post gives up on each within its own time limit.
AT_ONCE = 20
LEASE = 30 * MINUTE

#: What a message says is asked when it is sent. None: it is not wanted any more.
Writer = Callable[[Leased], Letter | None]

#: Why each of these pairs of a tenant's id and an address is not written to.
Reasons = Callable[
    [Iterable[tuple[str, str]]], Mapping[tuple[str, str], Set[SuppressionReason]]
]

#: Who unsubscribed is still written to where somebody waits for their answer.
UNSUBSCRIBED = frozenset({SuppressionReason.UNSUBSCRIBED})

NOT_WANTED = "not wanted any more"


class Sender:
    """Sends what waits. Any number of them may, in any number of processes."""

    def __init__(
        self,
        outbox: Outbox,
        post: Post,
        write: Writer,
        *,
        sender: str,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
        dressing: Dressing = PLAIN,
        reasons: Reasons = lambda pairs: {},
    ) -> None:
        """
        *sender* is whom mails are from; *jitter* gives numbers from 0 to 1; *reasons*
        says who is not written to.
        """
        self._dressing = dressing
        self._reasons = reasons
        self._outbox = outbox
        self._post = post
        self._write = write
        self._sender = sender
        self._clock = clock
        self._jitter = jitter

    def step(self) -> int:
        """
        Send what is due, up to a round's worth; return how many were looked at.

        After a crash: run it again. What was leased is due again when its lease
        ends, and may be sent a second time.

        Raises:
            Fault: passing, when the outbox cannot be reached.
        """
        now = self._clock()
        most = len(SCHEDULE) + 1
        leased = list(self._outbox.lease(now, now + LEASE, AT_ONCE, most))
        if not leased:
            return 0
        waiting = iter(leased)
        try:
            listed = self._reasons((one.tenant_id, one.recipient) for one in leased)
        except Fault as trouble:  # nobody is written to who might not want it
            for one in waiting:
                self._leave(one, str(trouble))
            return len(leased)
        try:
            with self._post.round() as hand_over:
                for one in waiting:
                    self._send(one, hand_over, listed)
        except _Stopped as stop:
            self._leave(stop.one, stop.reason)
            for one in waiting:
                self._leave(one, stop.reason)
        except Unreachable as trouble:  # before the first was tried
            for one in waiting:
                self._leave(one, str(trouble))
        return len(leased)

    def _send(
        self,
        one: Leased,
        hand_over: Callable[..., None],
        listed: Mapping[tuple[str, str], Set[SuppressionReason]],
    ) -> None:
        try:
            letter = self._write(one)
            if letter is None:
                self._outbox.failed(one, NOT_WANTED)
                return
            why = listed.get((one.tenant_id, one.recipient), frozenset())
            if why and (letter.is_bulk or why - UNSUBSCRIBED):
                self._outbox.suppressed(one)
                return
            letter, headers = self._dressing.letter(one, letter)
            mail = mail_of(
                letter,
                id=one.id,
                message_id=one.message_id,
                sender=self._sender,
                recipient=one.recipient,
                written_at=one.created_at,
                headers=headers,
            )
            hand_over(self._dressing.mail(mail))
        except Unreachable as trouble:
            raise _Stopped(one, str(trouble)) from trouble
        except Undeliverable as trouble:
            self._outbox.failed(one, str(trouble))
        except Fault as trouble:
            self._again(one, str(trouble))
        else:
            self._outbox.sent(one, self._clock())

    def _again(self, one: Leased, error: str) -> None:
        if one.attempts > len(SCHEDULE):
            self._outbox.parked(one, error)
            return
        wait = SCHEDULE[one.attempts - 1]
        wait += int(wait * JITTER * self._jitter())
        self._outbox.later(one, self._clock() + wait, error)

    def _leave(self, one: Leased, reason: str) -> None:
        """Put back what was not tried: that the post is away is not its fault."""
        pause = PAUSE + int(PAUSE * self._jitter())
        self._outbox.untried(one, self._clock() + pause, reason)


class _Stopped(Exception):
    """The post cannot be reached any more; *one* was the first to notice."""

    def __init__(self, one: Leased, reason: str) -> None:
        super().__init__(reason)
        self.one = one
        self.reason = reason
