"""Rows in, certificates out: `issuance.ports.Registry` on both engines."""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import IntegrityError

from testamur.core.acts import Act
from testamur.core.clock import Clock
from testamur.core.events import EventType, Happening
from testamur.core.failpoints import fp
from testamur.core.lifecycle import ChunkEvent, sources
from testamur.core.refusals import Fault, Halted, NoLongerOurs, Reason
from testamur.core.words import Lease
from testamur.issuance.ports import Draft, Impression, Outcome, Places

from . import events
from .audit import append
from .corrections import problem_with_correcting, replace
from .database import Database
from .house_state import halted_at
from .schema import certificates, chunks, failures, vouchers
from .status_lists import allocate

#: How often a row is tried before its owner has to ask: once, and once again.
AUTOMATIC_TRIES = 2

FRESH_ROWS = text("""
    SELECT number, cells FROM rows
    WHERE job_seq = :job AND number BETWEEN :first AND :last ORDER BY number
""")

# Rows that wait for another try are those whose failure is not final.
OPEN_ROWS = text("""
    SELECT r.number, r.cells FROM failures f
    JOIN rows r ON r.job_seq = f.job_seq AND r.number = f.number
    WHERE f.job_seq = :job AND f.wave = :wave AND f.is_final = FALSE
      AND f.number BETWEEN :first AND :last ORDER BY r.number
""")

HOLDS = "SELECT 1 FROM chunks WHERE id = :chunk AND token = :token AND state = 'leased'"

(KEEPABLE,) = sources(ChunkEvent.KEEP)

FINISH_CHUNK = text(f"""
    UPDATE chunks SET state = 'done', succeeded = :succeeded, failed = :failed,
      worker = NULL, leased_until = NULL, finished_at = :now
    WHERE id = :chunk AND token = :token AND state = '{KEEPABLE}'
""")

ADD_USAGE = text("""
    INSERT INTO usage (chunk_id, tenant_id, job_seq, quantity, price_version, used_at)
    VALUES (:chunk, :tenant, :job, :quantity, :price_version, :now)
""")

FORGET_FAILURES = text("""
    DELETE FROM failures WHERE job_seq = :job AND number IN :rows
""").bindparams(bindparam("rows", expanding=True))

END_FAILURE = text("""
    UPDATE failures SET tries = tries + 1, is_final = :is_final, code = :code,
      message = :message, failed_at = :now
    WHERE job_seq = :job AND number = :row
""")


CERTIFICATE_COLUMNS = (
    "job_seq",
    "number",
    "id",
    "reference",
    "chunk_id",
    "issued_at",
    "picture_id",
    "die_id",
    "status_index",
    "signature",
)

FIND_DRAFT = text("""
    SELECT d.seed, d.issued_at, d.digest, d.first_place, l.name, l.seed AS list_seed,
      l.size FROM drafts d LEFT JOIN status_lists l ON l.id = d.status_list_id
    WHERE d.chunk_id = :chunk
""")

ADD_DRAFT = text("""
    INSERT INTO drafts (chunk_id, seed, issued_at, digest, key_id, status_list_id,
      first_place)
    VALUES (:chunk, :seed, :issued_at, :digest, :key_id, :status_list_id, :first_place)
""")

# The draft says which key and which list, and is dropped in this transaction.
ADD_SIGNING = text("""
    INSERT INTO signings (chunk_id, key_id, status_list_id)
    SELECT chunk_id, key_id, status_list_id FROM drafts
    WHERE chunk_id = :chunk AND key_id IS NOT NULL
""")

ADD_LEAVES = text("""
    INSERT INTO leaf_batches (chunk_id, count, digests)
    VALUES (:chunk, :count, :digests)
""")

FAILURE_COLUMNS = (
    "job_seq",
    "number",
    "wave",
    "tries",
    "is_final",
    "code",
    "message",
    "failed_at",
)


