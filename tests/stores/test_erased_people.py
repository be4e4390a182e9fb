"""Persons outside of rows, erased: one exercise, on both databases."""

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import inspect, text

from support.access import AccessRoom
from support.record_worlds import World
from support.workshop import Workshop, csv_of, row
from testamur.adapters.files.acts_record import ActsRecord
from testamur.adapters.sql.erasures import SqlErasures
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.papers import lasting
from testamur.adapters.sql.papers.store import SqlPapers
from testamur.adapters.sql.records.store import SqlRecords
from testamur.adapters.sql.suppressions import SqlSuppressions
from testamur.adapters.sql.uploaded_files import SqlUploadedFiles, use
from testamur.core.acts import Person
from testamur.core.papers import (
    Answer,
    Document,
    Invited,
    Level,
    NewDocument,
    SignatoryFields,
    TypeFields,
)
from testamur.core.words import KeptFile
from testamur.delivery.suppression.listed import Suppressions
from testamur.documents.files import Documents, seal
from testamur.documents.kinds import Kinds
from testamur.documents.links import token_of
from testamur.documents.ports import Examined, Recorded
from testamur.documents.recording import Recorder
from testamur.documents.requests import Requests
from testamur.documents.signing import Signing
from testamur.issuance.erasure import Erasures
from testamur.records.definitions import DEFINITIONS, STUDENTS
from testamur.records.directory import Directory

EMAIL = "Ada.Lovelace@example.org"
WORDS = ("lovelace", "1815-12-10")
KEY = b"k" * 32


def is_new(name: str) -> dict[str, Any]:
    """Return what a student called *name* is."""
    return {
        "name": name,
        "email": f"{name.replace(' ', '.')}@example.org",
        "date_of_birth": "1815-12-10",
        "social_name": name,
    }


class House:
    """All that keeps persons, of one tenant, and what erases them."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.shop = Workshop(database_url, folder / "data")
        self.database = self.shop.database
        self.blobs = self.shop.blobs
        self.tenant = self.shop.tenant()
        self.record = ActsRecord(folder / "record")
        self.erasures = Erasures(
            SqlErasures(self.database), self.record, self.blobs.remove, self.shop.clock
        )
        store = SqlRecords(self.database, DEFINITIONS)
        self.world = World(
            self.database,
            self.tenant.id,
            Directory(store, DEFINITIONS, self.shop.clock),
            store,
        )
        self.papers = SqlPapers(self.database, "example.org")
        self.documents = Documents(
            self.papers, self.blobs, lambda _: Examined(), self.shop.clock
        )
        self.signing = Signing(self.papers, self.shop.clock)
        self.recorder = Recorder(
            self.papers, self.blobs, _record, lambda uuid: uuid, self.shop.clock
        )

    def erase(self, email=EMAIL):
        """Erase whoever has an address."""
        return self.erasures.erase(
            self.tenant.id, Person(email=email), reason="", actor="key 1"
        )

    def file(self, content: str) -> str:
        """Keep an uploaded file; return its id."""
        data = content.encode()
        path = self.shop.folder / uuid4().hex
        path.write_bytes(data)
        kept = KeptFile(
            id=str(uuid4()),
            tenant_id=self.tenant.id,
            digest=self.blobs.put(data),
            original_name="a.pdf",
            media_type="application/pdf",
            extension="pdf",
            size=len(data),
            created_at=1,
            used_at=None,
            used_for=None,
            expires_at=None,
        )
        path.unlink()
        SqlUploadedFiles(self.database).put([kept])
        return kept.id

    def document(self, *addresses: str, description="Contract", ask=True) -> Document:
        """Make a document that people at *addresses* are asked to sign."""
        kinds = Kinds(self.papers, self.shop.clock)
        kind = kinds.create(self.tenant.id, TypeFields(description="Contract"))
        file = self.file(f"%PDF-1.7 {uuid4()}")
        new = NewDocument(description, kind.id, file, None, "module_uuid", ())
        made = self.documents.create(self.tenant.id, new, by="key")
        requests = Requests(self.papers, lambda: KEY, self.shop.clock)
        invited = [
            Invited(f"signers.{n}", None, SignatoryFields(one.partition("@")[0], one))
            for n, one in enumerate(addresses)
        ]
        requests.link(self.tenant.id, made.id, invited, in_order=None)
        if ask:
            requests.send(self.tenant.id, made.id, by="key")
        return made

    def sign(self, document: Document) -> None:
        """Have everybody sign, and make the record."""
        for request in self.papers.requests(document.id):
            seen = self.papers.versions(document.id)[-1].digest
            answer = Answer(True, request.name, None, seen, "192.0.2.1", "Browser")
            self.signing.answer(token_of(KEY, request.uuid), answer)
        self.recorder.ensure(document.id)

    def seal(self, document: Document) -> None:
        """Have the institution sign."""
        newest = self.papers.versions(document.id)[-1]
        digest = self.blobs.put(b"sealed ada.lovelace")
        with self.papers.changing() as changes:
            current = changes.document(self.tenant.id, document.id)
            assert current is not None
            seal(
                changes,
                current,
                of=newest.digest,
                digest=digest,
                size=1,
                level=Level.B_T,
                now=7,
            )
        with self.database.writing() as connection:
            lasting.want(connection, document.id, newest.number + 1, 7)

    def diploma(self, student: Any, number: int, job: Any = None) -> str:
        """Have a student's certificate, or a draft of one; return its file."""
        file = self.file(f"%PDF-1.7 of Lovelace {number}")
        course = self.world.course(self.world.institution(), f"C{number}")
        uuid = str(uuid4())
        with self.database.writing() as connection:
            assert use(connection, self.tenant.id, file, f"certificate {uuid}", now=1)
            connection.execute(
                text("""
                    INSERT INTO academic_certificates (uuid, tenant_id,
                      institution_seq, course_seq, student_seq, file_id, snapshot,
                      job_seq, number, created_at, updated_at)
                    SELECT :uuid, o.tenant_id, o.institution_seq, o.seq, s.seq, :file,
                      :snapshot, :job, :number, 1, 1
                    FROM courses o, students s
                    WHERE o.uuid = :course AND s.uuid = :student
                """),
                {
                    "uuid": uuid,
                    "file": file,
                    "snapshot": '{"name":"Lovelace"}' if job else None,
                    "job": job and job.seq,
                    "number": number if job else None,
                    "course": course.uuid,
                    "student": student.uuid,
                },
            )
        return file

    def rows(self, query: str) -> list[Any]:
        """Return what *query* finds."""
        with self.database.reading() as connection:
            return [tuple(one) for one in connection.execute(text(query))]

    def told(self) -> str:
        """Return every value of every table and file, as one text."""
        told = []
        with self.database.reading() as connection:
            for table in inspect(self.database.engine).get_table_names():
                for found in connection.exec_driver_sql(f"SELECT * FROM {table}"):
                    told += [str(one) for one in found]
        for digest in self.blobs.digests():
            told.append(self.blobs.path(digest).read_bytes().decode("latin-1"))
        return "\n".join(told).lower()


