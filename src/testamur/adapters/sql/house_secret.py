"""What the data knows of the operator secret: how to tell it, and it, sealed."""

from sqlalchemy import Connection

from .house_state import GET, PUT, PUT_NEW

_CHECK = {"name": "secret_check"}
_SEALED = {"name": "sealed_secret"}


def secret_check(connection: Connection) -> str | None:
    """Return what tells the secret that this data was made with from another."""
    found = connection.scalar(GET, _CHECK)
    return None if found is None else str(found)


def note_check(connection: Connection, check: str) -> str:
    """Remember *check* unless there is one already; return the one there is."""
    connection.execute(PUT_NEW, {**_CHECK, "value": check})
    return str(connection.scalar(GET, _CHECK))


def sealed_secret(connection: Connection) -> str | None:
    """Return the sealed secret; None when it is kept in a file or elsewhere."""
    found = connection.scalar(GET, _SEALED)
    return None if found is None else str(found)


def put_sealed(connection: Connection, sealed: str) -> None:
    """Keep the sealed secret instead of the one before."""
    connection.execute(PUT, {**_SEALED, "value": sealed})
