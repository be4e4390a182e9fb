"""Recipients who are not known yet are written to, once their certificate is there."""

from sqlalchemy import bindparam, text

from .. import outbox
from ..database import Database
from .lists import IS_SHOWN

UNTOLD = f"""
    SELECT t.id, t.tenant_id, t.email FROM vault_certificates t
    JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    WHERE t.mail_id IS NULL AND t.assigned_at IS NULL AND t.email <> ''
      AND {IS_SHOWN}
    ORDER BY t.id LIMIT :limit {{lock}}
"""

TOLD = text("UPDATE vault_certificates SET mail_id = :mail WHERE id = :id").bindparams(
    bindparam("mail"), bindparam("id")
)

#: What a message of ours is about.
ABOUT = "vault_certificate"

#: How many are written to in one transaction.
PART = 500


def tell(database: Database, domain: str, now: int) -> int:
    """
    Put a message for each recipient into the outbox who has to be told; say how many.

    The message and that there is one become true together: nobody is told twice, and
    whoever was not told when it crashed is told afterwards.
    """
    lock = "" if database.is_sqlite else "FOR UPDATE OF t SKIP LOCKED"
    query, looks = text(UNTOLD.format(lock=lock)), text(UNTOLD.format(lock=""))
    told = 0
    while True:
        # Looking is cheaper than writing, and mostly there is nobody.
        with database.reading() as connection:
            if connection.execute(looks, {"limit": 1}).first() is None:
                return told
        with database.writing() as connection:
            found = connection.execute(query, {"limit": PART}).all()
            for row in found:
                mail = outbox.put(
                    connection,
                    tenant_id=row.tenant_id,
                    recipient=row.email,
                    message={"about": ABOUT, "certificate": row.id},
                    domain=domain,
                    now=now,
                )
                connection.execute(TOLD, {"id": row.id, "mail": mail})
        told += len(found)
        if len(found) < PART:
            return told
