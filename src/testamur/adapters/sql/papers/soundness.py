"""What must hold between the tables of documents; as `fsck` has it."""

from collections.abc import Mapping


def document_rules() -> Mapping[str, str]:
    """Return what is wrong, and the query that finds it (first column: where)."""
    return {
        "document {} has no original file, or its versions have gaps": """
            SELECT d.id FROM documents d WHERE
              (SELECT count(*) FROM document_files f WHERE f.document_id = d.id
                 AND f.version = 1 AND f.kind = 'original') <> 1
              OR (SELECT count(*) FROM document_files f WHERE f.document_id = d.id)
                <> (SELECT max(version) FROM document_files f
                    WHERE f.document_id = d.id)
        """,
        "document {} says that all signed, and its signatories say otherwise": """
            SELECT d.id FROM documents d WHERE
              (d.status = 'signed') <> (EXISTS (SELECT 1 FROM signature_requests r
                  WHERE r.document_id = d.id AND r.signed_at IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM signature_requests r
                  WHERE r.document_id = d.id AND r.signed_at IS NULL))
        """,
        "document {} says that somebody refused, and its signatories say otherwise": """
            SELECT d.id FROM documents d WHERE
              (d.status = 'refused') <> EXISTS (SELECT 1 FROM signature_requests r
                WHERE r.document_id = d.id AND r.refused_at IS NOT NULL)
        """,
        "document {} spent no uploaded file of its tenant": """
            SELECT d.id FROM documents d WHERE NOT EXISTS
              (SELECT 1 FROM uploaded_files f JOIN document_files o
                 ON o.document_id = d.id AND o.version = 1 AND o.digest = f.digest
               WHERE f.id = d.file_uuid AND f.tenant_id = d.tenant_id
                 AND f.used_for = 'document ' || d.uuid)
        """,
        "document {} has another tenant's type or signatory": """
            SELECT d.id FROM documents d
            JOIN document_types t ON t.id = d.document_type_id
            LEFT JOIN signature_requests r ON r.document_id = d.id
            LEFT JOIN signatories s ON s.id = r.signatory_id
            WHERE t.tenant_id <> d.tenant_id OR s.tenant_id <> d.tenant_id
        """,
        "document {} is sealed, and does not say since when, or the reverse": """
            SELECT d.id FROM documents d WHERE (d.institution_signed_at IS NULL) =
              EXISTS (SELECT 1 FROM document_files f
                WHERE f.document_id = d.id AND f.kind = 'sealed')
        """,
        "document {} has a level that its signatures have not": """
            SELECT d.id FROM documents d WHERE
              (d.institution_signed_at IS NULL) <> (d.signature_level IS NULL)
              OR (coalesce(d.signature_level, '') = 'B-LTA') <> EXISTS
                (SELECT 1 FROM document_files f WHERE f.document_id = d.id
                   AND f.kind = 'lasting' AND f.version =
                     (SELECT max(version) FROM document_files o
                      WHERE o.document_id = d.id))
        """,
        "document {} is to last as a file that the institution did not sign": """
            SELECT l.document_id FROM lasting l WHERE NOT EXISTS
              (SELECT 1 FROM document_files f WHERE f.document_id = l.document_id
                 AND f.version = l.version AND f.kind = 'sealed')
              OR (l.state = 'done') <> EXISTS
                (SELECT 1 FROM document_files f WHERE f.document_id = l.document_id
                   AND f.version = l.version + 1 AND f.kind = 'lasting')
              OR l.state NOT IN ('waiting', 'done', 'given_up')
        """,
        "signature request {} was answered twice, or without all that is recorded": """
            SELECT uuid FROM signature_requests
            WHERE (signed_at IS NOT NULL AND refused_at IS NOT NULL)
              OR (coalesce(signed_at, refused_at) IS NULL AND seen_digest IS NOT NULL)
              OR (coalesce(signed_at, refused_at) IS NOT NULL AND seen_digest IS NULL
                AND coalesce(email, '') NOT LIKE 'erased-%@erased.invalid')
              OR (signed_at IS NOT NULL AND typed_name IS NULL)
        """,
        "signature request {} is for a file that its document never had": """
            SELECT r.uuid FROM signature_requests r WHERE r.seen_digest IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM document_files f
                WHERE f.document_id = r.document_id AND f.digest = r.seen_digest)
        """,
        "signature request {} was sent, and there is no mail": """
            SELECT r.uuid FROM signature_requests r WHERE r.asked_at IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.id = r.mail_id)
        """,
        "message {} is in the outbox in no known state": """
            SELECT id FROM outbox
            WHERE state NOT IN ('queued', 'sent', 'failed', 'parked', 'suppressed',
                'bounced', 'complained')
              OR (state = 'sent' AND sent_at IS NULL)
              OR (sent_at IS NOT NULL
                AND state NOT IN ('sent', 'bounced', 'complained'))
              OR (state IN ('bounced', 'complained') AND returned_at IS NULL)
        """,
    }
