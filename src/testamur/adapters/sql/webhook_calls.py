"""What webhooks have to be told: `delivery.webhooks.ports.CallStore`."""

import random
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from testamur.core.clock import rfc3339
from testamur.core.events import EventType, Happening
from testamur.core.ids import new_id
from testamur.core.webhooks import (
    EVERYTHING,
    PING,
    DeliveryState,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEnd,
)
from testamur.delivery.webhooks.ports import Call

from . import events
from .database import Database
from .schema import webhook_deliveries
from .webhooks import COLUMNS, drop, webhook_from

BEHIND = text(f"""
    SELECT {COLUMNS}, w.told_up_to FROM webhooks w
    WHERE w.ended IS NULL AND w.told_up_to <
      (SELECT max(e.seq) FROM events e WHERE e.tenant_id = w.tenant_id)
""")

EVENTS = text("""
    SELECT seq, type, data, created_at FROM events
    WHERE tenant_id = :tenant AND seq > :after ORDER BY seq LIMIT :limit
""")

# Whoever else did the same meanwhile, or ended it, was first.
ADVANCE = text("""
    UPDATE webhooks SET told_up_to = :up_to
    WHERE seq = :seq AND told_up_to = :after AND ended IS NULL
""")

DELIVERY_COLUMNS = (
    *("id", "webhook_seq", "type", "body", "state", "attempts", "next_at", "token"),
    "created_at",
)

IS_DUE = """d.webhook_seq = w.seq AND d.state = 'queued' AND d.next_at <= :now
    AND (d.leased_until IS NULL OR d.leased_until <= :now)"""

DUE = text(f"""
    SELECT {COLUMNS} FROM webhooks w WHERE w.ended IS NULL
      AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE {IS_DUE})
""")

# Whoever changes several deliveries of a webhook comes after whoever did before: in
# no other order, or two wait for each other. SQLite has one writer anyway.
ONE_AT_A_TIME = text("SELECT seq FROM webhooks WHERE seq = :webhook FOR UPDATE")

#: Its caller died each time.
PARK = text("""
    UPDATE webhook_deliveries SET state = 'parked', leased_until = NULL,
      ended_at = :now, last_error = coalesce(last_error, 'never_came_back')
    WHERE webhook_seq = :webhook AND state = 'queued' AND attempts >= :most
      AND leased_until <= :now
""")

LEASE = """
    UPDATE webhook_deliveries SET leased_until = :until, token = token + 1,
      attempts = attempts + 1
    WHERE seq IN (SELECT seq FROM webhook_deliveries
      WHERE webhook_seq = :webhook AND state = 'queued' AND next_at <= :now
        AND (leased_until IS NULL OR leased_until <= :now) AND attempts < :most
      ORDER BY next_at, seq LIMIT :limit {lock})
    RETURNING seq, id, type, body, attempts, token
"""

# An attempt was made, whatever became of its delivery meanwhile.
NOTE = text("""
    INSERT INTO webhook_attempts (delivery_seq, attempt, at, milliseconds, status,
      error, answer)
    VALUES (:delivery, :attempt, :at, :milliseconds, :status, :error, :answer)
    ON CONFLICT (delivery_seq, attempt) DO NOTHING
""")

SETTLE = text("""
    UPDATE webhook_deliveries SET state = :state, leased_until = NULL,
      next_at = :next_at, last_error = :error, ended_at = :ended_at
    WHERE seq = :seq AND token = :token AND state = 'queued'
""")

WELL = text("""
    UPDATE webhooks SET failing_since = NULL, last_error = NULL
    WHERE seq = :webhook AND url = :url AND failing_since IS NOT NULL
""")

ILL = text("""
    UPDATE webhooks SET failing_since = coalesce(failing_since, :now),
      last_error = :error
    WHERE seq = :webhook AND url = :url
""")

END = text("""
    UPDATE webhooks SET ended = :ended WHERE seq = :webhook AND url = :url
      AND ended IS NULL
""")

DELIVERY = """seq, id, type, state, attempts, next_at, last_error, created_at,
    ended_at"""

PAGE = f"""
    SELECT {DELIVERY} FROM webhook_deliveries
    WHERE webhook_seq = :webhook AND seq < :before {{more}}
    ORDER BY seq DESC LIMIT :limit
"""

ONE = text(f"""
    SELECT {DELIVERY} FROM webhook_deliveries
    WHERE webhook_seq = :webhook AND id = :id
""")

