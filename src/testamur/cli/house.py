"""What the command line can do: verbs that wiring hands over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import typer

from testamur.core.acts import Chosen, Done, Erasure, Person
from testamur.core.download import Download
from testamur.core.findings import Finding, Rehearsed
from testamur.core.lifecycle import StandingEvent
from testamur.core.mail_checks import MailCheck
from testamur.core.mail_keys import DkimAlgorithm, DkimKey
from testamur.core.mail_returns import ReturnOutcome
from testamur.core.pins import Password, Pin
from testamur.core.signers import SignerView
from testamur.core.suppressions import Suppression, SuppressionReason
from testamur.core.webhooks import DeliveryState, Webhook, WebhookDelivery
from testamur.core.words import (
    ApiKey,
    AuditLine,
    Certificate,
    Exported,
    Halt,
    IssuerProfile,
    Job,
    MailOrder,
    NewKey,
    NewToken,
    Progress,
    PublicKey,
    SignedPrintsView,
    Status,
    Template,
    TemplateVersion,
    Tenant,
    User,
)


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting as `config show` prints it."""

    variable: str
    value: str
    source: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RecordLine:
    """What the record outside the data knows."""

    folder: Path
    #: How many acts on certificates.
    acts: int
    #: The number of the audit log's newest entry, as it was written down last.
    head: int | None
    #: How the database is behind; None when it is not.
    problem: str | None


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A certificate as its operator sees it."""

    certificate: Certificate
    status: Status
    url: str


class TemplateDesk(Protocol):
    """What is done with templates. A *wish* is an id or a name, `@` a version."""

    def listing(
        self, slug: str, page: int, limit: int
    ) -> tuple[Sequence[Template], int]:
        """Return one page of what a tenant may use, and how many there are."""
        ...

    def named(self, slug: str, wish: str) -> tuple[Template, TemplateVersion]:
        """Return a template and its newest version, or the one wished for."""
        ...

    def add(
        self, slug: str, name: str | None, data: bytes, *, is_pdf: bool
    ) -> tuple[Template, TemplateVersion, bool]:
        """Keep a package, or what a PDF comes to; say whether it is new."""
        ...

    def package(self, slug: str, wish: str) -> bytes:
        """Return the ZIP that a template was read from."""
        ...

    def preview(
        self, slug: str, wish: str, kind: str, values: Mapping[str, str]
    ) -> bytes:
        """Return a sample certificate as `pdf` or `png`."""
        ...

    def archive(self, slug: str, wish: str) -> Template:
        """Offer a template no more."""
        ...


class UserDesk(Protocol):
    """What is done with people who log in."""

    def create(self, slug: str, email: str, password: str, name: str) -> User:
        """Let somebody log in for a tenant, or refuse."""
        ...

    def listing(self, slug: str) -> Sequence[User]:
        """Return a tenant's users, the first first."""
        ...

    def disable(self, slug: str, email: str) -> None:
        """Let somebody in no more, or refuse."""
        ...

    def set_password(self, slug: str, email: str, password: str) -> None:
        """Give somebody another password, or refuse."""
        ...


class SignerDesk(Protocol):
    """What is done with signers."""

    def add_file(
        self, slug: str, name: str, file: Path, pin: Pin, password: Password | None
    ) -> SignerView:
        """Keep the key of a PKCS #12 file, or refuse."""
        ...

    def add_token(
        self, slug: str, name: str, uri: str, certificates: Path, pin: Pin | None
    ) -> SignerView:
        """Keep where a key in a token is, or refuse."""
        ...

    def listing(self, slug: str) -> Sequence[SignerView]:
        """Return a tenant's signers."""
        ...

    def find(self, signer_id: int) -> SignerView:
        """Return a signer, or refuse."""
        ...

    def revoke(self, signer_id: int) -> SignerView:
        """Let a signer sign no more, or refuse."""
        ...

    def unlock(self, signer_id: int) -> SignerView:
        """Forget wrong PINs, or refuse."""
        ...


class SuppressionDesk(Protocol):
    """What is done with addresses that are not written to."""

    def listing(
        self, slug: str, reason: SuppressionReason | None
    ) -> Iterator[Suppression]:
        """Give a tenant's entries, the newest first."""
        ...

    def add(
        self, slug: str, address: str, reason: SuppressionReason
    ) -> tuple[Suppression, bool]:
        """Put an address on the list; say whether it is new there; or refuse."""
        ...

    def remove(self, slug: str, which: str) -> int:
        """Take an entry, or all of an address, off; say how many; or refuse."""
        ...

    def load(self, slug: str, file: Path, reason: SuppressionReason) -> tuple[int, int]:
        """Put all addresses of a file on the list; say how many, and how many new."""
        ...


