"""Credentials that callers had secured: `issuance.ports.SecuredStore`."""

from sqlalchemy import Connection, insert, text

from testamur.core.refusals import Halted
from testamur.issuance.ports import Securing, StatusPlace

from .audit import append
from .database import Database
from .house_state import halted_at
from .schema import secured
from .status_lists import allocate

ADD_LEAF = text(
    "INSERT INTO leaf_batches (act, count, digests) VALUES (:act, 1, :leaf)"
)


class SqlSecured:
    """The uses of keys for credentials of callers' own, in *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, securing: Securing, *, wants_place: bool) -> StatusPlace | None:
        """
        Write into the audit log that a key is about to be used.

        A place that is handed out stays handed out, whatever becomes of it.

        Raises:
            Halted: issuing is halted; nothing was written.
        """
        place = None
        with self._database.writing() as connection:
            _go_on(connection)
            if wants_place:
                given = allocate(connection, securing.tenant_id, 1, securing.public_url)
                place = StatusPlace(
                    given.name, given.seed, given.first_place, given.size, given.list_id
                )
            append(
                connection,
                at=securing.at,
                tenant_id=securing.tenant_id,
                actor=securing.actor,
                act="key.used",
                subject=securing.key_id,
                detail={"credentials": 1, "to": securing.id},
            )
        return place

    def keep(
        self,
        securing: Securing,
        place: StatusPlace | None,
        index: int | None,
        digest: bytes,
    ) -> None:
        """
        Give the credential, whose bytes have this SHA-256, a leaf in the log.

        Raises:
            Halted: issuing was halted meanwhile; nothing was written.
        """
        values = {
            "id": securing.id,
            "tenant_id": securing.tenant_id,
            "name_digest": securing.name_digest,
            "key_id": securing.key_id,
            "secured_at": securing.at,
            "status_list_id": place.list_id if place else None,
            "status_index": index,
        }
        with self._database.writing() as connection:
            _go_on(connection)
            connection.execute(insert(secured).values(values))
            connection.execute(ADD_LEAF, {"act": securing.id, "leaf": digest})


def _go_on(connection: Connection) -> None:
    if halted_at(connection) is not None:
        raise Halted
