"""What must hold between the tables of the vault, as `fsck` asks it."""


def vault_rules() -> dict[str, str]:
    """Return what is wrong, and the query that finds it."""
    return {
        "vault certificate {} is of a job, batch, file or customer of another "
        "tenant": """
            SELECT t.uuid FROM vault_certificates t JOIN jobs j ON j.seq = t.job_seq
            LEFT JOIN vault_batches b ON b.seq = t.batch_seq
            LEFT JOIN vault_files f ON f.id = t.file_id
            LEFT JOIN vault_customers c ON c.id = t.customer_id
            WHERE j.tenant_id <> t.tenant_id OR b.tenant_id <> t.tenant_id
              OR f.tenant_id <> t.tenant_id OR c.tenant_id <> t.tenant_id
        """,
        "vault certificate {} is in a batch of another job": """
            SELECT t.uuid FROM vault_certificates t
            JOIN vault_batches b ON b.seq = t.batch_seq WHERE b.job_seq <> t.job_seq
        """,
        "vault certificate {} has another reference than what it became": """
            SELECT t.uuid FROM vault_certificates t JOIN certificates c
              ON c.job_seq = t.job_seq AND c.number = t.number
            WHERE c.reference <> t.reference
        """,
        "vault batch {} does not have a certificate for each row of its job": """
            SELECT b.uuid FROM vault_batches b JOIN jobs j ON j.seq = b.job_seq
            WHERE j.total <> (SELECT count(*) FROM vault_certificates t
                              WHERE t.batch_seq = b.seq)
        """,
        "vault file {} is spent on no certificate, or free and on one": """
            SELECT f.id FROM vault_files f
            LEFT JOIN vault_certificates t ON t.file_id = f.id
            WHERE (f.used_at IS NULL) <> (t.id IS NULL)
        """,
        "vault certificate {} is assigned and was told of by mail": """
            SELECT uuid FROM vault_certificates
            WHERE assigned_at IS NOT NULL AND mail_id IS NOT NULL
        """,
    }
