"""
The one sequencer: gives leaves their order, decides the next root, publishes it.

The order of durable steps is the argument that the log never forks:

1. What an earlier step decided is published before anything else.
2. The new tree is decided by compare-and-swap on the old one, in one transaction
   with its tiles and the places of its leaves. Of two sequencers one wins.
3. Only what was decided is signed, so one size has one root, whatever breaks.
4. Tiles, then what remembers the checkpoint elsewhere, then the checkpoint.

A crash anywhere needs nothing but the next step: it begins with 1.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate

import structlog

from testamur.core.clock import Clock, rfc3339
from testamur.core.failpoints import fp
from testamur.core.refusals import Fault

from .checkpoint import log_verifiers, open_checkpoint, sign_checkpoint
from .note import NotVerified
from .ports import LogFiles, LogKey, LogState, LogStore, Record, Witness
from .tiles import contents, published_names
from .tree import EMPTY_ROOT, HASH, WIDTH, Proofs, Tree, leaf_hashes
from .witness import PATIENCE_SECONDS, Witnesses

#: How many leaves one step takes, so that a transaction stays short.
MAX_LEAVES = 16_384

#: How long an idle sequencer waits, and how long after trouble.
IDLE_SECONDS = 0.02
TROUBLE_SECONDS = 2.0

log = structlog.get_logger()


class Sequencer:
    """
    Extends the log called *origin* in *store*, and publishes it to *files*.

    *checkpoint* is the published file; *records* remember it elsewhere. A checkpoint
    waits *patience* seconds for *witnesses* at most, and not for slow ones. Any number
    of sequencers may run: those that lose notice. The first of *keys* is the one in
    use, the others still sign so that who knows only them can follow a rotation.
    """

    def __init__(
        self,
        store: LogStore,
        files: LogFiles,
        *,
        origin: str,
        keys: Sequence[LogKey],
        clock: Clock,
        checkpoint: Record,
        records: Sequence[Record] = (),
        witnesses: Sequence[Witness] = (),
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._store = store
        self._files = files
        self._origin = origin
        self._keys = keys
        self._clock = clock
        self._checkpoint = checkpoint
        self._records = records
        self._witnesses = Witnesses(witnesses, clock, patience=patience)

    def step(self) -> int:
        """
        Publish what is decided, then sequence what waits; say how many leaves.

        After a crash: call it again.

        Raises:
            Fault: nothing is signed. Not passing, when the database is older than
                a checkpoint that was published, or contradicts it.
        """
        with self._files.alone():
            return self._step()

    def check(self) -> None:
        """
        Return if the database holds every checkpoint that was published.

        Raises:
            Fault: not passing, as in `step`.
        """
        with self._files.alone():
            self._refuse_to_fork(
                self._store.begin(self._origin, EMPTY_ROOT, self._clock())
            )

    def _step(self) -> int:
        state = self._store.begin(self._origin, EMPTY_ROOT, self._clock())
        self._refuse_to_fork(state)
        self._publish(state)
        batches = self._store.waiting(MAX_LEAVES)
        if not batches:
            self._complete(state)
            return 0

        now = self._clock()
        if now <= state.decided_at:
            raise Fault(
                "log: time did not advance; the last checkpoint is of "
                f"{rfc3339(state.decided_at)} and the clock says {rfc3339(now)}. "
                "Set the clock right; until then no leaf is added",
                passing=True,
            )
        tree = Tree(state.size, state.edge)
        if tree.root() != state.root:
            raise _damaged("its right edge does not have its own root")
        digests = b"".join(batch.digests for batch in batches)
        tree, tiles = tree.append(leaf_hashes(digests))
        ends = accumulate(len(batch.digests) // HASH for batch in batches)
        starts = [state.size, *(state.size + end for end in ends)]
        places = [
            (batch.id, start) for batch, start in zip(batches, starts, strict=False)
        ]
        after = replace(
            state, size=tree.size, root=tree.root(), edge=tree.edge, decided_at=now
        )
        fp("log.after_stage")
        if not self._store.extend(state, after, places, tiles):
            return 0  # another sequencer was quicker; the next step sees what it did
        fp("log.after_cas")
        self._publish(after)
        return after.size - state.size

    def _refuse_to_fork(self, state: LogState) -> None:
        """Return if the database holds every checkpoint that we remember."""
        for record in (*self._records, self._checkpoint):
            known = self._remembered(record, state.origin)
            if known is None:
                continue
            size, root = known
            if size > state.size:
                raise Fault(
                    f"log: {record.name} has a checkpoint of {size:,} leaves, and the "
                    f"database knows {state.size:,}: it was restored from an older "
                    "backup. Nothing is signed, since another log of the same name "
                    "would be a forgery. Restore a newer database, or go on under "
                    "another name: `testamur record accept`",
                    passing=False,
                )
            if root != self._root_at(size, state):
                raise _damaged(
                    f"its first {size:,} leaves have another root than the checkpoint "
                    f"in {record.name}"
                )

    def _remembered(self, record: Record, origin: str) -> tuple[int, bytes] | None:
        note = record.read()
        if note is None:
            return None
        verifiers = [log_verifiers(origin, key.public)[0] for key in self._keys]
        try:
            found, _ = open_checkpoint(note, verifiers)
        except NotVerified as problem:
            raise Fault(
                f"log: {record.name} is not a checkpoint of {origin} that its keys "
                f"verify ({problem}). Put back the file, or the key that signed it",
                passing=False,
            ) from None
        return found.size, found.root

    def _root_at(self, size: int, state: LogState) -> bytes:
        if size == state.size:
            return state.root
        return Proofs(size, self._tile).root()

    def _publish(self, state: LogState) -> None:
        """Make everything about *state* readable, the checkpoint last."""
        shown = self._remembered(self._checkpoint, state.origin)
        shown_size = shown[0] if shown else -1
        is_shown = shown_size == state.size
        is_first = state.published_size != state.size
        if is_shown and not is_first:
            return
        before = state.published_size or 0 if is_shown else max(shown_size, 0)
        names = list(published_names(before, state.size))
        note = self._checkpoint.read() if is_shown else None
        if note is None:
            note = self._sign(state, ask=is_first)
            self._files.write(contents(names, self._tile, self._store.leaves))
            fp("log.after_tiles")
            for record in self._records:
                record.write(note)
            self._checkpoint.write(note)
            fp("log.after_checkpoint")
        # Only now: the checkpoint before this one named them.
        self._files.drop(name.partials for name in names if name.width == WIDTH)
        if is_first:
            self._store.publish(state.size, note)

    def _sign(self, state: LogState, *, ask: bool) -> str:
        note = sign_checkpoint(state, self._keys)
        verifiers = [log_verifiers(state.origin, key.public)[0] for key in self._keys]
        try:
            open_checkpoint(note, verifiers)
        except NotVerified as problem:
            raise Fault(
                f"log: the key does not sign what its public key verifies ({problem})",
                passing=False,
            ) from None
        if ask and self._witnesses and state.size:
            proofs = Proofs(state.size, self._tile)
            old = state.published_size or 0
            note = self._witnesses.cosigned(note, state.size, old, proofs, waits=True)
        return note

    def _complete(self, state: LogState) -> None:
        """Add what witnesses answered late to the newest checkpoint."""
        if not self._witnesses or not state.size:
            return
        note = self._checkpoint.read()
        assert note is not None
        proofs = Proofs(state.size, self._tile)
        more = self._witnesses.cosigned(
            note, state.size, state.size, proofs, waits=False
        )
        if more != note:
            self._store.cosign(state.size, more)
            for record in self._records:
                record.write(more)
            self._checkpoint.write(more)

    def _tile(self, level: int, n: int) -> bytes:
        hashes = self._store.tile(level, n)
        if hashes is None:
            raise _damaged(f"tile {n:,} of level {level} is missing")
        return hashes


def _damaged(how: str) -> Fault:
    return Fault(
        f"log: the database is damaged: {how}. Nothing is signed; run `testamur "
        "fsck`, and restore a backup that is newer than the last checkpoint",
        passing=False,
    )


def run(step: Callable[[], int], stopping: threading.Event) -> None:
    """
    Sequence until *stopping* is set; a trouble is logged when it begins and ends.

    No trouble ends it: pages and jobs go on, and rows wait for their leaves.
    """
    trouble = ""
    while not stopping.is_set():
        try:
            placed = step()
        except Fault as fault:
            if str(fault) != trouble:
                trouble = str(fault)
                log.error("log not extended", trouble=trouble)
            stopping.wait(TROUBLE_SECONDS)
            continue
        except Exception:  # a bug: rows wait, and the operator reads why
            log.exception("sequencer broke")
            stopping.wait(TROUBLE_SECONDS)
            continue
        if trouble:
            trouble = ""
            log.info("log extended again")
        if placed < MAX_LEAVES:
            stopping.wait(IDLE_SECONDS)
