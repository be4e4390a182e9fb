"""
What a text says, whichever way a reader of PDF gives it back: to compare by.
"""

import re
import unicodedata

#: Forms that stand for letters: ligatures, and Arabic letters by their places.
_FORMS = re.compile("[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]")
#: What pdfium puts for a hyphen at the end of a line.
_LINE_END_HYPHENS = dict.fromkeys(map(ord, "\x02\ufffe"), "-")
#: Brackets and quotation marks: closing ones stand for opening ones.
_MIRRORED = str.maketrans(")]}>»›”’」』】》〉）］｝", "([{<«‹“‘「『【《〈（［｛")
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


def has_rtl(said: str) -> bool:
    """Say whether any letter of *said* runs from right to left."""
    return not said.isascii() and any(
        unicodedata.bidirectional(character) in _RTL for character in said
    )


def spelt_out(said: str) -> str:
    """Return *said* with signs as the letters that they are made of: ½ as 1/2."""
    signs = unicodedata.normalize("NFKC", said)
    return signs.replace("\u2044", "/").translate(_VISIBLE)


def words_of(text: str) -> list[str]:
    """
    Return the words of *text* that stay whole beside letters from right to left.

    Those letters do, and plain ones of Latin, and digits. Of a line of several
    scripts a reader may turn round what others it likes.
    """
    spaced = "".join([c if c.translate(_VISIBLE) else " " for c in text])
    runs = [
        run for word in spaced.split() for run in _runs_of(spelt_out(letters(word)))
    ]
    return [run for run in runs if run.isascii() or has_rtl(run)]


def _runs_of(said: str) -> list[str]:
    runs: list[str] = []
    before = ""
    for character in said:
        kind = unicodedata.bidirectional(character)
        kind = "R" if kind == "AL" else kind
        if kind == "NSM" and before:
            runs[-1] += character
        elif kind not in ("L", "R", "EN", "AN"):
            before = ""
        elif kind == before:
            runs[-1] += character
        else:
            runs.append(character)
            before = kind
    return runs


def is_on(page: str, piece: str) -> bool:
    """
    Say whether *page* says *piece*.

    Letters that run from right to left need only stand together: in lines of
    several scripts, some are read backwards.
    """
    if piece in page:
        return True
    if not has_rtl(piece):
        return False
    plain, among = _unmarked(piece), _unmarked(page)
    meant, size = sorted(plain), len(plain)
    return any(
        sorted(among[at : at + size]) == meant for at in range(len(among) - size + 1)
    )


def _unmarked(said: str) -> str:
    return "".join([c for c in said if not unicodedata.category(c).startswith("M")])


def repeatable(said: str) -> set[str]:
    """Return the letters of *said* that are marks, beside one, or right to left."""
    found: set[str] = set()
    for at, character in enumerate(said):
        if unicodedata.category(character).startswith("M"):
            found.update(said[max(at - 1, 0) : at + 2])
        elif unicodedata.bidirectional(character) in _RTL:
            found.add(character)
    return {c for c in found if unicodedata.category(c)[0] in "LM"}


def _letters_of(form: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", form[0])


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cf", "Cc"):
        return True
    # Variation selectors, and what joins or fills without being seen.
    return "\ufe00" <= character <= "\ufe0f" or character in "\u034f\u115f\u1160\u3164"
