"""The web's verbs, handed over, and the application they make."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio.to_thread
from starlette.types import ASGIApp

from testamur.access import audit as audited
from testamur.access.guesses import Guesses
from testamur.access.ports import AuditFilter
from testamur.access.scopes import require
from testamur.access.usage import preview, read_count, usage_of
from testamur.adapters.sql.events import SqlEvents
from testamur.adapters.sql.measures import SqlMeasures
from testamur.core.acts import Chosen, Done, Erasure, Person
from testamur.core.clock import DAY
from testamur.core.download import Download
from testamur.core.lifecycle import JobState, StandingEvent
from testamur.core.policy import Allowance, Metered, Rate, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import (
    ApiKey,
    AuditLine,
    Caller,
    Certificate,
    ErasedCertificate,
    Job,
    NewKey,
    Progress,
    TemplateUse,
    Tenant,
    Usage,
)
from testamur.intake.admit import UploadedFile
from testamur.intake.door import Wishes
from testamur.issuance import read as issued
from testamur.issuance.published_list import Purpose
from testamur.rendering.codes import barcode_picture, qr_picture
from testamur.web.app import build_app
from testamur.web.live import Live
from testamur.web.pages import Pages, page_routes
from testamur.web.routes.dokstamp.auth import auth_routes
from testamur.web.routes.dokstamp.badges import badge_routes
from testamur.web.routes.dokstamp.batches import batch_routes
from testamur.web.routes.dokstamp.certificates import certificate_routes
from testamur.web.routes.dokstamp.certs import cert_routes
from testamur.web.routes.dokstamp.document_types import document_type_routes
from testamur.web.routes.dokstamp.documents import document_routes
from testamur.web.routes.dokstamp.files import file_routes
from testamur.web.routes.dokstamp.signers import signer_routes
from testamur.web.routes.health import health_routes
from testamur.web.routes.issuers import issuer_routes
from testamur.web.routes.log import log_routes
from testamur.web.routes.metrics import metrics_routes
from testamur.web.routes.native import job_routes
from testamur.web.routes.native_account import account_routes
from testamur.web.routes.native_erasure import erasure_routes
from testamur.web.routes.native_events import event_routes
from testamur.web.routes.native_mail import mail_routes
from testamur.web.routes.native_rehearsals import rehearsal_routes
from testamur.web.routes.native_signatures import signature_routes
from testamur.web.routes.native_standing import standing_routes
from testamur.web.routes.native_suppressions import suppression_routes
from testamur.web.routes.native_templates import template_routes
from testamur.web.routes.native_webhooks import webhook_routes
from testamur.web.routes.pocketbook import pocketbook_routes
from testamur.web.routes.renditions import rendition_routes
from testamur.web.routes.signing import signing_routes
from testamur.web.routes.status_lists import status_list_routes
from testamur.web.routes.thought_industries import thought_industries_routes
from testamur.web.routes.unsubscribing import unsubscribing_routes
from testamur.web.routes.vc_api import vc_api_routes
from testamur.web.routes.vec.batches import template_batch_routes
from testamur.web.routes.vec.codes import code_routes
from testamur.web.routes.vec.vault import vault_routes
from testamur.web.routes.verify import verify_routes
from testamur.web.spool import Spool
from testamur.web.verbs import ReceivedFile, Verbs, Wanted

from .academic_certificates import AcademicCertificates
from .badges import SiteBadges
from .certifying import Certifying, erase
from .correcting import correct
from .documents import SiteDocuments, SiteSigning
from .downloading import downloaded
from .issuers import document_of, document_of_house, profile_of
from .keepsakes import Keepsakes
from .log import log_proof, log_reader, log_vkey
from .mail_check import MailChecks
from .office import Office
from .people import Narrow, SiteSessions
from .records import routes_of as record_routes
from .rehearsing import Rehearsals, SiteRehearsals
from .renditions import log_proof_of, rendered
from .returns import SiteReturns
from .signers import SiteSigners
from .suppressions import SiteSuppressions
from .thought_industries import SiteTemplates
from .trust import Trusts
from .unsubscribing import SiteUnsubscribing
from .uploading import SiteFiles
from .vault_batches import TemplateBatches
from .vc_api import SiteVcApi
from .verifying import verifier_of
from .webhooks import SiteWebhooks

T = TypeVar("T")

#: Pages that do not exist, from one address: a mistyped one takes two or three.
UNKNOWN_PAGES = Rate(60, 60)

#: Credentials to be checked, from one address: nobody needs more, and it leaves
#: most of the reader's time to others.
VERIFICATIONS = Rate(1_200, 60)


@dataclass(frozen=True)
class SiteAccess:
    """`web.verbs.Access` by the access room."""

    office: Office

    def authenticate(
        self,
        *,
        api_keys: Sequence[str],
        authorizations: Sequence[str],
        tenants: Sequence[str],
        client: str,
    ) -> Caller:
        """Return who is calling, or refuse."""
        return self.office.gate.authenticate(
            api_keys=api_keys,
            authorizations=authorizations,
            tenants=tenants,
            client=client,
        )

    def require(self, caller: Caller, scope: Scope) -> None:
        """Return if they may, or refuse."""
        require(caller, scope)

    def admit(self, caller: Caller, metered: Metered, subject: str = "") -> int:
        """Count the request against the tenant's plan and say when, or refuse."""
        return self.office.limiter.admit(caller, metered, subject)

    def refund(self, caller: Caller, metered: Metered, admitted_at: int) -> None:
        """Uncount a request, admitted at a moment, that came to nothing."""
        self.office.limiter.refund(caller, metered, admitted_at)

    def allowance(self, caller: Caller, metered: Metered) -> Allowance:
        """Return how often the caller may still do this now."""
        return self.office.limiter.allowance(caller, metered)


