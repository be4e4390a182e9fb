"""
Everything that must hold between the tables, as queries that find what breaks it.

Each query returns one line of text per violation; a database at any moment, even
in the middle of a job or after a crash, has none.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from testamur.core.chain import Breaks

from .database import Database

#: What is wrong, and the query that finds it (first column: where).
RULES: Mapping[str, str] = {
    "tenant {} has more than one signing key in force": """
        SELECT tenant_id FROM issuer_keys
        WHERE retired_at IS NULL AND revoked_at IS NULL
        GROUP BY tenant_id, algorithm HAVING count(*) > 1
    """,
    "signing key {} was made, and the audit log does not tell of it": """
        SELECT id FROM issuer_keys
        WHERE id NOT IN (SELECT subject FROM audit WHERE act = 'key.made')
    """,
    "job {} does not have the rows it was accepted with": """
        SELECT j.id FROM jobs j WHERE j.total <>
          (SELECT count(*) FROM rows r WHERE r.job_seq = j.seq)
    """,
    "job {} has rows that no chunk covers exactly once": """
        SELECT j.id FROM jobs j WHERE j.total <>
          (SELECT coalesce(sum(c.last_row - c.first_row + 1), 0) FROM chunks c
           WHERE c.job_seq = j.seq AND c.wave = 0 AND c.is_second_try = FALSE)
    """,
    "job {} has a row that both succeeded and failed": """
        SELECT j.id FROM jobs j WHERE EXISTS
          (SELECT 1 FROM failures f JOIN certificates c
             ON c.job_seq = f.job_seq AND c.number = f.number
           WHERE f.job_seq = j.seq)
    """,
    "job {} counts other successes than it has certificates": """
        SELECT j.id FROM jobs j WHERE
          (SELECT coalesce(sum(c.succeeded), 0) FROM chunks c WHERE c.job_seq = j.seq)
          <> (SELECT count(*) FROM certificates c WHERE c.job_seq = j.seq)
    """,
    "job {} counts other failures than it has failed rows": """
        SELECT j.id FROM jobs j WHERE
          (SELECT coalesce(sum(c.failed), 0) FROM chunks c WHERE c.job_seq = j.seq)
          <> (SELECT count(*) FROM failures f
              WHERE f.job_seq = j.seq AND f.is_final = TRUE)
    """,
    "job {} is finished, and rows of it have no outcome": """
        SELECT j.id FROM jobs j WHERE j.state IN ('completed', 'failed') AND j.total <>
          (SELECT count(*) FROM certificates c WHERE c.job_seq = j.seq) +
          (SELECT count(*) FROM failures f
           WHERE f.job_seq = j.seq AND f.is_final = TRUE)
    """,
    "job {} is finished or cancelled, and has chunks to work on": """
        SELECT j.id FROM jobs j WHERE j.state NOT IN ('queued', 'processing')
          AND EXISTS (SELECT 1 FROM chunks c WHERE c.job_seq = j.seq
                      AND c.state IN ('waiting', 'leased'))
    """,
    "job {} says completed or failed, and its certificates say otherwise": """
        SELECT j.id FROM jobs j WHERE j.state IN ('completed', 'failed') AND
          (j.state = 'completed') <> EXISTS
          (SELECT 1 FROM certificates c WHERE c.job_seq = j.seq)
    """,
    "job {} has rows waiting for another try, and no chunk that would": """
        SELECT j.id FROM jobs j WHERE j.state IN ('queued', 'processing') AND EXISTS
          (SELECT 1 FROM failures f WHERE f.job_seq = j.seq AND f.is_final = FALSE
             AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.job_seq = f.job_seq
               AND c.wave = f.wave AND c.state IN ('waiting', 'leased')
               AND f.number BETWEEN c.first_row AND c.last_row))
    """,
    "job {} has rows without an outcome that no chunk will give them": """
        SELECT j.id FROM jobs j WHERE j.total <>
          (SELECT count(*) FROM certificates c WHERE c.job_seq = j.seq) +
          (SELECT count(*) FROM failures f WHERE f.job_seq = j.seq) +
          (SELECT coalesce(sum(c.size), 0) FROM chunks c WHERE c.job_seq = j.seq
             AND c.wave = 0 AND c.is_second_try = FALSE
             AND c.state IN ('waiting', 'leased', 'cancelled'))
    """,
    "job {} was billed for other certificates than it has": """
        SELECT j.id FROM jobs j WHERE
          (SELECT coalesce(sum(u.quantity), 0) FROM usage u WHERE u.job_seq = j.seq)
          <> (SELECT count(*) FROM certificates c WHERE c.job_seq = j.seq)
    """,
    "certificate {} has no voucher": """
        SELECT c.id FROM certificates c LEFT JOIN vouchers v
          ON v.job_seq = c.job_seq AND v.number = c.number WHERE v.id IS NULL
    """,
    "voucher {} has no certificate": """
        SELECT v.id FROM vouchers v LEFT JOIN certificates c
          ON v.job_seq = c.job_seq AND v.number = c.number WHERE c.id IS NULL
    """,
    "certificate {} has no row": """
        SELECT c.id FROM certificates c LEFT JOIN rows r
          ON r.job_seq = c.job_seq AND r.number = c.number WHERE r.number IS NULL
    """,
    "certificate {} comes from a chunk that was not kept": """
        SELECT c.id FROM certificates c LEFT JOIN chunks k ON k.id = c.chunk_id
        WHERE k.state IS NULL OR k.state <> 'done'
    """,
    "certificate {} shows a picture that is not stored": """
        SELECT c.id FROM certificates c LEFT JOIN pictures p ON p.id = c.picture_id
        WHERE c.picture_id IS NOT NULL AND (p.state IS NULL OR p.state <> 'stored')
    """,
    "certificate {} shows a picture of another job": """
        SELECT c.id FROM certificates c JOIN pictures p ON p.id = c.picture_id
        WHERE p.job_seq <> c.job_seq
    """,
    "a draft of chunk {} is left, and the chunk is finished": """
        SELECT d.chunk_id FROM drafts d JOIN chunks c ON c.id = d.chunk_id
        WHERE c.state IN ('done')
    """,
    "two certificates have the id or reference {}": """
        SELECT id FROM certificates GROUP BY id HAVING count(*) > 1
        UNION ALL
        SELECT reference FROM certificates GROUP BY reference HAVING count(*) > 1
    """,
    "row {} of a job has two certificates": """
        SELECT number FROM certificates GROUP BY job_seq, number HAVING count(*) > 1
    """,
    "leaf batch {} does not begin where the one before it ends": """
        SELECT id FROM (SELECT id, first_index,
          coalesce(lag(first_index + count) OVER (ORDER BY first_index), 0) AS follows
          FROM leaf_batches WHERE first_index IS NOT NULL) AS placed
        WHERE first_index <> follows
    """,
    "the log {} counts other leaves than have a place": """
        SELECT origin FROM log_state WHERE size <>
          (SELECT coalesce(max(first_index + count), 0) FROM leaf_batches)
    """,
    "the log {} has no checkpoint of what it published": """
        SELECT s.origin FROM log_state s LEFT JOIN log_checkpoints c
          ON c.size = s.published_size
        WHERE s.published_size IS NOT NULL AND c.size IS NULL
    """,
    "leaf batch {} has other leaves than its chunk has certificates": """
        SELECT b.id FROM leaf_batches b LEFT JOIN
          (SELECT chunk_id, count(*) AS kept FROM certificates GROUP BY chunk_id) c
          ON c.chunk_id = b.chunk_id
        WHERE b.chunk_id IS NOT NULL AND b.count <> coalesce(c.kept, 0)
    """,
    "chunk {} has signed certificates, and no leaves": """
        SELECT DISTINCT c.chunk_id FROM certificates c LEFT JOIN leaf_batches b
          ON b.chunk_id = c.chunk_id
        WHERE b.id IS NULL AND c.signature IS NOT NULL
    """,
    "rendition {} has no leaf": """
        SELECT c.id || '/' || r.format FROM renditions r JOIN certificates c
          ON c.job_seq = r.job_seq AND c.number = r.number
        LEFT JOIN leaf_batches b ON b.act = c.id || '/' || r.format
        WHERE b.id IS NULL
    """,
}


def violations(database: Database) -> Iterator[str]:
    """Give one line per violation; changes nothing."""
    with database.reading() as connection:
        if database.is_sqlite:
            for (line,) in connection.execute(text("PRAGMA integrity_check")):
                if line != "ok":
                    yield f"SQLite: {line}"
        for sentence, query in RULES.items():
            for (where,) in connection.execute(text(query)):
                yield sentence.format(where)
        yield from _audit_breaks(connection)


def _audit_breaks(connection: Connection) -> Iterator[str]:
    """Compute the audit log's chain again."""
    breaks = Breaks()
    found = connection.execution_options(yield_per=1_000).execute(
        text(
            "SELECT seq, at, tenant_id, actor, act, subject, detail, hash FROM audit "
            "ORDER BY seq"
        )
    )
    for *fields, entry_hash in found:
        yield from breaks.found(fields[0], fields, bytes(entry_hash))
