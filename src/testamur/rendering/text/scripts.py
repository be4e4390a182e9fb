"""
Which script a letter is of, and which characters are one letter with what it wears.

Scripts are ISO 15924 codes, as HarfBuzz knows them (Unicode property Script).
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import uharfbuzz as hb

#: What has no script of its own: digits, punctuation, symbols (Zyyy), and marks,
#: which take that of what they stand on (Zinh).
COMMON = "Zyyy"

#: Scripts whose letters join, or change places: space between them would tear
#: words apart (CSS Text 3, 8.2).
UNSPACED = frozenset(
    (
        *("Arab", "Beng", "Deva", "Gujr", "Guru", "Khmr", "Knda", "Laoo", "Mlym"),
        *("Mong", "Mymr", "Nkoo", "Orya", "Sinh", "Syrc", "Taml", "Telu", "Thai"),
        "Tibt",
    )
)

#: Scripts of Chinese, Japanese and Korean, which share a font.
IDEOGRAPHIC = frozenset(("Bopo", "Hang", "Hani", "Hira", "Kana"))

ZWJ = "\u200d"
_TEXT_SELECTOR = "\ufe0e"
_EMOJI_SELECTOR = "\ufe0f"

#: Emoji that are in colour also without a selector (Emoji_Presentation, UTS 51):
#: those below U+1F000, and everything in the blocks that were made for emoji.
_EMOJI = re.compile(
    "[\u231a\u231b\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f"
    "\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3"
    "\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757"
    "\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\U0001f004\U0001f0cf\U0001f18e"
    "\U0001f191-\U0001f19a\U0001f1e6-\U0001f202\U0001f21a\U0001f22f\U0001f232-\U0001f236"
    "\U0001f238-\U0001f23a\U0001f250\U0001f251\U0001f300-\U0001f5ff\U0001f600-\U0001f64f"
    "\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7f0\U0001f900-\U0001f9ff"
    "\U0001fa70-\U0001faff]"
)
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")

#: What never stands alone: joiners, selectors, the shades of emoji and their tags,
#: the medial and final parts of old Hangul syllables.
_EXTENDING = re.compile(
    "[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef\U0001f3fb-\U0001f3ff"
    "\U000e0020-\U000e007f\u1160-\u11ff\ud7b0-\ud7fb]"
)

#: Drawn as nothing, so no font need have them: what Unicode calls
#: Default_Ignorable_Code_Point, as far as it gets here.
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e0fff]"
)


class Cluster(NamedTuple):
    """A letter with its marks, or an emoji with all that makes it up."""

    start: int
    end: int
    script: str
    is_emoji: bool


@lru_cache(maxsize=16_384)
def script_of(character: str) -> str:
    """Return the script of *character*; `Zyyy` if it has none of its own."""
    if "\ud800" <= character <= "\udfff":
        return COMMON  # half a character, which HarfBuzz would not take
    buffer = hb.Buffer()
    buffer.add_str(character)
    buffer.guess_segment_properties()
    return buffer.script or COMMON


@lru_cache(maxsize=16_384)
def is_mark(character: str) -> bool:
    """Say whether *character* stands on the one before it."""
    return (
        unicodedata.category(character)[0] == "M"
        or _EXTENDING.match(character) is not None
    )


@lru_cache(maxsize=16_384)
def is_ignored(character: str) -> bool:
    """Say whether *character* is never drawn, so that no font need have it."""
    return _IGNORED.match(character) is not None


def clusters_of(text: str) -> Iterator[Cluster]:
    """Cut *text* into letters with all that they wear (after UAX 29)."""
    start = 0
    while start < len(text):
        first = text[start]
        end = start + 1
        if _FLAG_LETTER.match(first) and _FLAG_LETTER.match(text, end):
            end += 1
        while end < len(text) and (
            is_mark(text[end]) or (text[end - 1] == ZWJ and _may_be_emoji(text[end]))
        ):
            end += 1
        script = script_of(first)
        if script == COMMON and end - start > 1 and not _may_be_emoji(first):
            # A mark of a script on a circle or a hyphen: that script's font.
            script = next(
                (s for s in map(script_of, text[start + 1 : end]) if s != COMMON),
                COMMON,
            )
        yield Cluster(start, end, script, _is_emoji(text[start:end]))
        start = end


def _may_be_emoji(character: str) -> bool:
    return _EMOJI.match(character) is not None or (
        not character.isascii() and unicodedata.category(character) == "So"
    )


def _is_emoji(cluster: str) -> bool:
    if len(cluster) > 1:
        if cluster[1] == _TEXT_SELECTOR:
            return False
        if _EMOJI_SELECTOR in cluster[1:] and script_of(cluster[0]) == COMMON:
            return True
    return _EMOJI.match(cluster) is not None
