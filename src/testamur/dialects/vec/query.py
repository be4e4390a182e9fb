"""
How this wire asks for a part of a list.

A parameter that is not understood is refused and never passed over: whoever asked for
the failed ones must not be given all.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from testamur.core.refusals import Kind, Refusal
from testamur.core.vault import BatchState, VaultQuery, VaultState

from .ids import read_uuid

DEFAULT_PER_PAGE, MAX_PER_PAGE = 15, 100
MAX_PAGE = 999_999

MAX_SEARCH = 255

#: What certificates of batches are sorted by.
SORT_FIELDS = (
    *("id", "reference_id", "name", "email", "issue_date", "generated_at"),
    "created_at",
)
ORDERS = ("asc", "desc")

_WHOLE = re.compile(r"[1-9][0-9]{0,14}")

_DAY_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

STATES = tuple(one.value for one in VaultState)
BATCH_STATES = tuple(one.value for one in BatchState)

_STRING = {"type": "string", "maxLength": MAX_SEARCH}
_DAY = {"type": "string", "format": "date"}

PAGES: Mapping[str, tuple[dict[str, Any], str]] = {
    "page": (
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1},
        "Which page, from 1",
    ),
    "per_page": (
        {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_PER_PAGE,
            "default": DEFAULT_PER_PAGE,
        },
        "How many a page has",
    ),
}

SEARCH: tuple[dict[str, Any], str] = (
    _STRING,
    "Part of a reference, a title, a name or an address",
)
BATCH: tuple[dict[str, Any], str] = (
    {"type": "string", "format": "uuid"},
    "Those of one batch",
)

#: The parameters of each list: schema, and what it is for.
VAULT: Mapping[str, tuple[dict[str, Any], str]] = {
    **PAGES,
    "search": SEARCH,
    "status": ({"type": "string", "enum": list(STATES)}, "Those in one state"),
    "applicant_email": (_STRING, "Those of one recipient"),
    "batch_id": BATCH,
}
BATCHES: Mapping[str, tuple[dict[str, Any], str]] = {
    **PAGES,
    "status": ({"type": "string", "enum": list(BATCH_STATES)}, "Those in one state"),
}
TEMPLATES: Mapping[str, tuple[dict[str, Any], str]] = {
    **PAGES,
    "search": (_STRING, "Part of a name"),
}
CERTIFICATES: Mapping[str, tuple[dict[str, Any], str]] = {
    **PAGES,
    "search": SEARCH,
    "sort_field": (
        {"type": "string", "enum": list(SORT_FIELDS), "default": "created_at"},
        "What they are sorted by",
    ),
    "sort_order": (
        {"type": "string", "enum": list(ORDERS), "default": "desc"},
        "Whether the largest comes last or first",
    ),
    "batch_id": BATCH,
    "customer_id": (
        {"type": "integer", "minimum": 1, "maximum": 10**15 - 1},
        "Those of one recipient",
    ),
    "status": ({"type": "string", "enum": list(STATES)}, "Those in one state"),
    "issue_date_from": (_DAY, "Issued by their date on this day or later"),
    "issue_date_to": (_DAY, "Issued by their date on this day or before"),
    "generated_at_from": (_DAY, "Issued here on this day (UTC) or later"),
    "generated_at_to": (_DAY, "Issued here on this day (UTC) or before"),
}


def described(
    parameters: Mapping[str, tuple[dict[str, Any], str]],
) -> list[dict[str, Any]]:
    """Describe *parameters* in OpenAPI's terms."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": schema,
            "description": description,
        }
        for name, (schema, description) in parameters.items()
    ]


def read_given(
    pairs: Iterable[tuple[str, str]],
    parameters: Mapping[str, tuple[dict[str, Any], str]],
) -> dict[str, Any]:
    """
    Return the *parameters* that were given, each as its schema says.

    Raises:
        Refusal: INVALID, with a part for each that is unknown, given twice, or has a
            value that it cannot have.
    """
    given: dict[str, str] = {}
    wrong: list[Refusal] = []
    for name, value in pairs:
        if name not in parameters:
            known = ", ".join(parameters)
            wrong.append(
                _wrong(name, f"There is no such parameter; known are {known}.")
            )
        elif name in given:
            wrong.append(_wrong(name, f"Send {name} once."))
        else:
            given[name] = value
    found: dict[str, Any] = {}
    for name, value in given.items():
        schema = parameters[name][0]
        if not value and schema is _STRING:
            continue  # a field of a form that nobody filled in
        read = _READERS[schema.get("format", schema["type"])]
        said = read(value, schema)
        if said is None:
            wrong.append(_wrong(name, _expected(name, schema)))
        else:
            found[name] = said
    if wrong:
        first = wrong[0]
        raise Refusal(first.kind, first.code, first.detail, at=first.at, parts=wrong)
    return found


def certificates(given: Mapping[str, Any], *, is_vault: bool) -> VaultQuery:
    """Return which certificates are wanted."""
    by = given.get("sort_field", "id")
    until = given.get("generated_at_to")
    return VaultQuery(
        is_vault=is_vault,
        search=given.get("search"),
        state=given.get("status"),
        email=_folded(given.get("applicant_email")),
        batch_id=given.get("batch_id"),
        customer_id=given.get("customer_id"),
        issue_dates=(given.get("issue_date_from"), given.get("issue_date_to")),
        issued=(
            _midnight(given.get("generated_at_from")),
            None if until is None else _midnight(until, days=1),
        ),
        sort=(by, given.get("sort_order", "desc") == "desc"),
        page=given.get("page", 1),
        per_page=given.get("per_page", DEFAULT_PER_PAGE),
    )


def _folded(email: str | None) -> str | None:
    return None if email is None else email.strip().lower()


def _midnight(day: str | None, *, days: int = 0) -> int | None:
    if day is None:
        return None
    try:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=days)
    except OverflowError:
        return None
    return int(moment.timestamp()) * 1_000


def _text(value: str, schema: Mapping[str, Any]) -> str | None:
    if "enum" in schema and value not in schema["enum"]:
        return None
    if len(value) > schema.get("maxLength", MAX_SEARCH) or "\0" in value:
        return None
    return value


def _whole(value: str, schema: Mapping[str, Any]) -> int | None:
    if not _WHOLE.fullmatch(value):
        return None
    number = int(value)
    return number if number <= schema["maximum"] else None


def _day(value: str, _: Mapping[str, Any]) -> str | None:
    try:
        found = _DAY_FORM.fullmatch(value)
        return date.fromisoformat(value).isoformat() if found else None
    except ValueError:
        return None


def _uuid(value: str, _: Mapping[str, Any]) -> str | None:
    return read_uuid(value)


_READERS: Mapping[str, Callable[[str, Mapping[str, Any]], Any]] = {
    "string": _text,
    "integer": _whole,
    "date": _day,
    "uuid": _uuid,
}


def _expected(name: str, schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"The {name} field is one of: {', '.join(schema['enum'])}."
    if schema["type"] == "integer":
        return f"The {name} field must be a whole number from 1 to {schema['maximum']}."
    if schema.get("format") == "date":
        return f"The {name} field must be a valid date such as 2025-06-01."
    if schema.get("format") == "uuid":
        return f"The {name} field must be a valid UUID."
    return f"The {name} field must be text of at most {MAX_SEARCH} characters."


def _wrong(name: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "parameter_invalid", detail, at=name[:64])
