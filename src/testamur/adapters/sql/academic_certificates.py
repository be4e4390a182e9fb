"""Certificates of the academic directory, and the rows of jobs that issue them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, bindparam, text

from testamur.core.academic import REFERENCES, AcademicCertificate, AcademicState
from testamur.core.lifecycle import Standing
from testamur.core.lists import Query
from testamur.core.records import Mention
from testamur.core.words import KeptFile
from testamur.intake.ports import NewJob

from . import uploaded_files
from .admission import SqlLedger
from .database import Database
from .publication import is_published
from .records.listing import Column, Listing, listing

TABLES = {
    "institution": "institutions",
    "course": "courses",
    "student": "students",
    "cohort": "cohorts",
    "enrollment": "enrollments",
}

#: What a new certificate needs to know of what it refers to.
FACTS = {
    "institution": "name",
    "course": "name, code, description, workload_hours, institution_seq",
    "student": "name, email, document_id, date_of_birth, country, social_name",
    "cohort": "code, course_seq",
    "enrollment": "student_seq, course_seq, cohort_seq",
}

IS_SHOWN = f"c.id IS NOT NULL AND {is_published('c.chunk_id')}"

#: Where a certificate of table `t` is in, as of the moment `now`.
STATE = f"""
    CASE WHEN NOT ({IS_SHOWN}) THEN 'draft'
      WHEN z.standing IS NOT NULL THEN z.standing
      WHEN t.valid_until < {{now}} THEN 'expired'
      ELSE 'issued' END
"""

JOINS = """
    JOIN institutions i ON i.seq = t.institution_seq
    JOIN courses o ON o.seq = t.course_seq
    JOIN students s ON s.seq = t.student_seq
    LEFT JOIN cohorts h ON h.seq = t.cohort_seq
    LEFT JOIN enrollments e ON e.seq = t.enrollment_seq
    LEFT JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    LEFT JOIN standings z ON z.job_seq = c.job_seq AND z.number = c.number
    LEFT JOIN acts a ON a.id = z.act_id
"""

COLUMNS = f"""
    t.uuid, {STATE} AS state, i.uuid, i.name, o.uuid, o.name, s.uuid, s.name, h.uuid,
    h.code, e.uuid, t.file_id, t.awarded_at, t.valid_until, t.snapshot,
    CASE WHEN {IS_SHOWN} THEN c.id END, CASE WHEN {IS_SHOWN} THEN c.reference END,
    CASE WHEN {IS_SHOWN} THEN c.issued_at END, z.standing, z.since, a.reason,
    t.created_at, t.updated_at
"""

# The same as `STATE`, of the table by its name: what lists are filtered by.
STATE_IN_LIST = f"""
    (SELECT {STATE} FROM academic_certificates t
     LEFT JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
     LEFT JOIN standings z ON z.job_seq = c.job_seq AND z.number = c.number
     WHERE t.seq = academic_certificates.seq)
"""

ADD = text("""
    INSERT INTO academic_certificates (uuid, tenant_id, institution_seq, course_seq,
      student_seq, cohort_seq, enrollment_seq, file_id, awarded_at, valid_until,
      created_at, updated_at)
    VALUES (:uuid, :tenant, :institution, :course, :student, :cohort, :enrollment,
      :file, :awarded_at, :valid_until, :now, :now)
""")

CHANGE = text("""
    UPDATE academic_certificates SET institution_seq = :institution,
      course_seq = :course, student_seq = :student, cohort_seq = :cohort,
      enrollment_seq = :enrollment, file_id = :file, awarded_at = :awarded_at,
      valid_until = :valid_until, updated_at = :now
    WHERE tenant_id = :tenant AND uuid = :uuid
""")

PLACE = text("""
    UPDATE academic_certificates SET job_seq = :job, number = :number,
      snapshot = :snapshot, awarded_at = :awarded_at
    WHERE tenant_id = :tenant AND uuid = :uuid
""")

UNPLACE = text("""
    UPDATE academic_certificates SET job_seq = NULL, number = NULL, snapshot = NULL
    WHERE tenant_id = :tenant AND uuid = :uuid AND job_seq = :job
