"""
What text may hold, and the forms it takes for comparing, quoting and exporting.

Certificates are read by people for years: whatever cannot be seen, reorders what
is seen, or has no agreed meaning is refused in the row that brought it. Letters
of every script are welcome, and so are emoji.

The classes are spelt out instead of asked of `unicodedata`, so that text this
interpreter's Unicode version does not know yet passes, and so that the same
text is judged the same way after an upgrade. The one exception is the list of
combining marks, which only decides whether eleven of them follow each other.
"""

import re
import unicodedata
from functools import cache

from .refusals import Reason

#: More of these on one letter than any language writes cover the lines around it.
MAX_COMBINING_MARKS = 10

#: Values are quoted in messages up to this many characters.
MAX_QUOTED_CHARACTERS = 60

# The bodies of character classes. ----------------------------------------------

#: Tab and every line break, among them VT, FF, NEL, LS and PS: `str.splitlines`.
_BREAKS = "\t\n\v\f\r\x85\u2028\u2029"

#: Property Bidi_Control (UAX 9): they reorder what is read.
_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"

#: Halves of UTF-16 pairs, and what a program writes when it cannot read a byte.
_BROKEN = "\ud800-\udfff\ufffd"

_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"

#: Property Default_Ignorable_Code_Point (UAX 44) without the joiners ZWJ and ZWNJ,
#: which Persian, the Indic scripts and emoji need, and without what stands
#: elsewhere here; tag characters and annotation marks.
_INVISIBLE_BELOW = (
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u200b\u2060-\u2065\u206a-\u206f\u3164"
    "\ufeff\uffa0\ufff0-\ufffc"
)
_INVISIBLE = (
    _INVISIBLE_BELOW + "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
)

#: Private use, and the code points that Unicode promises never to assign.
_MEANINGLESS_BELOW = "\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"
_MEANINGLESS = (
    _MEANINGLESS_BELOW
    + "".join(
        f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}"
        for plane in range(0x10000, 0xF0000, 0x10000)
    )
    + "\U000f0000-\U0010ffff"
)

_JOINERS = "\u200c\u200d"

_IDEOGRAPHS = (
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
)

#: What a variation selector may follow: the bases of Unicode's standardized and
#: emoji variation sequences, block by block.
_VARYING = (
    "#*0-9\xa9\xae\u1000-\u109f\u203c\u2049\u2100-\u2bff\u3001\u3002\u3030\u303d"
    "\u3200-\u32ff\ua840-\ua87f\uaa60-\uaa7f\uff01\uff0c\uff1a\uff1b\uff1f"
    "\U0001f000-\U0001faff" + _IDEOGRAPHS
)
_SELECTORS = "\ufe00-\ufe0f"
_IDEOGRAPHIC_SELECTORS = "\U000e0100-\U000e01ef"
_MONGOLIAN_SELECTORS = "\u180b-\u180f"

_NEVER = _BIDI + _BROKEN + _CONTROLS + _INVISIBLE + _MEANINGLESS
_STRAY_SELECTOR = (
    f"(?<![{_VARYING}])[{_SELECTORS}]"
    f"|(?<![{_IDEOGRAPHS}])[{_IDEOGRAPHIC_SELECTORS}]"
    f"|(?<![\u1800-\u18af])[{_MONGOLIAN_SELECTORS}]"
)

# Patterns. ---------------------------------------------------------------------

# What is searched for in every row is exact up to U+FFFF and coarse beyond, where a
# class costs as much per character as it has ranges. Whatever it finds is looked
# at closely, so coarse means slower, never stricter.
_SUSPECT = re.compile(
    f"[{_BIDI}{_BROKEN}{_CONTROLS}{_BREAKS}{_SELECTORS}{_MONGOLIAN_SELECTORS}"
    f"{_INVISIBLE_BELOW}{_MEANINGLESS_BELOW}{_JOINERS}\u2800"
    "\U0001bca0-\U0001d17a\U0001fffe-\U0001ffff\U0002fffe-\U0010ffff]"
)
_REFUSED_IN_LINES = re.compile(f"[{_NEVER}]|{_STRAY_SELECTOR}")
_REFUSED_IN_A_LINE = re.compile(f"[{_NEVER}{_BREAKS}]|{_STRAY_SELECTOR}")
_IS_BIDI = re.compile(f"[{_BIDI}]")
_IS_BROKEN = re.compile(f"[{_BROKEN}]")
_IS_BREAK = re.compile(f"[{_BREAKS}]")
_IS_BLANK = re.compile(f"[\\s{_JOINERS}\u2800]*")

#: White space as `str.strip` knows it, without the separators U+001C to U+001F,
#: which are control characters to everybody else.
_WHITE = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)

#: OWASP's list of what makes a spreadsheet compute a cell, also when white space,
#: quotes or something invisible comes first.
_FORMULA = re.compile(
    f"[\\s\"'{_CONTROLS}{_INVISIBLE}{_BIDI}{_JOINERS}]*"
    "[=+\\-@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n\0]"
)


