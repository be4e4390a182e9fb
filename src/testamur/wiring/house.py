"""The command line's verbs."""

import hashlib
import math
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from testamur.access import audit as audited
from testamur.access.ports import AuditFilter
from testamur.access.tokens import read_ttl
from testamur.adapters.processes.pool import WorkerPool
from testamur.adapters.sql.acts import SqlActs
from testamur.adapters.sql.backup import backup_database
from testamur.adapters.sql.fsck import violations
from testamur.cli.house import (
    CertificateLine,
    DkimDesk,
    RecordLine,
    SettingLine,
    SignerDesk,
    SuppressionDesk,
    TemplateDesk,
    UserDesk,
    WebhookDesk,
)
from testamur.config import Settings, read_settings
from testamur.core.acts import Chosen, Done, Erasure, Person
from testamur.core.download import Download
from testamur.core.failpoints import fp
from testamur.core.findings import Finding, Rehearsed
from testamur.core.lifecycle import JobState, StandingEvent
from testamur.core.mail_checks import MailCheck
from testamur.core.mail_returns import ReturnOutcome
from testamur.core.pins import Pin
from testamur.core.refusals import Halted, Kind, Refusal
from testamur.core.words import (
    ApiKey,
    AuditLine,
    Caller,
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
    Tenant,
)
from testamur.intake.admit import UploadedFile
from testamur.intake.door import Wishes
from testamur.issuance import read as issued
from testamur.issuance.ports import Algorithm
from testamur.web.spool import Spool

from .correcting import correct
from .downloading import downloaded
from .issuers import profile_of, public_key
from .log import sequencing
from .logs import configure_logs
from .office import Office, open_office
from .ownership import is_served, served_at, sole_owner
from .record import HouseRecord
from .renditions import rendition_of
from .soundness import unsound
from .workers import worker_command

#: Who does what the command line asks for, in the audit log.
OPERATOR = "operator"

#: How often is looked whether certificates are signed.
LOOK_SECONDS = 0.2

#: Files are read in pieces of this size.
PIECE = 1024 * 1024


