"""What this wire's answers have in common: envelopes, pages and moments."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


def moment(at: int | None) -> str | None:
    """
    Spell a moment (milliseconds) as Laravel does.

    >>> moment(1_733_011_200_000)
    '2024-12-01T00:00:00.000000Z'
    """
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def data(value: object) -> dict[str, Any]:
    """Return *value* in its envelope."""
    return {"data": value}


def page(
    items: Sequence[object], *, number: int, size: int, total: int, path: str
) -> dict[str, Any]:
    """
    Return one page of a list, and where it stands in it.

    There is always a last page, and it is page 1 of an empty list.
    """
    first = (number - 1) * size + 1 if items else None
    return {
        "data": items,
        "meta": {
            "current_page": number,
            "from": first,
            "last_page": max(1, -(-total // size)),
            "path": path,
            "per_page": size,
            "to": None if first is None else first + len(items) - 1,
            "total": total,
        },
    }