def _record(said, document):
    spelled = repr(said).encode()
    return Recorded(spelled, document + spelled if document else None)


@pytest.fixture
def house(database_url, tmp_path):
    """Return a house in which everything must agree when the test ends."""
    house = House(database_url, tmp_path)
    yield house
    assert list(violations(house.database)) == []
    house.shop.close()


def test_a_student_whom_nothing_refers_to_is_deleted(house):
    """The record goes, and is counted no more; others stay."""
    house.world.make(STUDENTS, **is_new("Ada Lovelace"))
    other = house.world.student()

    act = house.erase(" ADA.lovelace@Example.org ").act

    assert [one.partition("/")[0] for one in act.persons] == ["student"]
    assert house.rows("SELECT uuid FROM students") == [(other.uuid,)]
    assert not any(word in house.told() for word in WORDS)


def test_a_student_who_was_enrolled_is_a_nobody(house):
    """The enrolment stays, of a student without name, address or date of birth."""
    student = house.world.make(STUDENTS, **is_new("Ada Lovelace"))
    house.world.enrollment(student, house.world.course(house.world.institution()))

    house.erase()

    assert house.rows("SELECT name, email, date_of_birth FROM students") == [
        ("Erased", f"erased-{student.uuid}@erased.invalid", "1900-01-01")
    ]
    assert house.rows("SELECT count(*) FROM enrollments") == [(1,)]
    assert not any(word in house.told() for word in WORDS)
    assert house.erase().act is None


def test_certificates_of_a_student_go_with_their_files(house):
    """
    Those issued to an address that they had before, too; drafts are deleted; and no
    file of theirs is left.
    """
    student = house.world.make(STUDENTS, **is_new("Ada Lovelace"))
    before = row(1, recipientEmail="countess@example.org", recipientName="A Lovelace")
    job = house.shop.enter(house.tenant, csv_of([before]))
    house.shop.drain()
    house.diploma(student, 1, job)
    house.diploma(student, 2)
    assert "%pdf-1.7 of lovelace 1" in house.told()

    act = house.erase().act

    assert act.rows == (f"{job.id}/1",)
    assert house.rows("SELECT snapshot, file_id FROM academic_certificates") == [
        (None, None)
    ]
    assert house.rows("SELECT count(*) FROM uploaded_files") == [(0,)]
    told = house.told()
    assert "%pdf-1.7" not in told
    assert "lovelace" not in told


def test_a_file_that_another_tenant_uploaded_as_well_stays(house):
    """The same bytes are stored once, for both."""
    student = house.world.make(STUDENTS, **is_new("Ada Lovelace"))
    house.diploma(student, 1)
    mine, house.tenant = house.tenant, house.shop.tenant("another")
    house.file("%PDF-1.7 of Lovelace 1")
    house.tenant = mine

    house.erase()

    digest = hashlib.sha256(b"%PDF-1.7 of Lovelace 1").hexdigest()
    assert house.blobs.path(digest).exists()
    assert house.rows("SELECT count(*) FROM uploaded_files") == [(1,)]