class SqlRegistry:
    """The registry in the tables of *database*."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        write_down: Callable[[Act], None] | None = None,
    ) -> None:
        """
        Use *write_down* to put an act on record: where none is, nothing is corrected.
        """
        self._database = database
        self._clock = clock
        self._write_down = write_down
        # Until the draft is written, the chunk stays with who drafts it; SQLite has
        # one writer at a time anyway.
        self._holds = text(HOLDS + ("" if database.is_sqlite else " FOR UPDATE"))

    def rows(self, lease: Lease) -> Sequence[tuple[int, str]]:
        """Return the leased rows as (number, cells as a JSON array)."""
        is_first_try = lease.round == 0
        with self._database.reading() as connection:
            found = connection.execute(
                FRESH_ROWS if is_first_try else OPEN_ROWS,
                {
                    "job": lease.job.seq,
                    "wave": lease.job.wave,
                    "first": lease.first_row,
                    "last": lease.last_row,
                },
            )
            return [(number, cells) for number, cells in found]

    def problem_with_correcting(self, lease: Lease) -> Reason | None:
        """Say why the certificate that the job corrects cannot be corrected."""
        old = lease.job.profile.corrects
        if old is None:
            return None
        with self._database.reading() as connection:
            return problem_with_correcting(connection, lease.job.tenant_id, old)

    def draft(self, lease: Lease, digest: bytes, count: int) -> Draft:
        """
        Write down what is about to be issued, or find what an earlier run wrote.

        Raises:
            NoLongerOurs: when the lease has lapsed.
            Halted: issuing is halted; nothing was written.
        """
        held = {"chunk": lease.chunk_id, "token": lease.token}
        with self._database.writing() as connection:
            if connection.execute(self._holds, held).first() is None:
                raise _lapsed(lease)
            if halted_at(connection) is not None:
                raise Halted
            found = connection.execute(FIND_DRAFT, held).first()
            if found and bytes(found.digest) == digest:
                places = None
                if found.name is not None:
                    places = Places(
                        found.name,
                        bytes(found.list_seed),
                        found.first_place,
                        found.size,
                    )
                draft = Draft(bytes(found.seed), found.issued_at, places)
            else:
                connection.execute(_DROP_DRAFT, held)
                draft = self._draft(connection, lease, digest, count)
            if draft.places:
                self._log_key_use(connection, lease, count)
        return draft

    def _draft(
        self, connection: Connection, lease: Lease, digest: bytes, count: int
    ) -> Draft:
        seed, now = secrets.token_bytes(32), self._clock()
        values = {
            "chunk": lease.chunk_id,
            "seed": seed,
            "issued_at": now,
            "digest": digest,
            "key_id": None,
            "status_list_id": None,
            "first_place": None,
        }
        letterhead = lease.job.profile.letterhead
        if letterhead is None or not count:
            connection.execute(ADD_DRAFT, values)
            return Draft(seed, now)
        given = allocate(connection, lease.job.tenant_id, count, letterhead.public_url)
        values |= {
            "key_id": letterhead.key_id,
            "status_list_id": given.list_id,
            "first_place": given.first_place,
        }
        connection.execute(ADD_DRAFT, values)
        places = Places(given.name, given.seed, given.first_place, given.size)
        return Draft(seed, now, places)

    def _log_key_use(self, connection: Connection, lease: Lease, count: int) -> None:
        # No digest of what is signed: entries are for ever, and it would confirm a
        # guess of what a person who was erased was told.
        letterhead = lease.job.profile.letterhead
        assert letterhead is not None
        append(
            connection,
            at=self._clock(),
            tenant_id=lease.job.tenant_id,
            actor=lease.worker,
            act="key.used",
            subject=letterhead.key_id,
            detail={
                "job": lease.job.id,
                "firstRow": lease.first_row,
                "lastRow": lease.last_row,
                "credentials": count,
            },
        )

    def keep(self, lease: Lease, outcome: Outcome) -> None:
        """
        Make the outcome true, all of it or nothing, and finish the chunk.

        Raises:
            NoLongerOurs: when the lease has lapsed or the job was cancelled.
        """
        try:
            with self._database.writing() as connection:
                self._keep(connection, lease, outcome)
                fp("keep.before_commit")
        except IntegrityError as error:
            # A name that exists already (1 in 2^60 per pair): take other names.
            with self._database.writing() as connection:
                connection.execute(_DROP_DRAFT, {"chunk": lease.chunk_id})
            raise Fault(f"{_name(lease)}: names collided", passing=False) from error

    def _keep(self, connection: Connection, lease: Lease, outcome: Outcome) -> None:
        job = lease.job.seq
        is_last_try = lease.is_second_try
        values = {
            "chunk": lease.chunk_id,
            "token": lease.token,
            "job": job,
            "now": self._clock(),
            "succeeded": len(outcome.issued),
            "failed": len(outcome.failed) if is_last_try else 0,
        }
        # The fence: a lapsed lease, or a cancelled job, changes nothing at all.
        if connection.execute(FINISH_CHUNK, values).rowcount != 1:
            raise _lapsed(lease)
        bulk = self._database.bulk_insert
        bulk(
            connection,
            certificates,
            CERTIFICATE_COLUMNS,
            [
                (
                    job,
                    row.row,
                    row.ids.certificate,
                    row.ids.reference,
                    lease.chunk_id,
                    outcome.issued_at,
                    row.picture_id,
                    *_sealed(row.impression),
                )
                for row in outcome.issued
            ],
        )
        bulk(
            connection,
            vouchers,
            ("job_seq", "number", "id", "expires_at"),
            [
                (job, row.row, row.ids.voucher, row.voucher_expires_at)
                for row in outcome.issued
            ],
        )
        digests = [row.impression.digest for row in outcome.issued if row.impression]
        if digests:
            connection.execute(ADD_SIGNING, values)
            leaves = {"count": len(digests), "digests": b"".join(digests)}
            connection.execute(ADD_LEAVES, values | leaves)
        if outcome.issued:
            connection.execute(
                ADD_USAGE,
                {
                    **values,
                    "tenant": lease.job.tenant_id,
                    "quantity": len(outcome.issued),
                    "price_version": lease.job.profile.price_version,
                },
            )
        if outcome.issued:
            connection.execute(ADD_TELLING, values)
        if lease.round:
            self._keep_retried(connection, lease, outcome, values)
        elif outcome.failed:
            bulk(
                connection,
                failures,
                FAILURE_COLUMNS,
                [
                    (job, row, 0, 1, False, reason.code, reason.message, values["now"])
                    for row, reason in outcome.failed
                ],
            )
        if outcome.failed and not is_last_try:
            self._cut_second_try(connection, lease, len(outcome.failed))
        connection.execute(_DROP_DRAFT, values)
        profile = lease.job.profile
        if profile.corrects is not None and outcome.issued:
            assert self._write_down is not None
            (new,) = outcome.issued
            replace(
                connection,
                old_id=profile.corrects,
                new_id=new.ids.certificate,
                tenant_id=lease.job.tenant_id,
                actor=profile.asked_by or lease.worker,
                now=values["now"],
                write_down=self._write_down,
            )
            data = {"certificateId": profile.corrects}
            data["replacedBy"] = new.ids.certificate
            happening = Happening(
                EventType.CERTIFICATE_CORRECTED, profile.corrects, data
            )
            events.put(
                self._database,
                connection,
                lease.job.tenant_id,
                [happening],
                values["now"],
            )

    def _keep_retried(
        self,
        connection: Connection,
        lease: Lease,
        outcome: Outcome,
        values: dict[str, Any],
    ) -> None:
        """Rows of an earlier failure: success forgets it, failure renews it."""
        if outcome.issued:
            connection.execute(
                FORGET_FAILURES,
                {**values, "rows": [row.row for row in outcome.issued]},
            )
        if outcome.failed:
            connection.execute(
                END_FAILURE,
                [
                    {
                        "job": lease.job.seq,
                        "row": row,
                        "is_final": lease.is_second_try,
                        "code": reason.code,
                        "message": reason.message,
                        "now": values["now"],
                    }
                    for row, reason in outcome.failed
                ],
            )

    def _cut_second_try(
        self, connection: Connection, lease: Lease, failed: int
    ) -> None:
        self._database.bulk_insert(
            connection,
            chunks,
            CHUNK_COLUMNS,
            [
                new_chunk(
                    lease.job.seq,
                    lease.job.wave,
                    (lease.first_row, lease.last_row),
                    failed,
                    is_second_try=True,
                )
            ],
        )


CHUNK_COLUMNS = (
    "job_seq",
    "wave",
    "is_second_try",
    "first_row",
    "last_row",
    "size",
    "state",
    "token",
    "attempts",
    "succeeded",
    "failed",
)


def new_chunk(
    job: int, wave: int, span: tuple[int, int], size: int, *, is_second_try: bool
) -> tuple[Any, ...]:
    """Return a waiting chunk in the order of `CHUNK_COLUMNS`."""
    return (job, wave, is_second_try, *span, size, "waiting", 0, 0, 0, 0)


def _sealed(impression: Impression | None) -> tuple[Any, ...]:
    if impression is None:
        return (None, None, None)
    return (impression.die_id, impression.status_index, impression.signature)


#: Somebody has to be told of it, once everybody may know.
ADD_TELLING = text("INSERT INTO tellings (chunk_id, job_seq) VALUES (:chunk, :job)")

_DROP_DRAFT = text("DELETE FROM drafts WHERE chunk_id = :chunk")


def _name(lease: Lease) -> str:
    return f"chunk {lease.chunk_id} (token {lease.token})"


def _lapsed(lease: Lease) -> NoLongerOurs:
    return NoLongerOurs(f"{_name(lease)} is no longer ours to finish")
