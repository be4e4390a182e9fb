"""
Row by row: cells to facts, or the reason why this row has none.

Runs again whenever a certificate is shown, so it depends on the cells and the
columns only: no clock, no settings, nothing looked up.
"""

import re
from collections.abc import Sequence
from unicodedata import normalize

from testamur.core.columns import (
    ATTRIBUTE_PREFIX,
    CATEGORY,
    DESCRIPTION,
    DOCUMENT,
    EXPIRY_DAYS,
    IMAGE,
    NAME,
    RECIPIENT_EMAIL,
    RECIPIENT_NAME,
    REFERENCE,
    REQUIRED,
)
from testamur.core.policy import (
    MAX_CELL_CHARACTERS,
    MAX_EXPIRY_DAYS,
    MAX_NAME_CHARACTERS,
)
from testamur.core.refusals import Reason
from testamur.core.text import (
    is_blank,
    is_ordinary,
    is_plain,
    nfc,
    quoted,
    text_problem,
    trim,
)
from testamur.core.words import AttachedDocument, Facts

from .email import email_problem
from .validity import is_valid_until, read_end

#: An attribute is a line beside the picture, not a text of its own.
MAX_ATTRIBUTE_CHARACTERS = 1_000

_LIMITS = {
    NAME: MAX_NAME_CHARACTERS,
    CATEGORY: MAX_NAME_CHARACTERS,
    RECIPIENT_NAME: MAX_NAME_CHARACTERS,
    DESCRIPTION: MAX_CELL_CHARACTERS,
    IMAGE: MAX_CELL_CHARACTERS,
}
#: No row whose cells together are this short has one that is too long.
_SMALLEST_LIMIT = MAX_NAME_CHARACTERS

#: `int` would also read " 30", "1_000" and the digits of every other script.
_DAYS = re.compile(r"[1-9][0-9]{0,3}")

#: A document's SHA-256 and the size of its first page.
_DOCUMENT = re.compile(r"([0-9a-f]{64}) ([0-9]+(?:\.[0-9]+)?) ([0-9]+(?:\.[0-9]+)?)")

_WEB = re.compile(r"https?://", re.IGNORECASE)


def spell_document(document: AttachedDocument) -> str:
    """Return the cell that says which document a row has."""
    return f"{document.digest} {document.width:g} {document.height:g}"