ATTEMPTS = text("""
    SELECT attempt, at, milliseconds, status, error, answer FROM webhook_attempts
    WHERE delivery_seq = :delivery ORDER BY attempt
""")

# The attempts stay, and so does the id: `attempts` goes on counting from a new turn.
REPLAY = """
    UPDATE webhook_deliveries SET state = 'queued', attempts = 0, next_at = :now,
      leased_until = NULL, ended_at = NULL, token = token + 1
    WHERE webhook_seq = :webhook AND {which}
"""

REPLAY_ONE = text(REPLAY.format(which="id = :id AND state <> 'queued'"))

REPLAY_PARKED = text(REPLAY.format(which="state = 'parked' AND created_at >= :since"))

FORGET_ATTEMPTS = text("""
    DELETE FROM webhook_attempts WHERE delivery_seq IN
      (SELECT seq FROM webhook_deliveries WHERE ended_at < :before)
""")

FORGET = text("DELETE FROM webhook_deliveries WHERE ended_at < :before")

OLD = text("SELECT 1 FROM webhook_deliveries WHERE ended_at < :before LIMIT 1")


class SqlCalls:
    """The deliveries in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database
        lock = "" if database.is_sqlite else "FOR UPDATE SKIP LOCKED"
        self._lease = text(LEASE.format(lock=lock))

    def fan_out(self, now: int, limit: int) -> int:
        """Make deliveries of up to *limit* events for each webhook; return how many."""
        with self._database.reading() as connection:
            behind = connection.execute(BEHIND).all()
        return sum(
            self._fan_out(webhook_from(row), row.told_up_to, now, limit)
            for row in behind
        )

    def _fan_out(self, webhook: Webhook, after: int, now: int, limit: int) -> int:
        values = {"tenant": webhook.tenant_id, "after": after, "limit": limit}
        with self._database.writing() as connection:
            new = connection.execute(EVENTS, values).all()
            if not new:
                return 0
            place = {"seq": webhook.seq, "after": after, "up_to": new[-1].seq}
            if connection.execute(ADVANCE, place).rowcount != 1:
                return 0
            wanted = [
                row
                for row in new
                if EVERYTHING in webhook.events or row.type in webhook.events
            ]
            self._put(
                connection,
                webhook,
                [(row.type, row.data, row.created_at) for row in wanted],
                now,
            )
        return len(new)

    def _put(
        self,
        connection: Connection,
        webhook: Webhook,
        told: Sequence[tuple[str, str, int]],
        now: int,
    ) -> list[str]:
        rows = [
            (
                *(new_id(), webhook.seq, type_, _body(type_, data, at)),
                *("queued", 0, now, 0, now),
            )
            for type_, data, at in told
        ]
        if rows:
            self._database.bulk_insert(
                connection, webhook_deliveries, DELIVERY_COLUMNS, rows
            )
        return [str(row[0]) for row in rows]

    def ping(self, webhook: Webhook, now: int) -> str:
        """Have a webhook be told that nothing happened; return the delivery's id."""
        data = orjson.dumps({"webhookId": webhook.id}).decode()
        with self._database.writing() as connection:
            (name,) = self._put(connection, webhook, [(PING, data, now)], now)
        return name

    def due(self, now: int) -> Sequence[Webhook]:
        """Return the webhooks for which something is due, each as likely first."""
        with self._database.reading() as connection:
            found = connection.execute(DUE, {"now": now}).all()
        random.shuffle(found := list(found))
        return [webhook_from(row) for row in found]

    def lease(
        self, webhook: Webhook, now: int, until: int, limit: int, most: int
    ) -> Sequence[Call]:
        """Take up to *limit* that are due, and park what had all its attempts."""
        values = {"webhook": webhook.seq, "now": now, "most": most}
        more = {"until": until, "limit": limit}
        with self._database.writing() as connection:
            self._take_turn(connection, webhook)
            connection.execute(PARK, values)
            found = connection.execute(self._lease, values | more).all()
        return [
            Call(
                seq=row.seq,
                id=row.id,
                webhook=webhook,
                type=row.type,
                body=row.body.encode(),
                attempts=row.attempts,
                token=row.token,
            )
            for row in sorted(found, key=lambda row: int(row.seq))
        ]

    def settle(
        self,
        call: Call,
        attempt: WebhookAttempt,
        state: DeliveryState,
        *,
        next_at: int | None = None,
        ends: WebhookEnd | None = None,
    ) -> None:
        """Note what came of an attempt, for its delivery and its webhook."""
        webhook = call.webhook
        now = attempt.at + attempt.milliseconds
        told: dict[str, Any] = {"webhook": webhook.seq, "url": webhook.url, "now": now}
        told["error"] = attempt.error
        with self._database.writing() as connection:
            self._take_turn(connection, webhook)
            connection.execute(NOTE, _noted(call, attempt))
            settled = connection.execute(
                SETTLE,
                {
                    "seq": call.seq,
                    "token": call.token,
                    "state": str(state),
                    "next_at": now if next_at is None else next_at,
                    "error": attempt.error,
                    "ended_at": None if state is DeliveryState.QUEUED else now,
                },
            )
            if settled.rowcount != 1:
                return
            connection.execute(WELL if attempt.error is None else ILL, told)
            if (
                ends is not None
                and connection.execute(END, {**told, "ended": str(ends)}).rowcount
            ):
                drop(connection, webhook.seq, now)
                data = {"webhookId": webhook.id, "reason": str(ends)}
                happening = Happening(EventType.WEBHOOK_DISABLED, webhook.id, data)
                events.put(
                    self._database, connection, webhook.tenant_id, [happening], now
                )

    def free(self) -> None:
        """Give up every lease: whoever had one is dead."""
        statement = """
            UPDATE webhook_deliveries SET leased_until = NULL
            WHERE state = 'queued' AND leased_until IS NOT NULL
        """
        with self._database.writing() as connection:
            connection.execute(text(statement))

    def page(
        self, webhook: Webhook, state: DeliveryState | None, before: int, limit: int
    ) -> Sequence[WebhookDelivery]:
        """Return deliveries, the newest first, with a `seq` below *before*."""
        more = "" if state is None else "AND state = :state"
        values = {"webhook": webhook.seq, "before": before, "limit": limit}
        with self._database.reading() as connection:
            found = connection.execute(
                text(PAGE.format(more=more)), {**values, "state": str(state)}
            ).all()
        return [_delivery(row) for row in found]

    def attempts(
        self, webhook: Webhook, delivery: str
    ) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]] | None:
        """Return one delivery with its attempts."""
        with self._database.reading() as connection:
            values = {"webhook": webhook.seq, "id": delivery}
            row = None if "\0" in delivery else connection.execute(ONE, values).first()
            if row is None:
                return None
            tried = connection.execute(ATTEMPTS, {"delivery": row.seq}).all()
        return _delivery(row), [WebhookAttempt(**one._mapping) for one in tried]

    def replay(
        self, webhook: Webhook, delivery: str | None, since: int, now: int
    ) -> int:
        """Have one be told again, or all that are parked since a moment."""
        values: dict[str, Any] = {"webhook": webhook.seq, "now": now, "since": since}
        statement = REPLAY_PARKED
        if delivery is not None:
            values["id"], statement = delivery, REPLAY_ONE
        with self._database.writing() as connection:
            self._take_turn(connection, webhook)
            return int(connection.execute(statement, values).rowcount)

    def _take_turn(self, connection: Connection, webhook: Webhook) -> None:
        if not self._database.is_sqlite:
            connection.execute(ONE_AT_A_TIME, {"webhook": webhook.seq})

    def tidy(self, before: int) -> None:
        """Forget what ended before a moment."""
        values = {"before": before}
        with self._database.reading() as connection:
            if connection.scalar(OLD, values) is None:
                return
        with self._database.writing() as connection:
            connection.execute(FORGET_ATTEMPTS, values)
            connection.execute(FORGET, values)


def _body(type_: str, data: str, at: int) -> str:
    """Spell a message as the standard has it; what is signed is what is sent."""
    told = {"type": type_, "timestamp": rfc3339(at), "data": orjson.loads(data)}
    return orjson.dumps(told).decode()


def _noted(call: Call, attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "delivery": call.seq,
        # A replayed delivery counts its turns anew; the token never repeats.
        "attempt": call.token,
        "at": attempt.at,
        "milliseconds": attempt.milliseconds,
        "status": attempt.status,
        "error": attempt.error,
        "answer": attempt.answer,
    }


def _delivery(row: Any) -> WebhookDelivery:
    values = dict(row._mapping)
    return WebhookDelivery(**{**values, "state": DeliveryState(row.state)})
