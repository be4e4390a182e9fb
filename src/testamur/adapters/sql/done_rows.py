"""Rows of jobs that issue nothing: kept as done, or failed, under the lease's fence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from testamur.core.clock import Clock
from testamur.core.failpoints import fp
from testamur.core.refusals import NoLongerOurs, Reason
from testamur.core.words import Job, Lease

from .database import Database
from .registry import FAILURE_COLUMNS, FINISH_CHUNK
from .schema import done_rows, failures

#: How long a keeper of a job that signs is believed to be alive.
ALIVE_MILLISECONDS = 20_000

RESULTS = text("""
    SELECT r.number, r.cells, d.detail, f.code, f.message FROM rows r
    LEFT JOIN done_rows d ON d.job_seq = r.job_seq AND d.number = r.number
    LEFT JOIN failures f ON f.job_seq = r.job_seq AND f.number = r.number AND f.is_final
    WHERE r.job_seq = :job ORDER BY r.number
""")

ALIVE = text("""
    INSERT INTO sign_sessions (job_seq, keeper, alive_until)
    VALUES (:job, :keeper, :until)
    ON CONFLICT (job_seq) DO UPDATE SET alive_until = :until
    WHERE sign_sessions.keeper = :keeper
""")

END_SESSION = text("DELETE FROM sign_sessions WHERE job_seq = :job")

# Nobody works on these any more, and nobody can: the PIN is kept nowhere.
ORPHANS = text("""
    SELECT j.tenant_id, j.id FROM jobs j
    LEFT JOIN sign_sessions s ON s.job_seq = j.seq
    WHERE j.verb = 'sign' AND j.state IN ('queued', 'processing')
      AND (s.job_seq IS NULL OR s.alive_until < :now) AND j.created_at < :before
""")


class SqlDoneRows:
    """What became of the rows of jobs that issue nothing, in *database*."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def keep(
        self,
        connection: Connection,
        lease: Lease,
        done: Sequence[tuple[int, Mapping[str, Any]]],
        failed: Sequence[tuple[int, Reason]],
    ) -> None:
        """
        Finish the chunk, in the transaction that did what is *done*.

        Failed rows are not tried again by themselves: it would change nothing.

        Raises:
            NoLongerOurs: when the lease has lapsed or the job was cancelled: then
                nothing of the transaction may stay.
        """
        now = self._clock()
        values = {
            "chunk": lease.chunk_id,
            "token": lease.token,
            "now": now,
            "succeeded": len(done),
            "failed": len(failed),
        }
        if connection.execute(FINISH_CHUNK, values).rowcount != 1:
            raise NoLongerOurs(f"chunk {lease.chunk_id} is no longer ours to finish")
        job = lease.job.seq
        self._database.bulk_insert(
            connection,
            done_rows,
            ("job_seq", "number", "done_at", "detail"),
            [(job, row, now, orjson.dumps(detail).decode()) for row, detail in done],
        )
        self._database.bulk_insert(
            connection,
            failures,
            FAILURE_COLUMNS,
            [
                (job, row, lease.job.wave, 1, True, reason.code, reason.message, now)
                for row, reason in failed
            ],
        )
        fp("batch.before_commit")

    def results(
        self, job: Job
    ) -> Iterator[tuple[int, Sequence[str], Mapping[str, Any] | Reason | None]]:
        """Give each row: its number, its cells, and what became of it by now."""
        with self._database.reading() as connection:
            found = connection.execute(RESULTS, {"job": job.seq}).fetchall()
        for row in found:
            outcome: Mapping[str, Any] | Reason | None = None
            if row.detail is not None:
                outcome = orjson.loads(row.detail)
            elif row.code is not None:
                outcome = Reason(row.code, row.message)
            yield row.number, orjson.loads(row.cells), outcome

    def stay_alive(self, job: int, keeper: str) -> None:
        """Say that *keeper* still works on a job that signs."""
        until = self._clock() + ALIVE_MILLISECONDS
        with self._database.writing() as connection:
            connection.execute(ALIVE, {"job": job, "keeper": keeper, "until": until})

    def begin_session(self, connection: Connection, job: int, keeper: str) -> None:
        """Say so in the transaction that admits the job."""
        until = self._clock() + ALIVE_MILLISECONDS
        connection.execute(ALIVE, {"job": job, "keeper": keeper, "until": until})

    def end_session(self, job: int) -> None:
        """Say that nobody needs to work on it any more."""
        with self._database.writing() as connection:
            connection.execute(END_SESSION, {"job": job})

    def orphans(self) -> Sequence[tuple[str, str]]:
        """Return the jobs (tenant, id) that sign and that nobody works on any more."""
        now = self._clock()
        values = {"now": now, "before": now - ALIVE_MILLISECONDS}
        with self._database.reading() as connection:
            return [(one, name) for one, name in connection.execute(ORPHANS, values)]
