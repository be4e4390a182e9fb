"""
Persons outside of rows: students, users, signatories, and mails to any of them.

What somebody else refers to stays, and says nothing of anybody; the rest is deleted.
All of it takes the connection of the erasure's own transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from testamur.core.records import folded
from testamur.delivery.suppression.ports import comparable
from testamur.records.ports import DEFINITIONS

from . import uploaded_files
from .database import Database
from .erased_papers import erase_signatory
from .records.store import SqlChanges, SqlRecords

STUDENTS = next(one for one in DEFINITIONS if one.resource == "students")

#: What stands where a name was, and a text that had to be there.
ERASED_NAME = "Erased"

#: What stands where a date of birth was: there has to be one.
ERASED_DATE = "1900-01-01"

FIND = {
    "student": text("""
        SELECT uuid FROM students
        WHERE tenant_id = :tenant AND email_folded = :address
    """),
    "user": text(
        "SELECT id FROM users WHERE tenant_id = :tenant AND address = :address"
    ),
    "signatory": text(
        "SELECT uuid FROM signatories WHERE tenant_id = :tenant AND address = :address"
    ),
}

# They are still not written to: the keyed hash stays.
SUPPRESSIONS = text("""
    SELECT id FROM suppressions WHERE tenant_id = :tenant AND address = :address
""")

EMPTY_SUPPRESSION = text("""
    UPDATE suppressions SET address = NULL WHERE tenant_id = :tenant AND id = :id
""")

MAILS = text("SELECT id, recipient FROM outbox WHERE tenant_id = :tenant")

# A student may have had another address when a certificate was issued to them.
ROWS_OF_STUDENT = text("""
    SELECT j.id || '/' || t.number FROM academic_certificates t
    JOIN jobs j ON j.seq = t.job_seq JOIN students s ON s.seq = t.student_seq
    WHERE s.tenant_id = :tenant AND s.email_folded = :address
""")

IS_REFERRED = text("""
    SELECT 1 WHERE EXISTS (SELECT 1 FROM enrollments WHERE student_seq = :seq)
      OR EXISTS (SELECT 1 FROM academic_certificates WHERE student_seq = :seq)
""")

# Who was being issued a certificate is not erased, so these are not on their way.
DROP_DRAFTS = text("""
    DELETE FROM academic_certificates WHERE student_seq = :seq AND NOT EXISTS
      (SELECT 1 FROM certificates c WHERE c.job_seq = academic_certificates.job_seq
         AND c.number = academic_certificates.number)
    RETURNING file_id
""")

LOCK_USER = "SELECT id FROM users WHERE tenant_id = :tenant AND id = :id {lock}"

DROP_USER = (
    text("DELETE FROM refresh_tokens WHERE user_id = :id"),
    text("DELETE FROM tokens WHERE user_id = :id"),
    text("DELETE FROM users WHERE id = :id"),
)

# What is queued is not sent any more; that something was sent stays known.
EMPTY_MAIL = text("""
    UPDATE outbox SET recipient = '', destination = '', message = '{}',
      leased_until = NULL, token = token + 1, last_error = NULL,
      returned_words = NULL,
      state = CASE WHEN state IN ('sent', 'bounced', 'complained', 'suppressed')
        THEN state ELSE 'failed' END
    WHERE tenant_id = :tenant AND id = :id
""")

EMPTIED_MAILS = text("SELECT id FROM outbox WHERE recipient = ''")

SPENT_ON = text("""
    SELECT uuid, file_id FROM academic_certificates
    WHERE job_seq = :job AND number IN :numbers
      AND (snapshot IS NOT NULL OR file_id IS NOT NULL)
""").bindparams(bindparam("numbers", expanding=True))

EMPTY_CERTIFICATE = text("""
    UPDATE academic_certificates SET snapshot = NULL, file_id = NULL
    WHERE tenant_id = :tenant AND uuid = :uuid
