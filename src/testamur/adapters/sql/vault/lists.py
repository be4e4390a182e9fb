"""What is in the vault, and how it stands: certificates and batches, one page each."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from testamur.core.vault import (
    BatchState,
    VaultBatch,
    VaultCertificate,
    VaultQuery,
    VaultState,
)

from ..database import Database
from ..publication import is_published

#: A certificate that everybody may see.
IS_SHOWN = f"c.id IS NOT NULL AND {is_published('c.chunk_id')}"

JOINS = """
    JOIN jobs j ON j.seq = t.job_seq
    LEFT JOIN certificates c ON c.job_seq = t.job_seq AND c.number = t.number
    LEFT JOIN standings z ON z.job_seq = t.job_seq AND z.number = t.number
    LEFT JOIN failures f ON f.job_seq = t.job_seq AND f.number = t.number
      AND f.is_final = TRUE
"""

MORE_JOINS = """
    JOIN tenants n ON n.id = t.tenant_id
    LEFT JOIN vault_batches b ON b.seq = t.batch_seq
    LEFT JOIN acts a ON a.id = z.act_id
"""

#: Where one of table `t` is.
STATE = f"""
    CASE WHEN {IS_SHOWN} AND z.standing IS NOT NULL THEN 'revoked'
      WHEN {IS_SHOWN} THEN 'generated'
      WHEN c.id IS NOT NULL THEN 'processing'
      WHEN f.number IS NOT NULL OR j.state = 'cancelled' THEN 'failed'
      WHEN j.state = 'queued' THEN 'pending'
      ELSE 'processing' END
"""

COLUMNS = f"""
    t.id, t.uuid, t.reference, t.title, t.full_name, t.email, t.issue_date, t.details,
    t.is_vault, b.uuid AS batch_id, t.customer_id, t.assigned_at, {STATE} AS state,
    f.message, f.failed_at, j.state AS job_state, j.finished_at,
    CASE WHEN {IS_SHOWN} THEN c.id END AS certificate_id,
    CASE WHEN {IS_SHOWN} THEN c.issued_at END AS issued_at,
    z.since, a.reason, t.created_at, n.name AS tenant_name
"""

#: What a list can be sorted by.
SORTED_BY: Mapping[str, str] = {
    "id": "t.id",
    "created_at": "t.id",
    "reference_id": "t.reference",
    "name": "t.full_name",
    "email": "t.address",
    "issue_date": "coalesce(t.issue_date, '')",
    "generated_at": f"coalesce(CASE WHEN {IS_SHOWN} THEN c.issued_at END, 0)",
}

SUCCEEDED = f"""
    (SELECT coalesce(sum(c.succeeded), 0) FROM chunks c WHERE c.job_seq = j.seq
       AND {is_published("c.id")})
"""
FAILED = "(SELECT coalesce(sum(c.failed), 0) FROM chunks c WHERE c.job_seq = j.seq)"

BATCH_STATE = f"""
    CASE WHEN j.state = 'queued' THEN 'pending'
      WHEN j.state = 'processing' THEN 'processing'
      WHEN {SUCCEEDED} = j.total THEN 'completed'
      WHEN {SUCCEEDED} + {FAILED} < j.total AND j.state <> 'cancelled'
        THEN 'processing'
      WHEN {SUCCEEDED} > 0 THEN 'partially_completed'
      ELSE 'failed' END
"""

BATCH = f"""
    b.uuid AS id, b.name, b.is_vault, b.template_id, {BATCH_STATE} AS state, j.total,
    {SUCCEEDED} AS succeeded, {FAILED} AS failed, j.finished_at, b.created_at,
    j.updated_at
