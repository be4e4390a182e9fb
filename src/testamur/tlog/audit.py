"""Does the published log follow from its leaves? For `testamur fsck`."""

from collections.abc import Iterator, Sequence

from .checkpoint import open_checkpoint
from .note import NotVerified, Verifier
from .ports import LogFiles, LogLookup, Tile
from .tiles import CHECKPOINT, ENTRIES, TileName, entry_bundle
from .tree import HASH, WIDTH, Tree, leaf_hashes

#: Whole tiles, so that each one is looked at once.
PIECE = 64 * WIDTH


def audit(
    lookup: LogLookup, files: LogFiles, verifiers: Sequence[Verifier]
) -> Iterator[str]:
    """
    Give one line for each thing that does not follow from the leaves.

    Reads every published leaf, and needs the same memory however many there are.
    """
    published = lookup.published()
    if published is None:
        return
    size, note = published
    tree = Tree()
    while tree.size < size:
        start, stop = tree.size, min(tree.size + PIECE, size)
        digests = lookup.leaves(start, stop)
        if len(digests) != (stop - start) * HASH:
            yield f"log: leaves {start} to {stop} are not all there"
            return
        tree, tiles = tree.append(leaf_hashes(digests))
        is_last = stop == size
        for tile in tiles:
            if is_last or len(tile.hashes) == WIDTH * HASH:
                yield from _tile_violations(lookup, files, tile)
        yield from _bundle_violations(files, start, digests)
    yield from _checkpoint_violations(files, note, tree, verifiers)


def _tile_violations(lookup: LogLookup, files: LogFiles, tile: Tile) -> Iterator[str]:
    name = TileName(tile.level, tile.n, len(tile.hashes) // HASH)
    stored = lookup.tile(tile.level, tile.n)
    if stored is None or stored[: len(tile.hashes)] != tile.hashes:
        yield f"log: {name.path} in the database does not follow from the leaves"
    yield from _file_violations(files, name.path, tile.hashes)


def _bundle_violations(files: LogFiles, start: int, digests: bytes) -> Iterator[str]:
    for at in range(0, len(digests), WIDTH * HASH):
        part = digests[at : at + WIDTH * HASH]
        name = TileName(ENTRIES, (start + at // HASH) // WIDTH, len(part) // HASH)
        yield from _file_violations(files, name.path, entry_bundle(part))


def _file_violations(files: LogFiles, path: str, expected: bytes) -> Iterator[str]:
    # A host that never sequenced has no files, and one that did has them all.
    found = files.read(path)
    if found != expected and (found is not None or files.read(CHECKPOINT) is not None):
        yield f"log: the file {path} does not follow from the leaves"


def _checkpoint_violations(
    files: LogFiles, note: str, tree: Tree, verifiers: Sequence[Verifier]
) -> Iterator[str]:
    shown = files.read(CHECKPOINT)
    notes = {"database": note}
    if shown is not None:
        notes["file"] = shown.decode(errors="replace")
    for where, text in notes.items():
        try:
            found, _ = open_checkpoint(text, verifiers)
        except NotVerified as problem:
            yield f"log: the checkpoint in the {where} is not one: {problem}"
            continue
        if (found.size, found.root) != (tree.size, tree.root()):
            yield f"log: the checkpoint in the {where} does not follow from the leaves"
