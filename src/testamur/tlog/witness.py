"""
Asking witnesses to co-sign a checkpoint (C2SP tlog-witness, tlog-cosignature v1).

A log alone proves nothing against its own operator: it could show another tree to
everybody. Whoever co-signs says that they saw this one grow, and no other.

No outsider can hold up the log. Each witness is asked in a thread of its own, and a
checkpoint waits for those alone that were quick the last time. What a slow one
answers is added to the newest checkpoint when the log is at rest.
"""

import threading
import time
from collections.abc import Sequence

import structlog

from testamur.core.clock import SECOND, Clock
from testamur.core.refusals import Fault

from .note import COSIGNATURE, NotVerified, encoded, open_note, split_note, verifier
from .ports import Stale, Witness
from .tree import Proofs

#: How long a checkpoint waits for witnesses, all together.
PATIENCE_SECONDS = 1.0

#: Who fails is asked again after a second, two, four, and so on, up to this.
MAX_REST_SECONDS = 300

log = structlog.get_logger()


class Witnesses:
    """Those who are asked to co-sign."""

    def __init__(
        self,
        witnesses: Sequence[Witness],
        clock: Clock,
        *,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._seats = [_Seat(one, clock, patience) for one in witnesses]
        self._patience = patience

    def __bool__(self) -> bool:
        return bool(self._seats)

    def cosigned(
        self, note: str, size: int, old_size: int, proofs: Proofs, *, waits: bool
    ) -> str:
        """
        Return *note* with the lines of those that co-signed it, as far as they did.

        *old_size* is what a witness probably knows. With *waits*, those that were
        quick the last time get a moment to answer; the others are asked all the
        same. A failure is only logged.
        """
        lacking = [seat for seat in self._seats if not seat.has_signed(note)]
        for seat in lacking:
            seat.ask(note, size, old_size, proofs)
        until = time.monotonic() + self._patience if waits else None
        for seat in lacking:
            note += seat.line(note, until)
        return note


class _Seat:
    """One witness: what it knows, how it fares, and what it answered last."""

    def __init__(self, witness: Witness, clock: Clock, patience: float) -> None:
        self._witness = witness
        self._clock = clock
        self._patience = patience
        self._by = verifier(witness.vkey)
        self._thread: threading.Thread | None = None
        self._is_quick = True
        self._failures = 0
        self._rests_until = 0
        self._known: int | None = None
        #: The text that it signed last, and its lines.
        self._answer = ("", "")

    def has_signed(self, note: str) -> bool:
        return f"\n\N{EM DASH} {self._by.name} " in note

    def ask(self, note: str, size: int, old_size: int, proofs: Proofs) -> None:
        """Begin to ask, unless it is being asked, has answered, or rests."""
        if self._thread is not None and self._thread.is_alive():
            return
        if self._answer[0] == _text(note) or self._clock() < self._rests_until:
            return
        known = old_size if self._known is None else self._known
        self._thread = threading.Thread(
            target=self._ask, args=(note, size, known, proofs), daemon=True
        )
        self._thread.start()

    def line(self, note: str, until: float | None) -> str:
        """Return its lines under *note*; empty when there are none by *until*."""
        if until is not None and self._is_quick and self._thread is not None:
            self._thread.join(max(0.0, until - time.monotonic()))
            # Until it answers in time again, nothing waits for it.
            self._is_quick = not self._thread.is_alive()
        text, lines = self._answer
        return lines if text == _text(note) else ""

    def _ask(self, note: str, size: int, known: int, proofs: Proofs) -> None:
        begun = time.monotonic()
        try:
            lines = _lines(note, size, known, proofs, self._witness)
        except (Fault, NotVerified, Stale) as problem:
            self._failed(str(problem))
        except Exception as problem:  # whatever a stranger's server brings about
            self._failed(repr(problem))
        else:
            self._known, self._failures = size, 0
            self._is_quick = time.monotonic() - begun < self._patience
            self._answer = (_text(note), lines)

    def _failed(self, trouble: str) -> None:
        # What it knows may be another size now.
        self._known = None
        rest = min(2**self._failures, MAX_REST_SECONDS)
        self._failures = min(self._failures + 1, 16)
        self._rests_until = self._clock() + rest * SECOND
        log.warning(
            "not co-signed", witness=self._by.name, trouble=trouble, rests_seconds=rest
        )


def _text(note: str) -> str:
    return note.partition("\n\n")[0]


def _lines(
    note: str, size: int, old_size: int, proofs: Proofs, witness: Witness
) -> str:
    try:
        answer = witness.add_checkpoint(_request(note, old_size, proofs))
    except Stale as known:
        if known.size > size:
            raise NotVerified(f"it has seen {known.size} leaves of this log") from known
        answer = witness.add_checkpoint(_request(note, known.size, proofs))
    by = verifier(witness.vkey)
    if by.kind != COSIGNATURE:
        raise NotVerified("its key is not one for cosignatures")
    text, _ = split_note(note)
    opened = open_note(text + "\n" + answer, [by])
    if not opened.signed[0].at:
        raise NotVerified("its cosignature has no time")
    # Of what it answered, the lines that verified and no others.
    return "".join(
        line + "\n"
        for line in answer.split("\n")
        if line.startswith(f"\N{EM DASH} {by.name} ")
    )


def _request(note: str, old_size: int, proofs: Proofs) -> str:
    lines = [f"old {old_size}", *(encoded(one) for one in proofs.consistency(old_size))]
    return "\n".join(lines) + "\n\n" + note