@cache
def _crowded(*, coarse: bool = False) -> re.Pattern[str]:
    """Return the pattern of more combining marks than one letter may carry."""
    # No mark lives beyond plane 1 but the selectors. Ten milliseconds, once, and
    # only in a process that meets more than ASCII.
    ranges: list[list[int]] = []
    for point in range(0x300, 0x10000 if coarse else 0x20000):
        if unicodedata.category(chr(point))[0] != "M":
            continue
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    marks = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
    if coarse:
        marks += "\U00010000-\U0001ffff"
    # The first one apart: a pattern that begins with a class is scanned for faster.
    each = f"[{marks}{_JOINERS}]"
    return re.compile(f"{each}{each}{{{MAX_COMBINING_MARKS}}}")


def is_plain(text: str) -> bool:
    """Say whether *text* is printable ASCII, in which nothing can hide."""
    return text.isascii() and text.isprintable()


def is_ordinary(text: str) -> bool:
    """Say whether *text* can be used as it is; if not, `text_problem` knows more."""
    return is_plain(text) or (
        _SUSPECT.search(text) is None and _crowded(coarse=True).search(text) is None
    )


def trim(text: str) -> str:
    """Return *text* without the white space and line breaks around it."""
    return text.strip(_WHITE)


def nfc(text: str) -> str:
    """Return *text* in Unicode's normalisation form C (UAX 15)."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_blank(text: str) -> bool:
    """Say whether a reader would see nothing at all."""
    return _IS_BLANK.fullmatch(text) is not None


def text_problem(text: str, column: str, *, may_break: bool = False) -> Reason | None:
    """
    Say what is wrong with the characters of *text*, a trimmed cell of *column*.

    With *may_break* it may hold tabs and line breaks.
    """
    if is_plain(text):
        return None
    refused = _REFUSED_IN_LINES if may_break else _REFUSED_IN_A_LINE
    if _SUSPECT.search(text) and (found := refused.search(text)):
        return _refuse(found[0], column, found.start() + 1)
    if _crowded(coarse=True).search(text) and (found := _crowded().search(text)):
        return Reason(
            "combining_marks",
            f"Column {column}: more than {MAX_COMBINING_MARKS} accents stand on one "
            f"letter, from character {found.start() + 1} on. Delete some of them.",
        )
    return None


def _refuse(character: str, column: str, position: int) -> Reason:
    where = f"Column {column}: character {position}"
    what = called(character)
    if _IS_BIDI.match(character):
        return Reason(
            "bidi_control",
            f"{where} is {what}, which changes the order in which letters are read. "
            "Delete it; right-to-left letters need none.",
        )
    if _IS_BROKEN.match(character):
        return Reason(
            "text_encoding",
            f"{where} is {what}: a letter was lost when the text was saved or "
            "copied. Type it again.",
        )
    if _IS_BREAK.match(character):
        return Reason(
            "control_character",
            f"{where} is {what}, and this column must be a single line. "
            "Replace it by a space.",
        )
    return Reason(
        "control_character",
        f"{where} is {what}, which cannot be printed on a certificate. Delete it.",
    )


_CALLED = {
    "\0": "NUL",
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a line break",
    "\v": "a line break",
    "\f": "a page break",
    "\x85": "a line break",
    "\x1b": "ESCAPE",
    "\x7f": "DELETE",
    "\ufeff": "a byte order mark",
}


def called(character: str) -> str:
    """
    Return a name for a character that cannot be shown.

    >>> called("\\u200b")
    'U+200B (ZERO WIDTH SPACE)'
    """
    point = f"U+{ord(character):04X}"
    name = _CALLED.get(character) or unicodedata.name(character, "")
    if not name:
        name = {
            "Cc": "a control character",
            "Co": "private use",
            "Cs": "half a character",
        }.get(unicodedata.category(character), "not a character")
    return f"{point} ({name})"


def quoted(text: str) -> str:
    """
    Quote *text* for a message: one line, nothing invisible, at most 60 characters.

    >>> quoted("john@\\x00\\nexample")
    '"john@ example"'
    """
    line = " ".join(text[: 4 * MAX_QUOTED_CHARACTERS].split())
    line = _REFUSED_IN_A_LINE.sub("", line)
    if len(line) > MAX_QUOTED_CHARACTERS or len(text) > 4 * MAX_QUOTED_CHARACTERS:
        line = line[: MAX_QUOTED_CHARACTERS - 1] + "…"
    return f'"{line}"'


def formula_safe(cell: str) -> str:
    """
    Return *cell* for a CSV export, so that no spreadsheet computes it.

    A cell that would be computed gets an apostrophe in front (ASVS 5.0, 1.2.10).
    Taking one away again from a cell of this form restores the original, because
    a cell that already begins with one gets another.

    >>> formula_safe("=1+1")
    "'=1+1"
    """
    return f"'{cell}" if _FORMULA.match(cell) else cell


def has_lone_surrogate(text: str) -> bool:
    """Say whether *text* cannot be written in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
