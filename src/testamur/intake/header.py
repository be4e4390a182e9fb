"""The header: which character separates the cells, and what the columns are."""

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence

from testamur.core.columns import (
    ATTRIBUTE_PREFIX,
    IMAGE,
    KNOWN,
    OPTIONAL,
    REQUIRED,
    RESERVED,
    is_attribute_name,
)
from testamur.core.policy import MAX_COLUMNS
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import quoted

DELIMITERS = (",", ";", "\t")

#: A header longer than this has too many columns, whatever they are.
HEADER_CHARACTERS = 64 * 1024

_SPELT = {",": "a comma", ";": "a semicolon", "\t": "a tab"}

#: What people call our columns, by their letters only.
_ALIASES = {
    **{column.casefold(): column for column in KNOWN},
    "email": "recipientEmail",
    "mail": "recipientEmail",
    "recipient": "recipientName",
    "image": "imageUrl",
    "title": "name",
}


def renames(mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Return *mapping* (the file's headers to ours) as headers are compared."""
    return {
        _trimmed(theirs): _trimmed(ours) for theirs, ours in (mapping or {}).items()
    }


def first_record(text: str, delimiter: str) -> list[str] | None:
    """
    Return the first record of *text* that is not an empty line; None if none is.

    Raises:
        csv.Error: it cannot be read; for one, its quotes are not closed.
    """
    lines = io.StringIO(text, newline="")
    for record in csv.reader(lines, delimiter=delimiter, strict=True):
        if record:
            return record
    return None


def choose_delimiter(text: str, mapping: Mapping[str, str]) -> str:
    """
    Return the character that separates the cells of the header *text* begins with.

    It is the one that parts the header into most of our columns. Nothing below
    the header is looked at.

    Raises:
        Refusal: `delimiter`, when none does, or two do equally well.
    """
    line = (text.lstrip("\r\n\ufeff ").splitlines() or [""])[0]
    if line[:4].lower() == "sep=":
        raise _no_delimiter(line)
    headers: dict[str, list[str]] = {}
    for delimiter in DELIMITERS:
        try:
            headers[delimiter] = first_record(text, delimiter) or []
        except csv.Error:
            continue
    parting = [mark for mark, cells in headers.items() if len(cells) > 1]
    if not parting:
        if headers and _count_ours(re.findall(r"\w+", line), mapping) > 1:
            raise _no_delimiter(line)
        return ","

    scores = {mark: _count_ours(headers[mark], mapping) for mark in parting}
    chosen = max(parting, key=scores.__getitem__)
    for other in DELIMITERS:
        # A cell of the header that another delimiter would part into columns.
        left = [cell for cell in headers[chosen] if other in cell and other != chosen]
        if any(_count_ours(cell.split(other), mapping) > 1 for cell in left) or (
            scores[chosen] and other != chosen and scores.get(other) == scores[chosen]
        ):
            raise Refusal(
                Kind.INVALID,
                "delimiter",
                f"The header is separated by {_SPELT[chosen]} in one place and by "
                f"{_SPELT[other]} in another. Use one of them throughout.",
                at="line 1",
            )
    return chosen


def _no_delimiter(line: str) -> Refusal:
    if line[:4].lower() == "sep=":
        detail = f"Delete the first line, {quoted(line)}; the header has to come first."
    else:
        detail = (
            "The columns of the header are not separated by a comma, a semicolon or a "
            f"tab: {quoted(line)}. Save the file as CSV with one of them."
        )
    return Refusal(Kind.INVALID, "delimiter", detail, at="line 1")


def _count_ours(cells: Sequence[str], mapping: Mapping[str, str]) -> int:
    return sum(_is_ours(cell, mapping) for cell in cells)


def _is_ours(cell: str, mapping: Mapping[str, str]) -> bool:
    name = _trimmed(cell)
    return (
        name in mapping
        or name.casefold().startswith(ATTRIBUTE_PREFIX)
        or _letters(name) in _ALIASES
    )


def _trimmed(cell: str) -> str:
    return cell.strip("\ufeff \t\r\n\v\f\xa0\u3000")


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def read_header(
    cells: Sequence[str], *, mapping: Mapping[str, str], images: bool
) -> tuple[str, ...]:
    """
    Return our names of the columns whose headers are *cells*.

    Headers are exact, but for white space around them; those without a name at
    the end are left out. *mapping* renames them first; *images* says whether a
    ZIP of images came along.

    Raises:
        Refusal: `too_many_columns`, `mapping`, `duplicate_column`,
            `bad_attribute_name`, `missing_column` or `unknown_column`.
    """
    if len(cells) > MAX_COLUMNS:
        raise too_many_columns(f"The header has {len(cells)} columns")
    names = [_trimmed(cell) for cell in cells]
    while names and not names[-1]:  # Excel saves columns that were once used
        names.pop()
    if absent := [theirs for theirs in mapping if theirs not in names]:
        raise Refusal(
            Kind.INVALID,
            "mapping",
            f"The column mapping names {_listed(absent)}, which the header does not "
            "have. Name columns as the header spells them.",
        )
    columns = tuple(mapping.get(name, name) for name in names)

    for column, times in Counter(columns).items():
        if column and times > 1:
            raise Refusal(
                Kind.INVALID,
                "duplicate_column",
                f"The header has the column {quoted(column)} {times} times. Keep one.",
                at="header",
            )
    for column in columns:
        if is_attribute_column(column):
            refuse_bad_attribute(column.removeprefix(ATTRIBUTE_PREFIX))
        elif column in RESERVED and column not in ("id", "type"):
            raise _bad_attribute(column)
    _refuse_missing(columns, images=images)
    _refuse_unknown(columns)
    return columns


def is_attribute_column(column: str) -> bool:
    """Say whether *column* holds an attribute."""
    return column.startswith(ATTRIBUTE_PREFIX)


def refuse_bad_attribute(name: str, *, at: str = "header") -> None:
    """
    Return if an attribute may be called *name*.

    Raises:
        Refusal: `bad_attribute_name`.
    """
    if not is_attribute_name(name):
        raise _bad_attribute(name, at=at)


def _bad_attribute(name: str, *, at: str = "header") -> Refusal:
    if name in RESERVED:
        why = "is a word that programs use for something else. Choose another name."
    elif not name:
        why = f"is empty. Write it after {ATTRIBUTE_PREFIX}, as in attribute_Course."
    else:
        why = (
            "must begin with a letter A to Z and have at most 64 letters A to Z, "
            "digits, spaces, hyphens or underscores. Rename the column."
        )
    return Refusal(
        Kind.INVALID,
        "bad_attribute_name",
        f"The attribute name {quoted(name)} {why}",
        at=at,
    )


def too_many_columns(what: str) -> Refusal:
    """Return the refusal of a header or record with too many cells."""
    return Refusal(
        Kind.INVALID,
        "too_many_columns",
        f"{what}; at most {MAX_COLUMNS} are read. Delete those that are not needed.",
    )


def _refuse_missing(columns: Sequence[str], *, images: bool) -> None:
    required = REQUIRED if images else (*REQUIRED, IMAGE)
    missing = [column for column in required if column not in columns]
    if not missing:
        return
    hints = [
        f"Rename {quoted(column)} to {meant}."
        for column in columns
        if (meant := _ALIASES.get(_letters(column))) in missing and column not in KNOWN
    ]
    plural, those = ("columns are", "them") if missing[1:] else ("column is", "it")
    remedy = " ".join(hints) or (
        f"Add {those} to the header, the first line, spelt exactly like this."
    )
    if IMAGE in missing:
        remedy += f" Without {IMAGE}, send a ZIP of images along."
    raise Refusal(
        Kind.INVALID,
        "missing_column",
        f"Required {plural} missing from the header: {', '.join(missing)}. {remedy}",
        at="header",
    )


def _refuse_unknown(columns: Sequence[str]) -> None:
    unknown = [
        (place, column)
        for place, column in enumerate(columns, 1)
        if column not in KNOWN and not is_attribute_column(column)
    ]
    if not unknown:
        return
    (place, column), *others = unknown
    meant = _ALIASES.get(_letters(column))
    if not column:
        detail = f"{_letter(place)} has no name in the header. Name it, or delete it."
    elif column.casefold().startswith(ATTRIBUTE_PREFIX):
        start = f"Begin it with {ATTRIBUTE_PREFIX} in small letters."
        detail = f"Unknown column {quoted(column)}. {start}"
    elif meant and meant not in columns:
        detail = f"Unknown column {quoted(column)}. Rename it to {meant}."
    else:
        known = ", ".join((*REQUIRED, IMAGE, *OPTIONAL))
        detail = (
            f"Unknown column {quoted(column)}. Known are {known}. To print it on "
            f"the certificate rename it to {ATTRIBUTE_PREFIX}…, else delete it."
        )
    if others:
        named = [quoted(name) if name else _letter(at) for at, name in others]
        detail += f" Not known either: {', '.join(named[:5])}."
    raise Refusal(Kind.INVALID, "unknown_column", detail, at=f"header, column {place}")


def _letter(place: int) -> str:
    """Return a column as people count it and as their spreadsheet calls it."""
    first, last = divmod(place - 1, 26)
    letters = (chr(64 + first) if first else "") + chr(65 + last)
    return f"Column {place} ({letters} in a spreadsheet)"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names[:5])
