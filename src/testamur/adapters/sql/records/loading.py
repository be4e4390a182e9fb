"""Records by the hundred thousand, for whoever has them already."""

import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection, text

from testamur.core.records import Definition
from testamur.records.ports import Plain

from ..database import Database
from ..schema import record_tables
from .shapes import Shape
from .tallies import FINE, SHIFTS, Place, apply, facets

#: How many are written at once: so few that others need not wait long.
BLOCK = 1 << SHIFTS[FINE]

NUMBERS = text("""
    SELECT nextval(pg_get_serial_sequence(:table, 'seq'))
    FROM generate_series(1, :count)
""")
LAST_NUMBER = text("SELECT seq FROM sqlite_sequence WHERE name = :table")


def load(
    database: Database,
    shape: Shape,
    tenant_id: str,
    rows: Iterable[Mapping[str, Plain]],
    now: int,
    *,
    at_once: int = BLOCK,
) -> int:
    """
    Store records that are known to be right; return how many there are.

    *rows* are values by field, of another record its `seq`. They are stored and
    tallied in blocks of *at_once*.

    After a crash there are the blocks that were stored, and not a part of one.
    """
    count = 0
    left = iter(rows)
    while block := list(islice(left, at_once)):
        with database.writing() as connection:
            numbers = _numbers(
                database, connection, shape.definition.resource, len(block)
            )
            _store(database, connection, shape, tenant_id, block, numbers, now)
            _tally(connection, shape.definition, tenant_id, block, numbers)
        count += len(block)
    return count


def _numbers(
    database: Database, connection: Connection, table: str, count: int
) -> Sequence[int]:
    """Return numbers that nothing has or will have."""
    if database.is_sqlite:
        first = (connection.scalar(LAST_NUMBER, {"table": table}) or 0) + 1
        return range(first, first + count)
    found = connection.scalars(NUMBERS, {"table": table, "count": count})
    return [int(number) for number in found]


def _store(
    database: Database,
    connection: Connection,
    shape: Shape,
    tenant_id: str,
    block: Sequence[Mapping[str, Plain]],
    numbers: Sequence[int],
    now: int,
) -> None:
    head = secrets.token_hex(3)
    database.bulk_insert(
        connection,
        record_tables[shape.definition.resource],
        ("seq", "uuid", "tenant_id", "created_at", "updated_at", *shape.stored_columns),
        (
            (number, _uuid(head), tenant_id, now, now, *shape.row(values).values())
            for number, values in zip(numbers, block, strict=True)
        ),
    )


def _uuid(head: str) -> str:
    """
    Return a random UUID (version 4) that begins with the six digits of *head*.

    Beginning alike, those of one block lie side by side in their index, and a block
    changes a handful of its pages instead of one for each. 98 bits are its own.
    """
    digits = secrets.token_hex(13)
    variant = "89ab"[int(digits[5], 16) & 3]
    return (
        f"{head}{digits[:2]}-{digits[6:10]}-4{digits[2:5]}-{variant}{digits[10:13]}-"
        f"{digits[13:25]}"
    )


def _tally(
    connection: Connection,
    definition: Definition,
    tenant_id: str,
    block: Sequence[Mapping[str, Plain]],
    numbers: Sequence[int],
) -> None:
    # First by fine block, of which there are two at most where numbers are in a row.
    by_block: dict[int, Counter[str]] = {}
    for number, values in zip(numbers, block, strict=True):
        found = by_block.setdefault(number >> SHIFTS[FINE], Counter())
        found.update(facets(definition, values))
    counted: Counter[Place] = Counter()
    for fine, found in by_block.items():
        for level, shift in SHIFTS.items():
            for one, count in found.items():
                counted[one, level, fine >> shift - SHIFTS[FINE]] += count
    apply(connection, tenant_id, definition.resource, counted)
