"""What anybody may ask of the published log: checkpoint, tiles, proofs."""

from testamur.core.refusals import Fault, Kind, Refusal

from .ports import LogFiles, LogLookup
from .proof import LogProof
from .tiles import ENTRIES, entry_bundle, tile_name, width_of
from .tree import HASH, WIDTH, Proofs


class LogReader:
    """The published log. What is not published does not exist here."""

    def __init__(self, lookup: LogLookup, files: LogFiles) -> None:
        self._lookup = lookup
        self._files = files

    def checkpoint(self) -> str:
        """
        Return the newest checkpoint.

        Raises:
            Refusal: NOT_FOUND, before the first.
        """
        return self._published()[1]

    def tile(self, path: str) -> bytes | None:
        """
        Return the tile or bundle that *path* ("tile/0/000.p/5") names, or None.

        A partial tile is the beginning of the full one, so those that were removed
        when they filled can still be read.
        """
        name = tile_name(path)
        if name is None:
            return None
        if (stored := self._files.read(path)) is not None:
            return stored
        size, _ = self._published()
        if width_of(name, size) < name.width:
            return None
        if name.level == ENTRIES:
            first = name.n * WIDTH
            return entry_bundle(self._lookup.leaves(first, first + name.width))
        return self._tile(name.level, name.n)[: name.width * HASH]

    def proof(self, source: int | str, digest: bytes) -> str:
        """
        Return the tlog-proof of the leaf with this *digest*.

        *source* is what kept it: a chunk's id, or the name of an act.

        Raises:
            Refusal: NOT_FOUND, while it is not in a published checkpoint.
        """
        size, note = self._published()
        index = self._lookup.place(source, digest)
        if index is None or index >= size:
            raise Refusal(
                Kind.NOT_FOUND,
                "not_logged_yet",
                "This is not in the transparency log yet. Ask again in a second.",
                retry_after_seconds=1,
            )
        path = Proofs(size, self._tile).inclusion(index)
        return LogProof(index, tuple(path), note).text

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """
        Return the path from leaf *index* to the root of the first *size* leaves.

        Raises:
            Refusal: MALFORMED, when there is no such leaf or size.
        """
        self._require_size(size, "size")
        if not 0 <= index < size:
            raise _wrong("index", f"index is a leaf below the size, {size}.")
        return Proofs(size, self._tile).inclusion(index)

    def consistency(self, old_size: int, new_size: int) -> list[bytes]:
        """
        Return the proof that the log only grew between two sizes.

        Raises:
            Refusal: MALFORMED, when the log has no such sizes in this order.
        """
        self._require_size(new_size, "to")
        if not 0 < old_size <= new_size:
            raise _wrong("from", f"from is a size from 1 to {new_size}.")
        return Proofs(new_size, self._tile).consistency(old_size)

    def _published(self) -> tuple[int, str]:
        published = self._lookup.published()
        if published is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "log_not_begun",
                "The transparency log has no checkpoint yet. Ask again in a second.",
                retry_after_seconds=1,
            )
        return published

    def _require_size(self, size: int, at: str) -> None:
        published, _ = self._published()
        if not 0 < size <= published:
            raise _wrong(at, f"{at} is a size of the log, from 1 to {published}.")

    def _tile(self, level: int, n: int) -> bytes:
        hashes = self._lookup.tile(level, n)
        if hashes is None:
            raise Fault(f"log: tile {n} of level {level} is missing", passing=False)
        return hashes


def _wrong(at: str, detail: str) -> Refusal:
    return Refusal(Kind.MALFORMED, "log_range", detail, at=at)
