"""Places in status lists, handed out; and the lists as they are published."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.ids import new_id
from testamur.core.policy import STATUS_LIST_PLACES as SIZE

TAKE = text("""
    UPDATE status_lists SET used = used + :count
    WHERE id = (SELECT id FROM status_lists WHERE tenant_id = :tenant
                ORDER BY id DESC LIMIT 1)
      AND used + :count <= size
    RETURNING id, name, seed, used, size
""")

# SQLite has one writer. Here whoever else takes places of the tenant waits first,
# so that two who find no room open one list.
LOCK_TENANT = text("SELECT id FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")

OPEN = text("""
    INSERT INTO status_lists (name, tenant_id, seed, size, used, version)
    VALUES (:name, :tenant, :seed, :size, 0, 0)
""")


@dataclass(frozen=True, slots=True)
class Allocation:
    """Places of one list: *first_place* and as many after it as were asked for."""

    list_id: int
    #: What its address ends in.
    name: str
    #: `issuance.status_list.places` finds the indices from it.
    seed: bytes
    first_place: int
    #: How many places the list has.
    size: int


def allocate(connection: Connection, tenant_id: str, count: int) -> Allocation:
    """
    Hand out *count* places of one of the tenant's lists, for good.

    In the caller's transaction: when that is rolled back, the places were never
    handed out. A list without enough room for all of them is left as it is, and
    a new one is opened.
    """
    values: dict[str, Any] = {"tenant": tenant_id, "count": count}
    if not 0 < count <= SIZE:
        raise ValueError(f"{count} places in one list")
    if connection.dialect.name == "postgresql":
        connection.execute(LOCK_TENANT, values)
    taken = connection.execute(TAKE, values).first()
    if taken is None:
        seed = secrets.token_bytes(32)
        connection.execute(
            OPEN, {**values, "name": new_id(), "seed": seed, "size": SIZE}
        )
        taken = connection.execute(TAKE, values).one()
    return Allocation(
        list_id=taken.id,
        name=taken.name,
        seed=bytes(taken.seed),
        first_place=taken.used - count,
        size=taken.size,
    )
