"""The audit log's table: who did what, each entry bound to the one before it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError, OperationalError

from testamur.access.ports import AuditEntry, AuditFilter
from testamur.core.chain import START, canonical, link
from testamur.core.refusals import Fault

from .database import Database

#: Any number, the same for everybody who appends (and not the migrations').
LOCK = text("SELECT pg_advisory_xact_lock(7450231)")

HEAD = text("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")

APPEND = text("""
    INSERT INTO audit (seq, at, tenant_id, actor, act, subject, detail, hash)
    VALUES (:seq, :at, :tenant_id, :actor, :act, :subject, :detail, :hash)
""")


def append(
    connection: Connection,
    *,
    at: int,
    tenant_id: str | None,
    actor: str,
    act: str,
    subject: str,
    detail: Mapping[str, object],
) -> None:
    """
    Add the next entry; it is true when the caller's transaction is, or never.

    *actor* is the id of the key or token that asked, a worker's name, or
    `operator`. *subject* is the id of what was acted on. *detail* holds ids and
    counts: never a secret, and nothing about a person, since entries are for ever.

    On PostgreSQL whoever appends waits for the transaction that appended before.
    So lock every other row first, and append last: two transactions that do it in
    different orders would wait for each other.

    Raises:
        Fault: passing; the transaction must be undone.
    """
    if connection.dialect.name != "sqlite":  # which has one writer at a time
        connection.execute(LOCK)
    # A statement of its own: it sees what was committed while we waited.
    newest = connection.execute(HEAD).first()
    seq, previous = (newest.seq, bytes(newest.hash)) if newest else (0, START)
    fields = (seq + 1, at, tenant_id, actor, act, subject, canonical(dict(detail)))
    values = {
        "seq": seq + 1,
        "at": at,
        "tenant_id": tenant_id,
        "actor": actor,
        "act": act,
        "subject": subject,
        "detail": fields[-1],
        "hash": link(previous, *fields),
    }
    try:
        connection.execute(APPEND, values)
    except OperationalError:  # a full disk, a lost connection: explained elsewhere
        raise
    except DBAPIError as error:
        raise Fault(
            f"the audit log cannot be written ({error.orig}): nothing is done that it "
            "would have to tell",
            passing=True,
        ) from error


COLUMNS = "seq, at, tenant_id, actor, act, subject, detail, hash"

AFTER = text(f"SELECT {COLUMNS} FROM audit WHERE seq > :seq ORDER BY seq LIMIT :limit")

NEWEST = text(f"SELECT {COLUMNS} FROM audit ORDER BY seq DESC LIMIT 1")


class SqlAuditTrail:
    """The audit log in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, wanted: AuditFilter) -> int:
        """Return how many entries are wanted."""
        where, values = _conditions(wanted)
        with self._database.reading() as connection:
            query = text(f"SELECT count(*) FROM audit WHERE {where}")
            return int(connection.scalar(query, values) or 0)

    def entries(
        self, wanted: AuditFilter, start: int, limit: int
    ) -> Sequence[AuditEntry]:
        """Return wanted entries from the *start*-th on (0 is the oldest)."""
        where, values = _conditions(wanted)
        query = text(
            f"SELECT {COLUMNS} FROM audit WHERE {where} ORDER BY seq "
            "LIMIT :limit OFFSET :start"
        )
        values |= {"start": start, "limit": limit}
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(query, values)]

    def after(self, seq: int, limit: int) -> Sequence[AuditEntry]:
        """Return the entries that follow number *seq*, the oldest first."""
        values = {"seq": seq, "limit": limit}
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(AFTER, values)]

    def head(self) -> AuditEntry | None:
        """Return the newest entry; None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(NEWEST).first()
        return None if row is None else _entry(row)


def _conditions(wanted: AuditFilter) -> tuple[str, dict[str, Any]]:
    values = {
        name: value
        for name in ("tenant_id", "act", "since")
        if (value := getattr(wanted, name)) is not None
    }
    conditions = [
        "at >= :since" if name == "since" else f"{name} = :{name}" for name in values
    ]
    return " AND ".join(conditions) or "TRUE", values


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        seq=row.seq,
        at=row.at,
        tenant_id=row.tenant_id,
        actor=row.actor,
        act=row.act,
        subject=row.subject,
        detail=row.detail,
        hash=bytes(row.hash),
    )
