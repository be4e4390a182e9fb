"""Dataclasses as what JSON has, and back."""

from dataclasses import dataclass

import pytest

from testamur.rendering.plain import from_plain, to_plain


@dataclass(frozen=True)
class Before:
    """What was kept once."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class After:
    """What it is now: with one more field, which has a default."""

    words: tuple[str, ...]
    is_new: bool = False


def test_what_was_kept_before_there_was_a_field_is_still_read():
    """With the field's default; a field without one is never made up."""
    kept = to_plain(Before(("one", "two")))

    assert from_plain(After, kept) == After(("one", "two"), is_new=False)
    assert from_plain(After, to_plain(After((), is_new=True))) == After((), is_new=True)
    with pytest.raises(TypeError, match="words"):
        from_plain(After, {"": "After", "is_new": True})