""")

DROP = text(
    "DELETE FROM academic_certificates WHERE tenant_id = :tenant AND uuid = :uuid"
)

HIDE = text("""
    UPDATE academic_certificates SET deleted_at = :now, updated_at = :now
    WHERE tenant_id = :tenant AND uuid = :uuid
""")

# A row whose job came to nothing is a draft again.
STORED = """
    SELECT t.seq, t.uuid, t.institution_seq AS institution, t.course_seq AS course,
      t.student_seq AS student, t.cohort_seq AS cohort, t.enrollment_seq AS enrollment,
      t.file_id AS file, t.awarded_at, t.valid_until, t.job_seq, c.id AS certificate,
      f.code AS failure, j.finished_at
    FROM academic_certificates t LEFT JOIN jobs j ON j.seq = t.job_seq
    LEFT JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    LEFT JOIN failures f ON f.job_seq = t.job_seq AND f.number = t.number AND f.is_final
    WHERE t.tenant_id = :tenant AND t.uuid IN :uuids AND t.deleted_at IS NULL
    ORDER BY t.seq
"""

OUTCOME = text(f"""
    SELECT c.id AS kept, f.code, f.message, j.finished_at,
      CASE WHEN {IS_SHOWN} THEN c.id END AS certificate
    FROM academic_certificates t JOIN jobs j ON j.seq = t.job_seq
    LEFT JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    LEFT JOIN failures f ON f.job_seq = t.job_seq AND f.number = t.number AND f.is_final
    WHERE t.tenant_id = :tenant AND t.uuid = :uuid
""")

OF_CERTIFICATE = text("""
    SELECT t.uuid FROM academic_certificates t
    JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    WHERE c.id = :id
""")


@dataclass(frozen=True, slots=True)
class Stored:
    """A certificate of the directory as its table has it."""

    uuid: str
    #: By the name of the reference: the record's `seq`.
    references: Mapping[str, int | None]
    file_id: str | None
    awarded_at: int | None
    valid_until: int | None
    #: The certificate that it became, whoever may see it by now.
    certificate_id: str | None
    #: Whether it is being issued.
    is_on_its_way: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one that was to be issued."""

    is_over: bool
    certificate_id: str | None = None
    code: str | None = None
    message: str | None = None


