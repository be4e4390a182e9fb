"""What an erasure takes out of the vault."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from .files import FORGET_BYTES
from .these import these

FILES = """
    SELECT v.id, v.digest, v.pdf_digest, t.verified_digest
    FROM vault_certificates t LEFT JOIN vault_files v ON v.id = t.file_id
    WHERE t.job_seq = :job AND t.number {these}
"""

BLANK = """
    UPDATE vault_certificates SET title = '', full_name = '', email = '', address = '',
      sought = '', issue_date = NULL, details = NULL, file_id = NULL,
      customer_id = NULL, verified_digest = NULL
    WHERE job_seq = :job AND number {these}
"""

DROP_FILE = text("DELETE FROM vault_files WHERE id = :id")

#: Certificates of the same person that are not erased keep their customer.
LOSE_CUSTOMER = text("""
    DELETE FROM vault_customers WHERE tenant_id = :tenant AND address = :address
      AND id NOT IN (SELECT customer_id FROM vault_certificates
                     WHERE tenant_id = :tenant AND address = :address
                       AND customer_id IS NOT NULL)
""")


def forget_certificates(connection: Connection, its: Mapping[str, Any]) -> None:
    """Keep nothing of what rows `these` of the job `job` said, and of their files."""
    found = connection.execute(text(FILES.format(these=these(connection))), its).all()
    if not found:
        return
    connection.execute(text(BLANK.format(these=these(connection))), its)
    for row in found:
        if row.id is not None:
            connection.execute(DROP_FILE, {"id": row.id})
        for digest in (row.digest, row.pdf_digest, row.verified_digest):
            if digest is not None:
                connection.execute(FORGET_BYTES, {"digest": digest})


def forget_customer(connection: Connection, tenant_id: str, address: str) -> None:
    """Keep nothing of a recipient whose certificates were all erased."""
    values = {"tenant": tenant_id, "address": address}
    connection.execute(LOSE_CUSTOMER, values)
