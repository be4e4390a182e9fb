"""
The Merkle tree of RFC 6962, section 2.1, and RFC 9162, on tiles of 256 hashes.

Growing touches the right edge and nothing else: a tree of a million leaves costs
a few KiB to hold, and what the next leaf costs does not depend on its size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from .ports import Tile

HASH = 32
#: How many hashes make a tile (C2SP tlog-tiles): eight levels of the tree.
WIDTH = 256
FULL = WIDTH * HASH

EMPTY_ROOT = sha256(b"").digest()

#: The first byte of a leaf says what the rest is; 1: SHA-256 of signed bytes.
LEAF_VERSION = b"\x01"
LEAF_BYTES = len(LEAF_VERSION) + HASH

#: Gives the hashes of a tile, at least as many as the tree in question has there.
ReadTile = Callable[[int, int], bytes]


def leaf_hashes(digests: bytes) -> bytes:
    """Return the leaf hash for each of the concatenated *digests*."""
    prefix = b"\0" + LEAF_VERSION
    return b"".join(
        sha256(prefix + digests[at : at + HASH]).digest()
        for at in range(0, len(digests), HASH)
    )


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of *size* leaves, by its right edge alone."""

    size: int = 0
    edge: tuple[bytes, ...] = ()

    def append(self, hashes: bytes) -> tuple["Tree", list[Tile]]:
        """Return the tree with these leaf hashes added, and the tiles that changed."""
        tiles: list[Tile] = []
        edge = list(self.edge)
        level = 0
        rising = hashes
        while rising:
            if level == len(edge):
                edge.append(b"")
            n = (self.size >> 8 * level) // WIDTH
            row = edge[level] + rising
            risen = []
            start = 0
            while len(row) - start >= FULL:
                full = row[start : start + FULL]
                tiles.append(Tile(level, n, full))
                risen.append(perfect_root(full))
                start += FULL
                n += 1
            edge[level] = row[start:]
            if edge[level]:
                tiles.append(Tile(level, n, edge[level]))
            rising = b"".join(risen)
            level += 1
        return Tree(self.size + len(hashes) // HASH, tuple(edge)), tiles

    def root(self) -> bytes:
        """Return the root: the perfect subtrees of the edge, folded from the right."""
        root: bytes | None = None
        for row in self.edge:
            for peak in reversed(_peaks(row)):
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root


def perfect_root(hashes: bytes) -> bytes:
    """Return the root above a power of two of hashes."""
    while len(hashes) > HASH:
        hashes = _parents(hashes)
    return hashes


def _parents(hashes: bytes) -> bytes:
    return b"".join(
        sha256(b"\1" + hashes[at : at + 2 * HASH]).digest()
        for at in range(0, len(hashes), 2 * HASH)
    )


def _peaks(row: bytes) -> list[bytes]:
    """Return the roots of the perfect subtrees in a row, largest first."""
    count = len(row) // HASH
    peaks = []
    at = 0
    for height in range(7, -1, -1):
        if count >> height & 1:
            end = at + (HASH << height)
            peaks.append(perfect_root(row[at:end]))
            at = end
    return peaks


class Proofs:
    """Proofs about the tree of *size* leaves, from its tiles and nothing else."""

    def __init__(self, size: int, read: ReadTile) -> None:
        self._size = size
        self._read = read
        self._known: dict[tuple[int, int], list[bytes]] = {}

    def root(self) -> bytes:
        """Return the root."""
        return self._hash(0, self._size)

    def inclusion(self, index: int) -> list[bytes]:
        """Return the path from leaf *index* to the root (RFC 6962, 2.1.1)."""
        low, high, path = 0, self._size, []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._hash(middle, high))
                high = middle
            else:
                path.append(self._hash(low, middle))
                low = middle
        return path[::-1]

    def consistency(self, size: int) -> list[bytes]:
        """Return the proof that the first *size* leaves are unchanged (2.1.2)."""
        if not 0 < size < self._size:
            return []
        low, high, path = 0, self._size, []
        is_old_root = True
        while size - low != high - low:
            middle = low + _split(high - low)
            if size <= middle:
                path.append(self._hash(middle, high))
                high = middle
            else:
                path.append(self._hash(low, middle))
                low = middle
                is_old_root = False
        if not is_old_root:
            path.append(self._hash(low, high))
        return path[::-1]

    def _hash(self, low: int, high: int) -> bytes:
        """Return the hash above the leaves from *low* up to, not including, *high*."""
        count = high - low
        if count == 0:
            return EMPTY_ROOT
        if count & (count - 1) == 0:
            return self._perfect(count.bit_length() - 1, low // count)
        middle = low + _split(count)
        return node_hash(self._hash(low, middle), self._hash(middle, high))

    def _perfect(self, height: int, i: int) -> bytes:
        level, inner = divmod(height, 8)
        n, at = divmod(i, WIDTH >> inner)
        return self._rows(level, n)[inner][HASH * at : HASH * (at + 1)]

    def _rows(self, level: int, n: int) -> list[bytes]:
        """Return a tile's hashes and the rows of complete parents above them."""
        if (level, n) not in self._known:
            count = min(WIDTH, (self._size >> 8 * level) - n * WIDTH)
            rows = [self._read(level, n)[: count * HASH]]
            while len(rows[-1]) >= 2 * HASH:
                even = len(rows[-1]) // (2 * HASH) * (2 * HASH)
                rows.append(_parents(rows[-1][:even]))
            self._known[level, n] = rows
        return self._known[level, n]


def _split(count: int) -> int:
    """Return the largest power of two smaller than *count*."""
    return 1 << ((count - 1).bit_length() - 1)


def includes(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Say whether *path* leads from a leaf's hash to *root* (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and found == root


def is_consistent(
    old_size: int, new_size: int, path: Sequence[bytes], old: bytes, new: bytes
) -> bool:
    """Say whether *path* shows that the tree only grew (RFC 9162, 2.1.4.2)."""
    if old_size == 0 or old_size == new_size:
        expected = EMPTY_ROOT if old_size == 0 else new
        return not path and old == expected
    if not 0 < old_size < new_size or not path:
        return False
    hashes = list(path)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old)
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at >>= 1
        last >>= 1
    old_found = new_found = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            new_found = node_hash(new_found, sibling)
        at >>= 1
        last >>= 1
    return last == 0 and old_found == old and new_found == new
