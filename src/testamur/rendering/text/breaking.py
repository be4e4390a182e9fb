"""
Where a line may end (after UAX #14).

Between words, and between Chinese and Japanese letters. Inside words of languages
that set no spaces, or that may be cut anywhere, only where a word is wider than its
line: a dictionary would know better, and takes more memory than all our fonts.
"""

import unicodedata
from collections.abc import Iterator, Sequence

from .scripts import clusters_of, script_of

_SPACES = frozenset(
    " \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a"
)
_SPACES |= frozenset("\u205f\u3000\u200b\t")

#: After these a word may go on in the next line, if a letter follows.
_HYPHENS = frozenset("-\u2010\u2012\u2013\u2014/")

#: The CJK Radicals Supplement: nothing below is ideographic.
_FIRST_IDEOGRAPH = "\u2e80"

#: Nor is anything below Thai of a language whose words may be cut.
_FIRST_CUT = "\u0e00"

_IDEOGRAPHS = frozenset(("Bopo", "Hani", "Hira", "Kana"))

#: What no line begins with (UAX #14: CL, CP, EX, NS, CJ and what is like them), and
#: what none ends with (OP, QU).
_NO_START = frozenset(
    "!),.:;?]}%\u2019\u201d\u00bb\u2026\u2030\u3001\u3002\u3005\u3009\u300b\u300d"
    "\u300f\u3011\u3015\u3017\u3019\u301b\u301c\u301f\u303b\u3041\u3043\u3045\u3047"
    "\u3049\u3063\u3083\u3085\u3087\u308e\u3095\u3096\u309b\u309c\u309d\u309e\u30a0"
    "\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7\u30ee\u30f5\u30f6\u30fb"
    "\u30fc\u30fd\u30fe\uff01\uff05\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3d\uff5d"
    "\uff60\uff61\uff63\uff64"
)
_NO_END = frozenset(
    "([{\u2018\u201c\u00ab\u00a1\u00bf\u3008\u300a\u300c\u300e\u3010\u3014\u3016\u3018"
    "\u301a\u301d\uff04\uff08\uff3b\uff5b\uff5f\uff62$\u20ac\u00a3\u00a5#@"
)

#: Vowels that stand before their consonant: a syllable begins with them.
_LEADING = frozenset("\u0e40\u0e41\u0e42\u0e43\u0e44\u0ec0\u0ec1\u0ec2\u0ec3\u0ec4")

#: What binds two consonants (Khmer coeng, Myanmar virama), and what closes a
#: Myanmar syllable.
_STACKERS = frozenset("\u17d2\u1039")
_ASAT = "\u103a"


def is_space(character: str) -> bool:
    """Say whether *character* is a space at which a line may end."""
    return character in _SPACES


def words_of(text: str) -> Iterator[tuple[int, int]]:
    """
    Give the pieces of *text* that stay on one line if that is wide enough.

    Where each begins, and where it ends without the spaces that follow it.
    """
    start = 0
    length = len(text)
    while start < length and is_space(text[start]):
        start += 1
    at = start
    while at < length:
        at += 1
        if at < length and not _may_break(text, at):
            continue
        end = at
        while end > start and is_space(text[end - 1]):
            end -= 1
        while at < length and is_space(text[at]):
            at += 1
        if end > start:
            yield start, end
        start = at


def _may_break(text: str, at: int) -> bool:
    """Say whether a line may begin with the character at *at* (or spaces there)."""
    before, after = text[at - 1], text[at]
    if is_space(after):
        return True
    # Most letters: below the ideographs only hyphens make a difference.
    if before not in _HYPHENS and max(before, after) < _FIRST_IDEOGRAPH:
        return False
    if unicodedata.category(after)[0] == "M" or "\u200c" in (before, after):
        return False
    if "\u200d" in (before, after) or after in _NO_START or before in _NO_END:
        return False
    if before in _HYPHENS:
        return after.isalpha() and at > 1 and text[at - 2].isalnum()
    return _is_ideographic(before) or _is_ideographic(after)


def _is_ideographic(character: str) -> bool:
    return character >= _FIRST_IDEOGRAPH and (
        script_of(character) in _IDEOGRAPHS
        or character in _NO_START
        or character in _NO_END
    )


def syllables_of(text: str, start: int, end: int) -> Sequence[tuple[int, int]]:
    """
    Return smaller pieces of a word, for languages whose words may be cut.

    Thai and Lao before the vowels that begin a syllable; Khmer and Myanmar between
    syllables; Korean anywhere. A word of any other language is one piece.
    """
    cuts = [start]
    if max(text[start:end], default="") < _FIRST_CUT:
        return [(start, end)]
    for cluster in clusters_of(text[start:end]):
        at = start + cluster.start
        if at == start:
            continue
        before, after = text[at - 1], text[at]
        is_cut = (
            after in _LEADING
            or (cluster.script == "Hang" and script_of(before) == "Hang")
            or (
                cluster.script in ("Khmr", "Mymr")
                and before not in _STACKERS
                and unicodedata.category(after) == "Lo"
                and _ASAT not in text[at : start + cluster.end]
            )
        )
        if is_cut and before not in _NO_END:
            cuts.append(at)
    return list(zip(cuts, [*cuts[1:], end], strict=True))
