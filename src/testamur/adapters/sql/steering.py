"""What owners ask of their jobs: `jobs.ports.Desk` on both engines."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.lifecycle import ChunkEvent, JobEvent, JobState, JobVerb, sources
from testamur.core.policy import CHUNK_ROWS
from testamur.core.words import Job, Progress, RowFailure

from . import events
from .database import Database
from .job_events import JOB_COUNTS, told_of
from .job_rows import FROM_JOBS, JOB, JOB_WIDTH, job_from
from .publication import is_published
from .registry import CHUNK_COLUMNS, new_chunk
from .schema import chunks


def _states(event: JobEvent | ChunkEvent) -> str:
    return "(" + ", ".join(f"'{state}'" for state in sources(event)) + ")"


FIND = (
    f"SELECT {JOB} FROM {FROM_JOBS} WHERE j.tenant_id = :tenant AND j.id = :id "
    "AND j.verb IN {verbs}"
)

COUNTS = f"""
    coalesce(sum(CASE WHEN {is_published("c.id")} THEN c.succeeded END), 0)
      AS succeeded,
    coalesce(sum(c.failed), 0) AS failed, max(c.finished_at) AS last_kept_at,
    coalesce(sum(CASE WHEN c.wave = j.wave THEN c.succeeded + c.failed END), 0)
      AS kept_in_wave,
    coalesce(sum(c.succeeded), 0) AS kept
"""

LOOK = f"""
    SELECT {JOB}, {COUNTS}, (SELECT count(*) FROM pictures p
      WHERE p.job_seq = j.seq AND p.source LIKE 'zip:%') AS images
    FROM {FROM_JOBS} LEFT JOIN chunks c ON c.job_seq = j.seq
    WHERE j.tenant_id = :tenant AND j.id = :id AND j.verb IN {{verbs}}
    GROUP BY j.seq, b.id
"""

PAGE = f"""
    SELECT {JOB}, {COUNTS}
    FROM {FROM_JOBS} LEFT JOIN chunks c ON c.job_seq = j.seq
    WHERE j.seq IN (SELECT seq FROM jobs WHERE tenant_id = :tenant
                    AND verb IN {{verbs}} {{only}}
                    ORDER BY seq DESC LIMIT :limit OFFSET :offset)
    GROUP BY j.seq, b.id ORDER BY j.seq DESC
"""

FAILURES = text("""
    SELECT number, code, message FROM failures
    WHERE job_seq = :job AND is_final = TRUE ORDER BY number LIMIT :limit
""")

CANCEL_JOB = text(f"""
    UPDATE jobs SET state = 'cancelled', finished_at = :now, updated_at = :now
    WHERE seq = :job AND state IN {_states(JobEvent.CANCEL)}
""")

CANCEL_CHUNKS = text(f"""
    UPDATE chunks SET state = 'cancelled', worker = NULL, leased_until = NULL,
      finished_at = :now
    WHERE job_seq = :job AND state IN {_states(ChunkEvent.CANCEL)}
""")

REOPEN_JOB = f"""
    UPDATE jobs SET state = 'queued', wave = wave + 1, started_at = NULL,
      finished_at = NULL, updated_at = :now,
      turn = (SELECT coalesce(max(k.turn), 0) FROM jobs k
              WHERE k.state IN ('queued', 'processing'))
    WHERE seq = :job AND state IN {_states(JobEvent.RETRY)}
      AND EXISTS (SELECT 1 FROM failures f
        WHERE f.job_seq = :job AND f.is_final = TRUE {{only}})
"""

FAILED_ROWS = """
    SELECT f.number FROM failures f
    WHERE f.job_seq = :job AND f.is_final = TRUE {only} ORDER BY f.number
"""

REOPEN_FAILURES = """
    UPDATE failures AS f SET wave = :wave, tries = 0, is_final = FALSE
    WHERE f.job_seq = :job AND f.is_final = TRUE {only}
"""

#: Of the failed rows, one.
ONLY = "AND f.number = :row"

# The failed rows belong to the new chunks now.
REOPEN_CHUNKS = text("""
    UPDATE chunks SET failed = 0 WHERE job_seq = :job AND failed > 0
""")

# The newest chunk that may have counted the row; what they count together is right.
REOPEN_CHUNK = text("""
    UPDATE chunks SET failed = failed - 1 WHERE id =
      (SELECT max(id) FROM chunks WHERE job_seq = :job AND failed > 0
         AND first_row <= :row AND last_row >= :row)
