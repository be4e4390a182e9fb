"""Does the published log follow from its leaves? For `testamur fsck`."""

from collections.abc import Iterator, Sequence

from .checkpoint import Checkpoint, open_checkpoint
from .note import NotVerified, Verifier
from .ports import LogFiles, LogLookup
from .tiles import CHECKPOINT, contents, published_names
from .tree import HASH, WIDTH, Proofs, Tree, leaf_hashes

#: Whole tiles, so that each one is looked at once.
PIECE = 64 * WIDTH


def audit(
    lookup: LogLookup, files: LogFiles, verifiers: Sequence[Verifier]
) -> Iterator[str]:
    """
    Give one line for each thing that does not follow from the leaves.

    Reads every published leaf, and needs the same memory however many there are.
    """
    notes: dict[str, str] = {}
    if (published := lookup.published()) is not None:
        notes["database"] = published[1]
    if (shown := files.read(CHECKPOINT)) is not None:
        notes["published file"] = shown.decode(errors="replace")
    checkpoints: dict[str, Checkpoint] = {}
    for where, note in notes.items():
        try:
            checkpoints[where], _ = open_checkpoint(note, verifiers)
        except NotVerified as problem:
            yield f"log: the checkpoint in the {where} is not one: {problem}"
    # A crash between the two leaves the file ahead, of a database that decided it.
    wrong = False
    for line in _tiles(
        lookup, max((one.size for one in checkpoints.values()), default=0)
    ):
        wrong = True
        yield line
    if wrong:
        return
    for where, one in checkpoints.items():
        root = Proofs(one.size, lambda level, n: lookup.tile(level, n) or b"").root()
        if root != one.root:
            yield f"log: the checkpoint in the {where} does not follow from the leaves"
        elif where == "published file":
            yield from _files(lookup, files, one.size)


def _tiles(lookup: LogLookup, size: int) -> Iterator[str]:
    tree = Tree()
    while tree.size < size:
        start, stop = tree.size, min(tree.size + PIECE, size)
        digests = lookup.leaves(start, stop)
        if len(digests) != (stop - start) * HASH:
            yield f"log: leaves {start} to {stop} are not all in the database"
            return
        tree, tiles = tree.append(leaf_hashes(digests))
        for tile in tiles:
            is_full = len(tile.hashes) == WIDTH * HASH
            if not is_full and stop < size:
                continue
            stored = lookup.tile(tile.level, tile.n) or b""
            if stored[: len(tile.hashes)] != tile.hashes:
                yield (
                    f"log: tile {tile.n} of level {tile.level} in the database does "
                    "not follow from the leaves"
                )


def _files(lookup: LogLookup, files: LogFiles, size: int) -> Iterator[str]:
    expected = contents(
        published_names(0, size),
        lambda level, n: lookup.tile(level, n) or b"",
        lookup.leaves,
    )
    for path, data in expected:
        if files.read(path) != data:
            yield f"log: the file {path} does not follow from the leaves"
