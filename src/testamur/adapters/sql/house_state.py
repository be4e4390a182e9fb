"""What every process must know of the whole installation."""

from sqlalchemy import Connection, text

from testamur.core.ids import new_id
from testamur.core.words import Halt

from .audit import append
from .database import Database

GET = text("SELECT value FROM house WHERE name = :name")

PUT = text("""
    INSERT INTO house (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
""")

PUT_NEW = text("""
    INSERT INTO house (name, value) VALUES (:name, :value)
    ON CONFLICT (name) DO NOTHING
""")

DROP = text("DELETE FROM house WHERE name = :name")


def known_house_id(connection: Connection) -> str | None:
    """Return the id of this installation, if it was made already."""
    found = connection.scalar(GET, {"name": "id"})
    return None if found is None else str(found)


def house_id(connection: Connection) -> str:
    """
    Return the id of this installation, which its backups and copies share.

    The first call makes it; the connection may write.
    """
    connection.execute(PUT_NEW, {"name": "id", "value": new_id()})
    return str(connection.scalar(GET, {"name": "id"}))


def halted_at(connection: Connection) -> int | None:
    """Return since when issuing is halted; None while it is not."""
    found = connection.scalar(GET, {"name": "halted_at"})
    return None if found is None else int(found)


class SqlAddresses:
    """Where this installation is, and was, reached: in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self) -> list[str]:
        """Return every address that certificates may name, the newest first."""
        with self._database.reading() as connection:
            found = connection.scalar(GET, {"name": "public_urls"})
        return str(found).split() if found else []

    def remember(self, public_url: str) -> None:
        """Make *public_url* the newest."""
        known = self.known()
        if known[:1] == [public_url]:
            return
        known = [public_url, *(one for one in known if one != public_url)]
        with self._database.writing() as connection:
            values = {"name": "public_urls", "value": "\n".join(known)}
            connection.execute(PUT, values)


class SqlSwitch:
    """Whether anything is issued at all, in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self) -> Halt | None:
        """Return since when and why issuing is halted; None while it goes on."""
        with self._database.reading() as connection:
            return _state(connection)

    def halt(self, halt: Halt, *, by: str) -> bool:
        """Halt issuing; False, changing nothing, when it is halted already."""
        with self._database.writing() as connection:
            values = {"name": "halted_at", "value": str(halt.since)}
            if connection.execute(PUT_NEW, values).rowcount != 1:
                return False
            connection.execute(PUT, {"name": "halt_reason", "value": halt.reason})
            _note(connection, "issuing.halt", halt.since, by)
        return True

    def resume(self, at: int, *, by: str) -> bool:
        """Let issuing go on; False when it was not halted."""
        with self._database.writing() as connection:
            if connection.execute(DROP, {"name": "halted_at"}).rowcount != 1:
                return False
            connection.execute(DROP, {"name": "halt_reason"})
            _note(connection, "issuing.resume", at, by)
        return True


def _state(connection: Connection) -> Halt | None:
    since = halted_at(connection)
    if since is None:
        return None
    reason = connection.scalar(GET, {"name": "halt_reason"})
    return Halt(since, str(reason or ""))


def _note(connection: Connection, act: str, at: int, by: str) -> None:
    append(
        connection,
        at=at,
        tenant_id=None,
        actor=by,
        act=act,
        subject=house_id(connection),
        detail={},
    )
