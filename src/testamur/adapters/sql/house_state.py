"""What every process must know of the whole installation."""

from sqlalchemy import Connection, text

from testamur.core.ids import new_id

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


def halt_reason(connection: Connection) -> str:
    """Return why issuing is halted, as the operator said; empty if they did not."""
    return str(connection.scalar(GET, {"name": "halt_reason"}) or "")


def halt(connection: Connection, *, at: int, reason: str) -> None:
    """Have nothing issued from now on."""
    connection.execute(PUT, {"name": "halted_at", "value": str(at)})
    connection.execute(PUT, {"name": "halt_reason", "value": reason})


def resume(connection: Connection) -> None:
    """Let issuing go on."""
    connection.execute(DROP, {"name": "halted_at"})
    connection.execute(DROP, {"name": "halt_reason"})
