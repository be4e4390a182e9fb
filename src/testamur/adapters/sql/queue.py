"""
Chunks, handed out one lease at a time: `jobs.ports.Queue` on both engines.

Fair by construction: tenants take turns, and a tenant's jobs take turns, so a
small job never waits behind a large one for longer than the chunks in hand.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.clock import MINUTE, SECOND, Clock
from testamur.core.failpoints import fp
from testamur.core.lifecycle import ChunkEvent, JobEvent, JobState, JobVerb, sources
from testamur.core.policy import MAX_CHUNK_ATTEMPTS
from testamur.core.refusals import Reason
from testamur.core.words import Job, Lease

from . import events
from .database import Database
from .job_events import told_of
from .job_rows import FROM_JOBS, JOB, JOB_WIDTH, job_from
from .publication import UNPUBLISHED

#: How long an idle worker believes a database that seems unchanged.
IDLE_MILLISECONDS = 200

RUNNING = "('queued', 'processing')"

# A chunk may rest for a moment; one that rests for longer fell asleep under a clock
# that was wrong.
READY = f"state = 'waiting' AND ready_at NOT BETWEEN :now + 1 AND :now + {MINUTE}"

# While issuing is halted nothing is handed out.
GOING = "NOT EXISTS (SELECT 1 FROM house WHERE name = 'halted_at')"

#: What workers do by themselves. Signing takes somebody who was told the PIN.
BY_WORKERS = (JobVerb.ISSUE, JobVerb.RESEND)

ANY_WAITING = (
    f"SELECT 1 FROM jobs j WHERE j.state IN {RUNNING} AND {{ours}} AND EXISTS (SELECT "
    f"1 FROM chunks WHERE job_seq = j.seq AND {READY}) AND {GOING} LIMIT 1"
)

# A tenant's place in the line is that of its job which was served last.
NEXT_JOB = (
    f"SELECT {JOB}, j.turn FROM {FROM_JOBS} JOIN (SELECT tenant_id, max(turn) AS "
    f"turn FROM jobs WHERE state IN {RUNNING} GROUP BY tenant_id) t "
    f"ON t.tenant_id = j.tenant_id WHERE j.state IN {RUNNING} AND {{ours}} AND EXISTS "
    f"(SELECT 1 FROM chunks WHERE job_seq = j.seq AND {READY}) AND {GOING} "
    "ORDER BY t.turn, j.turn, j.seq LIMIT 1"
)

# Second tries first: what is wrong with a row is known while the job still runs.
NEXT_CHUNK = (
    "SELECT id, token, attempts, first_row, last_row, is_second_try FROM chunks "
    f"WHERE job_seq = :job AND {READY} {{only}} ORDER BY id LIMIT 1"
)

SKIP_LOCKED = " FOR UPDATE SKIP LOCKED"

HELD = "{0}id = :chunk AND {0}token = :token AND {0}state = 'leased'"

UNFINISHED = text(
    "SELECT j.seq, j.wave, j.id, j.tenant_id, j.verb, j.total, "
    "coalesce((SELECT sum(c.succeeded) FROM chunks c WHERE c.job_seq = j.seq), 0) "
    f"AS succeeded FROM jobs j WHERE j.state IN {RUNNING} AND NOT EXISTS "
    "(SELECT 1 FROM chunks c WHERE c.job_seq = j.seq AND (c.state IN "
    f"('waiting', 'leased') OR c.id IN (SELECT chunk_id {UNPUBLISHED})))"
)


NOT_PROCESSED = Reason(
    "not_processed",
    f"Our software failed on this row, or on a neighbour of it, {MAX_CHUNK_ATTEMPTS} "
    "times. Retry the job; if it fails again, tell your operator.",
)

FAIL_FRESH_ROWS = text("""
    INSERT INTO failures
      (job_seq, number, wave, tries, is_final, code, message, failed_at)
    SELECT job_seq, number, :wave, 1, TRUE, :code, :message, :now
    FROM rows WHERE job_seq = :job AND number BETWEEN :first AND :last
""")

FAIL_OPEN_FAILURES = text("""
    UPDATE failures SET is_final = TRUE, code = :code, message = :message,
      failed_at = :now
    WHERE job_seq = :job AND wave = :wave AND is_final = FALSE
      AND number BETWEEN :first AND :last
""")


def _words(event: JobEvent | ChunkEvent) -> str:
    """Spell the states from which *event* may happen, for IN."""
    return "(" + ", ".join(f"'{state}'" for state in sources(event)) + ")"


START_JOB = text(f"""
    UPDATE jobs SET state = 'processing', started_at = coalesce(started_at, :now),
      turn = 1 + (SELECT max(k.turn) FROM jobs k WHERE k.state IN {RUNNING})
    WHERE seq = :job AND state IN {_words(JobEvent.START)}
