"""Jobs with outcomes, put into the tables directly: many rows in little time."""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from sqlalchemy import text

from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.job_rows import write_profile
from testamur.adapters.sql.registry import CERTIFICATE_COLUMNS, FAILURE_COLUMNS
from testamur.adapters.sql.schema import certificates, failures, rows, vouchers
from testamur.core.lifecycle import JobState
from testamur.core.words import Job, Profile

#: 2025-01-15T10:00:00Z
CREATED_AT = 1_736_935_200_000

COLUMNS = (
    "name",
    "description",
    "imageUrl",
    "category",
    "recipientEmail",
    "recipientName",
    "attribute_Course",
)


@dataclass(frozen=True, slots=True)
class Issued:
    """The row got a certificate, with the picture of this id."""

    picture_id: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The row failed."""

    message: str = "Invalid image URL"
    is_final: bool = True


Outcome = Issued | Failed | None


def cells(number: int, **changed: str) -> list[str]:
    """Return cells of a row that nothing is wrong with, in the order of COLUMNS."""
    values = {
        "name": "Web Development Certificate",
        "description": "Awarded for completing the course",
        "imageUrl": "https://example.com/certificate.png",
        "category": "education",
        "recipientEmail": f"recipient{number}@example.com",
        "recipientName": "John Doe",
        "attribute_Course": "Web Development",
    }
    return list((values | changed).values())


@dataclass
class ResultsWorld:
    """A database with one tenant, and a place for pictures."""

    database: Database
    folder: Path
    blobs: DirectoryBlobs = field(init=False)
    _count: int = 0

    def __post_init__(self) -> None:
        self.blobs = DirectoryBlobs(self.folder)
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO tenants VALUES "
                    "('t', 't', 'T', 'standard', 0, NULL, FALSE)"
                )
            )

    def job(
        self,
        made: Iterable[tuple[Sequence[str], Outcome]],
        *,
        state: JobState = JobState.COMPLETED,
        columns: tuple[str, ...] = COLUMNS,
    ) -> Job:
        """Put in a job of these rows: cells and what became of them."""
        self._count += 1
        seq = self._count
        profile = Profile(columns, "0" * 64, None, 30, "2026-11", "PB-")
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO jobs VALUES (:seq, :id, 't', 'issue', 'pocketbook', "
                    ":state, 0, :profile, 0, 0, NULL, '', :at, :at, :at, :at)"
                ),
                {
                    "seq": seq,
                    "id": f"{seq:024x}",
                    "state": state,
                    "profile": write_profile(profile),
                    "at": CREATED_AT,
                },
            )
            total = self._put_rows(connection, seq, made)
            connection.execute(
                text("UPDATE jobs SET total = :total WHERE seq = :seq"),
                {"total": total, "seq": seq},
            )
        return Job(
            seq=seq,
            id=f"{seq:024x}",
            tenant_id="t",
            verb="issue",
            dialect="pocketbook",
            state=state,
            total=total,
            profile=profile,
            wave=0,
            created_at=CREATED_AT,
            updated_at=CREATED_AT,
            started_at=CREATED_AT,
            finished_at=CREATED_AT,
            batch_id=None,
        )

    def _put_rows(self, connection, seq, made) -> int:
        insert = self.database.bulk_insert
        total = 0
        for page in _paged(made, 1_000):
            numbered = list(enumerate(page, total + 1))
            total += len(numbered)
            insert(
                connection,
                rows,
                ("job_seq", "number", "cells"),
                [
                    (seq, n, orjson.dumps(list(row)).decode())
                    for n, (row, _) in numbered
                ],
            )
            issued = [(n, o) for n, (_, o) in numbered if isinstance(o, Issued)]
            failed = [(n, o) for n, (_, o) in numbered if isinstance(o, Failed)]
            self.put_certificates(connection, seq, issued)
            self.put_failures(connection, seq, failed)
        return total

    def put_certificates(
        self, connection, seq: int, issued: Sequence[tuple[int, Issued]]
    ) -> None:
        """Give rows their certificates."""
        insert = self.database.bulk_insert
        insert(
            connection,
            certificates,
            CERTIFICATE_COLUMNS,
            [
                (
                    seq,
                    n,
                    f"{seq:08x}{n:016x}",
                    f"PB-{seq:04d}{n:08d}",
                    1,
                    CREATED_AT + n,
                    o.picture_id,
                    *(None, None, None),  # not signed
                )
                for n, o in issued
            ],
        )
        insert(
            connection,
            vouchers,
            ("job_seq", "number", "id", "expires_at"),
            [(seq, n, f"{seq:08x}{n:015x}f", CREATED_AT + 1000) for n, _ in issued],
        )

    def wait_for_the_log(
        self,
        connection,
        *,
        first_index: int | None = None,
        published: int | None = None,
    ) -> None:
        """Have the first job's two leaves wait, or in a log of which so much is out."""
        connection.execute(
            text(
                "INSERT INTO chunks (id, job_seq, wave, is_second_try, first_row, "
                "last_row, size, state, token, attempts, succeeded, failed) VALUES "
                "(1, 1, 0, FALSE, 1, 2, 2, 'done', 1, 1, 2, 0)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO leaf_batches (chunk_id, count, first_index, digests) "
                "VALUES (1, 2, :first, :digests)"
            ),
            {"first": first_index, "digests": b"d" * 64},
        )
        connection.execute(
            text(
                "INSERT INTO log_state (id, origin, size, root, edge, decided_at, "
                "published_size) VALUES (1, 'a log', 3, :root, :root, 0, :published)"
            ),
            {"root": b"", "published": published},
        )

    def put_failures(
        self, connection, seq: int, failed: Sequence[tuple[int, Failed]]
    ) -> None:
        """Say of rows why they failed."""
        self.database.bulk_insert(
            connection,
            failures,
            FAILURE_COLUMNS,
            [
                (seq, n, 0, 2, o.is_final, "a_code", o.message, CREATED_AT)
                for n, o in failed
            ],
        )

    def picture(
        self, data: bytes, *, source: str, media_type: str = "image/png", seq: int = 1
    ) -> int:
        """Store a picture for the job with this `seq`, once it is there."""
        digest = self.blobs.put(data)
        assert digest == hashlib.sha256(data).hexdigest()
        with self.database.writing() as connection:
            found = connection.scalar(
                text(
                    "INSERT INTO pictures (job_seq, source, state, round, digest, "
                    "media_type, width, height, size, crc32) VALUES (:seq, :source, "
                    "'stored', 0, :digest, :type, 1, 1, :size, :crc) RETURNING id"
                ),
                {
                    "seq": seq,
                    "source": source,
                    "digest": digest,
                    "type": media_type,
                    "size": len(data),
                    "crc": zlib.crc32(data),
                },
            )
        assert found is not None
        return int(found)


def _paged(items: Iterable, size: int) -> Iterator[list]:
    page = []
    for item in items:
        page.append(item)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page
