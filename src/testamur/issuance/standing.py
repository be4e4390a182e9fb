"""
Taking certificates back: revoke, suspend, reinstate. And what a reader is told.

One call is one act, however many certificates it names: one entry in the audit
log, one leaf in the transparency log, one line in the record outside the data. A
revoked certificate is revoked for ever; what is already so is not done again.
"""

import contextlib

from testamur.core.acts import Act, Chosen, Done
from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.ids import new_id
from testamur.core.lifecycle import StandingEvent
from testamur.core.policy import MAX_ACT_REASON_CHARACTERS, MAX_NAMED_CERTIFICATES
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.text import is_blank, nfc, text_problem, trim

from .ports import ActStore, Record


class Standings:
    """Changes how certificates stand, in *store*, with *record* beside it."""

    def __init__(self, store: ActStore, record: Record, clock: Clock) -> None:
        self._store = store
        self._record = record
        self._clock = clock

    def change(
        self,
        event: StandingEvent,
        tenant_id: str,
        chosen: Chosen,
        *,
        reason: str,
        actor: str,
    ) -> Done:
        """
        Revoke, suspend or reinstate what is *chosen*, all of it or nothing.

        When this returns, every reader is told so, and no restored backup can
        undo it. Of a job or batch, certificates that are revoked stay revoked and
        the others are suspended or reinstated. After a crash: the act happened,
        or did not; ask again, which does no harm.

        Raises:
            Refusal: the reason or the choice is wrong, or as `ActStore.perform`.
            Fault: passing; nothing happened.
        """
        is_needed = event is not StandingEvent.REINSTATE
        act = Act(
            id=new_id(),
            tenant_id=tenant_id,
            verb=str(event),
            at=self._clock(),
            reason=read_reason(reason, is_needed=is_needed),
            actor=actor,
            certificates=(),
        )
        _look_at(chosen)
        written: list[Act] = []

        def write_down(done: Act) -> None:
            written.append(done)
            self._record.append(done)

        try:
            done = self._store.perform(act, chosen, write_down)
        except BaseException:
            if written:
                self._withdraw(act.id)
            raise
        fp("act.after_commit")
        return done

    def apply(self, act: Act) -> int | None:
        """
        Do an act of the record again, if the database does not know it.

        The same as when it was done, at the same moment and under the same id, to
        those of its certificates that are there. Return how many are not: they
        were issued after the backup that was restored. None: nothing to do.

        Raises:
            Fault: nothing was done.
        """
        return self._store.perform_again(act)

    def _withdraw(self, act_id: str) -> None:
        """Should this fail, the act is done at the next start: late, never lost."""
        with contextlib.suppress(Fault):
            if not self._store.knows(act_id):
                self._record.withdraw(act_id)


def read_reason(text: str, *, is_needed: bool = True) -> str:
    """
    Return a reason as everybody will read it, trimmed and NFC.

    Raises:
        Refusal: INVALID `reason_missing`, `reason_too_long` or `reason_characters`.
    """
    text = trim(text)
    if problem := text_problem(text, "reason"):
        raise Refusal(Kind.INVALID, "reason_characters", problem.message, at="reason")
    text = "" if is_blank(text) else nfc(text)
    if not text and is_needed:
        raise Refusal(
            Kind.INVALID,
            "reason_missing",
            "Say why, in words that everybody may read: name no person.",
            at="reason",
        )
    if len(text) > MAX_ACT_REASON_CHARACTERS:
        raise Refusal(
            Kind.INVALID,
            "reason_too_long",
            f"The reason has {len(text)} characters and may have "
            f"{MAX_ACT_REASON_CHARACTERS}. Shorten it.",
            at="reason",
        )
    return text


def _look_at(chosen: Chosen) -> None:
    ways = (chosen.ids, chosen.references, chosen.batch_id, chosen.job_id)
    if sum(way is not None for way in ways) != 1:
        raise Refusal(
            Kind.INVALID,
            "certificates_chosen",
            "Name the certificates in one way: certificateIds, references, batchId or "
            "jobId.",
        )
    named = chosen.ids if chosen.ids is not None else chosen.references
    if named is None:
        return
    if not named:
        raise Refusal(
            Kind.INVALID, "certificates_chosen", "Name one certificate at least."
        )
    if len(named) > MAX_NAMED_CERTIFICATES:
        raise Refusal(
            Kind.TOO_LARGE,
            "too_many_certificates",
            f"{len(named)} certificates are named and one call may name "
            f"{MAX_NAMED_CERTIFICATES}. Name their batch or job, or call again.",
        )
