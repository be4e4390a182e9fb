"""Kept certificates, for reading: `issuance.ports.Certificates` on both engines."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, bindparam, text

from testamur.core.lifecycle import Standing
from testamur.core.words import ErasedCertificate, TakenBack
from testamur.issuance.ports import Kept, Seal

from .database import Database
from .job_rows import read_profile
from .publication import is_published
from .shelf import PICTURE, picture_from

# A query puts the certificates it means in place of the braces, as `c`. Erased ones
# are not among them: they have no voucher any more.
KEPT = f"""
    SELECT c.id, c.reference, t.name, j.id, b.id, j.profile, r.number, r.cells,
      c.issued_at, v.id, v.expires_at, c.chunk_id, c.die_id, c.signature, s.key_id,
      l.name, c.status_index, z.standing, z.since, a.reason, k.replaced_by, {PICTURE}
    FROM {{}}
    JOIN jobs j ON j.seq = c.job_seq
    JOIN tenants t ON t.id = j.tenant_id
    LEFT JOIN batches b ON b.job_seq = c.job_seq
    JOIN rows r ON r.job_seq = c.job_seq AND r.number = c.number
    JOIN vouchers v ON v.job_seq = c.job_seq AND v.number = c.number
    LEFT JOIN pictures p ON p.id = c.picture_id
    LEFT JOIN signings s ON s.chunk_id = c.chunk_id
    LEFT JOIN status_lists l ON l.id = s.status_list_id
    LEFT JOIN standings z ON z.job_seq = c.job_seq AND z.number = c.number
    LEFT JOIN acts a ON a.id = z.act_id
    LEFT JOIN corrections k ON k.job_seq = c.job_seq AND k.number = c.number
"""

#: How many of its columns are no part of the picture.
WIDTH = 21

#: Larger than every row's number.
NO_NUMBER = 2**63 - 1

FIND = text(
    KEPT.format("certificates c") + f"WHERE c.id = :id AND {is_published('c.chunk_id')}"
)

FIND_REFERENCE = text(
    KEPT.format("certificates c")
    + f"WHERE c.reference = :reference AND {is_published('c.chunk_id')}"
)

FIND_ERASED = text("""
    SELECT c.id, c.reference, j.id, b.id, c.number, c.issued_at, a.done_at
    FROM certificates c
    JOIN erasures e ON e.job_seq = c.job_seq AND e.number = c.number
    JOIN acts a ON a.id = e.act_id
    JOIN jobs j ON j.seq = c.job_seq
    LEFT JOIN batches b ON b.job_seq = c.job_seq
    WHERE c.id = :id
""")

ERASED_OF = text("""
    SELECT c.id FROM jobs j JOIN erasures e ON e.job_seq = j.seq
    JOIN certificates c ON c.job_seq = e.job_seq AND c.number = e.number
    WHERE j.tenant_id = :tenant
""")

PLACE = text("""
    SELECT c.job_seq, c.number FROM certificates c JOIN jobs j ON j.seq = c.job_seq
    WHERE c.id = :after AND j.tenant_id = :tenant
