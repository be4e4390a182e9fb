"""
Everything that must hold between the tables, as queries that find what breaks it.

Each query returns one line of text per violation; a database at any moment, even
in the middle of a job or after a crash, has none.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from testamur.core.chain import Breaks

from .database import Database
from .papers.soundness import document_rules
from .records.soundness import rules as record_rules
from .vault.soundness import vault_rules

NOT_ERASED = """NOT EXISTS (SELECT 1 FROM erasures e
  WHERE e.job_seq = c.job_seq AND e.number = c.number)"""

#: Every place in a status list that a credential has.
TAKEN = """
    SELECT g.status_list_id AS list, c.status_index AS place
    FROM certificates c JOIN signings g ON g.chunk_id = c.chunk_id
    WHERE c.status_index IS NOT NULL
    UNION ALL
    SELECT status_list_id, status_index FROM secured WHERE status_list_id IS NOT NULL
"""

#: How many rows of job `j` succeeded.
SUCCEEDED = """((SELECT count(*) FROM certificates c WHERE c.job_seq = j.seq)
  + (SELECT count(*) FROM done_rows d WHERE d.job_seq = j.seq))"""

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
          OR EXISTS
          (SELECT 1 FROM failures f JOIN done_rows d
             ON d.job_seq = f.job_seq AND d.number = f.number
           WHERE f.job_seq = j.seq)
    """,
    "job {} counts other successes than it has certificates, or rows done": f"""
        SELECT j.id FROM jobs j WHERE
          (SELECT coalesce(sum(c.succeeded), 0) FROM chunks c WHERE c.job_seq = j.seq)
          <> {SUCCEEDED}
    """,
    "job {} counts other failures than it has failed rows": """
        SELECT j.id FROM jobs j WHERE
          (SELECT coalesce(sum(c.failed), 0) FROM chunks c WHERE c.job_seq = j.seq)
          <> (SELECT count(*) FROM failures f
              WHERE f.job_seq = j.seq AND f.is_final = TRUE)
    """,
    "job {} is finished, and rows of it have no outcome": f"""
        SELECT j.id FROM jobs j WHERE j.state IN ('completed', 'failed') AND j.total <>
          {SUCCEEDED} +
          (SELECT count(*) FROM failures f
           WHERE f.job_seq = j.seq AND f.is_final = TRUE)
    """,
    "job {} is finished or cancelled, and has chunks to work on": """
        SELECT j.id FROM jobs j WHERE j.state NOT IN ('queued', 'processing')
          AND EXISTS (SELECT 1 FROM chunks c WHERE c.job_seq = j.seq
                      AND c.state IN ('waiting', 'leased'))
    """,
    "job {} says completed or failed, and its rows say otherwise": f"""
        SELECT j.id FROM jobs j WHERE j.state IN ('completed', 'failed') AND
          (j.state = 'completed') <> ({SUCCEEDED} > 0)
    """,
    "job {} has rows waiting for another try, and no chunk that would": """
        SELECT j.id FROM jobs j WHERE j.state IN ('queued', 'processing') AND EXISTS
          (SELECT 1 FROM failures f WHERE f.job_seq = j.seq AND f.is_final = FALSE
             AND NOT EXISTS (SELECT 1 FROM chunks c WHERE c.job_seq = f.job_seq
               AND c.wave = f.wave AND c.state IN ('waiting', 'leased')
               AND f.number BETWEEN c.first_row AND c.last_row))
    """,
    "job {} issues certificates and has rows that are only done, or the other way": """
        SELECT j.id FROM jobs j WHERE
          (j.verb = 'issue' AND EXISTS
            (SELECT 1 FROM done_rows d WHERE d.job_seq = j.seq))
          OR (j.verb <> 'issue' AND EXISTS
            (SELECT 1 FROM certificates c WHERE c.job_seq = j.seq))
    """,
    "job {} has rows without an outcome that no chunk will give them": f"""
        SELECT j.id FROM jobs j WHERE j.total <>
          {SUCCEEDED} +
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
          AND NOT EXISTS (SELECT 1 FROM erasures e
            WHERE e.job_seq = c.job_seq AND e.number = c.number)
    """,
    "certificate {} was erased, and something of it is left": """
        SELECT c.id FROM erasures e JOIN certificates c
          ON c.job_seq = e.job_seq AND c.number = e.number
        WHERE c.signature IS NOT NULL OR c.picture_id IS NOT NULL
          OR EXISTS (SELECT 1 FROM vouchers v
               WHERE v.job_seq = c.job_seq AND v.number = c.number)
          OR EXISTS (SELECT 1 FROM renditions n
               WHERE n.job_seq = c.job_seq AND n.number = c.number)
    """,
    "certificate {} was erased, and is not revoked": """
        SELECT c.id FROM erasures e JOIN certificates c
          ON c.job_seq = e.job_seq AND c.number = e.number
        LEFT JOIN standings s ON s.job_seq = c.job_seq AND s.number = c.number
        WHERE s.standing IS NULL OR s.standing <> 'revoked'
    """,
    "row {} of a job was erased, and still says something": """
        SELECT r.number FROM erasures e JOIN rows r
          ON r.job_seq = e.job_seq AND r.number = e.number WHERE r.cells <> '{}'
    """,
    "row {} of a job says nothing, and was not erased": """
        SELECT r.number FROM rows r LEFT JOIN erasures e
          ON e.job_seq = r.job_seq AND e.number = r.number
        WHERE r.cells = '{}' AND e.act_id IS NULL
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
    "certificate {} is signed in part": """
        SELECT id FROM certificates WHERE (signature IS NULL) <> (die_id IS NULL)
          OR (signature IS NOT NULL AND status_index IS NULL)
    """,
    # In JSON this text cannot be part of a string.
    "certificate {} is signed and its job is not, or the other way round": f"""
        SELECT c.id FROM certificates c JOIN jobs j ON j.seq = c.job_seq
        WHERE (c.signature IS NOT NULL) <> (j.profile LIKE '%"letterhead":{{%')
          AND {NOT_ERASED}
    """,
    "certificate {} is signed, and nothing says with which key": """
        SELECT c.id FROM certificates c LEFT JOIN signings g ON g.chunk_id = c.chunk_id
        WHERE c.signature IS NOT NULL AND g.chunk_id IS NULL
    """,
    "chunk {} was signed with another key than its job was accepted with": """
        SELECT g.chunk_id FROM signings g JOIN chunks k ON k.id = g.chunk_id
        JOIN jobs j ON j.seq = k.job_seq
        WHERE j.profile NOT LIKE '%"key_id":"' || g.key_id || '"%'
    """,
    "chunk {} was signed with the key of another tenant": """
        SELECT g.chunk_id FROM signings g JOIN chunks k ON k.id = g.chunk_id
        JOIN jobs j ON j.seq = k.job_seq JOIN issuer_keys i ON i.id = g.key_id
        WHERE i.tenant_id <> j.tenant_id
    """,
    "chunk {} has its places in the status list of another tenant": """
        SELECT g.chunk_id FROM signings g JOIN chunks k ON k.id = g.chunk_id
        JOIN jobs j ON j.seq = k.job_seq JOIN status_lists l ON l.id = g.status_list_id
        WHERE l.tenant_id <> j.tenant_id
    """,
    "place {} of a status list is taken twice": f"""
        SELECT place FROM ({TAKEN}) AS taken GROUP BY list, place HAVING count(*) > 1
    """,
    "status list {} has more credentials than places, or one outside of it": f"""
        SELECT l.name FROM status_lists l JOIN ({TAKEN}) AS taken ON list = l.id
        GROUP BY l.id, l.name, l.used, l.size
        HAVING count(*) > l.used OR min(place) < 0 OR max(place) >= l.size
    """,
    "the standing of row {} has another place than its certificate": """
        SELECT s.number FROM standings s
        LEFT JOIN certificates c ON c.job_seq = s.job_seq AND c.number = s.number
        LEFT JOIN signings g ON g.chunk_id = c.chunk_id
        WHERE c.id IS NULL OR coalesce(s.status_index, -1) <>
            coalesce(c.status_index, -1)
          OR coalesce(s.status_list_id, -1) <> coalesce(g.status_list_id, -1)
    """,
    "act {} has no leaf": """
        SELECT a.id FROM acts a LEFT JOIN leaf_batches b ON b.act = a.id
        WHERE b.id IS NULL
    """,
    "row {} was corrected, and its certificate is not revoked": """
        SELECT k.number FROM corrections k LEFT JOIN standings s
          ON s.job_seq = k.job_seq AND s.number = k.number
        WHERE s.standing IS NULL OR s.standing <> 'revoked'
    """,
    "row {} was replaced by a certificate that is not there": """
        SELECT k.number FROM corrections k LEFT JOIN certificates c
          ON c.id = k.replaced_by WHERE c.id IS NULL
    """,
    "the standing of row {} comes from an act of another tenant": """
        SELECT s.number FROM standings s JOIN acts a ON a.id = s.act_id
        JOIN jobs j ON j.seq = s.job_seq WHERE a.tenant_id <> j.tenant_id
    """,
    "credential {} was secured, and has no leaf": """
        SELECT s.id FROM secured s LEFT JOIN leaf_batches b ON b.act = s.id
        WHERE b.id IS NULL
    """,
    "template {} has no version, or not every one from 1 on": """
        SELECT t.id FROM templates t LEFT JOIN template_versions v
          ON v.template_id = t.id
        GROUP BY t.id HAVING count(v.id) = 0 OR max(v.number) <> count(v.id)
          OR min(v.number) <> 1
    """,
    "version {} of a template says that it is ready, or broken, and is not": """
        SELECT id FROM template_versions
        WHERE (state = 'ready') <> (prepared_digest IS NOT NULL)
          OR (state = 'broken') <> (code IS NOT NULL)
          OR state NOT IN ('waiting', 'ready', 'broken')
    """,
    "job {} has a template that is not there, or of another tenant": """
        SELECT j.id FROM jobs j WHERE j.profile LIKE '%"template":{%' AND NOT EXISTS
          (SELECT 1 FROM template_versions v JOIN templates t ON t.id = v.template_id
           WHERE j.profile LIKE '%"template":{"version_id":' || v.id || ',%'
             AND coalesce(t.tenant_id, j.tenant_id) = j.tenant_id)
    """,
    "row {} has a file, and no certificate that it could be of": """
        SELECT p.number FROM prints p
        LEFT JOIN certificates c ON c.job_seq = p.job_seq AND c.number = p.number
        LEFT JOIN erasures e ON e.job_seq = p.job_seq AND e.number = p.number
        WHERE c.id IS NULL OR e.number IS NOT NULL
    """,
    "certificate template {} is ready, and is no template of its tenant": """
        SELECT t.id FROM ti_templates t WHERE t.state = 'ready' AND NOT EXISTS
          (SELECT 1 FROM template_versions v JOIN templates o ON o.id = v.template_id
           WHERE o.id = t.template_id AND v.number = t.version
             AND o.tenant_id = t.tenant_id)
    """,
    "certification {} is of a row that its tenant does not have": """
        SELECT c.id FROM ti_certifications c WHERE c.job_id IS NOT NULL AND NOT EXISTS
          (SELECT 1 FROM jobs j WHERE j.id = c.job_id AND j.tenant_id = c.tenant_id
             AND c.number BETWEEN 1 AND j.total)
    """,
    "token {} is of a user or a key of another tenant": """
        SELECT t.id FROM tokens t LEFT JOIN users u ON u.id = t.user_id
        LEFT JOIN api_keys k ON k.id = t.key_id
        WHERE u.tenant_id <> t.tenant_id OR k.tenant_id <> t.tenant_id
    """,
    "token {} is in force, and its user is disabled, or its key revoked": """
        SELECT t.id FROM tokens t LEFT JOIN users u ON u.id = t.user_id
        LEFT JOIN api_keys k ON k.id = t.key_id
        WHERE t.revoked_at IS NULL
          AND (u.disabled_at IS NOT NULL OR k.revoked_at IS NOT NULL)
    """,
    "user {} is disabled, and can have a new token": """
        SELECT u.id FROM users u JOIN refresh_tokens r ON r.user_id = u.id
        WHERE r.spent_at IS NULL AND u.disabled_at IS NOT NULL
    """,
    "certificate {} of the directory was erased, and something of it is left": """
        SELECT t.uuid FROM academic_certificates t JOIN erasures e
          ON e.job_seq = t.job_seq AND e.number = t.number
        WHERE t.snapshot IS NOT NULL OR t.file_id IS NOT NULL
    """,
    "certificate {} of the directory has a file that is spent on something else": """
        SELECT t.uuid FROM academic_certificates t
        JOIN uploaded_files f ON f.id = t.file_id
        WHERE f.tenant_id <> t.tenant_id OR f.used_for IS NULL
          OR f.used_for <> 'certificate ' || t.uuid
    """,
    "file {} is spent on nothing, or on something and free": """
        SELECT id FROM uploaded_files WHERE (used_at IS NULL) <> (used_for IS NULL)
    """,
    "signer {} was added, and the audit log does not tell of it": """
        SELECT id FROM signers WHERE CAST(id AS TEXT) NOT IN
          (SELECT subject FROM audit WHERE act = 'signer.add')
    """,
    "signer {} is revoked, and its key is still there": """
        SELECT id FROM signers WHERE revoked_at IS NOT NULL AND sealed IS NOT NULL
    """,
    "signer {} can be opened by nothing": """
        SELECT id FROM signers WHERE revoked_at IS NULL AND (kind = 'pkcs12') <>
          (sealed IS NOT NULL AND salt IS NOT NULL AND parameters IS NOT NULL)
          OR (kind = 'pkcs11') <> (uri IS NOT NULL)
    """,
    "certificate {} of the directory has a file that is not spent on it": """
        SELECT a.uuid FROM academic_certificates a
        LEFT JOIN uploaded_files f ON f.id = a.file_id
        WHERE a.file_id IS NOT NULL AND (f.id IS NULL OR f.tenant_id <> a.tenant_id
          OR coalesce(f.used_for, '') <> 'certificate ' || a.uuid)
    """,
    "file {} is spent on a certificate of the directory that does not have it": """
        SELECT f.id FROM uploaded_files f WHERE f.used_for LIKE 'certificate %'
          AND NOT EXISTS (SELECT 1 FROM academic_certificates a WHERE a.file_id = f.id
            AND 'certificate ' || a.uuid = f.used_for)
    """,
    "certificate {} of the directory belongs to another tenant than what it names": """
        SELECT a.uuid FROM academic_certificates a
        JOIN institutions i ON i.seq = a.institution_seq
        JOIN courses o ON o.seq = a.course_seq JOIN students s ON s.seq = a.student_seq
        LEFT JOIN jobs j ON j.seq = a.job_seq
        WHERE i.tenant_id <> a.tenant_id OR o.tenant_id <> a.tenant_id
          OR s.tenant_id <> a.tenant_id OR j.tenant_id <> a.tenant_id
    """,
    "certificate {} of the directory is placed in no row, or in a row by half": """
        SELECT a.uuid FROM academic_certificates a
        LEFT JOIN rows r ON r.job_seq = a.job_seq AND r.number = a.number
        WHERE (a.job_seq IS NULL) <> (a.number IS NULL)
          OR (a.job_seq IS NOT NULL AND r.number IS NULL)
    """,
    "document {} has a seal on a version that is not sealed": """
        SELECT s.document_id FROM document_seals s LEFT JOIN document_files f
          ON f.document_id = s.document_id AND f.version = s.version
        WHERE f.kind IS NULL OR f.kind <> 'sealed'
    """,
    "document {} is sealed by another tenant's signer, or by no row that is done": """
        SELECT s.document_id FROM document_seals s
        JOIN documents d ON d.id = s.document_id JOIN signers g ON g.id = s.signer_id
        LEFT JOIN done_rows r ON r.job_seq = s.job_seq AND r.number = s.number
        WHERE g.tenant_id <> d.tenant_id OR r.number IS NULL
    """,
    "rendition {} has no leaf": """
        SELECT c.id || '/' || r.format FROM renditions r JOIN certificates c
          ON c.job_seq = r.job_seq AND c.number = r.number
        LEFT JOIN leaf_batches b ON b.act = c.id || '/' || r.format
        WHERE b.id IS NULL
    """,
    **record_rules(),
    **document_rules(),
    **vault_rules(),
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
