"""Files of certificates that were made of templates, on both engines."""

import hashlib
import zlib

import pytest
from sqlalchemy import text

from support.workshop import row
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.prints import Print, SqlPrints

PDF = "pdf"


def made(tail: bytes) -> Print:
    """Return a file that begins with nothing that others share."""
    return Print(None, tail, len(tail), zlib.crc32(tail), hashlib.sha256(tail).digest())


@pytest.fixture
def issued(workshop):
    """Return an installation, a finished job in it, and its certificates by row."""
    job = workshop.admit(workshop.tenant("large"), [row(n) for n in range(1, 5)])
    workshop.drain()
    query = text("SELECT number, id FROM certificates WHERE job_seq = :job")
    with workshop.database.reading() as connection:
        found = connection.execute(query, {"job": job.seq}).fetchall()
    return workshop, job, dict(found)


def test_the_first_file_of_a_certificate_is_its_file_for_ever(issued):
    """Of two that are made at once, everybody is given the same one."""
    workshop, _, names = issued
    prints = SqlPrints(workshop.database)
    (number, name), *_ = names.items()

    assert prints.find(name, PDF) is None
    prints.keep([(name, made(b"first"))], PDF)
    prints.keep([(name, made(b"second"))], PDF)

    assert prints.find(name, PDF) == made(b"first")
    assert list(prints.every()) == [(name, made(b"first"))]
    assert number in names


def test_what_has_no_file_yet_is_found_by_row(issued):
    """A part of a job's rows at a time, and never twice."""
    workshop, job, names = issued
    prints = SqlPrints(workshop.database)
    numbers = sorted(names)
    assert prints.count_missing(job.seq, PDF) == len(numbers)

    prints.keep([(names[numbers[0]], made(b"one"))], PDF)

    assert prints.count_missing(job.seq, PDF) == len(numbers) - 1
    left = prints.missing(job.seq, PDF, after=0, last=job.total, limit=2)
    assert left == [(names[n], n) for n in numbers[1:3]]
    rest = prints.missing(job.seq, PDF, after=left[-1][1], last=job.total, limit=9)
    assert rest == [(names[n], n) for n in numbers[3:]]
    assert prints.missing(job.seq, PDF, after=0, last=numbers[0], limit=9) == []
    assert [n for n, _ in prints.of_rows(job.seq, 1, job.total, PDF)] == numbers[:1]


def test_a_file_without_a_certificate_is_noticed(issued):
    """By fsck; and none is kept for a certificate that is not there."""
    workshop, job, _ = issued
    prints = SqlPrints(workshop.database)

    prints.keep([("f" * 24, made(b"nobody's"))], PDF)
    assert list(prints.every()) == []

    with workshop.database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO prints VALUES (:job, 99, 'pdf', NULL, :tail, 1, 0, :tail)"
            ),
            {"job": job.seq, "tail": b"x"},
        )
    (line,) = violations(workshop.database)
    assert "row 99 has a file" in line
    with workshop.database.writing() as connection:
        connection.execute(text("DELETE FROM prints"))
