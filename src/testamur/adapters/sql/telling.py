"""
Certificates that were kept become messages and events, once everybody may know of
them.

A chunk that was kept leaves a note that it has to be told of. When its certificates
are in a published checkpoint, the note goes and the messages are there, in one
transaction: nobody is told twice, or of what nobody can see yet.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import text

from testamur.core.events import EventType, Happening
from testamur.core.ids import new_id
from testamur.core.words import Facts, Job, Profile

from . import events
from .database import Database
from .job_rows import JOB, JOB_WIDTH, job_from
from .outbox import destination_of
from .publication import is_published
from .schema import outbox

#: What a message is about that tells somebody of their certificate.
ABOUT = "certificate"

TO_TELL = text(f"""
    SELECT {JOB}, t.chunk_id FROM tellings t
    JOIN jobs j ON j.seq = t.job_seq LEFT JOIN batches b ON b.job_seq = j.seq
    WHERE {is_published("t.chunk_id")} ORDER BY t.chunk_id LIMIT :limit
""")

TAKE = text("DELETE FROM tellings WHERE chunk_id = :chunk")

CERTIFICATES = text("""
    SELECT c.id, c.number, c.reference, r.cells FROM certificates c
    JOIN rows r ON r.job_seq = c.job_seq AND r.number = c.number
    LEFT JOIN erasures e ON e.job_seq = c.job_seq AND e.number = c.number
    WHERE c.job_seq = :job AND c.chunk_id = :chunk AND e.number IS NULL
    ORDER BY c.number
""")

# One for each certificate is much where nobody is told.
HEARD = text("""
    SELECT 1 FROM webhooks WHERE tenant_id = :tenant AND ended IS NULL LIMIT 1
""")

OUTBOX_COLUMNS = (
    *("id", "tenant_id", "kind", "recipient", "message", "message_id", "state"),
    *("attempts", "next_at", "token", "created_at", "destination", "job_seq"),
    "number",
)

#: Chunks that are told of in one go.
AT_ONCE = 8


class Teller:
    """Puts messages into the outbox; *facts_of* reads a row as it was issued."""

    def __init__(
        self,
        database: Database,
        facts_of: Callable[[Profile, int, str], Facts],
        *,
        domain: str,
        clock: Callable[[], int],
    ) -> None:
        """*domain* ends the Message-ID of every mail."""
        self._database = database
        self._facts_of = facts_of
        self._domain = domain
        self._clock = clock

    def tell(self) -> int:
        """
        Have everybody be told of what was published; return of how many chunks.

        After a crash: run it again.
        """
        with self._database.reading() as connection:
            waiting = connection.execute(TO_TELL, {"limit": AT_ONCE}).fetchall()
        for row in waiting:
            self._tell(job_from(row[:JOB_WIDTH]), row.chunk_id)
        return len(waiting)

    def _tell(self, job: Job, chunk: int) -> None:
        now = self._clock()
        with self._database.writing() as connection:
            if connection.execute(TAKE, {"chunk": chunk}).rowcount != 1:
                return  # a twin of this call was quicker
            is_heard = connection.scalar(HEARD, {"tenant": job.tenant_id}) is not None
            if job.profile.mail is None and not is_heard:
                return
            values = {"job": job.seq, "chunk": chunk}
            kept = connection.execute(CERTIFICATES, values).fetchall()
            if job.profile.mail is not None:
                self._database.bulk_insert(
                    connection, outbox, OUTBOX_COLUMNS, self._mails(job, kept, now)
                )
            if is_heard:
                told = _happenings(job, kept)
                events.put(self._database, connection, job.tenant_id, told, now)

    def _mails(
        self, job: Job, kept: Sequence[Any], now: int
    ) -> Iterator[tuple[object, ...]]:
        order = job.profile.mail
        assert order is not None
        for row in kept:
            facts = self._facts_of(job.profile, row.number, row.cells)
            name = new_id()
            about = {"about": ABOUT, "certificate": row.id}
            message = orjson.dumps({**about, "language": order.language}).decode()
            address = facts.recipient_email
            yield (
                *(name, job.tenant_id, "email", address, message),
                *(f"<{name}@{self._domain}>", "queued", 0, now + order.hold, 0, now),
                *(destination_of(address), job.seq, row.number),
            )


def _happenings(job: Job, kept: Sequence[Any]) -> list[Happening]:
    return [
        Happening(
            EventType.CERTIFICATE_ISSUED,
            row.id,
            {
                "certificateId": row.id,
                "jobId": job.id,
                "row": row.number,
                "referenceNumber": row.reference,
            },
        )
        for row in kept
    ]
