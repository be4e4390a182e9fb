"""What is written down of a call: a job, its rows, and what they are in the vault."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, text

from testamur.intake.ports import NewJob, Sheet

from ..admission import SqlLedger
from ..database import Database
from ..schema import vault_certificates, vault_customers
from . import files
from .these import spelled, these

ADD_BATCH = text("""
    INSERT INTO vault_batches (uuid, tenant_id, job_seq, name, is_vault, template_id,
      created_at)
    VALUES (:uuid, :tenant, :job, :name, :is_vault, :template, :now) RETURNING seq
""")

CUSTOMERS = """
    SELECT address, id FROM vault_customers
    WHERE tenant_id = :tenant AND address {these}
"""

USERS = "SELECT address FROM users WHERE tenant_id = :tenant AND address {these}"

# One call of a tenant after another: two would both find somebody new.
LOCK_TENANT = text("SELECT id FROM tenants WHERE id = :tenant FOR NO KEY UPDATE")

COLUMNS = (
    *("uuid", "tenant_id", "batch_seq", "job_seq", "number", "reference", "title"),
    *("full_name", "email", "address", "sought", "issue_date", "details", "is_vault"),
    *("file_id", "customer_id", "assigned_at", "created_at"),
)


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What a call is called."""

    #: A UUID.
    uuid: str
    name: str
    is_vault: bool
    template_id: str | None = None


@dataclass(frozen=True, slots=True)
class NewCertificate:
    """One certificate of a call, in the order of the rows of its job."""

    uuid: str
    reference: str
    title: str
    full_name: str
    email: str
    #: As addresses are compared.
    address: str
    issue_date: str | None
    details: str | None
    file_id: str | None


class Changes:
    """One tenant's vault in one transaction."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        ledger: SqlLedger,
        tenant_id: str,
        now: int,
    ) -> None:
        self._connection = connection
        self._database = database
        self._ledger = ledger
        self._tenant = tenant_id
        self.now = now
        if not database.is_sqlite:
            connection.execute(LOCK_TENANT, {"tenant": tenant_id})

    def files(self, ids: Sequence[str]) -> Mapping[str, files.FoundFile]:
        """Return those of the tenant's files that are there."""
        return files.named(self._connection, self._tenant, ids)

    def spend(self, ids: Sequence[str]) -> bool:
        """Spend files; say whether all of them were free."""
        return files.use(self._connection, self._tenant, ids, self.now)

    def submit(
        self,
        job: NewJob,
        sheet: Sheet,
        certificates: Sequence[NewCertificate],
        batch: NewBatch | None,
    ) -> None:
        """Have *job* issue *certificates*, which are the rows of *sheet* in order."""
        seq, _ = self._ledger.admit_within(self._connection, job, sheet.rows())
        batch_seq = None
        if batch is not None:
            values = {
                "uuid": batch.uuid,
                "tenant": self._tenant,
                "job": seq,
                "name": batch.name,
                "is_vault": batch.is_vault,
                "template": batch.template_id,
                "now": self.now,
            }
            batch_seq = self._connection.scalar(ADD_BATCH, values)
        known, customers = self._customers(
            sorted({one.address for one in certificates if one.address})
        )
        self._database.bulk_insert(
            self._connection,
            vault_certificates,
            COLUMNS,
            (
                (
                    *(one.uuid, self._tenant, batch_seq, seq, number, one.reference),
                    *(one.title, one.full_name, one.email, one.address),
                    *(_sought(one), one.issue_date, one.details),
                    *(batch is None or batch.is_vault, one.file_id),
                    customers.get(one.address),
                    self.now if one.address in known else None,
                    self.now,
                )
                for number, one in enumerate(certificates, 1)
            ),
        )

    def _customers(
        self, addresses: Sequence[str]
    ) -> tuple[frozenset[str], Mapping[str, int]]:
        """Return which of *addresses* were known before, and all by their numbers."""
        before = self._numbers(addresses)
        users = self._connection.scalars(
            text(USERS.format(these=these(self._connection))), self._these(addresses)
        )
        known = frozenset((*before, *users))
        new = [one for one in addresses if one not in before]
        self._database.bulk_insert(
            self._connection,
            vault_customers,
            ("tenant_id", "address", "created_at"),
            ((self._tenant, one, self.now) for one in new),
        )
        return known, before | self._numbers(new)

    def _numbers(self, addresses: Sequence[str]) -> dict[str, int]:
        query = text(CUSTOMERS.format(these=these(self._connection)))
        found = self._connection.execute(query, self._these(addresses))
        return {row.address: row.id for row in found}

    def _these(self, values: Sequence[str]) -> dict[str, object]:
        return {"tenant": self._tenant, "these": spelled(self._connection, values)}


def _sought(one: NewCertificate) -> str:
    said = (one.reference, one.title, one.full_name, one.email)
    return "\n".join(said).casefold()


@contextmanager
def changing(
    database: Database, ledger: SqlLedger, tenant_id: str, now: int
) -> Iterator[Changes]:
    """Lend what changes a tenant's vault: all of it is stored, or nothing."""
    with database.writing() as connection:
        yield Changes(connection, database, ledger, tenant_id, now)
