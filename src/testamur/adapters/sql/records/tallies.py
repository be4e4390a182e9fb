"""
How many records there are, counted as they come and go.

A tally counts the records of one tenant in one block of their numbers (`seq`): all of
them, or those with one value of a field. So a total is the sum of a few tallies, and
what stands at any place of a list is found by walking over them, however long the list
is. Tallies change in the transaction that changes records, last of all and in one
order, so that two transactions wait for each other and never block each other.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from testamur.core.records import Definition
from testamur.records.ports import Plain

#: By level: how many bits of `seq` are left out. Some thousand index entries are
#: walked over in half a millisecond; and a million records are one coarse block.
FINE, COARSE = 1, 2
SHIFTS = {FINE: 12, COARSE: 20}

#: The facet of all records.
ALL = ""

#: Facet, level and block.
Place = tuple[str, int, int]

ADD = text("""
    INSERT INTO record_tallies (tenant_id, resource, facet, level, block, count)
    VALUES (:tenant, :resource, :facet, :level, :block, :count)
    ON CONFLICT (tenant_id, resource, facet, level, block)
    DO UPDATE SET count = record_tallies.count + excluded.count
""")

READ = text("""
    SELECT block, count FROM record_tallies
    WHERE tenant_id = :tenant AND resource = :resource AND facet = :facet
      AND level = :level AND block BETWEEN :first AND :last
    ORDER BY block
""")

LAST_BLOCK = 2**62


def facet(name: str, value: Plain) -> str:
    """
    Return the facet of records whose field *name* has this value.

    >>> facet("status", "active"), facet("cohort", None)
    ('status=active', 'cohort=')
    """
    return f"{name}={'' if value is None else value}"


def facets(definition: Definition, values: Mapping[str, Plain]) -> list[str]:
    """Return every facet that a record with these values is counted in."""
    return [ALL, *(facet(name, values[name]) for name in definition.tallied)]


def places(seq: int, its_facets: Iterable[str]) -> Iterable[Place]:
    """Give every place in which a record is counted."""
    for one in its_facets:
        for level, shift in SHIFTS.items():
            yield one, level, seq >> shift


def apply(
    connection: Connection, tenant_id: str, resource: str, changes: Counter[Place]
) -> None:
    """Add *changes* to the tallies; the caller changes nothing after that."""
    told = [
        {
            "tenant": tenant_id,
            "resource": resource,
            "facet": one,
            "level": level,
            "block": block,
            "count": count,
        }
        for (one, level, block), count in sorted(changes.items())
        if count
    ]
    if told:
        connection.execute(ADD, told)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where in a list some of its records are: in these numbers, after *skip*."""

    first: int
    last: int
    skip: int


class Tally:
    """The tallies of one facet of one tenant's records."""

    def __init__(
        self, connection: Connection, tenant_id: str, resource: str, its_facet: str
    ) -> None:
        self._connection = connection
        self._of = {"tenant": tenant_id, "resource": resource, "facet": its_facet}
        self._coarse = self._read(COARSE, 0, LAST_BLOCK)
        #: By coarse block; a page is in one of them, or in two.
        self._fine: dict[int, list[tuple[int, int]]] = {}

    @property
    def total(self) -> int:
        """How many records there are."""
        return sum(count for _, count in self._coarse)

    def stretch(self, place: int, count: int) -> Stretch:
        """Return where the *count* records from *place* on are, counted from 0."""
        first, skip = self._block_of(place)
        last, _ = self._block_of(place + count - 1)
        shift = SHIFTS[FINE]
        return Stretch(first << shift, ((last + 1) << shift) - 1, skip)

    def _block_of(self, place: int) -> tuple[int, int]:
        """Return the fine block of what stands at *place*, and its place in there."""
        block, left = _walk(self._coarse, place)
        if block not in self._fine:
            width = SHIFTS[COARSE] - SHIFTS[FINE]
            self._fine[block] = self._read(
                FINE, block << width, ((block + 1) << width) - 1
            )
        return _walk(self._fine[block], left)

    def _read(self, level: int, first: int, last: int) -> list[tuple[int, int]]:
        found = self._connection.execute(
            READ, {**self._of, "level": level, "first": first, "last": last}
        )
        return [(int(block), int(count)) for block, count in found]


def _walk(blocks: Iterable[tuple[int, int]], place: int) -> tuple[int, int]:
    """Return the block that *place* is in, and how many of it come before."""
    found = (0, 0)
    for block, count in blocks:
        if place < count:
            return block, place
        # Somebody may have deleted meanwhile what we counted: then the end is meant.
        if count:
            found = (block, count)
        place -= count
    return found


def disagreement(definition: Definition) -> str:
    """Return the query that finds tallies which differ from the records."""
    table = definition.resource
    expressions = ["CAST('' AS TEXT)"] + [
        f"'{name}=' || coalesce(CAST({definition.by_name[name].column} AS TEXT), '')"
        for name in definition.tallied
    ]
    # Fine tallies are held against the records, coarse ones against the fine.
    counted = "".join(
        f"""
        UNION ALL
        SELECT tenant_id, {expression}, {FINE}, seq >> {SHIFTS[FINE]}, -count(*)
        FROM {table} GROUP BY 1, 2, 4"""
        for expression in expressions
    )
    return f"""
        SELECT min(tenant_id) FROM (
        SELECT tenant_id, facet, level, block, count AS counted
        FROM record_tallies WHERE resource = '{table}'
        UNION ALL
        SELECT tenant_id, facet, {COARSE}, block >> {SHIFTS[COARSE] - SHIFTS[FINE]},
          -count
        FROM record_tallies WHERE resource = '{table}' AND level = {FINE}{counted}
        ) AS compared
        GROUP BY tenant_id, facet, level, block HAVING sum(counted) <> 0
    """