@dataclass(frozen=True)
class OfficeDesk:
    """`cli.house.Desk` on an open office."""

    office: Office

    @property
    def templates(self) -> TemplateDesk:
        """What is done with templates."""
        from .template_desk import OfficeTemplates

        return OfficeTemplates(self.office, by=OPERATOR)

    @property
    def users(self) -> UserDesk:
        """What is done with people who log in."""
        from .people import OfficeUsers

        return OfficeUsers(self.office)

    @property
    def signers(self) -> SignerDesk:
        """What is done with signers."""
        from .signers import OfficeSigners

        return OfficeSigners(self.office, by=OPERATOR)

    @property
    def suppressions(self) -> SuppressionDesk:
        """What is done with addresses that are not written to."""
        from .suppressions import OfficeSuppressions

        return OfficeSuppressions(self.office, by=OPERATOR)

    @property
    def webhooks(self) -> WebhookDesk:
        """What is done with systems that are told of events."""
        from .webhooks import OfficeWebhooks

        return OfficeWebhooks(self.office, by=OPERATOR)

    @property
    def dkim(self) -> DkimDesk:
        """What is done with keys that mails are signed with."""
        from .mail_keys import OfficeDkim

        return OfficeDkim(self.office, by=OPERATOR)

    def check_mail(self, domain: str | None) -> MailCheck:
        """Return what the DNS says now of a domain, or of our own; or refuse."""
        from .mail_check import MailChecks

        return MailChecks(self.office).check(domain)

    def take_bounce(self, message: bytes, recipients: Sequence[str]) -> ReturnOutcome:
        """Take in a message that came back, and to whom it came."""
        from .returns import take_from_pipe

        return take_from_pipe(self.office, message, recipients, os.environ)

    def create_tenant(self, slug: str, name: str, plan: str) -> Tenant:
        """Create a tenant, and the key it signs with; or refuse."""
        self.office.secret  # noqa: B018 - a tenant that cannot sign is not made
        tenant = self.office.tenants.create(slug, name, plan)
        # Should we die here, the key is made when it is first needed.
        self.office.keyring.current(tenant.id, by=OPERATOR)
        return tenant

    def tenants(self) -> Sequence[Tenant]:
        """Return every tenant, by slug."""
        return self.office.access_store.tenants()

    def suspend_tenant(self, slug: str) -> None:
        """Turn the tenant's keys and tokens away."""
        self.office.tenants.suspend(slug)

    def resume_tenant(self, slug: str) -> None:
        """Let a suspended tenant in again."""
        self.office.tenants.resume(slug)

    def issuer(self, slug: str) -> IssuerProfile:
        """Return who a tenant is to everybody else."""
        return profile_of(self.office, self.office.tenants.find(slug))

    def show_addresses(self, slug: str, shows: bool) -> IssuerProfile:
        """Have a tenant's later jobs name recipients by their address, or a hash."""
        return profile_of(self.office, self.office.tenants.show_addresses(slug, shows))

    def rotate_issuer_key(self, slug: str, algorithm: str) -> PublicKey:
        """Give a tenant a new key to sign with, or refuse."""
        known = [str(one) for one in Algorithm]
        if algorithm not in known:
            raise Refusal(
                Kind.INVALID,
                "algorithm",
                f"--algorithm is {' or '.join(known)}, not {algorithm}",
            )
        tenant = self.office.tenants.find(slug)
        ring = self.office.keyring
        return public_key(ring.rotate(tenant.id, Algorithm(algorithm), by=OPERATOR))

    def revoke_issuer_key(self, slug: str, key_id: str) -> PublicKey:
        """Distrust a key of a tenant for ever, or refuse."""
        tenant = self.office.tenants.find(slug)
        return public_key(self.office.keyring.revoke(tenant.id, key_id, by=OPERATOR))

    def seal_secret(self, url: str, may_make_key: bool) -> str:
        """Seal the operator secret by the key at *url*; return the URL in force."""
        office = self.office
        url = url or office.settings.secret_url
        office.secrets.seal(url, office.clock, may_make_key=may_make_key, by=OPERATOR)
        return url

    def create_key(self, slug: str, name: str, scopes: Sequence[str]) -> NewKey:
        """Create an API key; all scopes when none is named."""
        tenant = self.office.tenants.find(slug)
        return self.office.keys.create(tenant, name=name, scopes=scopes)

    def keys(self, slug: str) -> Sequence[ApiKey]:
        """Return a tenant's keys."""
        return self.office.keys.list(self.office.tenants.find(slug))

    def revoke_key(self, slug: str, key_id: str) -> None:
        """Revoke a key for ever."""
        self.office.keys.revoke(self.office.tenants.find(slug), key_id)

    def create_token(self, slug: str, scopes: Sequence[str], ttl: str) -> NewToken:
        """Create a token that lasts *ttl* ("24h")."""
        tenant = self.office.tenants.find(slug)
        return self.office.tokens.create(tenant, scopes=scopes, ttl=read_ttl(ttl))

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
        tenant = self.office.tenants.find(slug)
        use = self.office.templates.choose(tenant.id, template) if template else None
        # A folder of the spool: should we be killed, the next server sweeps it.
        with Spool(self.office.spool) as spool:
            return self.office.door.enter(
                tenant,
                dialect="native",
                rows_file=_copied(rows, spool.home),
                images_file=_copied(images, spool.home) if images else None,
                wishes=Wishes(
                    batch_name=batch_name,
                    encoding=encoding,
                    mapping=mapping,
                    valid_days=valid_days,
                    template=use,
                    mail=mail,
                ),
            )

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
        from .rehearsing import Rehearsals

        tenant = self.office.tenants.find(slug)
        use = self.office.templates.choose(tenant.id, template) if template else None
        with Spool(self.office.spool) as spool:
            return Rehearsals(self.office).of_files(
                tenant,
                _copied(rows, spool.home),
                _copied(images, spool.home) if images else None,
                Wishes(
                    encoding=encoding,
                    mapping=mapping,
                    valid_days=valid_days,
                    template=use,
                ),
                note=note,
                seconds=math.inf,  # who waits at a terminal can stop it
            )

    def jobs(
        self, slug: str, state: str | None, page: int, limit: int
    ) -> tuple[Sequence[Progress], int]:
        """Return one page of a tenant's jobs, and how many there are."""
        tenant = self.office.tenants.find(slug)
        return self.office.desk.listing(
            tenant.id, state=_state(state), page=page, limit=limit
        )

    def job(self, job_id: str) -> Progress:
        """Return how far a job is, or refuse."""
        return self.office.desk.status(self._owner(job_id), job_id)

    def retry(self, job_id: str) -> tuple[Progress, int]:
        """Queue the failed rows again; say how many."""
        retried = self.office.desk.retry(self._owner(job_id), job_id)
        return retried.progress, retried.count

    def cancel(self, job_id: str) -> Progress:
        """Stop a job."""
        return self.office.desk.cancel(self._owner(job_id), job_id)

    def sign_job(
        self, slug: str, job_id: str, signer_id: int, pin: Pin, reason: str
    ) -> SignedPrintsView:
        """Have a job's certificates be signed as PDFs; return when it is over."""
        tenant = self.office.tenants.find(slug)
        caller = Caller(tenant, OPERATOR, frozenset())
        prints = self.office.signed_prints
        view = prints.sign(caller, job_id, signer_id, pin, reason)
        while view.is_running:
            time.sleep(LOOK_SECONDS)
            view = prints.view(tenant.id, job_id)
        return view

    def download(self, job_id: str, kind: str) -> Download:
        """Return a job's results as `csv` or `zip`."""
        office = self.office
        job = office.desk.find(self._owner(job_id), job_id)
        return downloaded(office, job, kind, patience=None)

    @contextmanager
    def working(self) -> Iterator[None]:
        """
        Run workers meanwhile, unless a server does it already.

        Raises:
            Halted: they would wait for somebody to resume issuing.
        """
        settings = self.office.settings
        if self.halted():
            raise Halted
        if not settings.is_embedded or is_served(settings.data):
            yield
            return
        with sole_owner(settings):
            self.office.addresses.remember(self.office.public_url)
            self.office.free()
            HouseRecord(self.office).catch_up()
            pool = WorkerPool(
                max(settings.workers, 1),
                worker_command,
                environment=os.environ,
                on_death=lambda name: self.office.free(worker=name),
            )
            pool.start()
            try:
                with sequencing(self.office):
                    yield
            finally:
                pool.stop()

    def certificate(self, certificate_id: str) -> CertificateLine:
        """Return a certificate as it stands now, or refuse."""
        found = issued.find(certificate_id, certificates=self.office.certificates)
        if found is None:
            raise _no_certificate(certificate_id)
        return CertificateLine(
            found,
            found.status_at(self.office.clock()),
            f"{self.office.public_url}/c/{found.id}",
        )

    def change_standing(
        self, event: StandingEvent, chosen: Chosen, reason: str
    ) -> Done:
        """Revoke, suspend or reinstate certificates of one tenant, or refuse."""
        owner = SqlActs(self.office.database).owner_of(chosen)
        return self.office.standings.change(
            event, owner or "", chosen, reason=reason, actor=OPERATOR
        )

    def correct(self, certificate_id: str, changes: Mapping[str, object]) -> Job:
        """Accept a job whose certificate will stand in this one's place, or refuse."""
        found = self.certificate(certificate_id).certificate
        owner = self._owner(found.job_id)
        (tenant,) = (one for one in self.tenants() if one.id == owner)
        return correct(
            self.office, tenant, found, changes, idempotency_key=None, by=OPERATOR
        )

    def certificate_url(self, job_id: str) -> str | None:
        """Return the page of one of the job's certificates, if it has any."""
        page = issued.listing(
            self._owner(job_id),
            certificates=self.office.certificates,
            job_id=job_id,
            limit=1,
        )
        for one in page.certificates:
            return f"{self.office.public_url}/c/{one.id}"
        return None

    def credential(
        self, certificate_id: str, format: str, algorithm: str
    ) -> tuple[bytes, str]:
        """Return a certificate's credential and its media type, or refuse."""
        found = rendition_of(self.office, certificate_id, format, algorithm, OPERATOR)
        return found.body, found.media_type

    def erase(self, slug: str, person: Person, reason: str) -> Erasure:
        """Erase a person from all that is the tenant's, or refuse."""
        tenant = self.office.tenants.find(slug)
        from .certifying import erase

        return erase(self.office, tenant.id, person, reason=reason, actor=OPERATOR)

    def export(self, slug: str, target: Path) -> Exported:
        """Write all that a tenant issued to a directory, or refuse."""
        from .exporting import export

        return export(self.office, slug, target)

    def halt(self, reason: str) -> Halt:
        """Have nothing signed from now on; return the halt in force."""
        return self.office.kill_switch.halt(reason)

    def resume(self) -> bool:
        """Let issuing go on; say whether it was halted."""
        if not self.halted():
            return False
        if problem := HouseRecord(self.office).problem():
            raise Refusal(
                Kind.CONFLICT,
                "database_behind_record",
                f"issuing cannot go on: {problem}; `testamur record accept` goes on "
                "without what is lost",
            )
        return self.office.kill_switch.resume()

    def halted(self) -> Halt | None:
        """Return since when and why issuing is halted; None while it goes on."""
        return self.office.kill_switch.state()

    def audit(
        self, slug: str | None, act: str | None, since: int | None, limit: int
    ) -> Sequence[tuple[int, str | None, AuditLine]]:
        """Return the newest entries of the audit log: number, tenant, what was done."""
        slugs = {one.id: one.slug for one in self.office.access_store.tenants()}
        tenant_id = self.office.tenants.find(slug).id if slug else None
        found = audited.page(
            self.office.audit_trail,
            AuditFilter(tenant_id, act, since),
            before=None,
            limit=limit,
        )
        return [
            (one.seq, slugs.get(one.tenant_id or ""), audited.line_of(one))
            for one in found.entries
        ]

    def check_audit(self) -> tuple[int, Sequence[str]]:
        """Return how many entries the audit log has, and what is wrong with them."""
        trail = self.office.audit_trail
        head = HouseRecord(self.office).remembered_head()
        return trail.count(AuditFilter()), list(audited.problems(trail, head))

    def record(self) -> RecordLine:
        """Return what the record outside the data knows."""
        record = HouseRecord(self.office)
        head = record.remembered_head()
        return RecordLine(
            record.folder, record.acts(), head.seq if head else None, record.problem()
        )

    def accept_record(self) -> tuple[int, int]:
        """Go on with a database that lost what came after it; see `cli.house.Desk`."""
        with sole_owner(self.office.settings):
            found = HouseRecord(self.office).accept()
        return found.acts, found.missing

    def fsck(self, *, files: bool) -> Iterator[str]:
        """Check that everything stored agrees; give one line per violation."""
        yield from violations(self.office.database)
        yield from self._lost()
        if files:
            yield from unsound(self.office)
            yield from self._damaged_files()

    def backup(self, target: Path) -> int:
        """Copy everything, consistently, to a new directory; return its bytes."""
        target.mkdir(parents=True, mode=0o700)
        # The database first: every file that it names is there by then.
        backup_database(self.office.database, target / "testamur.db")
        fp("backup.after_database")
        shutil.copytree(
            self.office.settings.data / "blobs",
            target / "blobs",
            copy_function=_link_or_copy,
        )
        return sum(path.stat().st_size for path in target.rglob("*") if path.is_file())

    def _owner(self, job_id: str) -> str:
        owner = self.office.jobs_of.owner(job_id)
        if owner is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "job_not_found",
                f"there is no job {job_id}; `testamur job list --tenant SLUG` lists "
                "them",
            )
        return owner

    def _lost(self) -> Iterator[str]:
        """Give a line when the end of the audit log is not what it was."""
        head = HouseRecord(self.office).head
        if not head.is_in_log():
            known = head.read()
            yield (
                f"audit entry {known.seq if known else 0:,} is not in the log as the "
                "record outside the database knows it; `testamur record` says more"
            )

    def _damaged_files(self) -> Iterator[str]:
        office = self.office
        named = (
            office.shelf.files()
            | office.templates.files()
            | office.file_shelf.files()
            | office.paper_desk.papers.files()
            | office.vault.files.store.files()
        )
        stored = self.office.blobs.digests()
        for digest in stored:
            if _digest(self.office.blobs.path(digest)) != digest:
                yield f"file {digest} does not hold the bytes it is named after"
        for digest in sorted(named - set(stored)):
            yield f"file {digest} is missing"