""")


def erased_address(uuid: str) -> str:
    """
    Return an address that is nobody's, for what needs one that no other has.

    >>> erased_address("0b9c")
    'erased-0b9c@erased.invalid'
    """
    return f"erased-{uuid}@erased.invalid"


class SqlPeopleToErase:
    """What tables of *database* say of persons, apart from rows."""

    def __init__(self, database: Database) -> None:
        self._records = SqlRecords(database, DEFINITIONS)
        lock = "" if database.is_sqlite else "FOR UPDATE"
        self._lock = lock
        self._lock_user = text(LOCK_USER.format(lock=lock))

    def find(
        self, connection: Connection, tenant_id: str, email: str
    ) -> tuple[str, ...]:
        """
        Return what the tenant has of the person with this address, as acts name it.

        Each name is a kind and a random id, such as `student/0b9c...`: once what it
        names was erased, it says nothing of anybody.
        """
        values = {"tenant": tenant_id, "address": folded(email)}
        found = [
            f"{kind}/{name}"
            for kind, query in FIND.items()
            for name in connection.scalars(query, values)
        ]
        mails = [
            f"mail/{name}"
            for name, recipient in connection.execute(MAILS, {"tenant": tenant_id})
            if folded(recipient) == values["address"]
        ]
        listed = {"tenant": tenant_id, "address": comparable(email)}
        suppressions = [
            f"suppression/{name}" for name in connection.scalars(SUPPRESSIONS, listed)
        ]
        return (*found, *mails, *suppressions)

    def rows(self, connection: Connection, tenant_id: str, email: str) -> Sequence[str]:
        """Return the rows by which certificates were issued to a student."""
        values = {"tenant": tenant_id, "address": folded(email)}
        return list(connection.scalars(ROWS_OF_STUDENT, values))

    def erase(
        self, connection: Connection, tenant_id: str, names: Iterable[str], now: int
    ) -> None:
        """
        Erase what *names* names, as far as it is there.

        Tables that count what is in others change last of all.
        """
        records = self._records.inside(connection, tenant_id)
        for name in names:
            kind, _, one = name.partition("/")
            if kind == "student":
                _erase_student(connection, records, tenant_id, one, now)
            elif kind == "user":
                self._erase_user(connection, tenant_id, one)
            elif kind == "signatory":
                erase_signatory(
                    connection,
                    tenant_id,
                    one,
                    name=ERASED_NAME,
                    address=erased_address(one),
                    now=now,
                    lock=self._lock,
                )
            elif kind == "mail":
                connection.execute(EMPTY_MAIL, {"tenant": tenant_id, "id": one})
            elif kind == "suppression":
                connection.execute(EMPTY_SUPPRESSION, {"tenant": tenant_id, "id": one})
        records.tally()

    def erase_certificates(
        self,
        connection: Connection,
        tenant_id: str,
        job: int,
        numbers: Sequence[int],
    ) -> None:
        """Keep of certificates of the directory, by their rows, only that they were."""
        values = {"job": job, "numbers": list(numbers)}
        for uuid, file_id in connection.execute(SPENT_ON, values).all():
            connection.execute(EMPTY_CERTIFICATE, {"tenant": tenant_id, "uuid": uuid})
            if file_id is not None:
                uploaded_files.drop(connection, tenant_id, file_id)

    def _erase_user(self, connection: Connection, tenant_id: str, name: str) -> None:
        values = {"tenant": tenant_id, "id": name}
        # From here on nobody is let in by a login that was under way.
        if connection.execute(self._lock_user, values).first() is not None:
            for statement in DROP_USER:
                connection.execute(statement, {"id": name})


def emptied_mails(connection: Connection) -> set[str]:
    """Return the ids of mails whose recipients were erased."""
    return set(connection.scalars(EMPTIED_MAILS))


def _erase_student(
    connection: Connection, records: SqlChanges, tenant_id: str, uuid: str, now: int
) -> None:
    found = records.stored(STUDENTS, [uuid], to_change=True).get(uuid)
    if found is None:
        return
    for file_id in connection.scalars(DROP_DRAFTS, {"seq": found.seq}).all():
        if file_id is not None:
            uploaded_files.drop(connection, tenant_id, file_id)
    if connection.scalar(IS_REFERRED, {"seq": found.seq}) is None:
        records.remove(STUDENTS, [found])
        return
    values: dict[str, Any] = dict.fromkeys(found.values)
    values |= {
        "name": ERASED_NAME,
        "email": erased_address(uuid),
        "date_of_birth": ERASED_DATE,
    }
    records.change(STUDENTS, found, values, now)
