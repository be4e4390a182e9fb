"""The outbox's table: `delivery.ports.Outbox`, and how others put something into it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from testamur.core.ids import new_id
from testamur.delivery.ports import Leased

from .database import Database

PUT = text("""
    INSERT INTO outbox (id, tenant_id, kind, recipient, message, message_id, state,
      attempts, next_at, token, created_at, destination)
    VALUES (:id, :tenant, 'email', :recipient, :message, :message_id, 'queued',
      0, :now, 0, :now, :destination)
""")

#: Its sender died each time.
PARK = text("""
    UPDATE outbox SET state = 'parked', leased_until = NULL, last_error =
      coalesce(last_error, 'whoever sent it never came back')
    WHERE state = 'queued' AND attempts >= :most AND leased_until <= :now
""")

LEASE = """
    UPDATE outbox SET leased_until = :until, token = token + 1,
      attempts = attempts + 1
    WHERE id IN (SELECT id FROM outbox WHERE state = 'queued' AND next_at <= :now
        AND (leased_until IS NULL OR leased_until <= :now) AND attempts < :most
      ORDER BY next_at, id LIMIT :limit {lock})
    RETURNING id, tenant_id, recipient, message, message_id, attempts, created_at,
      token
"""

SETTLE = """
    UPDATE outbox SET state = '{state}', leased_until = NULL, {more}
    WHERE id = :id AND token = :token AND state = 'queued'
"""

SENT = text(SETTLE.format(state="sent", more="sent_at = :now, last_error = NULL"))
FAILED = text(SETTLE.format(state="failed", more="last_error = :error"))
SUPPRESSED = text(SETTLE.format(state="suppressed", more="last_error = NULL"))
PARKED = text(SETTLE.format(state="parked", more="last_error = :error"))
LATER = text(SETTLE.format(state="queued", more="next_at = :at, last_error = :error"))
UNTRIED = text(
    SETTLE.format(
        state="queued",
        more="next_at = :at, attempts = attempts - 1, last_error = :error",
    )
)

WAITING = text("SELECT count(*) FROM outbox WHERE state = 'queued'")


def put(
    connection: Connection,
    *,
    tenant_id: str,
    recipient: str,
    message: Mapping[str, Any],
    domain: str,
    now: int,
) -> str:
    """
    Have *message* be sent once the caller's transaction is true; return its id.

    *message* says what is to be told by reference: it is written out when it is
    sent. Its Message-ID ends with *domain*.
    """
    name = new_id()
    connection.execute(
        PUT,
        {
            "id": name,
            "tenant": tenant_id,
            "recipient": recipient,
            "message": orjson.dumps(dict(message)).decode(),
            "message_id": f"<{name}@{domain}>",
            "now": now,
            "destination": destination_of(recipient),
        },
    )
    return name


def destination_of(address: str) -> str:
    """
    Return what takes mails for *address*: its domain, by which mails are paced.

    >>> destination_of("Ada@Example.ORG")
    'example.org'
    """
    return address.rpartition("@")[2].lower()


class SqlOutbox:
    """The outbox in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        lock = "" if database.is_sqlite else "FOR UPDATE SKIP LOCKED"
        self._lease = text(LEASE.format(lock=lock))

    def lease(self, now: int, until: int, limit: int, most: int) -> Sequence[Leased]:
        """Take what is due, and park what had all its attempts already."""
        if not self._is_due(now):
            return []
        values = {"now": now, "until": until, "limit": limit, "most": most}
        with self._database.writing() as connection:
            connection.execute(PARK, {"now": now, "most": most})
            found = connection.execute(self._lease, values).all()
        leased = [
            Leased(**{**row._mapping, "message": orjson.loads(row.message)})
            for row in found
        ]
        return sorted(leased, key=lambda one: (one.created_at, one.id))

    def _is_due(self, now: int) -> bool:
        """Say whether anything may be: looking is cheaper than writing."""
        due = "SELECT 1 FROM outbox WHERE state = 'queued' AND next_at <= :now LIMIT 1"
        with self._database.reading() as connection:
            return connection.scalar(text(due), {"now": now}) is not None

    def sent(self, one: Leased, now: int) -> None:
        """Note that a message was handed over."""
        self._settle(SENT, one, now=now)

    def failed(self, one: Leased, error: str) -> None:
        """Note that a message will never be sent."""
        self._settle(FAILED, one, error=error)

    def suppressed(self, one: Leased) -> None:
        """Note that a message is not sent: its address is on the suppression list."""
        self._settle(SUPPRESSED, one)

    def later(self, one: Leased, at: int, error: str) -> None:
        """Have a message be tried again from the moment *at* on."""
        self._settle(LATER, one, at=at, error=error)

    def parked(self, one: Leased, error: str) -> None:
        """Have a message wait for a person."""
        self._settle(PARKED, one, error=error)

    def untried(self, one: Leased, at: int, error: str) -> None:
        """As `later`, and do not count the attempt: it was none."""
        self._settle(UNTRIED, one, at=at, error=error)

    def free(self) -> None:
        """Give up every lease: whoever had one is dead."""
        statement = "UPDATE outbox SET leased_until = NULL WHERE state = 'queued'"
        with self._database.writing() as connection:
            connection.execute(text(statement))

    def waiting(self) -> int:
        """Return how many messages wait to be sent."""
        with self._database.reading() as connection:
            return int(connection.scalar(WAITING) or 0)

    def _settle(self, statement: Any, one: Leased, **values: object) -> None:
        """Change a message that is still ours; another's is left alone."""
        with self._database.writing() as connection:
            connection.execute(statement, {"id": one.id, "token": one.token, **values})
