"""The suppression lists' table: `delivery.suppression.ports.SuppressionStore`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Connection, bindparam, text

from testamur.core.ids import new_id
from testamur.core.suppressions import Suppression, SuppressionReason
from testamur.delivery.suppression.ports import Entry

from .audit import append
from .database import Database

COLUMNS = "seq, id, tenant_id, address, reason, created_at"

# Who was erased and is written about again has an address again.
ADD = text(f"""
    INSERT INTO suppressions (id, tenant_id, digest, address, reason, created_at)
    VALUES (:id, :tenant, :digest, :address, :reason, :now)
    ON CONFLICT (digest, reason) DO UPDATE
      SET address = coalesce(suppressions.address, excluded.address)
    RETURNING {COLUMNS}
""")

REMOVE = text("""
    DELETE FROM suppressions WHERE tenant_id = :tenant AND id = :id RETURNING reason
""")

REMOVE_DIGEST = text("""
    DELETE FROM suppressions WHERE tenant_id = :tenant AND digest = :digest
      AND (:reason = '' OR reason = :reason)
    RETURNING id, reason
""")

PAGE = f"""
    SELECT {COLUMNS} FROM suppressions
    WHERE tenant_id = :tenant {{more}} ORDER BY seq DESC LIMIT :limit
"""

AMONG = text(
    "SELECT digest, reason FROM suppressions WHERE digest IN :digests"
).bindparams(bindparam("digests", expanding=True))

# The mail may be gone, and its recipient erased: the tenant is there.
OF_MAIL = text("""
    SELECT t.name, coalesce(o.recipient, '') AS recipient FROM tenants t
    LEFT JOIN outbox o ON o.tenant_id = t.id AND o.id = :mail WHERE t.id = :tenant
""")

#: How many are asked for at once: SQLite's statements take few parameters.
PART = 500

#: How many are added at once: others who write wait for a quarter of a second.
AT_ONCE = 4_000


class SqlSuppressions:
    """The lists in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, tenant_id: str, entry: Entry, now: int, *, by: str | None
    ) -> tuple[Suppression, bool]:
        """Put an address on the list; say whether it was not there for this reason."""
        with self._database.writing() as connection:
            found, is_new = add_in(connection, tenant_id, entry, now)
            if is_new and by is not None:
                detail = {"reason": str(entry.reason)}
                _note(connection, "add", tenant_id, found.id, now, by, detail)
        return found, is_new

    def add_all(
        self, tenant_id: str, entries: Iterable[Entry], now: int, *, by: str
    ) -> int:
        """Put addresses on the list, part by part; return how many are new."""
        ordered, total = list(entries), 0
        for start in range(0, len(ordered), AT_ONCE):
            with self._database.writing() as connection:
                count = sum(
                    add_in(connection, tenant_id, entry, now)[1]
                    for entry in ordered[start : start + AT_ONCE]
                )
                if count:
                    detail = {"count": count}
                    _note(connection, "import", tenant_id, tenant_id, now, by, detail)
            total += count
        return total

    def remove(self, tenant_id: str, name: str, now: int, *, by: str) -> bool:
        """Take the entry with this id off the list; say whether it was there."""
        values = {"tenant": tenant_id, "id": name}
        with self._database.writing() as connection:
            gone = connection.execute(REMOVE, values).first()
            if gone is not None:
                detail = {"reason": gone.reason}
                _note(connection, "remove", tenant_id, name, now, by, detail)
        return gone is not None

    def remove_digest(
        self,
        tenant_id: str,
        digest: str,
        now: int,
        *,
        reason: SuppressionReason | None,
        by: str | None,
    ) -> int:
        """Take an address off, for one reason or for all; return how many entries."""
        values = {"tenant": tenant_id, "digest": digest, "reason": reason or ""}
        with self._database.writing() as connection:
            gone = connection.execute(REMOVE_DIGEST, values).all()
            for row in gone if by is not None else ():
                detail = {"reason": row.reason}
                _note(connection, "remove", tenant_id, row.id, now, by or "", detail)
        return len(gone)

    def page(
        self,
        tenant_id: str,
        *,
        digest: str | None,
        reason: SuppressionReason | None,
        before: int | None,
        limit: int,
    ) -> Sequence[Suppression]:
        """Return entries, the newest first, with numbers below *before*."""
        wanted = {"digest": digest, "reason": reason, "before": before}
        values = {name: one for name, one in wanted.items() if one is not None}
        more = "".join(
            f" AND {'seq <' if name == 'before' else f'{name} ='} :{name}"
            for name in values
        )
        query = text(PAGE.format(more=more))
        values |= {"tenant": tenant_id, "limit": limit}
        with self._database.reading() as connection:
            return [_read(row) for row in connection.execute(query, values)]

    def among(self, digests: Collection[str]) -> Mapping[str, Set[SuppressionReason]]:
        """Return those of *digests* that are on a list, and for which reasons."""
        found: dict[str, set[SuppressionReason]] = {}
        with self._database.reading() as connection:
            for part in _parts(digests):
                for digest, why in connection.execute(AMONG, {"digests": part}):
                    found.setdefault(digest, set()).add(SuppressionReason(why))
        return found


def add_in(
    connection: Connection, tenant_id: str, entry: Entry, now: int
) -> tuple[Suppression, bool]:
    """As `SqlSuppressions.add`, within the caller's transaction."""
    name = new_id()
    values = {
        "id": name,
        "tenant": tenant_id,
        "digest": entry.digest,
        "address": entry.address,
        "reason": str(entry.reason),
        "now": now,
    }
    found = _read(connection.execute(ADD, values).one())
    return found, found.id == name


def tenant_and_recipient(
    database: Database, tenant_id: str, mail_id: str
) -> tuple[str, str] | None:
    """Return a tenant's name, and to whom a mail of theirs goes, if that is known."""
    values = {"tenant": tenant_id, "mail": mail_id}
    with database.reading() as connection:
        found = connection.execute(OF_MAIL, values).first()
    return None if found is None else (found.name, found.recipient)


def _note(
    connection: Connection,
    verb: str,
    tenant_id: str,
    subject: str,
    now: int,
    by: str,
    detail: Mapping[str, object],
) -> None:
    append(
        connection,
        at=now,
        tenant_id=tenant_id,
        actor=by,
        act=f"suppression.{verb}",
        subject=subject,
        detail=detail,
    )


def _parts(digests: Iterable[str]) -> Iterator[list[str]]:
    ordered = list(digests)
    for start in range(0, len(ordered), PART):
        yield ordered[start : start + PART]


def _read(row: Any) -> Suppression:
    return Suppression(
        row.seq,
        row.id,
        row.tenant_id,
        row.address,
        SuppressionReason(row.reason),
        row.created_at,
    )
