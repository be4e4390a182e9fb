"""The table of events: written with the facts, read in their order."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, TextClause, text

from testamur.core.events import Event, EventType, Happening
from testamur.core.ids import new_id

from .database import Database
from .schema import events

COLUMNS = ("id", "tenant_id", "type", "subject", "data", "created_at")

# Numbers are given in the order of commits, so that whoever read up to one has
# missed none before it. SQLite has one writer anyway.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7450231)")

SINCE = text(f"""
    SELECT seq, {", ".join(COLUMNS)} FROM events
    WHERE tenant_id = :tenant AND seq > :after ORDER BY seq LIMIT :limit
""")

OF_SUBJECT = text(f"""
    SELECT seq, {", ".join(COLUMNS)} FROM events
    WHERE tenant_id = :tenant AND subject = :subject AND seq > :after ORDER BY seq
    LIMIT 100
""")

NEWEST = text("SELECT coalesce(max(seq), 0) FROM events WHERE tenant_id = :tenant")


def put(
    database: Database,
    connection: Connection,
    tenant_id: str,
    happenings: Sequence[Happening],
    now: int,
) -> None:
    """
    Have *happenings* be told once the caller's transaction is true.

    It comes last in that transaction: on PostgreSQL all who tell of something wait
    for one another from here on, and must not wait for anything else.
    """
    if not happenings:
        return
    if not database.is_sqlite:
        connection.execute(ONE_AT_A_TIME)
    database.bulk_insert(
        connection,
        events,
        COLUMNS,
        [
            (
                new_id(),
                tenant_id,
                str(one.type),
                one.subject,
                orjson.dumps(one.data).decode(),
                now,
            )
            for one in happenings
        ],
    )


class SqlEvents:
    """The events in the table of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, tenant_id: str, after: int, limit: int) -> Sequence[Event]:
        """Return up to *limit* events of a tenant after number *after*, in order."""
        values = {"tenant": tenant_id, "after": after, "limit": limit}
        return self._read(SINCE, values)

    def of_subject(self, tenant_id: str, subject: str, after: int) -> Sequence[Event]:
        """Return a tenant's events of one thing after number *after*, in order."""
        values = {"tenant": tenant_id, "subject": subject, "after": after}
        return self._read(OF_SUBJECT, values)

    def _read(self, query: TextClause, values: Mapping[str, object]) -> list[Event]:
        with self._database.reading() as connection:
            found = connection.execute(query, values).fetchall()
        return [
            Event(
                row.seq,
                row.id,
                row.tenant_id,
                EventType(row.type),
                row.subject,
                orjson.loads(row.data),
                row.created_at,
            )
            for row in found
        ]

    def newest(self, tenant_id: str) -> int:
        """Return the number of the tenant's last event; 0 when there is none."""
        with self._database.reading() as connection:
            return int(connection.scalar(NEWEST, {"tenant": tenant_id}) or 0)
