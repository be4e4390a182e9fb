"""Bitstring status lists: their places, and how they are spelled."""

import gzip
from base64 import urlsafe_b64encode
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.issuance.status_list import (
    SIZE,
    decoded,
    encoded,
    is_set,
    place,
    places,
)

SEED = bytes(range(32))


def spelled(packed: bytes) -> str:
    """Spell *packed* as `encodedList` does."""
    return "u" + urlsafe_b64encode(packed).rstrip(b"=").decode()


def test_every_index_is_handed_out_once():
    """
    I17: no two places of a list are the same bit, and every bit has its place.
    """
    assert sorted(places(SEED, 0, SIZE, SIZE)) == list(range(SIZE))


@pytest.mark.parametrize("size", [4, 8, 32, 1024])
def test_small_lists_are_permuted_whole(size):
    """
    The permutation is one for every power of two, odd or even.
    """
    assert sorted(places(SEED, 0, size, size)) == list(range(size))


def test_a_place_is_the_same_alone_and_among_others():
    """
    A chunk's places at once are those that one call each would give.
    """
    together = places(SEED, 1_000, 50, SIZE)

    assert together == [place(SEED, 1_000 + n, SIZE) for n in range(50)]


def test_neighbours_lie_anywhere():
    """
    The order says nothing: places follow one another upwards as often as
    downwards, near as rarely as chance has it, and another seed gives others.
    """
    found = places(SEED, 0, 3_000, SIZE)
    steps = [b - a for a, b in pairwise(found)]

    assert 1_350 < sum(step > 0 for step in steps) < 1_650
    assert sum(abs(step) < SIZE // 1_000 for step in steps) < 30
    assert len(set(steps)) > 2_900
    # Each sixteenth of the list gets about a sixteenth of the places.
    for part in range(16):
        inside = sum(index // (SIZE // 16) == part for index in found)
        assert 130 < inside < 250
    other = places(b"\1" * 32, 0, 3_000, SIZE)
    assert sum(a == b for a, b in zip(found, other, strict=True)) < 5


@pytest.mark.parametrize(("first", "count"), [(-1, 1), (SIZE, 1), (SIZE - 1, 2)])
def test_no_place_lies_outside_the_list(first, count):
    """
    Places that the list does not have are a mistake of the caller.
    """
    with pytest.raises(ValueError):
        places(SEED, first, count, SIZE)


@pytest.mark.parametrize("size", [0, 1, 3, 1_000])
def test_a_list_has_a_power_of_two_places(size):
    """
    Another size would need another permutation, and is refused.
    """
    with pytest.raises(ValueError):
        places(SEED, 0, 0, size)


@given(st.sets(st.integers(0, SIZE - 1), max_size=50))
def test_the_bits_that_were_set_are_read_back(indices):
    """
    What was encoded decodes to these bits and no other.
    """
    bits = decoded(encoded(indices, SIZE))

    assert len(bits) == SIZE // 8
    assert {n for n in indices if is_set(bits, n)} == indices
    assert sum(byte.bit_count() for byte in bits) == len(indices)


def test_the_first_index_is_the_left_most_bit():
    """
    Section 3.1: index 0 is the most significant bit of the first byte.
    """
    assert decoded(encoded([0, 9], 16)) == bytes([0b1000_0000, 0b0100_0000])


def test_the_example_of_the_specification_reads_as_an_empty_list():
    """
    The list of the specification's first example: 131,072 places, none set.
    """
    text = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"

    bits = decoded(text)

    assert bits == bytes(SIZE // 8)


def test_the_same_bits_give_the_same_text():
    """
    No clock and no chance is in the text.
    """
    assert encoded([5, 3], SIZE) == encoded([3, 5], SIZE)


def test_a_list_has_no_place_beyond_its_end():
    """
    An index outside is an error, and never a bit that is not set.
    """
    for index in (-1, 16):
        with pytest.raises(ValueError):
            is_set(bytes(2), index)


GOOD = gzip.compress(bytes(16_384))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("u", id="nothing-behind-the-prefix"),
        pytest.param(spelled(GOOD)[1:], id="no-prefix"),
        pytest.param("z" + spelled(GOOD)[1:], id="another-base"),
        pytest.param(spelled(GOOD)[:-8], id="cut-off"),
        pytest.param(spelled(GOOD + b"x"), id="something-follows"),
        pytest.param(spelled(GOOD + GOOD), id="a-second-stream-follows"),
        pytest.param(spelled(b"no gzip at all"), id="no-gzip"),
        pytest.param("u" + "+/" * 20, id="base64-of-the-other-alphabet"),
        pytest.param("u" + "ä" * 20, id="beyond-ascii"),
        pytest.param("uA", id="a-length-that-base64-cannot-have"),
        pytest.param(spelled(gzip.compress(bytes(2**25))), id="a-bomb"),
        pytest.param("u" + "A" * 10_000_000, id="a-long-text"),
    ],
)
def test_what_is_no_list_is_refused(text):
    """
    A list of a stranger is read as one, or refused; it never takes our memory.
    """
    with pytest.raises(ValueError):
        decoded(text)
