"""Files that were uploaded for the vault: temporary, until a certificate uses them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, text

from testamur.core.vault import VaultFile
from testamur.core.words import AttachedDocument

from ..database import Database
from .these import spelled, these

FILE = (
    "id, tenant_id, digest, pdf_digest, name, media_type, size, document, created_at, "
    "expires_at, used_at"
)

PUT = text("""
    INSERT INTO vault_files (id, tenant_id, digest, pdf_digest, name, media_type, size,
      document, created_at, expires_at)
    VALUES (:id, :tenant, :digest, :pdf_digest, :name, :media_type, :size, :document,
      :created_at, :expires_at)
""")

#: What was found out about the same bytes before, whoever sent them.
KNOWN = text(
    "SELECT pdf_digest, document FROM vault_files WHERE digest = :digest LIMIT 1"
)

NAMED = """
    SELECT id, digest, document, used_at FROM vault_files
    WHERE tenant_id = :tenant AND id {these} ORDER BY id {lock}
"""

USE = """
    UPDATE vault_files SET used_at = :now
    WHERE tenant_id = :tenant AND used_at IS NULL AND id {these}
"""

SWEEP = text("""
    DELETE FROM vault_files WHERE seq IN
      (SELECT seq FROM vault_files WHERE used_at IS NULL AND expires_at <= :now
       ORDER BY expires_at LIMIT :limit)
      AND used_at IS NULL
    RETURNING digest, pdf_digest
""")

#: What nothing names any more is removed later, when that is certain.
FORGET_BYTES = text("""
    INSERT INTO erased_files (digest) VALUES (:digest) ON CONFLICT DO NOTHING
""")

FILES = text("""
    SELECT digest FROM vault_files UNION SELECT pdf_digest FROM vault_files
    UNION SELECT verified_digest FROM vault_certificates
      WHERE verified_digest IS NOT NULL
""")

#: How many files are swept at once.
PART = 500


class FoundFile(NamedTuple):
    """What a call needs to know of a file that it names."""

    id: str
    digest: str
    #: As a row has it.
    document: str
    used_at: int | None


def named(
    connection: Connection, tenant_id: str, ids: Sequence[str]
) -> Mapping[str, FoundFile]:
    """Return those of the tenant's files that are there; nobody uses one meanwhile."""
    lock = "" if connection.dialect.name == "sqlite" else "FOR UPDATE"
    query = text(NAMED.format(these=these(connection), lock=lock))
    values = {"tenant": tenant_id, "these": spelled(connection, ids)}
    return {row[0]: FoundFile(*row) for row in connection.execute(query, values)}


def use(connection: Connection, tenant_id: str, ids: Sequence[str], now: int) -> bool:
    """Spend the tenant's files; say whether all of them were free."""
    query = text(USE.format(these=these(connection)))
    values = {"tenant": tenant_id, "these": spelled(connection, ids), "now": now}
    return connection.execute(query, values).rowcount == len(ids)


class SqlVaultFiles:
    """Such files in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, digest: str) -> tuple[str, AttachedDocument] | None:
        """Return the PDF that the same bytes were shown as before, and its look."""
        with self._database.reading() as connection:
            row = connection.execute(KNOWN, {"digest": digest}).first()
        return None if row is None else (row.pdf_digest, document_of(row.document))

    def put(self, file: VaultFile, document: str) -> None:
        """Keep *file*, whose PDF a row has as *document*."""
        values = {
            "id": file.id,
            "tenant": file.tenant_id,
            "digest": file.digest,
            "pdf_digest": file.pdf_digest,
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "document": document,
            "created_at": file.created_at,
            "expires_at": file.expires_at,
        }
        with self._database.writing() as connection:
            connection.execute(PUT, values)

    def find(self, tenant_id: str, file_id: str) -> VaultFile | None:
        """Return the tenant's file, or None."""
        query = text(
            f"SELECT {FILE} FROM vault_files WHERE tenant_id = :tenant AND id = :id"
        )
        with self._database.reading() as connection:
            row = connection.execute(query, {"tenant": tenant_id, "id": file_id})
            found = row.first()
        return None if found is None else _file(found)

    def sweep(self, now: int) -> int:
        """Forget files whose time is over and that nothing uses; say how many."""
        swept = 0
        while True:
            with self._database.writing() as connection:
                gone = connection.execute(SWEEP, {"now": now, "limit": PART}).all()
                for digest in sorted({one for row in gone for one in row}):
                    connection.execute(FORGET_BYTES, {"digest": digest})
            swept += len(gone)
            if len(gone) < PART:
                return swept

    def files(self) -> set[str]:
        """Return the digest of every file that the vault has."""
        with self._database.reading() as connection:
            return set(connection.scalars(FILES))


def document_of(cell: str) -> AttachedDocument:
    """Read a document as a row has it."""
    digest, width, height = cell.split(" ")
    return AttachedDocument(digest, float(width), float(height))


def _file(row: Row[Any]) -> VaultFile:
    return VaultFile(**{**row._mapping, "document": document_of(row.document)})