class TestamurHouse:
    """`cli.house.House` on the settings in force."""

    @contextmanager
    def open(self) -> Iterator[OfficeDesk]:
        """Open the data directory in force."""
        configure_logs()
        settings = read_settings()
        if not settings.public_url:
            settings = replace(settings, public_url=served_at(settings.data) or "")
        office = open_office(settings)
        try:
            yield OfficeDesk(office)
        finally:
            office.close()

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
        from .verifying_alone import verify_alone

        configure_logs()
        return verify_alone(
            source,
            offline=offline,
            issuer_did_document=issuer_did_document,
            log_key=log_key,
            status_list=status_list,
        )

    def serve(self, host: str, port: int, workers: int | None) -> None:
        """Serve until told to stop."""
        from .serving import serve  # the web takes a second to import

        configure_logs()
        settings = read_settings()
        if workers is not None:
            settings = replace(settings, workers=workers)
        serve(settings, host=host, port=port, environment=os.environ)

    def work(self) -> None:
        """Run workers alone until told to stop."""
        from .serving import work_alone

        configure_logs()
        work_alone(read_settings(), os.environ)

    def settings(self) -> Sequence[SettingLine]:
        """Return every setting in force."""
        settings = read_settings()
        return [
            SettingLine(
                variable="TESTAMUR_" + field.name.upper(),
                value=_shown(settings, field.name),
                source=settings.sources[field.name],
                sentence=field.metadata["sentence"],
            )
            for field in fields(Settings)
            if field.metadata
        ]


