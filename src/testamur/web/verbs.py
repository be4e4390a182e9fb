"""What the web can do: verbs that wiring hands over. It decides nothing itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from testamur.core.acts import Chosen, Done, Erasure, Person
from testamur.core.download import Download
from testamur.core.lifecycle import JobState, StandingEvent
from testamur.core.policy import Allowance, Metered, Scope
from testamur.core.words import (
    ApiKey,
    AuditLine,
    Caller,
    Certificate,
    CostPreview,
    ErasedCertificate,
    Job,
    MailOrder,
    NewKey,
    Progress,
    Tenant,
    Usage,
)

from .spool import Spool

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that arrived whole, at a path that its upload removes later."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller decided about a submission."""

    dialect: str
    batch_name: str | None = None
    idempotency_key: str | None = None
    encoding: str | None = None
    mapping: Mapping[str, str] | None = None
    valid_days: int | None = None
    #: A template's id or name, if certificates are to be made of one.
    template: str | None = None
    #: How recipients are written to; None: they are not.
    mail: MailOrder | None = None


class Access(Protocol):
    """Who is calling, and may they."""

    def authenticate(
        self,
        *,
        api_keys: Sequence[str],
        authorizations: Sequence[str],
        tenants: Sequence[str],
        client: str,
    ) -> Caller:
        """Return who is calling, or refuse."""
        ...

    def require(self, caller: Caller, scope: Scope) -> None:
        """Return if they may, or refuse."""
        ...

    def admit(self, caller: Caller, metered: Metered, subject: str = "") -> int:
        """Count the request against the tenant's plan and say when, or refuse."""
        ...

    def refund(self, caller: Caller, metered: Metered, admitted_at: int) -> None:
        """Uncount a request, admitted at a moment, that came to nothing."""
        ...

    def allowance(self, caller: Caller, metered: Metered) -> Allowance:
        """Return how often the caller may still do this now."""
        ...


class Jobs(Protocol):
    """What is done with jobs."""

    def submit(
        self,
        tenant: Tenant,
        rows_file: ReceivedFile,
        images_file: ReceivedFile | None,
        wanted: Wanted,
    ) -> Job:
        """Accept files as a job, or refuse."""
        ...

    def submit_records(
        self,
        tenant: Tenant,
        records: Sequence[Mapping[str, object]],
        body: bytes,
        wanted: Wanted,
    ) -> Job:
        """Accept rows that came as JSON (*body*, read as *records*), or refuse."""
        ...

    def is_known(self, tenant_id: str, idempotency_key: str) -> bool:
        """Say whether a job was created under this key before."""
        ...

    def status(self, tenant_id: str, job_id: str) -> Progress:
        """Return how far a job is, or refuse."""
        ...

    def listing(
        self, tenant_id: str, *, state: JobState | None, page: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of jobs and how many there are."""
        ...

    def cancel(self, tenant_id: str, job_id: str) -> Progress:
        """Stop a job, or refuse."""
        ...

    def retry(self, tenant_id: str, job_id: str) -> tuple[Progress, int]:
        """Queue the failed rows again; return how many, or refuse."""
        ...

    def download(self, tenant_id: str, job_id: str, kind: str) -> Download:
        """Return a job's results, `csv` or `zip`, or refuse."""
        ...


class Account(Protocol):
    """What a tenant has."""

    @property
    def public_url(self) -> str:
        """The address that links are made from."""
        ...

    def now(self) -> int:
        """Return the moment, as of which certificates are told."""
        ...

    def certificates(
        self, tenant_id: str, wanted: Mapping[str, str | None], limit: int
    ) -> tuple[Sequence[Certificate], str | None]:
        """Return certificates, newest first, and where to go on; or refuse."""
        ...

    def certificate(self, tenant_id: str, certificate_id: str) -> Certificate:
        """Return one certificate of the tenant, or refuse."""
        ...

    def erased(self, tenant_id: str, certificate_id: str) -> ErasedCertificate | None:
        """Return what is left of a certificate of the tenant that was erased."""
        ...

    def usage(self, tenant: Tenant, since: int | None, until: int | None) -> Usage:
        """Return what was used."""
        ...

    def keys(self, tenant: Tenant) -> Sequence[ApiKey]:
        """Return the tenant's keys."""
        ...

    def create_key(
        self, by: Caller, name: str, scopes: Sequence[str], expires_at: int | None
    ) -> NewKey:
        """Return a new key with no scope that *by* has not, or refuse."""
        ...

    def revoke_key(self, by: Caller, key_id: str) -> None:
        """Revoke a key for ever, or refuse."""
        ...

    def audit(
        self, tenant_id: str, wanted: Mapping[str, str | None], limit: int
    ) -> tuple[Sequence[AuditLine], int | None]:
        """Return what was done, newest first, and where to go on; or refuse."""
        ...


class Standings(Protocol):
    """What is done to certificates after they were issued."""

    def change(
        self, by: Caller, event: StandingEvent, chosen: Chosen, reason: str
    ) -> Done:
        """Revoke, suspend or reinstate certificates of the caller's, or refuse."""
        ...

    def erase(self, by: Caller, person: Person, reason: str) -> Erasure:
        """Erase a person from all that is the caller's, or refuse."""
        ...

    def correct(
        self,
        by: Caller,
        certificate: Certificate,
        changes: Mapping[str, object],
        idempotency_key: str | None,
    ) -> Job:
        """Accept a job whose certificate will stand in this one's place, or refuse."""
        ...


class Asking(Protocol):
    """Runs a blocking verb where it does not block the loop."""

    def __call__(self, verb: Callable[..., T], *args: object) -> Awaitable[T]:
        """Return what *verb* returns for *args*."""
        ...


@dataclass(frozen=True)
class Verbs:
    """Everything that routes are handed."""

    access: Access
    jobs: Jobs
    account: Account
    standings: Standings
    preview_cost: Callable[[str], CostPreview]
    #: Returns when the database answers; raises Fault when it does not.
    check_ready: Callable[[], None]
    #: Says whether the operator halted issuing.
    is_halted: Callable[[], bool]
    #: Figures for the operator: (metric, label, its value) to number.
    measure: Callable[[], Mapping[tuple[str, str, str], float]]
    #: Where uploads are received.
    spool: Spool
    #: Runs a short read: inline on SQLite, in a thread elsewhere.
    ask: Asking
    #: Runs whatever may take longer, in a thread.
    ask_slowly: Asking