class Checker:
    """What rows with these *columns* are read by, prepared once per job."""

    def __init__(
        self,
        columns: Sequence[str],
        *,
        images_optional: bool,
        ends: bool = False,
        needs_recipient: bool = False,
        documents: bool = False,
    ) -> None:
        """
        Prepare to read rows whose cells stand in the order of *columns*.

        *images_optional* says whether rows need no image of their own, and *ends*
        whether the attribute `validUntil` is a certificate's end. In jobs of earlier
        releases it was an attribute like any other. *needs_recipient*: every row
        must have a recipient's name, because it will be printed. *documents*: every
        row must have a document.
        """
        self._columns = tuple(columns)
        self._width = len(columns)
        self._images_optional = images_optional
        self._needs_recipient = needs_recipient
        self._required = (*REQUIRED, RECIPIENT_NAME) if needs_recipient else REQUIRED
        # A column that is not there is read from an empty cell put at the end.
        place = {column: index for index, column in enumerate(columns)}
        self._name = place.get(NAME, self._width)
        self._description = place.get(DESCRIPTION, self._width)
        self._category = place.get(CATEGORY, self._width)
        self._email = place.get(RECIPIENT_EMAIL, self._width)
        self._recipient = place.get(RECIPIENT_NAME, self._width)
        self._image = place.get(IMAGE, self._width)
        self._document = place.get(DOCUMENT, self._width) if documents else None
        # Nobody else may name this column.
        self._reference = place.get(REFERENCE, self._width)
        self._expiry = place.get(EXPIRY_DAYS, self._width)
        self._attributes = [
            (column.removeprefix(ATTRIBUTE_PREFIX), index)
            for column, index in place.items()
            if column.startswith(ATTRIBUTE_PREFIX)
        ]
        # Of several that differ in capitals, the first column is meant.
        ends_at = [at for key, at in self._attributes if is_valid_until(key)] * ends
        self._end = ends_at[0] if ends_at else self._width
        self._attributes = [
            (key, at) for key, at in self._attributes if at != self._end
        ]

    def check(self, row: int, cells: Sequence[str]) -> Facts | Reason:
        """
        Return what the row says, or the first thing that is wrong with it.

        *row* counts the file's records from 1. The same cells always give the
        same answer.
        """
        if len(cells) != self._width:
            extra = cells[self._width :]
            if not extra or not all(is_blank(cell) for cell in extra):
                return self._misshapen(row, cells)
            cells = cells[: self._width]  # a blank column without a header

        joined = "".join(cells)
        if is_plain(joined):
            texts = [cell.strip() for cell in cells]
        elif is_ordinary(joined):
            texts = [normalize("NFC", cell.strip()) for cell in cells]
        else:
            looked_at = self._look_closely(cells)
            if isinstance(looked_at, Reason):
                return looked_at
            texts = looked_at
        texts.append("")

        name = texts[self._name]
        description = texts[self._description]
        category = texts[self._category]
        email = texts[self._email]
        image = texts[self._image]
        if not (name and description and category and email) or (
            self._needs_recipient and not texts[self._recipient]
        ):
            return self._missing(row, texts)
        if len("".join(texts)) > _SMALLEST_LIMIT and (long := self._too_long(texts)):
            return long
        if problem := email_problem(email):
            return problem
        if not self._images_optional and not image.startswith("https://"):
            if not image:
                return self._missing(row, texts)
            if not _WEB.match(image):
                return _not_a_url(image)
        if " " in image and _WEB.match(image):
            return _space_in_url(image)

        days: int | None = None
        if texts[self._expiry]:
            written = cells[self._expiry]
            if not _DAYS.fullmatch(written) or int(written) > MAX_EXPIRY_DAYS:
                return _not_days(written)
            days = int(written)

        end: int | None = None
        if texts[self._end]:
            read = read_end(texts[self._end])
            if isinstance(read, Reason):
                return read
            end = read

        document: AttachedDocument | None = None
        if self._document is not None:
            # Nobody else writes this cell.
            found = _DOCUMENT.fullmatch(texts[self._document])
            assert found is not None, f"row {row} has no document"
            document = AttachedDocument(found[1], float(found[2]), float(found[3]))

        return Facts(
            name,
            description,
            category,
            email,
            texts[self._recipient] or None,
            tuple([(key, texts[at]) for key, at in self._attributes if texts[at]]),
            days,
            image,
            end,
            document,
            texts[self._reference] or None,
        )

    def _look_closely(self, cells: Sequence[str]) -> list[str] | Reason:
        texts = []
        for column, cell in zip(self._columns, cells, strict=True):
            text = trim(cell)
            may_break = column == DESCRIPTION
            if problem := text_problem(text, column, may_break=may_break):
                if column == IMAGE and _WEB.match(text):
                    return Reason(
                        "url_characters", f"Invalid image URL: {problem.message}"
                    )
                return problem
            # Joiners and the like alone would be a name that nobody can see.
            texts.append("" if is_blank(text) else nfc(text))
        return texts

    def _misshapen(self, row: int, cells: Sequence[str]) -> Reason:
        if all(is_blank(cell) for cell in cells):
            return _empty(row)
        few = len(cells) < self._width
        if len(cells) == 1 and any(mark in cells[0] for mark in ",;\t"):
            remedy = "Separate its cells by the same character as the header's."
        elif few:
            remedy = "Add the missing separators, or delete the row."
        else:
            remedy = (
                "Put double quotes around a cell that holds the separator: "
                '"Smith, John".'
            )
        return Reason(
            "column_count",
            f"Row {row} has {len(cells)} cells and the header has {self._width}. "
            f"{remedy}",
        )

    def _missing(self, row: int, texts: Sequence[str]) -> Reason:
        if not any(texts):
            return _empty(row)
        for column in self._required:
            if column not in self._columns or not texts[self._columns.index(column)]:
                return Reason(
                    "missing_value",
                    f"Column {column} is empty in row {row}. Fill it in.",
                )
        return Reason(
            "missing_value",
            f"Invalid image URL: column {IMAGE} is empty in row {row}. Write the URL "
            "of its image, or send a ZIP of images along.",
        )

    def _too_long(self, texts: Sequence[str]) -> Reason | None:
        for column, text in zip(self._columns, texts, strict=False):
            limit = _LIMITS.get(column, MAX_CELL_CHARACTERS)
            if column.startswith(ATTRIBUTE_PREFIX):
                limit = MAX_ATTRIBUTE_CHARACTERS
            if len(text) > limit:
                return Reason(
                    "too_long",
                    f"Column {column} has {len(text)} characters and may have {limit}: "
                    f"{quoted(text)}. Shorten it.",
                )
        return None


def _empty(row: int) -> Reason:
    return Reason("empty_row", f"Row {row} is empty. Delete it, or fill it in.")


def _not_a_url(image: str) -> Reason:
    return Reason(
        "url_scheme",
        f"Invalid image URL: {quoted(image)} in column {IMAGE} does not begin with "
        "https://. Write the whole URL, or send a ZIP of images along.",
    )


def _space_in_url(image: str) -> Reason:
    return Reason(
        "url_characters",
        f"Invalid image URL: {quoted(image)} in column {IMAGE} holds a space. "
        "Write %20 for it.",
    )


def _not_days(written: str) -> Reason:
    what = f"{quoted(written)} in column {EXPIRY_DAYS}"
    plain = trim(written)
    if _DAYS.fullmatch(plain) and int(plain) <= MAX_EXPIRY_DAYS:
        remedy = f"has white space around it. Write {plain} without it."
    elif (whole := re.fullmatch(r"([1-9][0-9]{0,3})[.,]0{1,2}", plain)) and (
        int(whole[1]) <= MAX_EXPIRY_DAYS
    ):
        remedy = f"is not a whole number. Write {whole[1]}."
    else:
        remedy = (
            f"is not a whole number from 1 to {MAX_EXPIRY_DAYS}. Write the days in "
            "the digits 0 to 9, such as 30, or leave the cell empty."
        )
    return Reason("expiry_range", f"{what} {remedy}")