class Changes:
    """One tenant's certificates of the directory in one transaction."""

    def __init__(
        self, connection: Connection, ledger: SqlLedger, tenant_id: str, now: int
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._tenant = tenant_id
        self.now = now
        self._is_sqlite = connection.dialect.name == "sqlite"

    def references(self, kind: str, uuids: Iterable[str]) -> Mapping[str, Row[Any]]:
        """Return the tenant's records of a kind by their UUIDs: `seq`, and facts."""
        wanted = sorted(set(uuids))
        if not wanted:
            return {}
        # Whoever refers to a record keeps it from being deleted meanwhile.
        lock = "" if self._is_sqlite else " FOR KEY SHARE"
        query = text(
            f"SELECT uuid, seq, {FACTS[kind]} FROM {TABLES[kind]} WHERE tenant_id = "
            f":tenant AND uuid IN :uuids ORDER BY seq{lock}"
        ).bindparams(bindparam("uuids", expanding=True))
        rows = self._connection.execute(query, self._of(uuids=wanted))
        return {row.uuid: row for row in rows}

    def by_seq(self, kind: str, seqs: Iterable[int]) -> Mapping[int, Row[Any]]:
        """Return records of a kind by their `seq`: that, and facts."""
        wanted = sorted(set(seqs))
        if not wanted:
            return {}
        query = text(
            f"SELECT uuid, seq, {FACTS[kind]} FROM {TABLES[kind]} WHERE seq IN :seqs"
        ).bindparams(bindparam("seqs", expanding=True))
        rows = self._connection.execute(query, {"seqs": wanted})
        return {row.seq: row for row in rows}

    def stored(self, uuids: Iterable[str]) -> Mapping[str, Stored]:
        """Return those of the certificates that there are, and are not deleted."""
        wanted = sorted(set(uuids))
        if not wanted:
            return {}
        lock = "" if self._is_sqlite else " FOR UPDATE OF t"
        query = text(STORED + lock).bindparams(bindparam("uuids", expanding=True))
        rows = self._connection.execute(query, self._of(uuids=wanted))
        return {row.uuid: _stored(row) for row in rows}

    def file(self, file_id: str) -> KeptFile | None:
        """Return an uploaded file of the tenant's."""
        return uploaded_files.find(self._connection, self._tenant, file_id)

    def spend(self, file_id: str, uuid: str) -> bool:
        """Spend a file on a certificate; say whether it was free."""
        return uploaded_files.use(
            self._connection, self._tenant, file_id, used_for(uuid), now=self.now
        )

    def release(self, file_id: str, uuid: str) -> None:
        """Have a file that was spent on a certificate be free again."""
        uploaded_files.release(self._connection, self._tenant, file_id, used_for(uuid))

    def add(self, uuid: str, values: Mapping[str, Any]) -> None:
        """Store a new draft."""
        self._connection.execute(ADD, self._of(uuid=uuid, **values))

    def change(self, uuid: str, values: Mapping[str, Any]) -> None:
        """Store all that is said of a draft."""
        self._connection.execute(CHANGE, self._of(uuid=uuid, **values))

    def submit(
        self,
        job: NewJob,
        sheet_rows: Iterable[tuple[int, list[str]]],
        placed: Sequence[tuple[str, Mapping[str, Any], int]],
    ) -> None:
        """
        Have a job issue drafts: its rows, in order, are those of *placed*, each with
        its UUID, the student as they are now, and when it is awarded.
        """
        seq, _ = self._ledger.admit_within(self._connection, job, sheet_rows)
        self._connection.execute(
            PLACE,
            [
                self._of(
                    uuid=uuid,
                    job=seq,
                    number=number,
                    snapshot=orjson.dumps(snapshot).decode(),
                    awarded_at=awarded_at,
                )
                for number, (uuid, snapshot, awarded_at) in enumerate(placed, 1)
            ],
        )

    def undo(self, uuid: str, *, was_new: bool) -> None:
        """Have one that could not be issued be a draft again, or not be there."""
        row = self.stored([uuid]).get(uuid)
        if row is None or row.certificate_id is not None or row.is_on_its_way:
            return
        if was_new:
            self.drop(row)
            return
        job = self._connection.scalar(
            text("SELECT job_seq FROM academic_certificates WHERE uuid = :uuid"),
            {"uuid": uuid},
        )
        self._connection.execute(UNPLACE, self._of(uuid=uuid, job=job))

    def drop(self, draft: Stored) -> None:
        """Delete a draft; its file is free again."""
        self._connection.execute(DROP, self._of(uuid=draft.uuid))
        if draft.file_id is not None:
            self.release(draft.file_id, draft.uuid)

    def hide(self, uuid: str) -> None:
        """List one no more that was issued."""
        self._connection.execute(HIDE, self._of(uuid=uuid))

    def _of(self, **values: Any) -> dict[str, Any]:
        return {"tenant": self._tenant, "now": self.now, **values}


class SqlAcademicCertificates:
    """The certificates of the directory in the tables of *database*."""

    def __init__(self, database: Database, ledger: SqlLedger) -> None:
        self._database = database
        self._ledger = ledger

    @contextmanager
    def changing(self, tenant_id: str, now: int) -> Iterator[Changes]:
        """Lend what changes a tenant's: all of it is stored, or nothing."""
        with self._database.writing() as connection:
            yield Changes(connection, self._ledger, tenant_id, now)

    def find(self, tenant_id: str, uuid: str, now: int) -> AcademicCertificate | None:
        """Return one as of *now*; None for another tenant's, and deleted ones."""
        query = text(
            f"SELECT {COLUMNS.format(now=int(now))} FROM academic_certificates t "
            f"{JOINS} WHERE t.tenant_id = :tenant AND t.uuid = :uuid "
            "AND t.deleted_at IS NULL"
        )
        with self._database.reading() as connection:
            row = connection.execute(query, {"tenant": tenant_id, "uuid": uuid}).first()
        return None if row is None else _read(row)

    def page(
        self, tenant_id: str, query: Query, now: int
    ) -> tuple[Sequence[AcademicCertificate], int]:
        """Return one page as of *now*, and how many there are in all."""
        with self._database.reading() as connection:
            where = []
            for name, value in query.where:
                kind = name.removesuffix("_uuid")
                if kind in TABLES and value is not None:
                    found = connection.scalar(
                        text(
                            f"SELECT seq FROM {TABLES[kind]} WHERE tenant_id = :tenant "
                            "AND uuid = :uuid"
                        ),
                        {"tenant": tenant_id, "uuid": value},
                    )
                    value = -1 if found is None else found
                where.append((name, value))
            asked = Query(tuple(where), query.sort, query.page, query.per_page)
            rows, total = listing(connection, _listing(now), tenant_id, asked)
        return [_read(row) for row in rows], total

    def outcome(self, tenant_id: str, uuid: str) -> Outcome:
        """Return what became of one that was to be issued."""
        with self._database.reading() as connection:
            row = connection.execute(
                OUTCOME, {"tenant": tenant_id, "uuid": uuid}
            ).first()
        if row is None:
            return Outcome(is_over=True, code="cancelled")
        is_cancelled = row.finished_at is not None and row.kept is None
        is_over = bool(row.certificate or row.code or is_cancelled)
        return Outcome(is_over, row.certificate, row.code, row.message)

    def of_certificate(self, certificate_id: str) -> str | None:
        """Return the UUID of the one that became a certificate."""
        with self._database.reading() as connection:
            found: str | None = connection.scalar(
                OF_CERTIFICATE, {"id": certificate_id}
            )
        return found


def used_for(uuid: str) -> str:
    """Return what a file is spent on that a certificate looks like."""
    return f"certificate {uuid}"


def _listing(now: int) -> Listing:
    return Listing(
        "academic_certificates",
        COLUMNS.format(now=int(now)),
        {
            "status": Column(STATE_IN_LIST.format(now=int(now)), is_nullable=False),
            "file_uuid": Column("file_id"),
            **{
                f"{name}_uuid": Column(f"{name}_seq", implies_tenant=False)
                for name in REFERENCES
            },
        },
        {
            "updated_at": Column("updated_at", is_nullable=False),
            "issued_at": Column("awarded_at"),
        },
        joins=JOINS,
        only="deleted_at IS NULL",
    )


def _stored(row: Row[Any]) -> Stored:
    is_dead = row.failure is not None or row.finished_at is not None
    return Stored(
        uuid=row.uuid,
        references={name: getattr(row, name) for name in REFERENCES},
        file_id=row.file,
        awarded_at=row.awarded_at,
        valid_until=row.valid_until,
        certificate_id=row.certificate,
        is_on_its_way=row.job_seq is not None and not row.certificate and not is_dead,
    )


def _read(row: Sequence[Any]) -> AcademicCertificate:
    mentions = {
        "institution": Mention(row[2], row[3]),
        "course": Mention(row[4], row[5]),
        "student": Mention(row[6], row[7]),
    }
    if row[8] is not None:
        mentions["cohort"] = Mention(row[8], row[9])
    if row[10] is not None:
        mentions["enrollment"] = Mention(row[10], None)
    is_revoked = row[18] == Standing.REVOKED
    return AcademicCertificate(
        uuid=row[0],
        state=AcademicState(row[1]),
        references=mentions,
        file_id=row[11],
        awarded_at=row[12],
        valid_until=row[13],
        snapshot=None if row[14] is None or row[15] is None else orjson.loads(row[14]),
        certificate_id=row[15],
        reference=row[16],
        issued_at=row[17],
        revoked_at=row[19] if is_revoked else None,
        revocation_reason=(row[20] or None) if is_revoked else None,
        created_at=row[21],
        updated_at=row[22],
    )
