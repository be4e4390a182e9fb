"""The audit log's table: who did what, each entry bound to the one before it."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from testamur.core.chain import START, canonical, link

#: Any number, the same for everybody who appends (and not the migrations').
LOCK = text("SELECT pg_advisory_xact_lock(7450231)")

HEAD = text("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")

APPEND = text("""
    INSERT INTO audit (seq, at, tenant_id, actor, act, subject, detail, hash)
    VALUES (:seq, :at, :tenant_id, :actor, :act, :subject, :detail, :hash)
""")


def append(
    connection: Connection,
    *,
    at: int,
    tenant_id: str | None,
    actor: str,
    act: str,
    subject: str,
    detail: Mapping[str, object],
) -> None:
    """
    Add the next entry; it is true when the caller's transaction is, or never.

    *actor* is the id of the key or token that asked, a worker's name, or
    `operator`. *subject* is the id of what was acted on. *detail* holds ids and
    counts: never a secret, and nothing about a person, since entries are for ever.

    On PostgreSQL whoever appends waits for the transaction that appended before.
    So lock every other row first, and append last: two transactions that do it in
    different orders would wait for each other.
    """
    if connection.dialect.name != "sqlite":  # which has one writer at a time
        connection.execute(LOCK)
    # A statement of its own: it sees what was committed while we waited.
    newest = connection.execute(HEAD).first()
    seq, previous = (newest.seq, bytes(newest.hash)) if newest else (0, START)
    fields = (seq + 1, at, tenant_id, actor, act, subject, canonical(dict(detail)))
    connection.execute(
        APPEND,
        {
            "seq": seq + 1,
            "at": at,
            "tenant_id": tenant_id,
            "actor": actor,
            "act": act,
            "subject": subject,
            "detail": fields[-1],
            "hash": link(previous, *fields),
        },
    )