""")

LEASE_CHUNK = text(f"""
    UPDATE chunks SET state = 'leased', token = token + 1, attempts = attempts + 1,
      worker = :worker, leased_until = :until
    WHERE id = :chunk AND state IN {_words(ChunkEvent.LEASE)}
""")

PARK = text(f"""
    UPDATE chunks SET state = 'parked', worker = NULL, leased_until = NULL,
      failed = :failed, finished_at = :now
    WHERE id = :chunk AND state IN {_words(ChunkEvent.PARK)}
""")


ABANDONABLE = text("""
    SELECT id, first_row, last_row, is_second_try FROM chunks
    WHERE job_seq = :job AND state = 'waiting' ORDER BY id
""")


class SqlQueue:
    """The queue in the tables of *database*; leases last *lease_seconds*."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        lease_seconds: int = 30,
        verbs: Collection[JobVerb] = BY_WORKERS,
        only: Job | None = None,
    ) -> None:
        """Hand out chunks of jobs with one of *verbs*; with *only*, of that job."""
        spelled = ", ".join(f"'{verb}'" for verb in verbs)
        ours = f"j.verb IN ({spelled})"
        if only is not None:
            ours += f" AND j.seq = {only.seq}"
        self._any_waiting = text(ANY_WAITING.format(ours=ours))
        self._next_job = text(NEXT_JOB.format(ours=ours))
        self._database = database
        self._clock = clock
        self._lasts = lease_seconds * SECOND
        #: When nothing waited, and what the database looked like then.
        self._idle_mark: object = None
        self._idle_since = 0
        # SQLite has one writer at a time and nothing to lock. On PostgreSQL a chunk
        # could be kept between our look at it and what we make of that.
        is_alone = database.is_sqlite
        self._next_chunks = [
            text(NEXT_CHUNK.format(only=only) + ("" if is_alone else SKIP_LOCKED))
            for only in ("AND is_second_try = TRUE", "")
        ]
        self._locked = "" if is_alone else " FOR UPDATE OF c"
        # Who holds a chunk's row just now is keeping it, renewing it or giving it
        # back: its lease has not lapsed. Not waiting, we wait for each other never.
        self._locked_if_free = "" if is_alone else " FOR UPDATE OF c SKIP LOCKED"

    def lease(self, worker: str) -> Lease | None:
        """Hand out the next chunk, fairly; None when nothing waits."""
        now = self._clock()
        mark = self._database.change_mark()
        is_recent = 0 <= now - self._idle_since < IDLE_MILLISECONDS
        if is_recent and mark is not None and mark == self._idle_mark:
            return None
        self._idle_mark = None
        with self._database.reading() as connection:
            if connection.execute(self._any_waiting, {"now": now}).first() is None:
                self._idle_mark, self._idle_since = mark, now
                return None
        with self._database.writing() as connection:
            found = connection.execute(self._next_job, {"now": now}).first()
            if found is None:
                return None
            job = job_from(found)
            now = self._clock()
            values = {"job": job.seq, "worker": worker, "now": now}
            # The job before its chunk, as in cancelling: never the other way round,
            # or the two would wait for each other.
            if connection.execute(START_JOB, values).rowcount != 1:
                return None  # cancelled since
            for statement in self._next_chunks:
                chunk = connection.execute(statement, values).first()
                if chunk is not None:
                    break
            if chunk is None:  # another worker was quicker
                return None
            connection.execute(
                LEASE_CHUNK, {"chunk": chunk.id, "until": now + self._lasts, **values}
            )
            return Lease(
                chunk_id=chunk.id,
                token=chunk.token + 1,
                attempt=chunk.attempts + 1,
                worker=worker,
                first_row=chunk.first_row,
                last_row=chunk.last_row,
                is_second_try=bool(chunk.is_second_try),
                job=job,
            )

    def renew(self, lease: Lease) -> bool:
        """Extend *lease*; False when somebody else holds the chunk by now."""
        with self._database.writing() as connection:
            renewed = connection.execute(
                text(
                    "UPDATE chunks SET leased_until = :until WHERE " + HELD.format("")
                ),
                {**_held(lease), "until": self._clock() + self._lasts},
            )
            return renewed.rowcount == 1

    def release(
        self, lease: Lease, *, blameless: bool = False, rest_seconds: float = 0
    ) -> None:
        """Give the chunk back; park it when its attempts are used up."""
        with self._database.writing() as connection:
            self._release(
                connection,
                HELD.format("c.") + self._locked,
                {**_held(lease), "rest": round(rest_seconds * SECOND)},
                blameless=blameless,
            )

    def lapse(self, *, worker: str | None = None, all_of_them: bool = False) -> int:
        """Release leases that ran out, or *worker*'s, or all; say how many."""
        which = "c.worker = :worker" if worker else "c.leased_until < :now"
        which = "TRUE" if all_of_them else which
        values = {"worker": worker, "now": self._clock()}
        with self._database.reading() as connection:
            lapsed = connection.scalar(
                text(
                    "SELECT count(*) FROM chunks c "
                    f"WHERE c.state = 'leased' AND {which}"
                ),
                values,
            )
        if not lapsed:
            return 0
        with self._database.writing() as connection:
            return self._release(
                connection,
                f"c.state = 'leased' AND {which}" + self._locked_if_free,
                values,
            )

    def abandon(self, job: Job, reason: Reason, worker: str) -> int:
        """
        Fail every row of *job* that nobody works on, for *reason*; say how many.

        They are leased for the purpose, so whoever had them has them no more.
        """
        count, now = 0, self._clock()
        values = {"job": job.seq, "wave": job.wave, "worker": worker, "now": now}
        with self._database.writing() as connection:
            waiting = connection.execute(ABANDONABLE, values).fetchall()
            for chunk in waiting:
                values |= {
                    "chunk": chunk.id,
                    "first": chunk.first_row,
                    "last": chunk.last_row,
                    "until": now,
                }
                connection.execute(LEASE_CHUNK, values)
                is_fresh = job.wave == 0 and not chunk.is_second_try
                statement = FAIL_FRESH_ROWS if is_fresh else FAIL_OPEN_FAILURES
                told = {**values, "code": reason.code, "message": reason.message}
                failed = connection.execute(statement, told).rowcount
                connection.execute(PARK, {**values, "failed": failed})
                count += failed
        return count

    def settle(self) -> int:
        """Finish every job whose rows all have their outcome; say how many."""
        with self._database.reading() as connection:
            if connection.execute(UNFINISHED).first() is None:
                return 0
        settled = []
        now = self._clock()
        with self._database.writing() as connection:
            for job in connection.execute(UNFINISHED).fetchall():
                event = JobEvent.FINISH if job.succeeded else JobEvent.FAIL
                state = JobState.COMPLETED if job.succeeded else JobState.FAILED
                # Of the wave that was looked at: PostgreSQL may have let a twin of
                # this call finish the job, and its owner retry it, in between.
                is_ours = connection.execute(
                    text(
                        "UPDATE jobs SET state = :state, finished_at = :now, "
                        "updated_at = :now WHERE seq = :job AND wave = :wave AND "
                        f"state IN {_words(event)}"
                    ),
                    {"job": job.seq, "wave": job.wave, "state": state, "now": now},
                ).rowcount
                if is_ours:
                    settled.append((job.tenant_id, told_of(job, state)))
            for tenant_id, happening in settled:
                events.put(self._database, connection, tenant_id, [happening], now)
            fp("job.before_finalize")
        return len(settled)

    def _release(
        self,
        connection: Connection,
        which: str,
        values: dict[str, Any],
        *,
        blameless: bool = False,
    ) -> int:
        found = connection.execute(
            text(
                f"SELECT {JOB}, c.id AS chunk_id, c.attempts, c.first_row, c.last_row, "
                f"c.is_second_try FROM {FROM_JOBS} JOIN chunks c ON c.job_seq = j.seq "
                f"WHERE {which}"
            ),
            values,
        ).fetchall()
        for row in found:
            if row.attempts >= MAX_CHUNK_ATTEMPTS and not blameless:
                self._park(connection, row)
                continue
            connection.execute(
                text(
                    "UPDATE chunks SET state = 'waiting', worker = NULL, leased_until "
                    "= NULL, ready_at = :ready_at, attempts = attempts - :given_back "
                    f"WHERE id = :chunk AND state IN {_words(ChunkEvent.LAPSE)}"
                ),
                {
                    "chunk": row.chunk_id,
                    "given_back": int(blameless),
                    "ready_at": self._clock() + values.get("rest", 0),
                },
            )
        return len(found)

    def _park(self, connection: Connection, row: Any) -> None:
        """Fail the chunk's rows, so that the job ends and its owner can retry them."""
        job = job_from(row[:JOB_WIDTH])
        values = {
            "job": job.seq,
            "wave": job.wave,
            "chunk": row.chunk_id,
            "first": row.first_row,
            "last": row.last_row,
            "now": self._clock(),
            "code": NOT_PROCESSED.code,
            "message": NOT_PROCESSED.message,
        }
        is_first_try = job.wave == 0 and not row.is_second_try
        statement = FAIL_FRESH_ROWS if is_first_try else FAIL_OPEN_FAILURES
        failed = connection.execute(statement, values).rowcount
        connection.execute(PARK, {**values, "failed": failed})


def _held(lease: Lease) -> dict[str, Any]:
    return {"chunk": lease.chunk_id, "token": lease.token}
