"""Where accepted jobs are written down: `intake.ports.Ledger` on both engines."""

from collections.abc import Iterable, Iterator

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.ids import new_id
from testamur.core.words import Job
from testamur.intake.ports import NewJob

from .database import Database
from .job_rows import FROM_JOBS, JOB, JOB_WIDTH, job_from, write_profile
from .registry import CHUNK_COLUMNS, new_chunk
from .schema import chunks, rows

TWIN = text(f"""
    SELECT {JOB}, j.submission_digest FROM {FROM_JOBS}
    WHERE j.tenant_id = :tenant_id AND j.idempotency_key = :idempotency_key
""")

# A new job queues behind those that were served last, not before everybody.
ADD_JOB = text("""
    INSERT INTO jobs (id, tenant_id, verb, dialect, state, total, profile, wave, turn,
      idempotency_key, submission_digest, created_at, updated_at)
    VALUES (:id, :tenant_id, :verb, :dialect, 'queued', :total, :profile, 0,
      (SELECT coalesce(max(turn), 0) FROM jobs
       WHERE state IN ('queued', 'processing')),
      :idempotency_key, :submission_digest, :now, :now)
    RETURNING seq
""")

# Another name for the same files: nothing is fetched or decoded again.
CARRY_PICTURE = text("""
    INSERT INTO pictures (job_seq, source, state, round, original_digest, digest,
      media_type, width, height, size, crc32, thumbnail_digest, thumbnail_media_type)
    SELECT :job, :source, state, 0, original_digest, digest, media_type, width,
      height, size, crc32, thumbnail_digest, thumbnail_media_type
    FROM pictures WHERE id = :id AND state = 'stored'
""")

ADD_BATCH = text("""
    INSERT INTO batches (id, tenant_id, job_seq, name, created_at)
    VALUES (:id, :tenant_id, :job, :name, :now)
""")


class SqlLedger:
    """The ledger in the tables of *database*."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find_twin(self, tenant_id: str, idempotency_key: str) -> tuple[Job, str] | None:
        """Return the job accepted under this key and its submission digest."""
        with self._database.reading() as connection:
            row = connection.execute(
                TWIN, {"tenant_id": tenant_id, "idempotency_key": idempotency_key}
            ).first()
        return (job_from(row), row[JOB_WIDTH]) if row else None

    def admit(self, new: NewJob, sheet_rows: Iterable[tuple[int, list[str]]]) -> Job:
        """Write down the job, its rows and its chunks in one transaction."""
        try:
            with self._database.writing() as connection:
                job_id = self.admit_within(connection, new, sheet_rows)[1]
                fp("upload.before_commit")
        except IntegrityError:
            if new.idempotency_key:
                twin = self.find_twin(new.tenant_id, new.idempotency_key)
                if twin:
                    return twin[0]
            raise
        fp("upload.after_commit")
        with self._database.reading() as connection:
            found = connection.execute(
                text(f"SELECT {JOB} FROM {FROM_JOBS} WHERE j.id = :id"), {"id": job_id}
            ).one()
        return job_from(found)

    def admit_within(
        self,
        connection: Connection,
        new: NewJob,
        sheet_rows: Iterable[tuple[int, list[str]]],
    ) -> tuple[int, str]:
        """Write a job down in somebody's transaction; return its `seq` and id."""
        values = {
            "id": new_id(),
            "tenant_id": new.tenant_id,
            "verb": new.verb,
            "dialect": new.dialect,
            "total": new.total,
            "profile": write_profile(new.profile),
            "idempotency_key": new.idempotency_key,
            "submission_digest": new.submission_digest,
            "now": self._clock(),
        }
        job = connection.scalar(ADD_JOB, values)
        assert job is not None
        bulk = self._database.bulk_insert
        numbered = ((job, number, _cells(cells)) for number, cells in sheet_rows)
        bulk(connection, rows, ("job_seq", "number", "cells"), numbered)
        bulk(connection, chunks, CHUNK_COLUMNS, _cut(job, new))
        if new.carried is not None:
            source = f"url:{new.carried.cell}"
            picture = {"job": job, "source": source, "id": new.carried.picture_id}
            connection.execute(CARRY_PICTURE, picture)
        if new.batch_name is not None:
            batch = {**values, "id": new_id(), "job": job, "name": new.batch_name}
            connection.execute(ADD_BATCH, batch)
        return job, str(values["id"])


def _cells(cells: list[str]) -> str:
    return orjson.dumps(cells).decode()


def _cut(job: int, new: NewJob) -> Iterator[tuple[object, ...]]:
    for first in range(1, new.total + 1, new.chunk_rows):
        last = min(first + new.chunk_rows - 1, new.total)
        yield new_chunk(job, 0, (first, last), last - first + 1, is_second_try=False)