"""

FROM_BATCHES = "vault_batches b JOIN jobs j ON j.seq = b.job_seq"


class SqlVault:
    """The vault in the tables of *database*, for whoever looks at it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, tenant_id: str | None, uuid: str) -> VaultCertificate | None:
        """Return a certificate; None for another tenant's. None as tenant: any."""
        only = "" if tenant_id is None else "AND t.tenant_id = :tenant"
        query = text(
            f"SELECT {COLUMNS} FROM vault_certificates t {JOINS} {MORE_JOINS} "
            f"WHERE t.uuid = :uuid {only}"
        )
        values = {"uuid": uuid, "tenant": tenant_id}
        with self._database.reading() as connection:
            row = connection.execute(query, values).first()
        return None if row is None else _certificate(row)

    def by_id(self, id: int) -> VaultCertificate | None:
        """Return a certificate, whoever's it is."""
        query = text("SELECT uuid FROM vault_certificates WHERE id = :id")
        with self._database.reading() as connection:
            uuid = connection.scalar(query, {"id": id})
        return None if uuid is None else self.find(None, uuid)

    def place(self, uuid: str) -> tuple[str, int, str | None, str | None]:
        """Return a certificate's job, row, file, and verified PDF."""
        query = text("""
            SELECT j.id, t.number, t.file_id, t.verified_digest
            FROM vault_certificates t JOIN jobs j ON j.seq = t.job_seq
            WHERE t.uuid = :uuid
        """)
        with self._database.reading() as connection:
            job, number, file, verified = connection.execute(
                query, {"uuid": uuid}
            ).one()
        return job, number, file, verified

    def page(
        self, tenant_id: str, query: VaultQuery
    ) -> tuple[Sequence[VaultCertificate], int]:
        """Return one page, and how many there are in all."""
        conditions, values = _conditions(tenant_id, query)
        by, is_falling = query.sort
        way = "DESC" if is_falling else "ASC"
        order = f"{SORTED_BY[by]} {way}"
        if SORTED_BY[by] != "t.id":
            order += f", t.id {way}"
        needs = query.state or query.issued != (None, None) or by == "generated_at"
        joins = JOINS if needs else ""
        chosen = f"vault_certificates t {joins} WHERE {' AND '.join(conditions)}"
        values |= {
            "limit": query.per_page,
            "start": (query.page - 1) * query.per_page,
        }
        with self._database.reading() as connection:
            total = int(
                connection.scalar(text(f"SELECT count(*) FROM {chosen}"), values) or 0
            )
            rows = connection.execute(
                text(
                    f"SELECT {COLUMNS} FROM (SELECT t.id, row_number() OVER "
                    f"(ORDER BY {order}) AS place FROM {chosen} "
                    f"ORDER BY {order} LIMIT :limit OFFSET :start) p "
                    "JOIN vault_certificates t ON t.id = p.id "
                    f"{JOINS} {MORE_JOINS} ORDER BY p.place"
                ),
                values,
            )
            return [_certificate(row) for row in rows], total

    def batch(self, tenant_id: str, uuid: str) -> VaultBatch | None:
        """Return a batch, or None."""
        query = text(
            f"SELECT {BATCH} FROM {FROM_BATCHES} "
            "WHERE b.tenant_id = :tenant AND b.uuid = :uuid"
        )
        with self._database.reading() as connection:
            row = connection.execute(query, {"tenant": tenant_id, "uuid": uuid}).first()
        return None if row is None else _batch(row)

    def batches(
        self, tenant_id: str, state: str | None, page: int, per_page: int
    ) -> tuple[Sequence[VaultBatch], int]:
        """Return one page of the template batches, the newest first, and the total."""
        chosen = "b.tenant_id = :tenant AND b.is_vault = FALSE"
        if state is not None:
            chosen += f" AND {BATCH_STATE} = :state"
        values = {
            "tenant": tenant_id,
            "state": state,
            "limit": per_page,
            "start": (page - 1) * per_page,
        }
        count = text(f"SELECT count(*) FROM {FROM_BATCHES} WHERE {chosen}")
        query = text(
            f"SELECT {BATCH} FROM {FROM_BATCHES} WHERE {chosen} "
            "ORDER BY b.seq DESC LIMIT :limit OFFSET :start"
        )
        with self._database.reading() as connection:
            total = int(connection.scalar(count, values) or 0)
            rows = connection.execute(query, values)
            return [_batch(row) for row in rows], total

    def keep_verified(self, uuid: str, digest: str) -> None:
        """Note the verified PDF of a certificate, unless it was erased meanwhile."""
        statement = text("""
            UPDATE vault_certificates SET verified_digest = :digest
            WHERE uuid = :uuid AND file_id IS NOT NULL
        """)
        with self._database.writing() as connection:
            connection.execute(statement, {"uuid": uuid, "digest": digest})


def _conditions(
    tenant_id: str, query: VaultQuery
) -> tuple[list[str], dict[str, object]]:
    conditions = ["t.tenant_id = :tenant", "t.is_vault = :is_vault"]
    values: dict[str, object] = {"tenant": tenant_id, "is_vault": query.is_vault}

    def add(condition: str, name: str, value: object) -> None:
        if value is not None:
            conditions.append(condition)
            values[name] = value

    sought = None
    if query.search is not None:
        sought = query.search.casefold()
        for mark in "!%_":
            sought = sought.replace(mark, "!" + mark)
        sought = f"%{sought}%"
    add("t.sought LIKE :sought ESCAPE '!'", "sought", sought)
    add("t.address = :address", "address", query.email)
    add(f"{STATE} = :state", "state", query.state)
    add("t.customer_id = :customer", "customer", query.customer_id)
    add(
        "t.batch_seq = (SELECT seq FROM vault_batches WHERE uuid = :batch "
        "AND tenant_id = :tenant)",
        "batch",
        query.batch_id,
    )
    first, last = query.issue_dates
    add("t.issue_date >= :first_day", "first_day", first)
    add("t.issue_date <= :last_day", "last_day", last)
    since, until = query.issued
    add(f"{IS_SHOWN} AND c.issued_at >= :since", "since", since)
    add(f"{IS_SHOWN} AND c.issued_at < :until", "until", until)
    return conditions, values


def _certificate(row: Row[Any]) -> VaultCertificate:
    state = VaultState(row.state)
    is_failed = state is VaultState.FAILED
    moments = (row.created_at, row.issued_at, row.since)
    return VaultCertificate(
        id=row.id,
        uuid=row.uuid,
        reference=row.reference,
        title=row.title,
        full_name=row.full_name,
        email=row.email,
        issue_date=row.issue_date,
        details=row.details,
        is_vault=bool(row.is_vault),
        batch_id=row.batch_id,
        customer_id=row.customer_id,
        assigned_at=row.assigned_at,
        state=state,
        failure=(row.message or "It was cancelled.") if is_failed else None,
        certificate_id=row.certificate_id,
        issued_at=row.issued_at,
        reason=(row.reason or None) if state is VaultState.REVOKED else None,
        created_at=row.created_at,
        updated_at=max(
            one for one in (*moments, row.failed_at if is_failed else None) if one
        ),
        tenant_name=row.tenant_name,
    )


def _batch(row: Row[Any]) -> VaultBatch:
    values = dict(row._mapping)
    state = BatchState(row.state)
    is_over = state not in (BatchState.PENDING, BatchState.PROCESSING)
    return VaultBatch(
        **{
            **values,
            "state": state,
            "is_vault": bool(row.is_vault),
            "succeeded": int(row.succeeded),
            "failed": int(row.failed),
            "finished_at": row.finished_at if is_over else None,
        }
    )
