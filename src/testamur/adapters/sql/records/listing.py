"""
One page of a list, and how long the list is, for any table of tenants' things.

Where a table is tallied, the last page of ten million takes as long as the first:
in the order in which things were made, of all of them or of those with one value of a
tallied field. Everything else is counted by the database, and paged from its nearer
end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, text

from testamur.core.lists import CREATED, Query, Value

from .tallies import ALL, Tally, facet


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table that is filtered or sorted by."""

    sql: str
    #: Whether it may be empty; the empty ones are the smallest.
    is_nullable: bool = True
    #: Whether a value of it belongs to one tenant alone.
    implies_tenant: bool = False
    #: What its values are tallied as, if they are.
    tallied_as: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A table, and what can be asked of it."""

    table: str
    #: What is read of an entry: SQL in which the table is called `t`.
    columns: str
    filterable: Mapping[str, Column]
    #: Without `created_at`, which every list can be sorted by.
    sortable: Mapping[str, Column]
    joins: str = ""
    tenant_column: str = "tenant_id"
    #: A unique column that grows: the order in which entries were made.
    key: str = "seq"
    #: What else must be so of every entry: SQL.
    only: str = ""
    #: Whether the table's name is one of `record_tallies`' resources.
    is_tallied: bool = False


def listing(
    connection: Connection, of: Listing, tenant_id: str, query: Query
) -> tuple[Sequence[Sequence[Any]], int]:
    """
    Return the rows of the page that *query* asks for, and how many there are in all.

    The fields of *query* are ones that *of* names, with values as they are stored.
    """
    condition, values = _condition(of, tenant_id, query.where)
    by, is_falling = query.sort or (CREATED, False)
    tally = _tally(connection, of, tenant_id, query.where)
    if tally is None:
        count = f"SELECT count(*) FROM {of.table} WHERE {condition}"
        total = int(connection.scalar(text(count), values) or 0)
    else:
        total = tally.total
    skipped = (query.page - 1) * query.per_page
    count_of_page = min(query.per_page, total - skipped)
    if count_of_page <= 0:
        return [], total
    # Its place in rising order; a list in falling order is the same one, reversed.
    place = total - skipped - count_of_page if is_falling else skipped
    is_reversed = False
    if tally is not None and by == CREATED:
        stretch = tally.stretch(place, count_of_page)
        condition += f" AND {of.key} BETWEEN :first AND :last"
        values |= {"first": stretch.first, "last": stretch.last}
        skip = stretch.skip
    else:
        from_end = total - place - count_of_page
        is_reversed = from_end < place
        skip = min(place, from_end)
    column = None if by == CREATED else of.sortable[by]
    order = _order(of, column, is_reversed=is_reversed)
    # First which entries, from an index alone; a planner that sees all at once may
    # join the whole table to find a page of it.
    keys = connection.scalars(
        text(
            f"SELECT {of.key} FROM {of.table} WHERE {condition} "
            f"ORDER BY {order} LIMIT :count OFFSET :skip"
        ),
        {**values, "count": count_of_page, "skip": skip},
    ).all()
    rows = connection.execute(
        text(
            f"SELECT t.{of.key}, {of.columns} FROM {of.table} t {of.joins} "
            f"WHERE t.{of.key} IN :keys"
        ).bindparams(bindparam("keys", expanding=True)),
        {"keys": keys},
    )
    found = {row[0]: row[1:] for row in rows}
    if is_reversed != is_falling:
        keys = keys[::-1]
    return [found[key] for key in keys if key in found], total


def _tally(
    connection: Connection,
    of: Listing,
    tenant_id: str,
    where: Sequence[tuple[str, Value]],
) -> Tally | None:
    """Return what counts just these entries, if something does."""
    if not of.is_tallied or len(where) > 1:
        return None
    its_facet = ALL
    for field, value in where:
        column = of.filterable[field]
        if not column.tallied_as:
            return None
        its_facet = facet(column.tallied_as, value)
    return Tally(connection, tenant_id, of.table, its_facet)


def _condition(
    of: Listing, tenant_id: str, where: Sequence[tuple[str, Value]]
) -> tuple[str, dict[str, Any]]:
    parts = []
    values: dict[str, Any] = {}
    is_walled = False
    for number, (field, value) in enumerate(where):
        column = of.filterable[field]
        if value is None:
            parts.append(f"{column.sql} IS NULL")
        else:
            parts.append(f"{column.sql} = :value_{number}")
            values[f"value_{number}"] = value
            is_walled = is_walled or column.implies_tenant
    if of.only:
        parts.append(of.only)
    if not is_walled:
        parts.insert(0, f"{of.tenant_column} = :tenant")
        values["tenant"] = tenant_id
    return " AND ".join(parts), values


def _order(of: Listing, column: Column | None, *, is_reversed: bool) -> str:
    """Spell an order that leaves no two entries equal, the empty ones first."""
    direction = " DESC" if is_reversed else ""
    key = f"{of.key}{direction}"
    if column is None:
        return key
    nulls = f" NULLS {'LAST' if is_reversed else 'FIRST'}" if column.is_nullable else ""
    return f"{column.sql}{direction}{nulls}, {key}"
