"""What this room needs: tables for the tree, a place for its files, witnesses."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Tile:
    """Up to 256 neighbouring hashes of one level of the tree, concatenated."""

    level: int
    n: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class LeafBatch:
    """Leaves that were kept together and wait for their place in the tree."""

    id: int
    #: One SHA-256 of signed bytes per leaf, concatenated.
    digests: bytes


@dataclass(frozen=True, slots=True)
class LogState:
    """The tree as it was decided: one size, one root, one moment."""

    origin: str
    size: int
    root: bytes
    #: The right edge: per level, the hashes that do not yet fill a tile.
    edge: tuple[bytes, ...]
    #: When this size was decided (milliseconds). It grows with every size.
    decided_at: int
    #: The largest size whose checkpoint everybody can read; None before the first.
    published_size: int | None


class LogStore(Protocol):
    """The tree in the database. It is the truth; files follow from it."""

    def begin(self, origin: str, root: bytes, now: int) -> LogState:
        """
        Return the log as it is, begun as an empty tree if there is none.

        An existing log keeps the origin it was begun with.
        """
        ...

    def waiting(self, max_leaves: int) -> Sequence[LeafBatch]:
        """
        Return the oldest batches without a place, as many as have *max_leaves*.

        At least one if any waits.
        """
        ...

    def extend(
        self,
        before: LogState,
        after: LogState,
        places: Sequence[tuple[int, int]],
        tiles: Sequence[Tile],
    ) -> bool:
        """
        Decide *after*: places (batch, first index), tiles and tree, or nothing.

        False when the log is not *before* any more: somebody else extended it.
        """
        ...

    def publish(self, size: int, note: str) -> None:
        """Keep the checkpoint *note* of *size*, which everybody can read now."""
        ...

    def cosign(self, size: int, note: str) -> None:
        """Put *note*, with more lines under the same text, for that kept of *size*."""
        ...

    def tile(self, level: int, n: int) -> bytes | None:
        """Return the hashes of a tile, as many as there are by now."""
        ...

    def leaves(self, start: int, stop: int) -> bytes:
        """Return the digests of the leaves from *start* on, *stop* not included."""
        ...


class LogLookup(Protocol):
    """The published log, for those who read it."""

    def published(self) -> tuple[int, str] | None:
        """Return size and checkpoint of what everybody can read; None before that."""
        ...

    def place(self, source: int | str, digest: bytes) -> int | None:
        """
        Return the index of the leaf with this digest, once it has one.

        *source* is what its batch came from: a chunk's id, or the name of an act.
        """
        ...

    def tile(self, level: int, n: int) -> bytes | None:
        """Return the hashes of a tile, as many as there are by now."""
        ...

    def leaves(self, start: int, stop: int) -> bytes:
        """Return the digests of the leaves from *start* on, *stop* not included."""
        ...


class LogFiles(Protocol):
    """The published files: tiles and bundles under the paths of C2SP tlog-tiles."""

    def alone(self) -> AbstractContextManager[None]:
        """
        Hold the place meanwhile, so that no older checkpoint follows a newer one.
        """
        ...

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """
        Write the files so that they survive power loss; none changes if it exists.

        Raises:
            Fault: not passing, when a file exists with other bytes.
        """
        ...

    def drop(self, folders: Iterable[str]) -> None:
        """Remove folders of partial tiles whose full tile is there."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a published file, or None."""
        ...


class Record(Protocol):
    """The newest checkpoint, remembered outside the database."""

    @property
    def name(self) -> str:
        """Where it is, for people."""
        ...

    def read(self) -> str | None:
        """Return the checkpoint; None when there never was one."""
        ...

    def write(self, note: str) -> None:
        """Replace it, so that it survives power loss, whole or not at all."""
        ...


class Witness(Protocol):
    """Somebody else, who co-signs what they saw grow and never saw rewritten."""

    @property
    def vkey(self) -> str:
        """Their verifier key (signed-note), of the type for cosignatures."""
        ...

    def add_checkpoint(self, request: str) -> str:
        """
        Send the body of an `add-checkpoint` (tlog-witness); return the lines.

        Raises:
            Stale: they know another size than the request begins with.
            Fault: they did not co-sign.
        """
        ...


class Stale(Exception):
    """A witness knows *size*, and wants the proof to begin there."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness has seen size {size}")
        self.size = size


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key that signs checkpoints: what signs (Ed25519, RFC 8032), and its public."""

    sign: Callable[[bytes], bytes]
    public: bytes