""")


class SqlCertificates:
    """The certificates in the tables of *database*."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, certificate_id: str) -> Kept | None:
        """Return the certificate with this id, or None: erased ones are not found."""
        with self._database.reading() as connection:
            row = connection.execute(FIND, {"id": certificate_id}).first()
        return kept_from(row) if row else None

    def find_reference(self, reference: str) -> Kept | None:
        """Return the certificate with this reference, or None."""
        with self._database.reading() as connection:
            row = connection.execute(FIND_REFERENCE, {"reference": reference}).first()
        return kept_from(row) if row else None

    def find_erased(self, certificate_id: str) -> ErasedCertificate | None:
        """Return what is left of the certificate, if its person was erased."""
        with self._database.reading() as connection:
            row = connection.execute(FIND_ERASED, {"id": certificate_id}).first()
        return ErasedCertificate(*row) if row else None

    def erased_of(self, tenant_id: str) -> Sequence[str]:
        """Return the ids of the tenant's certificates whose person was erased."""
        with self._database.reading() as connection:
            return list(connection.scalars(ERASED_OF, {"tenant": tenant_id}))

    def listing(
        self,
        tenant_id: str,
        *,
        job_id: str | None = None,
        batch_id: str | None = None,
        references: Sequence[str] | None = None,
        holding: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> Sequence[Kept] | None:
        """
        Return up to *limit* of the tenant's certificates, newest first.

        A page costs the same wherever it is. With *holding* it costs what lies
        between its certificates as well, since cells have no index.
        """
        values: dict[str, Any] = {"tenant": tenant_id, "limit": limit}
        values |= {"job": job_id, "batch": batch_id, "after": after}
        if references is not None:
            values["references"] = list(references)
        if holding is not None:
            values["pattern"] = f"%{_escaped(holding)}%"
        statement = _listing(
            self._database.is_sqlite,
            by_job=job_id is not None,
            by_batch=batch_id is not None,
            by_reference=references is not None,
            by_cells=holding is not None,
            goes_on=after is not None,
        )
        with self._database.reading() as connection:
            if after is not None:
                place = connection.execute(PLACE, values).first()
                if place is None:
                    return None
                values |= {"seq": place[0], "number": place[1]}
            return [kept_from(row) for row in connection.execute(statement, values)]


@lru_cache(maxsize=64)
def _listing(
    is_sqlite: bool,
    *,
    by_job: bool,
    by_batch: bool,
    by_reference: bool,
    by_cells: bool,
    goes_on: bool,
) -> TextClause:
    """
    Return the query for a page of a tenant's certificates.

    Jobs newest first, and in each its rows from the last: both in the order of
    an index, which each engine is made to walk, because it might rather sort
    all that a tenant has.
    """
    jobs = ["j.tenant_id = :tenant"]
    certificates = ["c.job_seq = j.seq", is_published("c.chunk_id")]
    if by_job:
        jobs.append("j.id = :job")
    if by_batch:
        jobs.append("j.seq = (SELECT job_seq FROM batches WHERE id = :batch)")
    if goes_on:
        jobs.append("j.seq <= :seq")
        # One bound for an index, where OR would read the job from its last row.
        certificates.append(
            f"c.number < CASE WHEN j.seq < :seq THEN {NO_NUMBER} ELSE :number END"
        )
    if by_reference:
        certificates.append("c.reference IN :references")
    if by_cells:
        cells = "r.cells" if is_sqlite else 'lower(r.cells COLLATE "C")'
        certificates.append(
            "EXISTS (SELECT 1 FROM rows r WHERE r.job_seq = c.job_seq AND "
            f"r.number = c.number AND {cells} LIKE :pattern ESCAPE '!')"
        )
    columns = (
        "c.id, c.reference, c.job_seq, c.number, c.chunk_id, c.issued_at, "
        "c.picture_id, c.die_id, c.status_index, c.signature"
    )
    newest_first = "ORDER BY j.seq DESC, c.number DESC LIMIT :limit"
    if by_reference:  # at most a few, and it has an index of its own
        source = "jobs j, certificates c"
    elif is_sqlite:  # whose CROSS JOIN keeps its left side outside
        source = "jobs j CROSS JOIN certificates c"
    else:
        source = (
            f"jobs j CROSS JOIN LATERAL (SELECT {columns} FROM certificates c WHERE "
            f"{' AND '.join(certificates)} ORDER BY c.number DESC LIMIT :limit) c"
        )
        certificates = []
    where = " AND ".join((*jobs, *certificates))
    page = f"(SELECT {columns} FROM {source} WHERE {where} {newest_first}) c"
    statement = text(KEPT.format(page) + "ORDER BY c.job_seq DESC, c.number DESC")
    if by_reference:
        statement = statement.bindparams(bindparam("references", expanding=True))
    return statement


def _escaped(plain: str) -> str:
    """Spell *plain* for LIKE, in small letters."""
    return "".join(
        f"!{letter}" if letter in "!%_" else letter for letter in plain.lower()
    )


def kept_from(row: Sequence[Any]) -> Kept:
    return Kept(
        id=row[0],
        reference=row[1],
        tenant_name=row[2],
        job_id=row[3],
        batch_id=row[4],
        profile=read_profile(row[5]),
        row=row[6],
        cells=row[7],
        issued_at=row[8],
        voucher_id=row[9],
        voucher_expires_at=row[10],
        picture=None if row[WIDTH] is None else picture_from(row[WIDTH:]),
        chunk_id=row[11],
        seal=None if row[13] is None else Seal(row[12], bytes(row[13]), *row[14:17]),
        taken_back=(
            None
            if row[17] is None
            else TakenBack(Standing(row[17]), row[18], row[19], row[20])
        ),
    )
