"""
Query parameters: each once, each known, each exactly as documented.

Python's int() takes " 1", "1_000" and "١٢"; frameworks take the last of two
values that disagree. Neither is a number or a wish that anybody documented.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from testamur.core.refusals import Kind, Refusal

WHOLE = re.compile(r"[1-9][0-9]{0,6}")
MAX_PARAMETERS = 32
MAX_PAGE = 9_999_999
MAX_LIMIT = 100

#: A percent sign that introduces nothing.
STRAY_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of one request, each given once at most."""

    values: dict[str, str]

    def one(self, name: str) -> str | None:
        """Return the parameter *name*; None when it was not given."""
        return self.values.get(name)

    def page(self) -> int:
        """Return which page is asked for, from 1; the first unless one is named."""
        return read_whole(self.values.get("page", "1"), "page", largest=MAX_PAGE)

    def limit(self, *, default: int) -> int:
        """Return how many entries a page may have, 1 to 100."""
        text = self.values.get("limit", str(default))
        return read_whole(text, "limit", largest=MAX_LIMIT)

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """
        Return the parameter *name*, which is one of *choices*; None when not given.

        Raises:
            Refusal: INVALID, when it is anything else; case counts.
        """
        value = self.values.get(name)
        if value is None or value in choices:
            return value
        raise Refusal(
            Kind.INVALID,
            "unknown_value",
            f"{name} is one of: {', '.join(sorted(choices))}.",
            at=name,
        )


def documented(schemas: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Describe optional query parameters in OpenAPI's terms: name to schema."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "schema": {
                    key: value for key, value in schema.items() if key != "description"
                },
                "description": schema.get("description", ""),
            }
            for name, schema in schemas.items()
        ]
    }


#: What every list takes, in OpenAPI's terms.
PAGE_SCHEMA: dict[str, object] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_PAGE,
    "default": 1,
}
LIMIT_SCHEMA: dict[str, object] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_LIMIT,
    "default": 20,
}


def query_of(request: Request, *, allowed: Collection[str]) -> Query:
    """Return the parameters of *request*. Raises as `read_query` does."""
    return read_query(request.scope["query_string"], allowed)


def read_query(query: bytes, allowed: Collection[str]) -> Query:
    """
    Return the parameters of the query string *query* (without its "?").

    >>> read_query(b"page=2&status=queued", ("page", "limit", "status")).page()
    2

    Raises:
        Refusal: INVALID, `at` the parameter: unknown, given twice, not UTF-8, a NUL.
    """
    found: dict[str, str] = {}
    for name, value in read_pairs(query):
        if name not in allowed:
            names = ", ".join(sorted(allowed)) or "none"
            raise Refusal(
                Kind.INVALID,
                "unknown_parameter",
                f"This parameter is not known here; known are: {names}.",
                at=name[:64],
            )
        if name in found:
            raise Refusal(
                Kind.INVALID, "repeated_parameter", f"Send {name} once.", at=name
            )
        found[name] = value
    return Query(found)


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Return the parameters of *request* one by one. Raises as `read_pairs` does."""
    return read_pairs(request.scope["query_string"])


def read_pairs(query: bytes) -> list[tuple[str, str]]:
    """
    Return the parameters of the query string *query*, as often as they are given.

    >>> read_pairs(b"where[status]=active&page=2")
    [('where[status]', 'active'), ('page', '2')]

    Raises:
        Refusal: INVALID: too many, not UTF-8, a NUL.
    """
    try:
        if STRAY_PERCENT.search(query):
            raise ValueError
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:
        raise Refusal(
            Kind.INVALID,
            "query_encoding",
            f"Send at most {MAX_PARAMETERS} parameters, percent-encoded in UTF-8.",
        ) from None
    for name, value in pairs:
        if "\0" in value:  # no stored text has it, and PostgreSQL cannot hold it
            raise Refusal(
                Kind.INVALID,
                "query_encoding",
                f"Take the NUL (%00) out of {name[:64]}.",
                at=name[:64],
            )
    return pairs


def read_whole(text: str, at: str, *, largest: int) -> int:
    """
    Return *text* as a number from 1 to *largest*; *at* says whose value it is.

    >>> read_whole("25", "limit", largest=100)
    25

    Raises:
        Refusal: INVALID, when it is anything else.
    """
    value = int(text) if WHOLE.fullmatch(text) else 0
    if not 1 <= value <= largest:
        raise Refusal(
            Kind.INVALID,
            "number_range",
            f"{at} is a whole number from 1 to {largest:,}, in plain digits.",
            at=at,
        )
    return value
