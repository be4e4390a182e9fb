"""What came back of mails: `delivery.bounces.ports.ReturnStore`."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text

from testamur.core.events import EventType, Happening
from testamur.core.mail_returns import Returned, ReturnKind, ReturnOutcome
from testamur.delivery.bounces.ports import SentMail
from testamur.delivery.suppression.ports import Entry

from . import events
from .database import Database
from .suppressions import add_in

FIND = text("SELECT id, tenant_id, recipient FROM outbox WHERE id = :id")

BY_MESSAGE_ID = text("""
    SELECT id, tenant_id, recipient FROM outbox
    WHERE tenant_id = :tenant AND message_id = :message_id
""")

#: Mails that a mail server has. One that is queued and was tried may be with it too:
#: whoever handed it over died before that was noted.
SENT = "(state IN ('sent', 'accepted') OR (state = 'queued' AND attempts > 0))"

RETURNED = """
    UPDATE outbox SET state = {state}, returned_kind = :kind, returned_code = :code,
      returned_words = :words, returned_at = :now {more}
    WHERE id = :id AND recipient <> '' AND {sources}
    RETURNING job_seq, message
"""

BOUNCED = text(
    RETURNED.format(
        state="'bounced'", sources=SENT, more=", leased_until = NULL, token = token + 1"
    )
)

COMPLAINED = text(
    RETURNED.format(
        state="'complained'",
        sources=f"({SENT} OR state = 'bounced')",
        more=", leased_until = NULL, token = token + 1",
    )
)

NOTED = text(RETURNED.format(state="state", sources=SENT, more=""))

STATE = text("SELECT state FROM outbox WHERE id = :id")

JOB = text("SELECT id FROM jobs WHERE seq = :job")

COUNT = text("""
    INSERT INTO mail_returns (outcome, count) VALUES (:outcome, 1)
    ON CONFLICT (outcome) DO UPDATE SET count = mail_returns.count + 1
""")


class SqlReturns:
    """What came back, in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, mail_id: str) -> SentMail | None:
        """Return a mail; None when there is none."""
        with self._database.reading() as connection:
            row = connection.execute(FIND, {"id": mail_id}).first()
        return None if row is None else SentMail(*row)

    def by_message_id(self, tenant_id: str, message_id: str) -> SentMail | None:
        """Return the tenant's mail with this Message-ID; None when there is none."""
        values = {"tenant": tenant_id, "message_id": message_id}
        with self._database.reading() as connection:
            row = connection.execute(BY_MESSAGE_ID, values).first()
        return None if row is None else SentMail(*row)

    def apply(
        self, mail: SentMail, said: Returned, entry: Entry | None, now: int
    ) -> ReturnOutcome:
        """Keep what came back, its event, and *entry*, or none of them."""
        values = {
            "id": mail.id,
            "kind": str(said.kind),
            "code": said.code,
            "words": said.words,
            "now": now,
        }
        statement, outcome, type_ = WHAT[said.kind]
        with self._database.writing() as connection:
            changed = connection.execute(statement, values).first()
            if changed is None:
                state = connection.scalar(STATE, {"id": mail.id})
                is_known = state in ("bounced", "complained")
                return ReturnOutcome.REPEATED if is_known else ReturnOutcome.LATE
            if entry is not None:
                add_in(connection, mail.tenant_id, entry, now)
            if type_ is not None:
                job = connection.scalar(JOB, {"job": changed.job_seq})
                data = _told(mail.id, job, orjson.loads(changed.message), said)
                data["isSuppressed"] = entry is not None
                told = Happening(type_, mail.id, data)
                events.put(self._database, connection, mail.tenant_id, [told], now)
        return outcome

    def suppress(self, tenant_id: str, entry: Entry, now: int) -> None:
        """Put an address on the suppression list."""
        with self._database.writing() as connection:
            add_in(connection, tenant_id, entry, now)

    def count(self, outcome: ReturnOutcome) -> None:
        """Count one more."""
        with self._database.writing() as connection:
            connection.execute(COUNT, {"outcome": str(outcome)})


WHAT: Mapping[ReturnKind, tuple[Any, ReturnOutcome, EventType | None]] = {
    ReturnKind.HARD: (BOUNCED, ReturnOutcome.BOUNCED, EventType.DELIVERY_BOUNCED),
    ReturnKind.COMPLAINT: (
        *(COMPLAINED, ReturnOutcome.COMPLAINED),
        EventType.DELIVERY_COMPLAINED,
    ),
    ReturnKind.SOFT: (NOTED, ReturnOutcome.NOTED, None),
    ReturnKind.DELAYED: (NOTED, ReturnOutcome.NOTED, None),
}


def _told(
    mail_id: str, job_id: str | None, message: Mapping[str, Any], said: Returned
) -> dict[str, Any]:
    data: dict[str, Any] = {"deliveryId": mail_id}
    if job_id is not None:
        data["jobId"] = job_id
    # Others name theirs by numbers, which mean nothing outside.
    if isinstance(certificate := message.get("certificate"), str):
        data["certificateId"] = certificate
    if said.kind is ReturnKind.HARD:
        return {**data, "status": "bounced", "code": said.code}
    return {**data, "status": "complained"}
