"""Documents that are to be made to last: `documents.lasting.ports.LastingStore`."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from testamur.core.failpoints import fp
from testamur.core.papers import Document, Version
from testamur.documents.lasting.ports import Due

from ..database import Database
from ..signers import split_chain
from . import rows
from .changes import SqlChanges

WANT = text("""
    INSERT INTO lasting (document_id, version, state, attempts, next_at, token)
    VALUES (:document, :version, 'waiting', 0, :now, 0)
    ON CONFLICT (document_id) DO UPDATE SET version = :version, state = 'waiting',
      attempts = 0, next_at = :now, leased_until = NULL, token = lasting.token + 1,
      last_error = NULL
""")

#: Whoever took it never came back, each time.
PARK = text("""
    UPDATE lasting SET state = 'given_up', leased_until = NULL,
      last_error = coalesce(last_error, 'interrupted')
    WHERE state = 'waiting' AND attempts >= :most AND leased_until <= :now
""")

IS_DUE = text("""
    SELECT 1 FROM lasting WHERE state = 'waiting' AND next_at <= :now
      AND (leased_until IS NULL OR leased_until <= :now) LIMIT 1
""")

LEASE = """
    UPDATE lasting SET leased_until = :until, token = token + 1,
      attempts = attempts + 1
    WHERE document_id = (SELECT document_id FROM lasting
      WHERE state = 'waiting' AND next_at <= :now AND attempts < :most
        AND (leased_until IS NULL OR leased_until <= :now)
      ORDER BY next_at, document_id LIMIT 1 {lock})
    RETURNING document_id, version, attempts, token
"""

OF_DOCUMENT = text("SELECT tenant_id FROM documents WHERE id = :document")

CHAINS = text("""
    SELECT s.chain FROM document_seals d JOIN signers s ON s.id = d.signer_id
    WHERE d.document_id = :document ORDER BY d.version
""")

SETTLE = text("""
    UPDATE lasting SET state = :state, leased_until = NULL, next_at = :at,
      last_error = :error
    WHERE document_id = :document AND token = :token
""")

FREE = text("UPDATE lasting SET leased_until = NULL WHERE state = 'waiting'")

#: The room's own rule, handed in: adapters see of a room its ports.
MakeLasting = Callable[..., Document | None]


def want(connection: Connection, document_id: int, version: int, now: int) -> None:
    """Have a signed file be made to last once the caller's transaction is true."""
    values = {"document": document_id, "version": version, "now": now}
    connection.execute(WANT, values)


class SqlLasting:
    """The table in *database*."""

    def __init__(self, database: Database, make_lasting: MakeLasting) -> None:
        self._database = database
        self._make_lasting = make_lasting
        lock = "" if database.is_sqlite else "FOR UPDATE SKIP LOCKED"
        self._lease = text(LEASE.format(lock=lock))

    def is_due(self, now: int) -> bool:
        """Say whether anything may be: looking is cheaper than writing."""
        with self._database.reading() as connection:
            return connection.scalar(IS_DUE, {"now": now}) is not None

    def lease(self, now: int, until: int, most: int) -> Due | None:
        """Take a document that is due, and give up what had its attempts."""
        if not self.is_due(now):
            return None
        with self._database.writing() as connection:
            connection.execute(PARK, {"now": now, "most": most})
            values = {"now": now, "until": until, "most": most}
            row = connection.execute(self._lease, values).first()
            if row is None:
                return None
            version = _version(connection, row.document_id, row.version)
            tenant = connection.scalar(OF_DOCUMENT, {"document": row.document_id})
        return Due(row.document_id, str(tenant), version, row.attempts, row.token)

    def chains(self, document_id: int) -> Sequence[bytes]:
        """Return the certificates of the signers that signed it, each once."""
        with self._database.reading() as connection:
            found = connection.scalars(CHAINS, {"document": document_id}).all()
        return list(
            dict.fromkeys(one for chain in found for one in split_chain(bytes(chain)))
        )

    def keep(self, due: Due, digest: str, size: int, now: int) -> bool:
        """Give the document its lasting file, if it is still ours and what it was."""
        try:
            with self._database.writing() as connection:
                # It asks for no mail.
                changes = SqlChanges(connection, "")
                document = changes.document(due.tenant_id, due.document_id)
                if document is None or not _settle(connection, due, "done", now):
                    return False
                lasting = self._make_lasting(
                    changes,
                    document,
                    of=due.version.digest,
                    digest=digest,
                    size=size,
                    now=now,
                )
                if lasting is None:  # signed again, and nobody wants that to last
                    _settle(connection, due, "given_up", now, "document_changed")
                    return False
                changes.note(
                    due.tenant_id,
                    "lasting",
                    "document.last",
                    document.uuid,
                    {"document": document.id, "version": due.version.number + 1},
                    now,
                )
                fp("lasting.before_commit")
        except IntegrityError:  # it got another version at the same moment
            return False
        return True

    def later(self, due: Due, at: int, error: str) -> None:
        """Have it be tried again from the moment *at* on."""
        with self._database.writing() as connection:
            _settle(connection, due, "waiting", at, error)

    def give_up(self, due: Due, error: str) -> None:
        """Have it stay as it is."""
        with self._database.writing() as connection:
            _settle(connection, due, "given_up", 0, error)

    def free(self) -> None:
        """Give up every lease: whoever had one is dead."""
        with self._database.writing() as connection:
            connection.execute(FREE)


def _settle(
    connection: Connection, due: Due, state: str, at: int, error: str | None = None
) -> bool:
    """Change what is still ours; another's is left alone."""
    values: dict[str, Any] = {
        "document": due.document_id,
        "token": due.token,
        "state": state,
        "at": at,
        "error": error,
    }
    return connection.execute(SETTLE, values).rowcount == 1


def _version(connection: Connection, document_id: int, number: int) -> Version:
    found = rows.versions_of(connection, document_id)
    return next(one for one in found if one.number == number)
