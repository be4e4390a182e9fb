"""Places in status lists, handed out; and the lists as they are published."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.clock import Clock
from testamur.core.ids import is_id, new_id
from testamur.core.policy import STATUS_LIST_PLACES as SIZE
from testamur.issuance.ports import StatusList

from .audit import append
from .database import Database

TAKE = text("""
    UPDATE status_lists SET used = used + :count
    WHERE id = (SELECT id FROM status_lists WHERE tenant_id = :tenant
                AND public_url = :public_url ORDER BY id DESC LIMIT 1)
      AND used + :count <= size
    RETURNING id, name, seed, used, size
""")

# SQLite has one writer. Here whoever else takes places of the tenant waits first,
# so that two who find no room open one list.
LOCK_TENANT = text("SELECT id FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")

OPEN = text("""
    INSERT INTO status_lists (name, tenant_id, public_url, seed, size, used, version)
    VALUES (:name, :tenant, :public_url, :seed, :size, 0, 0)
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


def allocate(
    connection: Connection, tenant_id: str, count: int, public_url: str
) -> Allocation:
    """
    Hand out *count* places of one of the tenant's lists, for good.

    Of a list that is published under *public_url*: there certificates look for it.

    In the caller's transaction: when that is rolled back, the places were never
    handed out. A list without enough room for all of them is left as it is, and
    a new one is opened.
    """
    values: dict[str, Any] = {"tenant": tenant_id, "count": count}
    values["public_url"] = public_url
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


FIND = text("""
    SELECT l.id, l.tenant_id, t.slug, l.public_url, l.size, l.version, l.changed_at
    FROM status_lists l JOIN tenants t ON t.id = l.tenant_id WHERE l.name = :name
""")

NAMES = text("SELECT name FROM status_lists WHERE tenant_id = :tenant ORDER BY id")

INDICES = text("""
    SELECT status_index FROM standings WHERE status_list_id = :list
    UNION ALL
    SELECT status_index FROM secured_standings WHERE status_list_id = :list
""")

SUSPENDED = text("""
    SELECT status_index FROM standings
    WHERE status_list_id = :list AND standing = 'suspended'
    UNION ALL
    SELECT status_index FROM secured_standings
    WHERE status_list_id = :list AND standing = 'suspended'
""")


class SqlStatusLists:
    """`issuance.ports.StatusLists` in the tables of *database*."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, name: str) -> StatusList | None:
        """Return the list whose address ends in *name*."""
        if not is_id(name):
            return None
        with self._database.reading() as connection:
            row = connection.execute(FIND, {"name": name}).first()
        return StatusList(*row) if row else None

    def names(self, tenant_id: str) -> Sequence[str]:
        """Return what the addresses of the tenant's lists end in, the oldest first."""
        with self._database.reading() as connection:
            return list(connection.scalars(NAMES, {"tenant": tenant_id}))

    def indices(self, list_id: int, *, suspended_only: bool) -> Sequence[int]:
        """Return the places of certificates that are suspended, or revoked as well."""
        with self._database.reading() as connection:
            query = SUSPENDED if suspended_only else INDICES
            return list(connection.scalars(query, {"list": list_id}))

    def note_signing(self, status_list: StatusList, key_id: str, purpose: str) -> None:
        """Tell the audit log that a key is about to sign the list."""
        with self._database.writing() as connection:
            append(
                connection,
                at=self._clock(),
                tenant_id=status_list.tenant_id,
                actor="house",
                act="key.used",
                subject=key_id,
                detail={
                    "statusList": status_list.id,
                    "version": status_list.version,
                    "purpose": purpose,
                },
            )
