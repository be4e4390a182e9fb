"""Certificates in other formats: `issuance.ports.RenditionStore`."""

from sqlalchemy import Connection, text

from testamur.core.refusals import Halted, Kind, Refusal
from testamur.issuance.ports import Rendered, Rendering

from .audit import append
from .database import Database
from .house_state import halted_at

FIND = text("""
    SELECT r.key_id, r.signature FROM certificates c
    JOIN renditions r ON r.job_seq = c.job_seq AND r.number = c.number
    WHERE c.id = :id AND r.format = :format
""")

ADD = text("""
    INSERT INTO renditions (job_seq, number, format, key_id, signature)
    SELECT c.job_seq, c.number, :format, :key_id, :signature FROM certificates c
    WHERE c.id = :id AND NOT EXISTS (SELECT 1 FROM erasures e
      WHERE e.job_seq = c.job_seq AND e.number = c.number)
    ON CONFLICT (job_seq, number, format) DO NOTHING
""")

ADD_LEAF = text(
    "INSERT INTO leaf_batches (act, count, digests) VALUES (:act, 1, :leaf)"
)


def source_of(certificate_id: str, format: str) -> str:
    """Return the name of the batch that has the leaf of a certificate so written."""
    return f"{certificate_id}/{format}"


class SqlRenditions:
    """The formats in which the certificates of *database* were asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, certificate_id: str, format: str) -> Rendered | None:
        """Return how the certificate was signed in this format, if it was."""
        with self._database.reading() as connection:
            return _find(connection, certificate_id, format)

    def begin(self, rendering: Rendering) -> None:
        """
        Write into the audit log that a key is about to be used.

        Raises:
            Halted: issuing is halted; nothing was written.
        """
        with self._database.writing() as connection:
            _go_on(connection)
            append(
                connection,
                at=rendering.at,
                tenant_id=rendering.tenant_id,
                actor=rendering.actor,
                act="key.used",
                subject=rendering.key_id,
                detail={
                    "certificate": rendering.certificate_id,
                    "credentials": 1,
                    "format": rendering.format,
                },
            )

    def keep(self, rendering: Rendering, signature: bytes, digest: bytes) -> Rendered:
        """
        Keep a signature, and give the signed bytes (SHA-256 *digest*) their leaf.

        Raises:
            Halted: issuing was halted meanwhile; nothing was written.
            Refusal: NOT_FOUND, when the certificate is gone meanwhile.
        """
        values = {
            "id": rendering.certificate_id,
            "format": rendering.format,
            "key_id": rendering.key_id,
            "signature": signature,
        }
        with self._database.writing() as connection:
            _go_on(connection)
            if connection.execute(ADD, values).rowcount == 1:
                act = source_of(rendering.certificate_id, rendering.format)
                connection.execute(ADD_LEAF, {"act": act, "leaf": digest})
            # A statement of its own: it sees what somebody quicker committed.
            found = _find(connection, rendering.certificate_id, rendering.format)
        if found is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "certificate_not_found",
                "There is no such certificate any more.",
                at="id",
            )
        return found


def _find(connection: Connection, certificate_id: str, format: str) -> Rendered | None:
    row = connection.execute(FIND, {"id": certificate_id, "format": format}).first()
    return None if row is None else Rendered(row[0], bytes(row[1]))


def _go_on(connection: Connection) -> None:
    if halted_at(connection) is not None:
        raise Halted
