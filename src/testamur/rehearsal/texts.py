"""Texts that can be printed, and probably should not be as they stand."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from testamur.core.text import quoted

#: One look for everything below: most cells have none of it.
_SUSPECT = re.compile("[#&<{\\[%«√\xc2-\xf4]|\\$\\{|[0-9][Ee]\\+[0-9]|^[0-9]{5}$")

#: What spreadsheet programs show where a formula has no value.
_ERROR = re.compile(
    r"#(REF|NAME|VALUE|DIV/0|NULL|NUM|N/A|NV|WERT|BEZUG|SPILL|CALC)[!?]?|#{3,}"
)
_MERGE_FIELD = re.compile(
    r"\{\{[^{}]*\}\}|\$\{[^{}]*\}|<<[^<>]+>>|\[\[[^\[\]]+\]\]|%[A-Z][A-Z_]{2,}%|^«\w+»$"
)
_ENTITY = re.compile(r"&(?:amp|apos|gt|lt|nbsp|quot|[a-z]{2,6}|#[0-9]+|#x[0-9a-f]+);")
_TAG = re.compile(r"</?(?:a|b|br|div|em|font|i|p|span|strong|u)\b[^<>]*>", re.I)
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?[Ee]\+[0-9]{2,3}")
_DAY_NUMBER = re.compile(r"[345][0-9]{4}")
_DATE_COLUMN = re.compile("date|datum|fecha|data$|day|until|from|issued|born", re.I)

#: The first byte of a letter in UTF-8 (C2 to F4), as windows-1252 and Mac Roman
#: show it.
_LEADS = {"cp1252": re.compile("[\xc2-\xf4]"), "mac_roman": re.compile("[√¬∆ƒ‚„]")}

#: Phonetic letters and bare accents: a capital before a quotation mark was meant.
_UNLIKELY = re.compile("[\u0250-\u036f]")

#: Letters are broken once by each program that reads a file wrongly.
_TIMES_BROKEN = 3


def doubts(text: str, column: str) -> Iterator[tuple[str, str]]:
    """Give a code and a sentence for each thing that is odd about *text*."""
    if not _SUSPECT.search(text):
        return
    if _ERROR.fullmatch(text):
        yield (
            "spreadsheet_error",
            "This is what a spreadsheet program writes where a formula failed or the "
            "column was too narrow. Mend it there and save the file again.",
        )
        return
    if found := _MERGE_FIELD.search(text):
        yield (
            "merge_field",
            f"{quoted(found[0])} looks like a place for a value that was not filled "
            "in. It is printed as it stands.",
        )
    if found := _ENTITY.search(text) or _TAG.search(text):
        yield (
            "markup",
            f"{quoted(found[0])} is how web pages write it. It is printed as it "
            "stands: write the letter itself.",
        )
    if (mended := mend(text)) is not None:
        yield (
            "mojibake",
            f"Is {quoted(mended)} meant? The file was read in another encoding once "
            "and saved so. Export it again as UTF-8, or write the letters anew.",
        )
    if _SCIENTIFIC.fullmatch(text):
        yield (
            "spreadsheet_number",
            "A spreadsheet program shortened a long number to this. Format the column "
            "as text, write the number again, and save the file again.",
        )
    if _DAY_NUMBER.fullmatch(text) and _DATE_COLUMN.search(column):
        # Spreadsheets count days from 1899-12-30 (ECMA-376, 18.17.4.1).
        day = date(1899, 12, 30) + timedelta(days=int(text))
        yield (
            "spreadsheet_date",
            f"Is {day} meant? A spreadsheet program wrote the number by which it knows "
            "that day. Format the column as a date or text, and save the file again.",
        )


def mend(text: str) -> str | None:
    """
    Return what *text* was before UTF-8 was read as something else, or None.

    >>> mend("JosÃ© GarcÃ­a")
    'José García'
    >>> mend("José García") is None
    True
    """
    mended = text
    for _ in range(_TIMES_BROKEN):
        words = [_mend_word(word) for word in mended.split(" ")]
        if (again := " ".join(words)) == mended:
            break
        mended = again
    return mended if mended != text else None


def _mend_word(word: str) -> str:
    for codec, leads in _LEADS.items():
        if not leads.search(word):
            continue
        try:
            mended = word.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        if mended.isprintable() and not _UNLIKELY.search(mended):
            return mended
    return word