""")


class SqlDesk:
    """The desk on the tables of *database*, for jobs with one of *verbs*."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        verbs: Collection[JobVerb] = (JobVerb.ISSUE,),
    ) -> None:
        spelled = ", ".join(f"'{verb}'" for verb in verbs)
        self._verbs = f"({spelled})"
        self._find = text(FIND.format(verbs=self._verbs))
        self._look = text(LOOK.format(verbs=self._verbs))
        self._database = database
        self._clock = clock

    def find(self, tenant_id: str, job_id: str) -> Job | None:
        """Return the job, or None."""
        with self._database.reading() as connection:
            row = connection.execute(
                self._find, {"tenant": tenant_id, "id": job_id}
            ).first()
        return job_from(row) if row else None

    def owner(self, job_id: str) -> str | None:
        """Return the id of the tenant whose job this is, for the operator."""
        with self._database.reading() as connection:
            query = text("SELECT tenant_id FROM jobs WHERE id = :id")
            found: str | None = connection.scalar(query, {"id": job_id})
        return found

    def check(self) -> None:
        """
        Return when the database answers.

        Raises:
            Fault: when it does not.
        """
        with self._database.reading() as connection:
            connection.execute(text("SELECT 1 FROM jobs LIMIT 1")).first()

    def look(self, tenant_id: str, job_id: str) -> Progress | None:
        """Count how far the job is, without its failures; None for no such job."""
        with self._database.reading() as connection:
            row = connection.execute(
                self._look, {"tenant": tenant_id, "id": job_id}
            ).first()
        if row is None:
            return None
        progress = self._progress(job_from(row), tuple(row[JOB_WIDTH:-1]))
        job = progress.job
        if job.state not in (JobState.COMPLETED, JobState.FAILED):
            return progress
        return replace(progress, unused_images=max(0, job.profile.images - row.images))

    def failures(self, job: Job, limit: int) -> Sequence[RowFailure]:
        """Return the first *limit* rows that failed for good, in row order."""
        with self._database.reading() as connection:
            found = connection.execute(FAILURES, {"job": job.seq, "limit": limit})
            return [RowFailure(*row) for row in found]

    def listing(
        self, tenant_id: str, state: JobState | None, offset: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of jobs, newest first, and how many there are in all."""
        only = "AND state = :state" if state else ""
        values = {
            "tenant": tenant_id,
            "state": state,
            "limit": limit,
            "offset": offset,
        }
        count = text(
            "SELECT count(*) FROM jobs WHERE tenant_id = :tenant "
            f"AND verb IN {self._verbs} {only}"
        )
        page = text(PAGE.format(only=only, verbs=self._verbs))
        with self._database.reading() as connection:
            total = connection.scalar(count, values)
            found = connection.execute(page, values).fetchall()
        progress = [
            self._progress(job_from(row), tuple(row[JOB_WIDTH:])) for row in found
        ]
        return progress, int(total or 0)

    def cancel(self, job: Job) -> bool:
        """
        Stop the job; False when it was no longer queued or processing.

        Chunks in hand are taken from their workers: what they have not kept by
        now can never be kept.
        """
        values = {"job": job.seq, "now": self._clock()}
        with self._database.writing() as connection:
            if connection.execute(CANCEL_JOB, values).rowcount != 1:
                return False
            # Twice: while the first waits for a chunk that is being kept, that
            # chunk's second try may be cut. PostgreSQL shows it only to the next.
            connection.execute(CANCEL_CHUNKS, values)
            connection.execute(CANCEL_CHUNKS, values)
            self._tell(connection, job, JobState.CANCELLED, values["now"])
            fp("cancel.before_commit")
        fp("cancel.after_commit")
        return True

    def retry(self, job: Job, row: int | None = None) -> int:
        """Queue rows that failed for good, or one *row*; return how many."""
        now = self._clock()
        values = {"job": job.seq, "now": now, "row": row}
        reopen = text(REOPEN_JOB.format(only="" if row is None else ONLY))
        with self._database.writing() as connection:
            if connection.execute(reopen, values).rowcount != 1:
                return 0  # nothing failed, or a twin of this call was quicker
            numbers = self._reopen(connection, job.seq, row)
            self._tell(connection, job, JobState.QUEUED, now)
            fp("retry.before_commit")
        fp("retry.after_commit")
        return len(numbers)

    def _tell(
        self, connection: Connection, job: Job, state: JobState, now: int
    ) -> None:
        counted = connection.execute(JOB_COUNTS, {"job": job.seq}).one()
        happening = told_of(counted, state)
        events.put(self._database, connection, job.tenant_id, [happening], now)

    def _reopen(self, connection: Connection, job: int, row: int | None) -> list[int]:
        only = "" if row is None else ONLY
        values: dict[str, object] = {"job": job, "row": row}
        found = connection.execute(text(FAILED_ROWS.format(only=only)), values)
        numbers = [number for (number,) in found]
        wave = connection.scalar(
            text("SELECT wave FROM jobs WHERE seq = :job"), {"job": job}
        )
        assert wave is not None
        reopen = text(REOPEN_FAILURES.format(only=only))
        connection.execute(reopen, {**values, "wave": wave})
        connection.execute(REOPEN_CHUNKS if row is None else REOPEN_CHUNK, values)
        self._database.bulk_insert(
            connection,
            chunks,
            CHUNK_COLUMNS,
            [
                new_chunk(
                    job, wave, (part[0], part[-1]), len(part), is_second_try=False
                )
                for part in _parts(numbers)
            ],
        )
        return numbers

    def _progress(self, job: Job, counts: tuple[Any, ...]) -> Progress:
        succeeded, failed, last_kept_at, kept_in_wave, kept = counts
        # PostgreSQL sums bigints as decimals. What is kept and not yet in the log
        # is no success yet, and can no longer be cancelled.
        succeeded, failed = int(succeeded), int(failed)
        remaining = job.total - int(kept) - failed
        is_cancelled = job.state is JobState.CANCELLED
        return Progress(
            job=job,
            succeeded=succeeded,
            failed=failed,
            cancelled=remaining if is_cancelled else 0,
            last_kept_at=last_kept_at,
            estimated_at=self._estimate(job, remaining, int(kept_in_wave)),
        )

    def _estimate(self, job: Job, remaining: int, kept: int) -> int | None:
        """
        Say when the rest will be done at the rate seen since the job was started.

        None before anything is kept: a guess would not be honest.
        """
        if job.state is not JobState.PROCESSING or not kept or not job.started_at:
            return None
        now = self._clock()
        return now + (now - job.started_at) * remaining // kept


def _parts(numbers: list[int]) -> list[list[int]]:
    return [
        numbers[start : start + CHUNK_ROWS]
        for start in range(0, len(numbers), CHUNK_ROWS)
    ]