def test_a_user_is_gone_with_their_tokens(house):
    """The account, every token and what new ones are had for."""
    room = AccessRoom(house.database)
    room.users.create(house.tenant, EMAIL, "correct horse battery")
    session = room.sessions.log_in(
        EMAIL, "correct horse battery", slug=None, client="192.0.2.1"
    )
    assert session.token.text

    house.erase()

    for table in ("users", "tokens", "refresh_tokens"):
        assert house.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert "lovelace" not in house.told()


def test_that_a_document_was_signed_stays_and_by_whom_goes(house):
    """
    Moment and hash stay, for the others who signed the same; the files that print
    the name go, and a record is made again without it.
    """
    document = house.document(EMAIL, "bob@example.org")
    house.sign(document)
    house.seal(document)
    before = house.papers.requests(document.id)
    assert len(house.papers.versions(document.id)) == 3

    house.erase()

    hers, his = house.papers.requests(document.id)
    assert (hers.name, hers.typed_name, hers.client) == ("Erased", "Erased", None)
    assert (hers.signed_at, hers.seen_digest) == (
        before[0].signed_at,
        before[0].seen_digest,
    )
    assert his == before[1]
    assert [one.kind for one in house.papers.versions(document.id)] == ["original"]
    assert house.rows("SELECT count(*) FROM lasting") == [(0,)]
    assert house.rows("SELECT signature_level FROM documents") == [(None,)]
    assert "lovelace" not in house.told()
    house.recorder.catch_up()
    assert len(house.papers.versions(document.id)) == 2
    assert "'name': 'erased'" in house.told()
    assert "lovelace" not in house.told()


def test_a_record_that_was_just_being_made_is_not_kept(house):
    """It names who was erased meanwhile, so it is made again."""
    document = house.document(EMAIL)

    def record(said, data):
        house.erase()
        return _record(said, data)

    recorder = house.recorder
    house.recorder = Recorder(
        house.papers, house.blobs, record, lambda uuid: uuid, house.shop.clock
    )
    house.sign(document)

    assert len(house.papers.versions(document.id)) == 1
    assert "lovelace" not in house.told()
    recorder.catch_up()
    assert len(house.papers.versions(document.id)) == 2
    assert "lovelace" not in house.told()


def test_what_waits_for_the_erased_is_refused(house):
    """It would wait for ever; and nobody is written to any more."""
    document = house.document(EMAIL, "bob@example.org", description=f"For {EMAIL}")

    house.erase()

    found = house.documents.find(house.tenant.id, document.id)
    assert (found.status, found.description) == ("refused", "Erased")
    assert house.papers.requests(document.id)[0].reason == "Erased"
    assert house.rows("SELECT state, recipient FROM outbox ORDER BY recipient") == [
        ("failed", ""),
        ("queued", "bob@example.org"),
    ]
    assert "lovelace" not in house.told()


def test_a_document_that_nobody_was_sent_loses_the_signatory(house):
    """It is a draft as before, with the others."""
    document = house.document(EMAIL, "bob@example.org", ask=False)

    house.erase()

    names = [one.name for one in house.papers.requests(document.id)]
    assert names == ["bob"]
    assert house.rows("SELECT name FROM signatories") == [("bob",)]


def test_another_tenants_person_stays(house):
    """The same address elsewhere is somebody else's business."""
    mine = house.world.tenant
    house.world.tenant = house.shop.tenant("another").id
    house.world.make(STUDENTS, **is_new("Ada Lovelace"))
    house.world.tenant = mine

    assert house.erase().act is None
    assert house.rows("SELECT name FROM students") == [("Ada Lovelace",)]


def test_a_restored_backup_is_rid_of_persons_too(house):
    """
    The record names what was held of them by random ids, never a name or address.
    """
    student = house.world.make(STUDENTS, **is_new("Ada Lovelace"))
    house.world.enrollment(student, house.world.course(house.world.institution()))
    act = house.erase().act
    assert list(house.record.read()) == [act]
    assert "lovelace" not in act.statement.decode().lower()
    with house.database.writing() as connection:  # as if restored
        for statement in (
            "DELETE FROM leaf_batches WHERE act IS NOT NULL",
            "DELETE FROM acts",
            "UPDATE students SET name = 'Ada Lovelace'",
        ):
            connection.execute(text(statement))

    assert house.erasures.apply(act) == 0

    assert house.rows("SELECT name FROM students") == [("Erased",)]


def test_the_erased_are_still_not_written_to(house):
    """The list forgets the address and knows it again when it is asked."""
    lists = Suppressions(SqlSuppressions(house.database), lambda: KEY, house.shop.clock)
    tenant = house.tenant.id
    lists.add(tenant, EMAIL, by="operator")
    lists.add(tenant, "bob@example.org", by="operator")

    house.erase()

    found, _ = lists.page(tenant, limit=10)
    assert [one.address for one in found] == ["bob@example.org", None]
    assert lists.is_suppressed(tenant, EMAIL)
    assert "lovelace" not in house.told()
