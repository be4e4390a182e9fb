"""A corrected certificate, and the one that stands in its place."""

import hashlib
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, text

from testamur.core.acts import Act
from testamur.core.lifecycle import Standing
from testamur.core.refusals import Fault, Reason

from .acts import ADD_ACT, ADD_LEAF, KNOWN, LOCK_TENANT
from .audit import append

VERB = "correct"

#: What readers of the old certificate are told, until they follow the link.
WHY = "corrected"

OLD = text("""
    SELECT c.job_seq, c.number, c.status_index, g.status_list_id, s.standing, a.verb,
      k.replaced_by, l.name AS list_name
    FROM certificates c JOIN jobs j ON j.seq = c.job_seq
    LEFT JOIN signings g ON g.chunk_id = c.chunk_id
    LEFT JOIN status_lists l ON l.id = g.status_list_id
    LEFT JOIN standings s ON s.job_seq = c.job_seq AND s.number = c.number
    LEFT JOIN acts a ON a.id = s.act_id
    LEFT JOIN corrections k ON k.job_seq = c.job_seq AND k.number = c.number
    WHERE c.id = :old AND j.tenant_id = :tenant
""")

PUT_STANDING = text("""
    INSERT INTO standings (job_seq, number, standing, since, act_id, status_list_id,
      status_index)
    VALUES (:job_seq, :number, 'revoked', :now, :act, :status_list_id, :status_index)
    ON CONFLICT (job_seq, number) DO UPDATE SET standing = excluded.standing,
      since = excluded.since, act_id = excluded.act_id
""")

CHANGE_LIST = text("""
    UPDATE status_lists SET version = version + 1, changed_at = :now
    WHERE id = :status_list_id
""")

PUT_CORRECTION = text("""
    INSERT INTO corrections (job_seq, number, replaced_by, act_id)
    VALUES (:job_seq, :number, :new, :act)
""")


def problem_with_correcting(
    connection: Connection, tenant_id: str, old_id: str
) -> Reason | None:
    """Say why nothing can be put in the place of the certificate *old_id*."""
    found = connection.execute(OLD, {"old": old_id, "tenant": tenant_id}).first()
    if found is None:
        return Reason(
            "certificate_not_found",
            f"The certificate {old_id} that was to be corrected is not there any more.",
        )
    if found.replaced_by is not None:
        return Reason(
            "certificate_corrected",
            f"The certificate {old_id} was corrected already, by "
            f"{found.replaced_by}. Correct that one.",
        )
    # The record may have been replayed over a correction that was not kept yet.
    if found.standing == Standing.REVOKED and found.verb != VERB:
        return Reason(
            "certificate_revoked",
            f"The certificate {old_id} is revoked, and that is for ever. Issue a new "
            "one as a job of its own.",
        )
    return None


def replace(
    connection: Connection,
    *,
    old_id: str,
    new_id: str,
    tenant_id: str,
    actor: str,
    now: int,
    write_down: Callable[[Act], None],
) -> None:
    """
    Put the certificate *new_id* in the place of *old_id*, which is revoked for it.

    In the transaction that keeps the new one, after everything else in it: the
    act is in the record outside the data when this returns. Its id follows from
    the new certificate's, so that a second try of the same chunk is the same act.

    Raises:
        Fault: passing, when the old one was revoked or corrected meanwhile; the
            next try of the row says so.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(LOCK_TENANT, {"tenant": tenant_id})
    problem = problem_with_correcting(connection, tenant_id, old_id)
    if problem is not None:
        raise Fault(f"not corrected: {problem.code} ({old_id})", passing=True)
    old = connection.execute(OLD, {"old": old_id, "tenant": tenant_id}).one()
    act = Act(
        id=hashlib.sha256(f"correct {old_id} {new_id}".encode()).hexdigest()[:24],
        tenant_id=tenant_id,
        verb=VERB,
        at=now,
        reason=WHY,
        actor=actor,
        certificates=(old_id,),
        places=(f"{old.list_name}/{old.status_index}" if old.list_name else "",),
    )
    values: dict[str, Any] = {
        **old._mapping,
        "act": act.id,
        "new": new_id,
        "now": now,
        "tenant": tenant_id,
        "verb": VERB,
        "reason": WHY,
        "actor": actor,
        "count": 1,
        "leaf": act.digest,
    }
    if connection.scalar(KNOWN, {"act": act.id}) is None:
        connection.execute(ADD_ACT, values)
        connection.execute(PUT_STANDING, values)
        connection.execute(CHANGE_LIST, values)
        connection.execute(ADD_LEAF, values)
    connection.execute(PUT_CORRECTION, values)
    append(
        connection,
        at=now,
        tenant_id=tenant_id,
        actor=actor,
        act=f"certificate.{VERB}",
        subject=act.id,
        detail={"certificate": old_id, "replacedBy": new_id},
    )
    write_down(act)
