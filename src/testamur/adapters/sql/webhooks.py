"""The table of webhooks: `delivery.webhooks.ports.WebhookStore`."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from testamur.core.clock import Clock
from testamur.core.webhooks import Webhook, WebhookEnd, WebhookStyle

from .audit import append
from .database import Database

FIELDS = (
    *("seq", "id", "tenant_id", "url", "events", "description", "style", "sealed"),
    *("sealed_before", "before_until", "ended", "failing_since", "last_error"),
    "created_at",
)

#: As `webhook_from` reads it, of a table called `w`.
COLUMNS = ", ".join(f"w.{name}" for name in FIELDS)

LOCK_TENANT = text("SELECT id FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")

COUNT = text("""
    SELECT count(*) FROM webhooks
    WHERE tenant_id = :tenant AND coalesce(ended, '') <> 'removed'
""")

# What happened before is told to nobody new.
ADD = text("""
    INSERT INTO webhooks (id, tenant_id, url, events, description, style, sealed,
      told_up_to, created_at)
    SELECT :id, :tenant_id, :url, :events, :description, :style, :sealed,
      coalesce(max(seq), 0), :created_at FROM events WHERE tenant_id = :tenant_id
""")

OF_TENANT = f"""
    SELECT {COLUMNS} FROM webhooks w WHERE w.tenant_id = :tenant
      AND coalesce(w.ended, '') <> 'removed' {{more}} ORDER BY w.seq
"""

# What happened while it was not told stays untold.
CHANGE = text("""
    UPDATE webhooks SET url = :url, events = :events, description = :description,
      style = :style, sealed = :sealed, sealed_before = :sealed_before,
      before_until = :before_until, failing_since = :failing_since,
      last_error = :last_error,
      told_up_to = CASE WHEN ended IS NULL THEN told_up_to ELSE coalesce(
        (SELECT max(seq) FROM events WHERE tenant_id = :tenant_id), 0) END,
      ended = :ended
    WHERE seq = :seq
""")

DROP = text("""
    UPDATE webhook_deliveries SET state = 'dropped', ended_at = :now,
      leased_until = NULL, token = token + 1
    WHERE webhook_seq = :seq AND state = 'queued'
""")


def webhook_from(row: Any) -> Webhook:
    """Return the webhook in a row of `COLUMNS`."""
    values = {name: getattr(row, name) for name in FIELDS}
    values["events"] = tuple(orjson.loads(row.events))
    values["style"] = WebhookStyle(row.style)
    values["ended"] = None if row.ended is None else WebhookEnd(row.ended)
    values["sealed"] = bytes(row.sealed)
    before = row.sealed_before
    values["sealed_before"] = None if before is None else bytes(before)
    return Webhook(**values)


def drop(connection: Connection, webhook_seq: int, now: int) -> None:
    """Have what waits for a webhook be told to nobody."""
    connection.execute(DROP, {"seq": webhook_seq, "now": now})


class SqlWebhooks:
    """The webhooks in the tables of *database*."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def add(self, webhook: Webhook, *, most: int, by: str) -> bool:
        """Keep a webhook that is told from now on; False when there are *most*."""
        tenant = {"tenant": webhook.tenant_id}
        with self._database.writing() as connection:
            if not self._database.is_sqlite:
                connection.execute(LOCK_TENANT, tenant)
            if (connection.scalar(COUNT, tenant) or 0) >= most:
                return False
            connection.execute(ADD, _values(webhook))
            self._log(connection, webhook, by, "webhook.add")
        return True

    def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        """Return a tenant's webhooks, but those removed, in the order they came."""
        return self._found(tenant_id, "", {})

    def one(self, tenant_id: str, name: str) -> Webhook | None:
        """Return one of them."""
        if "\0" in name:
            return None
        found = self._found(tenant_id, "AND w.id = :name", {"name": name})
        return found[0] if found else None

    def change(self, webhook: Webhook, *, drops: bool, by: str, what: str) -> None:
        """Keep what is different, and drop what waits where that is said."""
        with self._database.writing() as connection:
            connection.execute(CHANGE, _values(webhook))
            if drops:
                drop(connection, webhook.seq, self._clock())
            self._log(connection, webhook, by, what)

    def _found(
        self, tenant_id: str, more: str, values: dict[str, str]
    ) -> list[Webhook]:
        query = text(OF_TENANT.format(more=more))
        with self._database.reading() as connection:
            found = connection.execute(query, {"tenant": tenant_id, **values}).all()
        return [webhook_from(row) for row in found]

    def _log(
        self, connection: Connection, webhook: Webhook, by: str, what: str
    ) -> None:
        append(
            connection,
            at=self._clock(),
            tenant_id=webhook.tenant_id,
            actor=by,
            act=what,
            subject=webhook.id,
            detail={"ended": webhook.ended} if webhook.ended else {},
        )


def _values(webhook: Webhook) -> dict[str, Any]:
    values = {name: getattr(webhook, name) for name in FIELDS}
    values["events"] = orjson.dumps(list(webhook.events)).decode()
    values["style"] = str(webhook.style)
    values["ended"] = None if webhook.ended is None else str(webhook.ended)
    return values
