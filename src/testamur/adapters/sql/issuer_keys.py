"""The tenants' signing keys, sealed: `issuance.ports.KeyStore`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from testamur.issuance.ports import Algorithm, IssuerKey

from .database import Database
from .schema import issuer_keys, tenants


class SqlIssuerKeys:
    """Fits `KeyStore`. Every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: IssuerKey, *, by: str) -> IssuerKey:
        """Keep *key*, unless one of its kind is in force; return that in force."""
        with self._database.writing() as connection:
            # On PostgreSQL, who is first makes the others wait here; SQLite has
            # one writer anyway.
            connection.execute(
                select(tenants.c.id).where(tenants.c.id == key.tenant_id)
                .with_for_update()
            )  # fmt: skip
            for other in _of_tenant(connection, key.tenant_id):
                if other.algorithm is key.algorithm and other.is_in_force:
                    return other
            connection.execute(
                insert(issuer_keys).values(
                    id=key.id,
                    tenant_id=key.tenant_id,
                    algorithm=str(key.algorithm),
                    public=key.public,
                    sealed=key.sealed,
                    made_at=key.made_at,
                )
            )
        return key

    def find(self, key_id: str) -> IssuerKey | None:
        """Return the key as it is now, or None."""
        query = select(issuer_keys).where(issuer_keys.c.id == key_id)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _key(row)

    def of_tenant(self, tenant_id: str) -> Sequence[IssuerKey]:
        """Return every key the tenant ever had, the newest first."""
        with self._database.reading() as connection:
            return _of_tenant(connection, tenant_id)

    def retire(self, key_id: str, at: int, *, by: str) -> None:
        """Let the key sign no new job; no change if it is retired already."""
        self._mark(key_id, "retired_at", at)

    def revoke(self, key_id: str, at: int, *, by: str) -> None:
        """Distrust the key for ever; no change if it is revoked already."""
        self._mark(key_id, "revoked_at", at)

    def _mark(self, key_id: str, column: str, at: int) -> None:
        change = (
            update(issuer_keys)
            .where(issuer_keys.c.id == key_id, issuer_keys.c[column].is_(None))
            .values({column: at})
        )
        with self._database.writing() as connection:
            connection.execute(change)


def _of_tenant(connection: Connection, tenant_id: str) -> list[IssuerKey]:
    query = (
        select(issuer_keys)
        .where(issuer_keys.c.tenant_id == tenant_id)
        .order_by(issuer_keys.c.made_at.desc(), issuer_keys.c.id.desc())
    )
    return [_key(row) for row in connection.execute(query)]


def _key(row: Row[Any]) -> IssuerKey:
    return IssuerKey(
        row.id,
        row.tenant_id,
        Algorithm(row.algorithm),
        bytes(row.public),
        bytes(row.sealed),
        row.made_at,
        row.retired_at,
        row.revoked_at,
    )