def _no_certificate(certificate_id: str) -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "certificate_not_found",
        f"there is no certificate {certificate_id[:64]}",
    )


#: Settings whose values are not shown.
HIDDEN = {
    field.name
    for field in fields(Settings)
    if field.metadata and field.metadata["is_hidden"]
}


def _shown(settings: Settings, name: str) -> str:
    """Spell a value; the passwords in it are nobody's business."""
    value = getattr(settings, name)
    if name in HIDDEN:
        return "***" if value else ""
    if name == "database_url":
        head, at, tail = settings.database.rpartition("@")
        scheme, _, login = head.partition("://")
        user = login.partition(":")[0]
        if at and ":" in login:
            return f"{scheme}://{user}:***@{tail}"
        return settings.database
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return "" if value is None else str(value)


def _state(text: str | None) -> JobState | None:
    if text is None:
        return None
    known = [str(state) for state in JobState]
    if text not in known:
        raise Refusal(
            Kind.INVALID, "state", f"--status is one of {', '.join(known)}, not {text}"
        )
    return JobState(text)


def _copied(path: Path, folder: Path) -> UploadedFile:
    """Copy a person's file: they may edit it while we still read."""
    target = folder / secrets.token_hex(8)
    shutil.copyfile(path, target)
    return UploadedFile(target, _digest(target))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _link_or_copy(source: str, target: str) -> str:
    """Stored files never change, so a second name for one is a copy of it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target
