"""Many values as one parameter: statements take few."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection


def these(connection: Connection) -> str:
    """Spell the condition that a column is one of the parameter `these`."""
    if connection.dialect.name == "sqlite":
        return "IN (SELECT value FROM json_each(:these))"
    return "= ANY(:these)"


def spelled(connection: Connection, values: Sequence[str] | Sequence[int]) -> Any:
    """Return *values* as that parameter."""
    if connection.dialect.name == "sqlite":
        return orjson.dumps(list(values)).decode()
    return list(values)
