"""The paths and bytes under which a log is published (C2SP tlog-tiles)."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .tree import HASH, LEAF_BYTES, LEAF_VERSION, WIDTH

#: The path of the newest signed root.
CHECKPOINT = "checkpoint"

#: The level that stands for bundles of entries.
ENTRIES = -1

# Five groups of three digits: more than any tree will have, and below 2**63.
_PATH = re.compile(
    r"tile/(entries|0|[1-9]|[1-5][0-9]|6[0-3])"
    r"/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)

_LENGTH = LEAF_BYTES.to_bytes(2)


@dataclass(frozen=True, slots=True)
class TileName:
    """A tile, or a bundle of entries (level `ENTRIES`), of *width* hashes or leaves."""

    level: int
    n: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """
        Where it is published.

        >>> TileName(0, 1234067, 5).path
        'tile/0/x001/x234/067.p/5'
        """
        is_full = self.width == WIDTH
        return self.full_path + ("" if is_full else f".p/{self.width}")

    @property
    def full_path(self) -> str:
        """Where it is published once it is full."""
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{_index_path(self.n)}"

    @property
    def partials(self) -> str:
        """The folder of its partial forms."""
        return self.full_path + ".p"


def _index_path(n: int) -> str:
    path = f"{n % 1000:03}"
    while n := n // 1000:
        path = f"x{n % 1000:03}/{path}"
    return path


def tile_name(path: str) -> TileName | None:
    """
    Return what *path* names; None unless it is spelled exactly as published.

    >>> tile_name("tile/0/x001/x234/067.p/5")
    TileName(level=0, n=1234067, width=5)
    >>> tile_name("tile/0/x000/067")
    """
    match = _PATH.fullmatch(path)
    if match is None:
        return None
    level = ENTRIES if match[1] == "entries" else int(match[1])
    n = int(re.sub("[x/]", "", match[2]))
    name = TileName(level, n, int(match[3] or WIDTH))
    # A width of 256 in the suffix, and groups of leading zeros, are other names.
    return name if name.width <= WIDTH and name.path == path else None


def published_names(old_size: int, new_size: int) -> Iterator[TileName]:
    """
    Give everything that a log of *new_size* has and one of *old_size* has not.

    >>> [name.path for name in published_names(255, 257)]
    ['tile/0/000', 'tile/0/001.p/1', 'tile/entries/000', 'tile/entries/001.p/1', \
'tile/1/000.p/1']
    """
    level = 0
    while (count := new_size >> 8 * level) > (before := old_size >> 8 * level):
        spans = [
            (n, min(WIDTH, count - n * WIDTH))
            for n in range(before // WIDTH, (count + WIDTH - 1) // WIDTH)
        ]
        for kind in (0, ENTRIES) if level == 0 else (level,):
            for n, width in spans:
                yield TileName(kind, n, width)
        level += 1


def width_of(name: TileName, size: int) -> int:
    """Return how wide that tile is in a log of *size* leaves; 0 if there is none."""
    level = max(name.level, 0)
    return max(0, min(WIDTH, (size >> 8 * level) - name.n * WIDTH))


def entry_bundle(digests: bytes) -> bytes:
    """Return the bundle of the leaves with these *digests*: each after its length."""
    prefix = _LENGTH + LEAF_VERSION
    return b"".join(
        prefix + digests[at : at + HASH] for at in range(0, len(digests), HASH)
    )


def contents(
    names: Iterable[TileName],
    tile: Callable[[int, int], bytes],
    leaves: Callable[[int, int], bytes],
) -> Iterator[tuple[str, bytes]]:
    """
    Give path and bytes of each of *names*, in the order of `published_names`.

    *tile* gives the hashes of a tile, *leaves* the digests from an index up to
    another, or as many as there are. Holds a few hundred KiB, however many names.
    """
    window, start, stop = b"", 0, 0
    for name in names:
        if name.level != ENTRIES:
            yield name.path, tile(name.level, name.n)[: name.width * HASH]
            continue
        first, last = name.n * WIDTH, name.n * WIDTH + name.width
        if not start <= first <= last <= stop:
            start, stop = first, first + 64 * WIDTH
            window = leaves(start, stop)
        digests = window[(first - start) * HASH : (last - start) * HASH]
        yield name.path, entry_bundle(digests)
