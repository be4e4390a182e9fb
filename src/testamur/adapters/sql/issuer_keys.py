"""The tenants' signing keys, sealed: `issuance.ports.KeyStore`."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from testamur.issuance.ports import Algorithm, IssuerKey

from .audit import append
from .database import Database
from .schema import issuer_keys, tenants


class SqlIssuerKeys:
    """
    Fits `KeyStore`. Every method is one transaction.

    A change and its entry in the audit log are made together, or not at all.
    """

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
            _tell(connection, "key.made", key.made_at, by, key.id, key)
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
        self._mark(key_id, "retired", at, by)

    def revoke(self, key_id: str, at: int, *, by: str) -> None:
        """Distrust the key for ever; no change if it is revoked already."""
        self._mark(key_id, "revoked", at, by)

    def _mark(self, key_id: str, event: str, at: int, by: str) -> None:
        column = issuer_keys.c[f"{event}_at"]
        change = (
            update(issuer_keys)
            .where(issuer_keys.c.id == key_id, column.is_(None))
            .values({column: at})
            .returning(issuer_keys.c.tenant_id, issuer_keys.c.algorithm)
        )
        with self._database.writing() as connection:
            marked = connection.execute(change).one_or_none()
            if marked is not None:
                _tell(connection, f"key.{event}", at, by, key_id, marked)


def _tell(
    connection: Connection, act: str, at: int, by: str, key_id: str, key: Any
) -> None:
    append(
        connection,
        at=at,
        tenant_id=key.tenant_id,
        actor=by,
        act=act,
        subject=key_id,
        detail={"algorithm": str(key.algorithm)},
    )


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
