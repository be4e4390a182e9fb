"""
How this wire asks for a part of a list: `where[..]`, `sort[..]`, `page`, `per_page`.

A filter that is not understood is refused and never passed over: whoever asked for
the completed ones must not be given all. Parameters that are none (`include`, `with`)
are passed over, as the service does: clients send what they send everywhere.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

from testamur.core.lists import CREATED, Query
from testamur.core.refusals import Kind, Refusal

#: `Query` is here as well, for whoever reads one.
__all__ = ["Query", "described", "read_query"]

DEFAULT_PER_PAGE = 15
MAX_PER_PAGE = 1_000
MAX_PAGE = 9_999_999

ORDERS = ("asc", "desc")

#: What is sent for a value that is not there.
EMPTY = ("", "null")

#: Longer than any value that is stored where it can be asked for.
MAX_VALUE_CHARACTERS = 1_000

_WHERE = re.compile(r"where\[([^\[\]]*)\]")
#: What somebody means as a filter or an order, however they spell it.
_IS_MEANT = re.compile(r"\s*(where|sort)", re.IGNORECASE)

_OURS = ("page", "per_page", "sort[column]", "sort[order]")

_WHOLE = re.compile(r"[1-9][0-9]{0,6}")


def read_query(
    pairs: Iterable[tuple[str, str]],
    filterable: Collection[str],
    sortable: Collection[str],
) -> Query:
    """
    Return what the query parameters *pairs* (name, value) ask for.

    >>> read_query([("where[status]", "active"), ("page", "2")], ["status"], [])
    Query(where=(('status', 'active'),), sort=None, page=2, per_page=15)

    Raises:
        Refusal: INVALID, with a part for each filter or order that is unknown, and
            each parameter that is given twice or has a value that it cannot have.
    """
    given: dict[str, str] = {}
    wrong: list[Refusal] = []
    for name, value in pairs:
        if name not in _OURS and not _IS_MEANT.match(name):
            continue
        if name in given:
            wrong.append(_wrong(name, "repeated_parameter", f"Send {name[:64]} once."))
        given[name] = value
    where = []
    for name, value in given.items():
        field = _WHERE.fullmatch(name)
        if field and field[1] in filterable and len(value) <= MAX_VALUE_CHARACTERS:
            where.append((field[1], None if value in EMPTY else value))
        elif field and field[1] in filterable:
            wrong.append(_wrong(name, "too_long", "This is longer than any value."))
        elif field:
            wrong.append(_unknown(name, "field", filterable))
        elif name not in _OURS:
            wrong.append(
                _wrong(
                    name,
                    "unknown_parameter",
                    "This is no filter or order that is known here; known are: "
                    "where[..], sort[column], sort[order].",
                )
            )
    query = Query(
        tuple(where),
        _sort(given, sortable, wrong),
        _whole(given, "page", 1, MAX_PAGE, wrong),
        _whole(given, "per_page", DEFAULT_PER_PAGE, MAX_PER_PAGE, wrong),
    )
    if wrong:
        raise Refusal(
            Kind.INVALID,
            wrong[0].code,
            "The query parameters cannot be used as they are; `errors` says why.",
            parts=wrong,
        )
    return query


def described(
    filterable: Collection[str], sortable: Collection[str]
) -> list[dict[str, Any]]:
    """Describe the parameters that `read_query` takes, in OpenAPI's terms."""
    schemas: dict[str, tuple[dict[str, Any], str]] = {
        f"where[{field}]": (
            {"type": "string"},
            f"Only those whose {field} is this; empty or null: those without",
        )
        for field in filterable
    }
    schemas["sort[column]"] = (
        {"type": "string", "enum": list(sortable)},
        "What they are sorted by; as they were made, if nothing is said",
    )
    schemas["sort[order]"] = (
        {"type": "string", "enum": list(ORDERS), "default": "asc"},
        "Whether the largest comes last or first",
    )
    schemas["page"] = (
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1},
        "Which page, from 1",
    )
    schemas["per_page"] = (
        {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_PER_PAGE,
            "default": DEFAULT_PER_PAGE,
        },
        "How many a page has",
    )
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": schema,
            "description": description,
        }
        for name, (schema, description) in schemas.items()
    ]


def _sort(
    given: dict[str, str], sortable: Collection[str], wrong: list[Refusal]
) -> tuple[str, bool] | None:
    order = given.get("sort[order]", "asc")
    if order not in ORDERS:
        wrong.append(_wrong("sort[order]", "unknown_value", "Send asc or desc."))
    if "sort[column]" not in given:
        return (CREATED, True) if order == "desc" else None
    column = given["sort[column]"]
    if column not in sortable:
        wrong.append(_unknown("sort[column]", "column", sortable))
    return column, order == "desc"


def _whole(
    given: dict[str, str], name: str, default: int, largest: int, wrong: list[Refusal]
) -> int:
    text = given.get(name)
    if text is None:
        return default
    value = int(text) if _WHOLE.fullmatch(text) else 0
    if not 1 <= value <= largest:
        wrong.append(
            _wrong(
                name,
                "number_range",
                f"The {name} field must be a whole number from 1 to {largest}.",
            )
        )
    return value


def _unknown(name: str, what: str, known: Collection[str]) -> Refusal:
    names = ", ".join(sorted(known)) or "none"
    return _wrong(
        name, "unknown_field", f"There is no such {what} here; known are: {names}."
    )


def _wrong(name: str, code: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, code, detail, at=name[:64])
