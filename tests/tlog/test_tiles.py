"""What is published, and under which names (C2SP tlog-tiles)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.tlog.tiles import (
    ENTRIES,
    TileName,
    entry_bundle,
    published_names,
    tile_name,
    width_of,
)


@given(st.integers(ENTRIES, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_every_tile_has_one_name(level, n, width):
    """
    A name read back is the tile it was made for.
    """
    name = TileName(level, n, width)

    assert tile_name(name.path) == name


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("tile/0/000.p/0", id="L01-width-zero"),
        pytest.param("tile/0/000.p/256", id="L01-width-full"),
        pytest.param("tile/0/000.p/999", id="L01-width-beyond"),
        pytest.param("tile/0/000.p/-1", id="L01-width-negative"),
        pytest.param("tile/0/000.p/01", id="L01-width-zero-padded"),
        pytest.param("tile/0/000.p/", id="L01-width-empty"),
        pytest.param("tile/0/000.p/1/", id="L01-trailing-slash"),
        pytest.param("tile/0/-01", id="L01-negative"),
        pytest.param("tile/-1/000", id="L01-level-negative"),
        pytest.param("tile/64/000", id="L01-level-beyond"),
        pytest.param("tile/00/000", id="L01-level-zero-padded"),
        pytest.param("tile/0/0", id="L01-short-group"),
        pytest.param("tile/0/0000", id="L01-long-group"),
        pytest.param("tile/0/x000/001", id="L01-leading-zero-group"),
        pytest.param("tile/0/001/002", id="L01-no-x"),
        pytest.param("tile/0/x001/x002", id="L01-x-at-the-end"),
        pytest.param("tile/0/" + "x999/" * 9 + "999", id="L01-ten-to-the-thirty"),
        pytest.param("tile/0/" + "9" * 30, id="L01-thirty-digits"),
        pytest.param("tile/0/../checkpoint", id="L01-climbing"),
        pytest.param("tile/0/000\n", id="L01-newline"),
        pytest.param("tile/0/٠٠٠", id="L01-other-digits"),
        pytest.param("tile/entries/000.p/256", id="L01-entries-full"),
        pytest.param("checkpoint", id="L01-no-tile"),
        pytest.param("", id="L01-empty"),
    ],
)
def test_nothing_else_is_a_name(path):
    """
    A path that is not spelled as published names nothing, and touches no file.
    """
    assert tile_name(path) is None


def test_the_tree_of_the_specification_has_its_tiles():
    """
    The example of tlog-tiles: size 70,000.
    """
    names = list(published_names(0, 70_000))

    full = dict.fromkeys((ENTRIES, 0, 1, 2), 0)
    for name in names:
        full[name.level] += name.width == 256
    partial = {name.level: name.width for name in names if name.width < 256}
    assert full == {ENTRIES: 273, 0: 273, 1: 1, 2: 0}
    assert partial == {ENTRIES: 112, 0: 112, 1: 17, 2: 1}


@given(st.integers(0, 70_000), st.integers(0, 3_000))
def test_growth_publishes_what_the_larger_log_has_more(old, more):
    """
    Published step by step, a log has every tile of its size, and none beyond.
    """
    before = set(published_names(0, old))
    after = set(published_names(0, old + more))
    step = set(published_names(old, old + more))

    assert after <= before | step
    assert step <= after
    assert all(width_of(name, old + more) == name.width for name in step)


def test_a_bundle_has_each_leaf_after_its_length():
    """
    33 bytes each: the version, and the digest that the leaf hash follows from.
    """
    bundle = entry_bundle(b"a" * 32 + b"b" * 32)

    assert bundle == b"\0\x21\x01" + b"a" * 32 + b"\0\x21\x01" + b"b" * 32
