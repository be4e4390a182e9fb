"""One page of a list, by what callers filter and sort by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.lists import Query
from testamur.core.papers import Listing

from . import rows

#: No id is larger.
MAX_ID_DIGITS = 18


@dataclass(frozen=True)
class Shelf:
    """A table, and what can be asked of it."""

    table: str
    columns: str
    noun: Callable[[Any], Any]
    #: Whether each column that can be filtered by holds whole numbers.
    filters: Mapping[str, bool]
    sorts: tuple[str, ...]


KINDS = Shelf(
    "document_types",
    rows.KIND,
    rows.kind,
    {"id": True, "description": False},
    ("id", "description", "created_at", "updated_at"),
)

DOCUMENTS = Shelf(
    "documents",
    rows.DOCUMENT,
    rows.document,
    {
        "id": True,
        "uuid": False,
        "status": False,
        "description": False,
        "document_type_id": True,
        "module_uuid": False,
        "file_uuid": False,
    },
    ("id", "description", "status", "created_at", "updated_at", "signed_at"),
)

SIGNATORIES = Shelf(
    "signatories",
    rows.SIGNATORY,
    rows.signatory,
    {
        "id": True,
        "uuid": False,
        "name": False,
        "email": False,
        "document_number": False,
    },
    ("id", "name", "email", "created_at", "updated_at"),
)


def listing(
    connection: Connection, shelf: Shelf, tenant_id: str, query: Query
) -> Listing:
    """Return the part of *shelf* that is wished for, and how many there are in all."""
    values: dict[str, Any] = {"tenant": tenant_id}
    conditions = ["tenant_id = :tenant"]
    for place, (name, value) in enumerate(query.where):
        is_number = shelf.filters[name]
        if value is None:
            conditions.append(f"{name} IS NULL")
        elif is_number and not _is_id(str(value)):
            conditions.append("FALSE")
        else:
            conditions.append(f"{name} = :value{place}")
            values[f"value{place}"] = int(value) if is_number else str(value)
    chosen = f"FROM {shelf.table} WHERE {' AND '.join(conditions)}"
    field, is_falling = query.sort or ("id", False)
    assert field in shelf.sorts
    way = "DESC" if is_falling else "ASC"
    # What was made later has the larger id.
    column = "id" if field == "created_at" else field
    order = f"{column} {way}" + ("" if column == "id" else f", id {way}")
    total = int(connection.scalar(text(f"SELECT count(*) {chosen}"), values) or 0)
    page = text(
        f"SELECT {shelf.columns} {chosen} ORDER BY {order} LIMIT :limit OFFSET :start"
    )
    start = (query.page - 1) * query.per_page
    values |= {"limit": query.per_page, "start": start}
    found = connection.execute(page, values) if start < total else ()
    return Listing(tuple(shelf.noun(row) for row in found), total)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS
