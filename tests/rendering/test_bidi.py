"""Lines whose letters run both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.rendering.text.bidi import is_rtl, levels_of, visual_order


def shown(text, base):
    """Return the letters of *text* from left to right."""
    return "".join(text[at] for at in visual_order(levels_of(text, base)))


@pytest.mark.parametrize(
    ("text", "base", "seen"),
    [
        # Capitals stand for right-to-left letters here, as in UAX #9.
        ("car is THE CAR in arabic", 0, "car is RAC EHT in arabic"),
        ("THE CAR is car IN ENGLISH", 1, "HSILGNE NI is car RAC EHT"),
        ("A12B", 1, "B12A"),
        ("A 1-2 B", 1, "B 1-2 A"),
        ("A 3.5% B", 1, "B 3.5% A"),
        # From right to left brackets are mirrored when they are drawn.
        ("A (b c) D", 1, "D )b c( A"),
        ("a (B C) d", 0, "a (C B) d"),
        ("a (B)", 0, "a (B)"),
        ("A!", 0, "A!"),
        ("A!", 1, "!A"),
        ("", 1, ""),
    ],
)
def test_a_line_is_seen_as_the_standard_says(text, base, seen):
    """
    Words keep their direction, numbers run from left to right, brackets embrace.
    """
    hebrew = {letter: chr(0x5D0 + at) for at, letter in enumerate("ABCDEGHILNRST")}
    back = {other: letter for letter, other in hebrew.items()}
    line = "".join(hebrew.get(letter, letter) for letter in text)

    order = shown(line, base)

    assert "".join(back.get(letter, letter) for letter in order) == seen


def test_numbers_after_arabic_letters_run_from_left_to_right():
    """
    European digits after Arabic letters are Arabic numbers: seen as they are typed.
    """
    assert shown("محمد 12", 1) == "12 دمحم"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12 (Ana)", False), ("«محمد» Ana", True), ("12 - 5", None), ("", None)],
)
def test_the_first_strong_letter_says_which_way_a_text_runs(text, expected):
    """
    Digits and punctuation do not decide.
    """
    assert is_rtl(text) is expected


@given(st.text("aא1ا٣ ()+-.,%\u0301\u200f\u202e", max_size=20), st.integers(0, 1))
def test_no_letter_is_lost_or_doubled(text, base):
    """
    What is seen is what was said, in another order.
    """
    levels = levels_of(text, base)

    assert sorted(visual_order(levels)) == list(range(len(text)))
    assert all(base <= level <= base + 2 for level in levels)
