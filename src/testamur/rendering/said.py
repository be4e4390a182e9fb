"""
What a text says, whichever way a reader of PDF gives it back: to compare by.
"""

import re
import unicodedata

#: Forms that stand for letters: ligatures, and Arabic letters by their places.
_FORMS = re.compile("[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]")
#: What pdfium puts for a hyphen at the end of a line.
_LINE_END_HYPHENS = dict.fromkeys(map(ord, "\x02\ufffe"), "-")
#: Brackets that look to the left stand for those that look to the right.
_MIRRORED = str.maketrans(")]}>»›", "([{<«‹")
_RTL = ("R", "AL")


class _Visible(dict[int, str | None]):
    """For `str.translate`: leaves out what nobody sees, and spaces."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        shown = None if _is_invisible(character) else character
        self[code] = shown
        return shown


_VISIBLE = _Visible(_LINE_END_HYPHENS)


def letters(text: str) -> str:
    """
    Return *text* in NFC, without spaces, line breaks and invisible characters.

    Ligatures and other forms of letters are the letters that they stand for.
    """
    if not text.isascii():
        text = _FORMS.sub(_letters_of, text)
    return unicodedata.normalize("NFC", text.translate(_VISIBLE))


def counted(said: str) -> str:
    """Return *said* for counting its characters: a bracket may be its mirror image."""
    return said.translate(_MIRRORED)


def runs_of(said: str) -> list[str]:
    """
    Cut *said* (see `letters`) where a reader may put its parts in another order.

    That is nowhere if all of it runs from left to right. Else letters of one
    direction stay together, and so do digits.
    """
    kinds = [unicodedata.bidirectional(character) for character in said]
    if not any(kind in _RTL for kind in kinds):
        return [said]
    runs: list[str] = []
    before = ""
    for character, kind in zip(said, kinds, strict=True):
        kind = "R" if kind == "AL" else kind
        if kind == "NSM" and runs and before:
            runs[-1] += character
        elif kind not in ("L", "R", "EN", "AN"):
            before = ""
        elif kind == before:
            runs[-1] += character
        else:
            runs.append(character)
            before = kind
    return runs


def marked(said: str) -> set[str]:
    """Return the characters of *said* that are marks, or beside one."""
    found: set[str] = set()
    for at, character in enumerate(said):
        if unicodedata.category(character).startswith("M"):
            found.update(said[max(at - 1, 0) : at + 2])
    return found


def _letters_of(form: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", form[0])


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
        return True
    # Variation selectors, and what joins or fills without being seen.
    return "\ufe00" <= character <= "\ufe0f" or character in "\u034f\u115f\u1160\u3164"
