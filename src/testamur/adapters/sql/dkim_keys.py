"""The table of keys that mails are signed with: `delivery.dkim.ports.DkimStore`."""

from collections.abc import Sequence

from sqlalchemy import text

from testamur.core.mail_keys import DkimAlgorithm, DkimKey

from .audit import append
from .database import Database

ADD = text("""
    INSERT INTO dkim_keys (id, domain, selector, algorithm, public, sealed, created_at)
    VALUES (:id, :domain, :selector, :algorithm, :public, :sealed, :created_at)
    ON CONFLICT (domain, selector) DO NOTHING RETURNING id
""")

ALL = text("""
    SELECT id, domain, selector, algorithm, public, sealed, created_at
    FROM dkim_keys ORDER BY domain, created_at, selector
""")

REMOVE = text("""
    DELETE FROM dkim_keys WHERE domain = :domain AND selector = :selector
    RETURNING id, algorithm
""")


class SqlDkimKeys:
    """The keys in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: DkimKey, *, by: str) -> bool:
        """Keep a key; False when its domain has one with the selector."""
        values = {
            "id": key.id,
            "domain": key.domain,
            "selector": key.selector,
            "algorithm": str(key.algorithm),
            "public": key.public,
            "sealed": key.sealed,
            "created_at": key.created_at,
        }
        with self._database.writing() as connection:
            if connection.execute(ADD, values).first() is None:
                return False
            append(
                connection,
                at=key.created_at,
                tenant_id=None,
                actor=by,
                act="dkim_key.add",
                subject=key.id,
                detail={
                    "domain": key.domain,
                    "selector": key.selector,
                    "algorithm": str(key.algorithm),
                },
            )
        return True

    def all(self) -> Sequence[DkimKey]:
        """Return every key, by domain, the oldest first."""
        with self._database.reading() as connection:
            return [
                DkimKey(
                    row.id,
                    row.domain,
                    row.selector,
                    DkimAlgorithm(row.algorithm),
                    bytes(row.public),
                    bytes(row.sealed),
                    row.created_at,
                )
                for row in connection.execute(ALL)
            ]

    def remove(self, domain: str, selector: str, now: int, *, by: str) -> bool:
        """Forget a key for ever; say whether it was there."""
        values = {"domain": domain, "selector": selector}
        with self._database.writing() as connection:
            gone = connection.execute(REMOVE, values).first()
            if gone is None:
                return False
            append(
                connection,
                at=now,
                tenant_id=None,
                actor=by,
                act="dkim_key.remove",
                subject=gone.id,
                detail={**values, "algorithm": gone.algorithm},
            )
        return True
