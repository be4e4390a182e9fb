"""Dies, for ever: `issuance.ports.Dies` on both engines."""

from sqlalchemy import text

from testamur.issuance.ports import KeptDie

from .database import Database

FIND = text("SELECT id, digest, body FROM dies WHERE shape = :shape")

READ = text("SELECT id, digest, body FROM dies WHERE id = :id")

KEEP = text("""
    INSERT INTO dies (shape, digest, body) VALUES (:shape, :digest, :body)
    ON CONFLICT (shape) DO NOTHING
""")


class SqlDies:
    """The dies in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, shape: str) -> KeptDie | None:
        """Return the die that was engraved for the shape of this name."""
        with self._database.reading() as connection:
            row = connection.execute(FIND, {"shape": shape}).first()
        return KeptDie(row.id, row.digest, bytes(row.body)) if row else None

    def read(self, die_id: int) -> KeptDie | None:
        """Return the die with this number."""
        with self._database.reading() as connection:
            row = connection.execute(READ, {"id": die_id}).first()
        return KeptDie(row.id, row.digest, bytes(row.body)) if row else None

    def keep(self, shape: str, digest: str, body: bytes) -> KeptDie:
        """Keep a die; of two that come at once for one shape, both get the first."""
        with self._database.writing() as connection:
            connection.execute(KEEP, {"shape": shape, "digest": digest, "body": body})
        kept = self.find(shape)
        assert kept is not None
        return kept
