"""The tree against RFC 6962 written down a second time, as the RFC defines it."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.tlog.tree import (
    EMPTY_ROOT,
    HASH,
    WIDTH,
    Proofs,
    Tree,
    includes,
    is_consistent,
    leaf_hashes,
)

SIZES = st.integers(0, 1_400)
#: Where tiles fill, and where levels begin.
EDGES = [0, 1, 2, 3, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_793]


def digests(count: int) -> bytes:
    """Return *count* digests, the same ones each time."""
    return b"".join(sha256(b"%d" % number).digest() for number in range(count))


def naive_root(leaves: list[bytes]) -> bytes:
    """Return MTH(D[n]) exactly as RFC 6962, section 2.1, has it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH(m, D[n]) exactly as RFC 6962, section 2.1.1, has it."""
    if len(leaves) <= 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(m: int, leaves: list[bytes], *, is_whole: bool = True) -> list[bytes]:
    """Return SUBPROOF(m, D[n], b) exactly as RFC 6962, section 2.1.2, has it."""
    if m == len(leaves):
        return [] if is_whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [
            *naive_proof(m, leaves[:k], is_whole=is_whole),
            naive_root(leaves[k:]),
        ]
    return [*naive_proof(m - k, leaves[k:], is_whole=False), naive_root(leaves[:k])]


def entries(count: int) -> list[bytes]:
    """Return the leaves as they are published: a version and a digest."""
    every = digests(count)
    return [b"\x01" + every[at : at + 32] for at in range(0, len(every), 32)]


def grown(count: int, *, steps: int = 1) -> tuple[Tree, dict[tuple[int, int], bytes]]:
    """Return a tree of *count* leaves grown in *steps*, and its tiles."""
    hashes = leaf_hashes(digests(count))
    tree, tiles = Tree(), {}
    piece = max(1, -(-count // steps)) * HASH
    for at in range(0, len(hashes), piece):
        tree, changed = tree.append(hashes[at : at + piece])
        tiles |= {(tile.level, tile.n): tile.hashes for tile in changed}
    return tree, tiles


def proofs(size: int, tiles: dict[tuple[int, int], bytes]) -> Proofs:
    """Return proofs about the first *size* leaves, from tiles of a larger tree."""
    return Proofs(size, lambda level, n: tiles[level, n])


@given(SIZES, st.integers(1, 40))
def test_the_root_is_that_of_the_rfc(count, steps):
    """
    However the leaves came, the root is the one RFC 6962 defines.
    """
    tree, tiles = grown(count, steps=steps)

    assert tree.size == count
    assert tree.root() == naive_root(entries(count))
    assert proofs(count, tiles).root() == tree.root()


@pytest.mark.parametrize("count", EDGES)
def test_the_root_is_right_where_tiles_and_levels_begin(count):
    """
    A tile that fills, and a level that begins, leave the root what it should be.
    """
    tree, tiles = grown(count, steps=3)

    assert tree.root() == naive_root(entries(count))
    assert proofs(count, tiles).root() == tree.root()


def test_the_empty_tree_has_the_hash_of_nothing():
    """
    RFC 6962, section 2.1: the hash of an empty list is that of an empty string.
    """
    assert Tree().root() == EMPTY_ROOT == sha256(b"").digest()


@given(SIZES.filter(bool), st.data())
def test_inclusion_proofs_are_those_of_the_rfc(count, data):
    """
    The path of any leaf is the RFC's, and leads to the root from that leaf alone.
    """
    index = data.draw(st.integers(0, count - 1))
    _, tiles = grown(count + 300, steps=5)

    path = proofs(count, tiles).inclusion(index)

    leaves = entries(count)
    leaf, root = sha256(b"\0" + leaves[index]).digest(), naive_root(leaves)
    assert path == naive_path(index, leaves)
    assert includes(leaf, index, count, path, root)
    assert not includes(root, index, count, path, root) or count == 1
    assert not includes(leaf, count, count, path, root)
    assert not includes(leaf, -1, count, path, root)
    assert not includes(leaf, index, count, [*path, root], root)
    assert not includes(leaf, index, count, path, EMPTY_ROOT)
    for at in range(len(path)):
        bent = [*path]
        bent[at] = bytes([bent[at][0] ^ 1]) + bent[at][1:]
        assert not includes(leaf, index, count, bent, root)
        assert not includes(leaf, index, count, path[:at] + path[at + 1 :], root)


@given(SIZES.filter(bool), st.data())
def test_consistency_proofs_are_those_of_the_rfc(new, data):
    """
    The proof between any two sizes is the RFC's, and shows growth and no rewriting.
    """
    old = data.draw(st.integers(1, new))
    _, tiles = grown(new, steps=4)

    path = proofs(new, tiles).consistency(old)

    leaves = entries(new)
    old_root, new_root = naive_root(leaves[:old]), naive_root(leaves)
    assert path == naive_proof(old, leaves)
    assert is_consistent(old, new, path, old_root, new_root)
    assert not is_consistent(old, new, path, EMPTY_ROOT, new_root)
    assert not is_consistent(old, new, path, old_root, EMPTY_ROOT)
    assert not is_consistent(old, new, [*path, new_root], old_root, new_root)
    for at in range(len(path)):
        bent = [*path]
        bent[at] = bytes([bent[at][0] ^ 1]) + bent[at][1:]
        assert not is_consistent(old, new, bent, old_root, new_root)


def test_a_log_that_shrank_is_not_consistent():
    """
    Sizes the wrong way round prove nothing, whatever comes with them.
    """
    tree, _ = grown(9)

    assert not is_consistent(9, 8, [tree.root()], tree.root(), tree.root())
    assert not is_consistent(-1, 8, [tree.root()], tree.root(), tree.root())
    assert is_consistent(0, 9, [], EMPTY_ROOT, tree.root())


@given(SIZES, st.integers(1, 600))
def test_growing_changes_no_tile_that_is_full(count, more):
    """
    What was published stays; a partial tile is the beginning of what it becomes.
    """
    tree, before = grown(count)
    _, changed = tree.append(leaf_hashes(digests(more)))

    for tile in changed:
        old = before.get((tile.level, tile.n), b"")
        assert len(old) < WIDTH * HASH
        assert tile.hashes.startswith(old)