class TenantWebhooks(Protocol):
    """What is done with one tenant's webhooks; each may refuse."""

    def add(self, wanted: Mapping[str, Any]) -> tuple[Webhook, str]:
        """Add one: `url`, `events`, `description`, `style`; return its secret, too."""
        ...

    def listing(self) -> Sequence[Webhook]:
        """Return all."""
        ...

    def one(self, name: str) -> Webhook:
        """Return one."""
        ...

    def change(self, name: str, changed: Mapping[str, Any]) -> Webhook:
        """Change one."""
        ...

    def remove(self, name: str) -> None:
        """Remove one."""
        ...

    def rotate(self, name: str) -> tuple[Webhook, str]:
        """Give one another secret."""
        ...

    def ping(self, name: str) -> str:
        """Have one be told that nothing happened; return the delivery's id."""
        ...

    def deliveries(
        self, name: str, state: DeliveryState | None, after: str | None, limit: int
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return deliveries, newest first, and where to go on."""
        ...

    def replay(self, name: str, delivery: str) -> None:
        """Tell one again."""
        ...

    def replay_since(self, name: str, since: int) -> int:
        """Tell again what is parked since a moment; say how many."""
        ...


class WebhookDesk(Protocol):
    """What is done with systems that are told of events."""

    def of(self, slug: str) -> TenantWebhooks:
        """Return what is done with one tenant's, or refuse."""
        ...


class DkimDesk(Protocol):
    """What is done with keys that mails are signed with."""

    def add(
        self, domain: str, selector: str | None, algorithm: DkimAlgorithm
    ) -> DkimKey:
        """Make a key, or refuse."""
        ...

    def listing(self) -> Sequence[DkimKey]:
        """Return the keys of all domains."""
        ...

    def remove(self, domain: str, selector: str) -> None:
        """Forget a key for ever, or refuse."""
        ...


class Desk(Protocol):
    """An open office, as the command line sees it. It closes itself."""

    @property
    def templates(self) -> TemplateDesk:
        """What is done with templates."""
        ...

    @property
    def users(self) -> UserDesk:
        """What is done with people who log in."""
        ...

    @property
    def signers(self) -> SignerDesk:
        """What is done with signers."""
        ...

    @property
    def suppressions(self) -> SuppressionDesk:
        """What is done with addresses that are not written to."""
        ...

    @property
    def webhooks(self) -> WebhookDesk:
        """What is done with systems that are told of events."""
        ...

    @property
    def dkim(self) -> DkimDesk:
        """What is done with keys that mails are signed with."""
        ...

    def check_mail(self, domain: str | None) -> MailCheck:
        """Return what the DNS says now of a domain, or of our own; or refuse."""
        ...

    def take_bounce(self, message: bytes, recipients: Sequence[str]) -> ReturnOutcome:
        """Take in a message that came back, and to whom it came."""
        ...

    def create_tenant(self, slug: str, name: str, plan: str) -> Tenant:
        """Create a tenant, or refuse."""
        ...

    def tenants(self) -> Sequence[Tenant]:
        """Return every tenant, by slug."""
        ...

    def suspend_tenant(self, slug: str) -> None:
        """Turn the tenant's keys and tokens away."""
        ...

    def resume_tenant(self, slug: str) -> None:
        """Let a suspended tenant in again."""
        ...

    def issuer(self, slug: str) -> IssuerProfile:
        """Return who a tenant is to everybody else."""
        ...

    def show_addresses(self, slug: str, shows: bool) -> IssuerProfile:
        """Have a tenant's later jobs name recipients by their address, or a hash."""
        ...

    def rotate_issuer_key(self, slug: str, algorithm: str) -> PublicKey:
        """Give a tenant a new key to sign with, or refuse."""
        ...

    def revoke_issuer_key(self, slug: str, key_id: str) -> PublicKey:
        """Distrust a key of a tenant for ever, or refuse."""
        ...

    def seal_secret(self, url: str, may_make_key: bool) -> str:
        """Seal the operator secret by the key at *url*; return the URL in force."""
        ...

    def create_key(self, slug: str, name: str, scopes: Sequence[str]) -> NewKey:
        """Create an API key; all scopes when none is named."""
        ...

    def keys(self, slug: str) -> Sequence[ApiKey]:
        """Return a tenant's keys."""
        ...

    def revoke_key(self, slug: str, key_id: str) -> None:
        """Revoke a key for ever."""
        ...

    def create_token(self, slug: str, scopes: Sequence[str], ttl: str) -> NewToken:
        """Create a token that lasts *ttl* ("24h")."""
        ...

    def sign_job(
        self, slug: str, job_id: str, signer_id: int, pin: Pin, reason: str
    ) -> SignedPrintsView:
        """Have a job's certificates be signed as PDFs, all of them, or refuse."""
        ...

    def submit(
        self,
        slug: str,
        rows: Path,
        images: Path | None,
        *,
        batch_name: str | None,
        encoding: str | None,
        mapping: Mapping[str, str] | None,
        valid_days: int | None,
        template: str | None,
        mail: MailOrder | None,
    ) -> Job:
        """Accept files as a job, or refuse."""
        ...

    def rehearse(
        self,
        slug: str,
        rows: Path,
        images: Path | None,
        *,
        encoding: str | None,
        mapping: Mapping[str, str] | None,
        valid_days: int | None,
        template: str | None,
        note: Callable[[Finding], object] | None,
    ) -> Rehearsed:
        """Return how issuing these files would go; hand every finding to *note*."""
        ...

    def jobs(
        self, slug: str, state: str | None, page: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of a tenant's jobs, and how many there are."""
        ...

    def job(self, job_id: str) -> Progress:
        """Return how far a job is, or refuse."""
        ...

    def retry(self, job_id: str) -> tuple[Progress, int]:
        """Queue the failed rows again; say how many."""
        ...

    def cancel(self, job_id: str) -> Progress:
        """Stop a job."""
        ...

    def download(self, job_id: str, kind: str) -> Download:
        """Return a job's results as `csv` or `zip`."""
        ...

    def working(self) -> AbstractContextManager[None]:
        """Run workers meanwhile, unless a server does it already."""
        ...

    def certificate(self, certificate_id: str) -> CertificateLine:
        """Return a certificate as it stands now, or refuse."""
        ...

    def change_standing(
        self, event: StandingEvent, chosen: Chosen, reason: str
    ) -> Done:
        """Revoke, suspend or reinstate certificates of one tenant, or refuse."""
        ...

    def correct(self, certificate_id: str, changes: Mapping[str, object]) -> Job:
        """Accept a job whose certificate will stand in this one's place, or refuse."""
        ...

    def certificate_url(self, job_id: str) -> str | None:
        """Return the page of one of the job's certificates, if it has any."""
        ...

    def credential(
        self, certificate_id: str, format: str, algorithm: str
    ) -> tuple[bytes, str]:
        """Return a certificate's credential and its media type, or refuse."""
        ...

    def erase(self, slug: str, person: Person, reason: str) -> Erasure:
        """Erase a person from all that is the tenant's, or refuse."""
        ...

    def export(self, slug: str, target: Path) -> Exported:
        """Write all that a tenant issued to a directory, or refuse."""
        ...

    def halt(self, reason: str) -> Halt:
        """Have nothing signed from now on; return the halt in force."""
        ...

    def resume(self) -> bool:
        """Let issuing go on; say whether it was halted."""
        ...

    def halted(self) -> Halt | None:
        """Return since when and why issuing is halted; None while it goes on."""
        ...

    def record(self) -> RecordLine:
        """Return what the record outside the data knows."""
        ...

    def accept_record(self) -> tuple[int, int]:
        """
        Go on with a database that lost what came after it; no server may run.

        Return how many acts were done again, and how many of the certificates that
        they name are not there.
        """
        ...

    def audit(
        self, slug: str | None, act: str | None, since: int | None, limit: int
    ) -> Sequence[tuple[int, str | None, AuditLine]]:
        """Return the newest entries of the audit log: number, tenant, what was done."""
        ...

    def check_audit(self) -> tuple[int, Sequence[str]]:
        """Return how many entries the audit log has, and what is wrong with them."""
        ...

    def fsck(self, *, files: bool) -> Iterator[str]:
        """Check that everything stored agrees; give one line per violation."""
        ...

    def backup(self, target: Path) -> int:
        """Copy everything, consistently, to a new directory; return its bytes."""
        ...


class House(Protocol):
    """The whole installation."""

    def open(self) -> AbstractContextManager[Desk]:
        """Open the data directory in force."""
        ...

    def serve(self, host: str, port: int, workers: int | None) -> None:
        """Serve until told to stop."""
        ...

    def work(self) -> None:
        """Run workers alone until told to stop."""
        ...

    def settings(self) -> Sequence[SettingLine]:
        """Return every setting in force."""
        ...

    def verify(
        self,
        source: str,
        *,
        offline: bool,
        issuer_did_document: Path | None,
        log_key: str | None,
        status_list: Path | None,
    ) -> Mapping[str, Any]:
        """Return the verdict on what a file or URL has, or refuse. Opens no data."""
        ...


def house_of(context: typer.Context) -> House:
    """Return the house that the command was handed."""
    house: House = context.find_root().obj
    return house


#: Adds a noun's commands to the application.
AddTo = Callable[[typer.Typer], None]
