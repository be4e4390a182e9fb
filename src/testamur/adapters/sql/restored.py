"""Going on with a database that is older than what was published from it."""

from collections.abc import Mapping

from sqlalchemy import text

from .audit import append
from .database import Database
from .house_state import house_id

#: Every leaf gets its place anew, in the old order.
FORGET_LOG = (
    "UPDATE leaf_batches SET first_index = NULL WHERE first_index IS NOT NULL",
    "DELETE FROM log_tiles",
    "DELETE FROM log_checkpoints",
    "DELETE FROM log_state",
)

BEGIN_LOG = text("""
    INSERT INTO log_state (id, origin, size, root, edge, decided_at)
    VALUES (1, :origin, 0, :root, :edge, :now)
""")

# Certificates that the database lost have places in these lists, and keep them.
CLOSE_LISTS = text("UPDATE status_lists SET used = size WHERE used < size")


def accept_loss(
    database: Database,
    *,
    at: int,
    by: str,
    origin: str,
    root: bytes,
    detail: Mapping[str, object],
) -> None:
    """
    Begin the log anew under the name *origin*, and hand out no old place again.

    *root* is that of an empty tree. All of it is true together, with an entry in
    the audit log that says what was lost (*detail*).
    """
    with database.writing() as connection:
        for statement in FORGET_LOG:
            connection.exec_driver_sql(statement)
        connection.execute(
            BEGIN_LOG, {"origin": origin, "root": root, "edge": b"", "now": at}
        )
        connection.execute(CLOSE_LISTS)
        append(
            connection,
            at=at,
            tenant_id=None,
            actor=by,
            act="record.accept",
            subject=house_id(connection),
            detail=detail,
        )
