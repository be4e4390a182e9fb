"""
What one text of a design says for one row, and what is said of it when it fails.
"""

import re
from collections.abc import Mapping

from testamur.core.columns import ATTRIBUTE_PREFIX, KNOWN
from testamur.core.refusals import Reason
from testamur.core.text import called, nfc, quoted

from ..design import Field, Fit, Text
from ..values import key_of

#: Every line break there is (`str.splitlines`), one or two characters long.
_BREAK = re.compile("\r\n|[\n\v\f\r\x85\u2028\u2029]")

#: Spaces in a row, and what is as wide as nothing or as a machine likes: a tab.
_BLANK = re.compile("[ \t]+")

#: Languages whose small dotted i has a dotted capital.
_DOTTED = frozenset(("tr", "az"))

#: Georgian has capitals since Unicode 11, and hardly a font: it stays as it is.
_GEORGIAN = re.compile("[\u10d0-\u10ff]+")


def wording(text: Text, values: Mapping[str, str], language: str) -> str | None:
    """
    Return what *text* says, a line break between its lines; None: it is not drawn.

    Spaces at either end of a line are left out, and several in a row are one.
    """
    parts = []
    is_said = not text.fields
    for part in text.parts:
        if isinstance(part, Field):
            value = values.get(key_of(part), "")
            is_said = is_said or bool(value.strip())
            parts.append(value)
        else:
            parts.append(part)
    if not is_said:
        return None
    whole = "".join(parts)
    if text.style.is_upper:
        whole = upper(whole, language)
    if not whole.isascii() or not whole.isprintable():
        whole = _BREAK.sub("\n", nfc(whole))
    lines = (_BLANK.sub(" ", line).strip(" ") for line in whole.split("\n"))
    return "\n".join(lines).strip("\n") or None


def upper(text: str, language: str) -> str:
    """
    Return *text* in the capitals of *language*.

    >>> upper("Straße, izmir, Οδυσσέας", "tr")
    'STRASSE, İZMİR, ΟΔΥΣΣΈΑΣ'
    """
    if text.isascii() and language.partition("-")[0] not in _DOTTED:
        return text.upper()
    if language.casefold().partition("-")[0] in _DOTTED:
        text = text.replace("i", "İ")
    kept = _GEORGIAN.findall(text)
    if not kept:
        return text.upper()
    others = _GEORGIAN.split(text)
    return "".join(
        other.upper() + (kept[at] if at < len(kept) else "")
        for at, other in enumerate(others)
    )


def glyph_missing(
    text: Text, values: Mapping[str, str], language: str, character: str
) -> Reason:
    """Say that no font has *character*, and in which column it is."""
    where = f"The template's text {quoted(text.id)}"
    for field in text.fields:
        value = values.get(key_of(field), "")
        if character in value or character in nfc(upper(value, language)):
            where = f"{_column(field)}: {quoted(value)}"
            break
    remedy = (
        "Write it without, or ask the operator for a colour emoji font "
        "(`make install` fetches one)."
        if _is_pictograph(character)
        else "Write it with other letters, or ask the operator for a font that has it."
    )
    return Reason(
        "glyph_missing",
        f"{where} has the character {called(character)}, which no font here has. "
        f"{remedy}",
    )


def text_too_long(
    text: Text, values: Mapping[str, str], said: str, smallest: float
) -> Reason:
    """Say that *text*, which says *said*, is too long at its *smallest* size."""
    where = f"The template's text {quoted(text.id)}: {quoted(said)}"
    remedy = "Give it a larger box, or a smaller size."
    if text.fields:
        field = max(text.fields, key=lambda field: len(values.get(key_of(field), "")))
        where = f"{_column(field)}: {quoted(values.get(key_of(field), ''))}"
        remedy = "Shorten it, or use a template with more room for it."
    how = f", even at its smallest size of {smallest:g} points"
    if text.fit is Fit.WRAP:
        how = f" on lines of {text.style.size:g} points"
    return Reason(
        "text_too_long",
        f"{where} does not fit the place {quoted(text.id)} of the template{how}. "
        f"{remedy}",
    )


def _column(field: Field) -> str:
    is_column = field.name in KNOWN or field.name.startswith(ATTRIBUTE_PREFIX)
    return f"{'Column' if is_column else 'Field'} {field.name}"


def _is_pictograph(character: str) -> bool:
    return "\U0001f000" <= character <= "\U0001faff"
