"""
What a text says, whichever way a reader of PDF gives it back: to compare by.
"""

import re
import unicodedata

#: Forms that stand for letters: ligatures, and Arabic letters by their places.
_FORMS = re.compile("[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]")
#: What pdfium puts for a hyphen at the end of a line.
_LINE_END_HYPHENS = str.maketrans({"\x02": "-", "\ufffe": "-", "\u00ad": None})


def letters(text: str) -> str:
    """
    Return *text* in NFC, without spaces, line breaks and invisible characters.

    Ligatures and other forms of letters are the letters that they stand for.
    """
    text = _FORMS.sub(_letters_of, text.translate(_LINE_END_HYPHENS))
    return unicodedata.normalize(
        "NFC", "".join([c for c in text if not _is_invisible(c)])
    )


def _letters_of(form: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", form[0])


def _is_invisible(character: str) -> bool:
    if character.isascii():
        return character <= " " or character == "\x7f"
    return unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cf", "Cc") or (
        # Variation selectors, and the filler letters of Hangul.
        "\ufe00" <= character <= "\ufe0f" or character in "\u115f\u1160\u3164\u034f"
    )
