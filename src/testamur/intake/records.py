"""
Rows that come as JSON objects, as the native API takes them.

    {"name": "...", "recipientEmail": "...", "attributes": {"Course": "..."}}

They become the same sheet a CSV becomes. What a CSV cannot have (a number for a
name, a misspelt field) refuses the submission and names the row; what it can
have (an empty name, a wrong address) fails the row later, as it would there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from testamur.core.columns import (
    ATTRIBUTE_PREFIX,
    DOCUMENT,
    EXPIRY_DAYS,
    IMAGE,
    OPTIONAL,
    REFERENCE,
    REQUIRED,
)
from testamur.core.policy import MAX_CELL_CHARACTERS, MAX_COLUMNS, Plan
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import has_lone_surrogate, quoted

from .header import refuse_bad_attribute, too_many_columns

ATTRIBUTES = "attributes"
_FIELDS = (*REQUIRED, IMAGE, *OPTIONAL)


@dataclass(frozen=True, slots=True)
class RecordSheet:
    """Rows that came as objects; read like `testamur.intake.csv.Sheet`."""

    columns: tuple[str, ...]
    total: int
    _records: Sequence[Mapping[str, object]]
    #: Which of the columns are no attributes.
    _fields: tuple[str, ...]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record's number, from 1, and its cells in column order."""
        for number, record in enumerate(self._records, 1):
            attributes = record.get(ATTRIBUTES)
            named = attributes if isinstance(attributes, Mapping) else {}
            cells = [_cell(record.get(field)) for field in self._fields]
            cells += [
                _cell(named.get(column.removeprefix(ATTRIBUTE_PREFIX)))
                for column in self.columns[len(self._fields) :]
            ]
            yield number, cells


def sheet_of(
    records: Sequence[Mapping[str, object]],
    plan: Plan | None = None,
    *,
    documents: bool = False,
    references: bool = False,
) -> RecordSheet:
    """
    Return *records* as rows: null and absent are an empty cell.

    Only with *documents* may they name the documents that certificates look like, and
    only with *references* what these are called.

    Attributes become columns in the order in which they are first named.

    Raises:
        Refusal: `no_rows`, `too_many_rows`, `unknown_field`, `field_type`,
            `cell_too_long`, `text_encoding`, `bad_attribute_name` or
            `too_many_columns`, with the row.
    """
    if not records:
        raise Refusal(Kind.INVALID, "no_rows", "There are no rows. Send at least one.")
    if plan and len(records) > plan.max_rows:
        raise Refusal(
            Kind.INVALID,
            "too_many_rows",
            f"There are {len(records)} rows and one job may have {plan.max_rows}. "
            "Split them.",
            at=f"row {plan.max_rows + 1}",
        )
    fields = (*_FIELDS, *[DOCUMENT] * documents, *[REFERENCE] * references)
    attributes: dict[str, None] = {}
    for number, record in enumerate(records, 1):
        if not isinstance(record, Mapping):
            raise _wrong_type("This row", "an object", f"row {number}")
        for field, value in record.items():
            _refuse_field(field, value, number, fields)
        for name in _attributes(record, number):
            if name not in attributes:
                refuse_bad_attribute(name, at=f"row {number}, {ATTRIBUTES}")
                attributes[name] = None
        if len(fields) + len(attributes) > MAX_COLUMNS:
            raise too_many_columns(
                f"Up to row {number} there are {len(attributes)} different attributes, "
                f"which makes {len(fields) + len(attributes)} columns"
            )
    columns = (*fields, *(ATTRIBUTE_PREFIX + name for name in attributes))
    return RecordSheet(columns, len(records), records, fields)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _refuse_field(
    field: object, value: object, row: int, fields: Sequence[str]
) -> None:
    at = f"row {row}, {str(field)[:64]}"
    if field == ATTRIBUTES:
        return
    if not isinstance(field, str) or field not in fields:
        known = ", ".join((*_FIELDS, ATTRIBUTES))
        raise Refusal(
            Kind.INVALID,
            "unknown_field",
            f"Row {row} has the unknown field {quoted(str(field))}. Known are {known}; "
            f"what is printed beside them goes into {ATTRIBUTES}.",
            at=f"row {row}",
        )
    if field == EXPIRY_DAYS:
        # True is an int to Python, and 2**70 is one that no column can hold.
        if value is not None and (
            type(value) is not int or not -(2**63) <= value < 2**63
        ):
            raise _wrong_type(f"{EXPIRY_DAYS} of row {row}", "a whole number", at)
        return
    _refuse_text(value, f"{field} of row {row}", at)


def _refuse_text(value: object, what: str, at: str) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise _wrong_type(what, "a string", at)
    if len(value) > MAX_CELL_CHARACTERS:
        raise Refusal(
            Kind.INVALID,
            "cell_too_long",
            f"{what} has {len(value)} characters and may have {MAX_CELL_CHARACTERS}. "
            "Shorten it.",
            at=at,
        )
    if has_lone_surrogate(value):
        raise Refusal(
            Kind.INVALID,
            "text_encoding",
            f"{what} holds half of a UTF-16 pair, which is no character. "
            "Send the text as UTF-8.",
            at=at,
        )


def _attributes(record: Mapping[str, object], row: int) -> list[str]:
    """Return the names of the attributes that *record* has, once they are sound."""
    given = record.get(ATTRIBUTES)
    if given is None:
        return []
    at = f"row {row}, {ATTRIBUTES}"
    if not isinstance(given, Mapping):
        raise _wrong_type(f"{ATTRIBUTES} of row {row}", "an object", at)
    for name, value in given.items():
        if not isinstance(name, str):
            raise _wrong_type(f"An attribute's name in row {row}", "a string", at)
        _refuse_text(value, f"The attribute {quoted(name)} of row {row}", at)
    return list(given)


def _wrong_type(what: str, wanted: str, at: str) -> Refusal:
    return Refusal(
        Kind.INVALID, "field_type", f"{what} must be {wanted}. Change it.", at=at
    )