@dataclass(frozen=True)
class SiteJobs:
    """`web.verbs.Jobs` by intake, jobs and delivery."""

    office: Office

    def submit(
        self,
        tenant: Tenant,
        rows_file: ReceivedFile,
        images_file: ReceivedFile | None,
        wanted: Wanted,
    ) -> Job:
        """Accept files as a job, or refuse."""
        return self.office.door.enter(
            tenant,
            dialect=wanted.dialect,
            rows_file=UploadedFile(rows_file.path, rows_file.sha256),
            images_file=(
                UploadedFile(images_file.path, images_file.sha256)
                if images_file
                else None
            ),
            wishes=Wishes(
                batch_name=wanted.batch_name,
                idempotency_key=wanted.idempotency_key,
                encoding=wanted.encoding,
                mapping=wanted.mapping,
                valid_days=wanted.valid_days,
                template=self._template(tenant, wanted),
                mail=wanted.mail,
            ),
        )

    def submit_records(
        self,
        tenant: Tenant,
        records: Sequence[Mapping[str, object]],
        body: bytes,
        wanted: Wanted,
    ) -> Job:
        """Accept rows that came as JSON (*body*, read as *records*), or refuse."""
        return self.office.door.enter_records(
            tenant,
            dialect=wanted.dialect,
            records=records,
            body=body,
            wishes=Wishes(
                batch_name=wanted.batch_name,
                idempotency_key=wanted.idempotency_key,
                valid_days=wanted.valid_days,
                template=self._template(tenant, wanted),
                mail=wanted.mail,
            ),
        )

    def _template(self, tenant: Tenant, wanted: Wanted) -> TemplateUse | None:
        if wanted.template is None:
            return None
        return self.office.templates.choose(tenant.id, wanted.template)

    def is_known(self, tenant_id: str, idempotency_key: str) -> bool:
        """Say whether a job was created under this key before."""
        return self.office.door.knows(tenant_id, idempotency_key)

    def status(self, tenant_id: str, job_id: str) -> Progress:
        """Return how far a job is, or refuse."""
        return self.office.desk.status(tenant_id, job_id)

    def listing(
        self, tenant_id: str, *, state: JobState | None, page: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of jobs and how many there are."""
        return self.office.desk.listing(tenant_id, state=state, page=page, limit=limit)

    def cancel(self, tenant_id: str, job_id: str) -> Progress:
        """Stop a job, or refuse."""
        return self.office.desk.cancel(tenant_id, job_id)

    def retry(self, tenant_id: str, job_id: str) -> tuple[Progress, int]:
        """Queue the failed rows again; return how many, or refuse."""
        retried = self.office.desk.retry(tenant_id, job_id)
        return retried.progress, retried.count

    def download(self, tenant_id: str, job_id: str, kind: str) -> Download:
        """Return a job's results, `csv` or `zip`, or refuse."""
        job = self.office.desk.find(tenant_id, job_id)
        return downloaded(self.office, job, kind)


@dataclass(frozen=True)
class SiteAccount:
    """`web.verbs.Account` by access and issuance."""

    office: Office

    @property
    def public_url(self) -> str:
        """The address that links are made from."""
        return self.office.public_url

    def now(self) -> int:
        """Return the moment."""
        return self.office.clock()

    def certificates(
        self, tenant_id: str, wanted: Mapping[str, str | None], limit: int
    ) -> tuple[Sequence[Certificate], str | None]:
        """Return certificates, newest first, and where to go on; or refuse."""
        page = issued.listing(
            tenant_id,
            certificates=self.office.certificates,
            job_id=wanted["jobId"],
            batch_id=wanted["batchId"],
            email=wanted["email"],
            reference=wanted["reference"],
            after=wanted["after"],
            limit=limit,
        )
        return page.certificates, page.next_after

    def certificate(self, tenant_id: str, certificate_id: str) -> Certificate:
        """Return one certificate of the tenant, or refuse."""
        try:
            found = issued.find(certificate_id, certificates=self.office.certificates)
        except Refusal:
            if self.erased(tenant_id, certificate_id) is not None:
                raise
            found = None
        owned = found and self.office.jobs_of.find(tenant_id, found.job_id)
        if found is None or not owned:
            raise Refusal(
                Kind.NOT_FOUND,
                "certificate_not_found",
                "There is no such certificate. Check its id.",
                at="id",
            )
        return found

    def erased(self, tenant_id: str, certificate_id: str) -> ErasedCertificate | None:
        """Return what is left of a certificate of the tenant that was erased."""
        found = self.office.certificates.find_erased(certificate_id)
        owned = found and self.office.jobs_of.find(tenant_id, found.job_id)
        return found if owned else None

    def usage(self, tenant: Tenant, since: int | None, until: int | None) -> Usage:
        """Return what was used; the last 30 days when nothing else is said."""
        until = self.office.clock() if until is None else until
        since = until - 30 * DAY if since is None else since
        return usage_of(self.office.access_store, tenant, since, until)

    def keys(self, tenant: Tenant) -> Sequence[ApiKey]:
        """Return the tenant's keys."""
        return self.office.keys.list(tenant)

    def create_key(
        self, by: Caller, name: str, scopes: Sequence[str], expires_at: int | None
    ) -> NewKey:
        """Return a new key with no scope that *by* has not, or refuse."""
        return self.office.keys.create(
            by.tenant, name=name, scopes=scopes, expires_at=expires_at, by=by
        )

    def revoke_key(self, by: Caller, key_id: str) -> None:
        """Revoke a key for ever, or refuse."""
        self.office.keys.revoke(by.tenant, key_id, by=by)

    def audit(
        self, tenant_id: str, wanted: Mapping[str, str | None], limit: int
    ) -> tuple[Sequence[AuditLine], int | None]:
        """Return what was done, newest first, and where to go on; or refuse."""
        since = wanted["since"]
        found = audited.page(
            self.office.audit_trail,
            AuditFilter(
                tenant_id, wanted["act"], None if since is None else int(since)
            ),
            before=wanted["before"],
            limit=limit,
        )
        return [audited.line_of(one) for one in found.entries], found.next_before


@dataclass(frozen=True)
class SiteStandings:
    """`web.verbs.Standings` by issuance."""

    office: Office

    def change(
        self, by: Caller, event: StandingEvent, chosen: Chosen, reason: str
    ) -> Done:
        """Revoke, suspend or reinstate certificates of the caller's, or refuse."""
        return self.office.standings.change(
            event, by.tenant.id, chosen, reason=reason, actor=by.credential_id
        )

    def erase(self, by: Caller, person: Person, reason: str) -> Erasure:
        """Erase a person from all that is the caller's, or refuse."""
        return erase(
            self.office, by.tenant.id, person, reason=reason, actor=by.credential_id
        )

    def correct(
        self,
        by: Caller,
        certificate: Certificate,
        changes: Mapping[str, object],
        idempotency_key: str | None,
    ) -> Job:
        """Accept a job whose certificate will stand in this one's place, or refuse."""
        return correct(
            self.office,
            by.tenant,
            certificate,
            changes,
            idempotency_key=idempotency_key,
            by=by.credential_id,
        )


async def ask_inline(verb: Callable[..., T], *args: object) -> T:
    """Run a verb that takes less than a thread would."""
    return verb(*args)


def ask_in_thread(verb: Callable[..., T], *args: object) -> Awaitable[T]:
    """Run a verb where it does not block the loop."""
    return anyio.to_thread.run_sync(verb, *args)


def credential_body(office: Office, certificate_id: str) -> bytes | None:
    """Return a certificate's credential; None when it has none."""
    found = office.credentials.find(certificate_id)
    return found.body if found else None


def build_site(office: Office, spool: Spool, live: Live | None = None) -> ASGIApp:
    """Return the application on everything in *office*; streams are in *live*."""
    # Embedded reads take a tenth of a millisecond; a thread would take longer.
    ask: Any = ask_inline if office.settings.is_embedded else ask_in_thread
    verbs = Verbs(
        access=SiteAccess(office),
        jobs=SiteJobs(office),
        account=SiteAccount(office),
        standings=SiteStandings(office),
        preview_cost=lambda text: preview(read_count(text)),
        measure=SqlMeasures(office.database, office.clock).read,
        check_ready=office.jobs_of.check,
        is_halted=lambda: office.kill_switch.state() is not None,
        spool=spool,
        ask=ask,
        ask_slowly=ask_in_thread,
    )
    vc_api = SiteVcApi(office, verifier_of(office))
    return build_app(
        [
            pocketbook_routes(verbs),
            job_routes(verbs),
            signature_routes(verbs, office.signed_prints),
            rehearsal_routes(verbs, SiteRehearsals(office, Rehearsals(office))),
            account_routes(verbs),
            template_routes(verbs, lambda: office.templates),
            rendition_routes(
                verbs,
                render=lambda by, name, format, algorithm: rendered(
                    office, by, name, format, algorithm
                ),
            ),
            standing_routes(verbs),
            erasure_routes(verbs),
            mail_routes(
                verbs,
                check=MailChecks(office).recent,
                came_back=SiteReturns(office),
            ),
            suppression_routes(verbs, SiteSuppressions(office)),
            webhook_routes(verbs, SiteWebhooks(office)),
            event_routes(verbs, SqlEvents(office.database), live or Live()),
            status_list_routes(
                lambda name, purpose: office.published_lists.read(
                    name, Purpose(purpose)
                ),
                ask_slowly=ask_in_thread,
            ),
            vc_api_routes(
                verbs,
                issue=vc_api.issue,
                set_standing=vc_api.set_standing,
                verify=vc_api.verify,
            ),
            thought_industries_routes(verbs, SiteTemplates(office), Certifying(office)),
            auth_routes(verbs, SiteSessions(office), ask_narrowly=Narrow()),
            file_routes(
                verbs,
                SiteFiles(office),
                guessed=Guesses(
                    office.clock,
                    UNKNOWN_PAGES,
                    "Too many files that do not exist were asked for from this "
                    "address. The address of one that exists still works.",
                ).count,
                ask_slowly=ask_in_thread,
            ),
            record_routes(office, verbs),
            certificate_routes(verbs, AcademicCertificates(office)),
            badge_routes(
                SiteBadges(office),
                public_url=office.public_url,
                guessed=Guesses(
                    office.clock,
                    UNKNOWN_PAGES,
                    "Too many badges that do not exist were asked for from this "
                    "address. The address of one that exists still works.",
                ).count,
                ask_slowly=ask_in_thread,
            ),
            cert_routes(verbs, lambda: SiteSigners(office)),
            document_type_routes(verbs, office.paper_desk.kinds),
            batch_routes(verbs, office.batches),
            document_routes(verbs, SiteDocuments(office.paper_desk)),
            signer_routes(verbs, office.paper_desk.people),
            signing_routes(
                SiteSigning(office.paper_desk),
                guessed=Guesses(
                    office.clock,
                    UNKNOWN_PAGES,
                    "Too many pages that do not exist were asked for from this "
                    "address. The link that you were sent still works.",
                ).count,
                pages=Pages(office.public_url),
                ask=ask,
                ask_slowly=ask_in_thread,
            ),
            unsubscribing_routes(
                SiteUnsubscribing(office),
                guessed=Guesses(
                    office.clock,
                    UNKNOWN_PAGES,
                    "Too many links that lead nowhere were tried from this address. "
                    "The link in a mail still works.",
                ).count,
                pages=Pages(office.public_url),
                ask=ask,
                ask_slowly=ask_in_thread,
            ),
            vault_routes(verbs, office.vault),
            code_routes(
                code_of=office.vault.code_of,
                qr=qr_picture,
                barcode=barcode_picture,
                guessed=Guesses(
                    office.clock,
                    UNKNOWN_PAGES,
                    "Too many certificates that do not exist were asked for from this "
                    "address. The address of one that exists still works.",
                ).count,
                ask_slowly=ask_in_thread,
            ),
            template_batch_routes(verbs, TemplateBatches(office.vault), office.vault),
            health_routes(verbs),
            metrics_routes(verbs),
            issuer_routes(
                profile=lambda slug: profile_of(office, office.tenants.find(slug)),
                document=lambda slug: document_of(office, slug),
                house_document=lambda: document_of_house(office),
                public_url=office.public_url,
                ask=ask,
            ),
            log_routes(
                log_reader(office),
                vkeys=[log_vkey(office)],
                proof_of=lambda name: log_proof(office, name),
                proof_in=lambda name, format, algorithm: log_proof_of(
                    office, name, format, algorithm
                ),
                ask=ask,
            ),
            page_routes(
                find=lambda name: issued.find(name, certificates=office.certificates),
                credential_of=lambda name: credential_body(office, name),
                open_blob=office.blobs.open,
                guessed=Guesses(
                    office.clock,
                    UNKNOWN_PAGES,
                    "Too many certificates that do not exist were asked for from this "
                    "address. The address of one that exists still works.",
                ).count,
                public_url=office.public_url,
                ask=ask,
                files=Keepsakes(office),
                trust_of=Trusts(office).of,
                ask_slowly=ask_in_thread,
                is_halted=lambda: office.kill_switch.state() is not None,
            ),
            verify_routes(
                verify=lambda data, kind: office.verifier.verify(data, kind).spelled(),
                verify_name=lambda name: office.verifier.verify_name(name).spelled(),
                admit=Guesses(
                    office.clock,
                    VERIFICATIONS,
                    "Too many credentials were sent from this address to be checked.",
                ).count,
                pages=Pages(office.public_url),
                ask_slowly=ask_in_thread,
            ),
        ],
        public_url=office.public_url,
        clock=office.clock,
    )
