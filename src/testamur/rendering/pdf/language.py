"""Which language letters are spoken in that the file's own language does not have."""

from bisect import bisect_right

from babel.core import get_global

#: Where blocks of letters begin, by code point, and their script; "" says nothing:
#: digits, punctuation, marks of every script (Unicode, Blocks.txt; coarser).
_BLOCKS = (
    (0x00, ""),
    (0x41, "Latn"),
    (0x5B, ""),
    (0x61, "Latn"),
    (0x7B, ""),
    (0xC0, "Latn"),
    (0x2B0, ""),
    (0x370, "Grek"),
    (0x400, "Cyrl"),
    (0x530, "Armn"),
    (0x590, "Hebr"),
    (0x600, "Arab"),
    (0x700, ""),
    (0x750, "Arab"),
    (0x780, ""),
    (0x8A0, "Arab"),
    (0x900, "Deva"),
    (0x980, "Beng"),
    (0xA00, "Guru"),
    (0xA80, "Gujr"),
    (0xB00, ""),
    (0xB80, "Taml"),
    (0xC00, "Telu"),
    (0xC80, ""),
    (0xE00, "Thai"),
    (0xE80, "Laoo"),
    (0xF00, ""),
    (0x1000, "Mymr"),
    (0x10A0, ""),
    (0x1100, "Kore"),
    (0x1200, ""),
    (0x1780, "Khmr"),
    (0x1800, ""),
    (0x1E00, "Latn"),
    (0x1F00, "Grek"),
    (0x2000, ""),
    (0x2E80, "Hani"),
    (0x3000, ""),
    (0x3040, "Jpan"),
    (0x3100, ""),
    (0x3130, "Kore"),
    (0x3190, ""),
    (0x3400, "Hani"),
    (0xA000, ""),
    (0xAC00, "Kore"),
    (0xD7B0, ""),
    (0xF900, "Hani"),
    (0xFB00, "Latn"),
    (0xFB1D, "Hebr"),
    (0xFB50, "Arab"),
    (0xFE00, ""),
    (0xFE70, "Arab"),
    (0xFEFF, ""),
    (0x20000, "Hani"),
    (0x33480, ""),
)
_STARTS = [start for start, _ in _BLOCKS]

#: Scripts that are written in one language nearly always. Of the others nobody can
#: tell from a name alone: `und-` and the script lets a reader choose a voice.
_LANGUAGES = {
    "Armn": "hy",
    "Beng": "bn",
    "Grek": "el",
    "Gujr": "gu",
    "Guru": "pa",
    "Hebr": "he",
    "Jpan": "ja",
    "Khmr": "km",
    "Kore": "ko",
    "Laoo": "lo",
    "Mymr": "my",
    "Taml": "ta",
    "Telu": "te",
    "Thai": "th",
}

#: What scripts a script's readers read anyhow.
_INCLUDED = {"Jpan": {"Jpan", "Hani"}, "Kore": {"Kore", "Hani"}}


def script_of(text: str) -> str:
    """Return the script of the first letter in *text*; "" when it has none."""
    for letter in text:
        script = _BLOCKS[bisect_right(_STARTS, ord(letter)) - 1][1]
        if script:
            return script
    return ""


class Spoken:
    """The language of a file, and what is to be spoken otherwise."""

    def __init__(self, language: str) -> None:
        likely = get_global("likely_subtags")
        whole = likely.get(language.replace("-", "_")) or likely.get(
            language.split("-")[0].lower(), "en_Latn_US"
        )
        script = next((part for part in whole.split("_") if len(part) == 4), "Latn")
        script = {"Hans": "Hani", "Hant": "Hani"}.get(script, script)
        self._scripts = _INCLUDED.get(script, {script}) | {""}

    def otherwise(self, text: str) -> str | None:
        """Return the language of *text* if it is not the file's: BCP 47."""
        if text.isascii() and "Latn" in self._scripts:
            return None
        script = script_of(text)
        if script in self._scripts:
            return None
        return _LANGUAGES.get(script) or f"und-{script}"
