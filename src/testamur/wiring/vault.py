"""
The vault: certificates whose look somebody uploaded, as rows of a job like any other.

A call is kept whole or not at all: its job, its rows, what they are in the vault, and
that its files are spent, in one transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import IntegrityError

from testamur.adapters.sql.admission import SqlLedger
from testamur.adapters.sql.vault.changes import (
    Changes,
    NewBatch,
    NewCertificate,
    changing,
)
from testamur.adapters.sql.vault.files import FoundFile
from testamur.adapters.sql.vault.lists import SqlVault
from testamur.core.download import Download
from testamur.core.lifecycle import JobState
from testamur.core.refusals import Fault, Halted, Kind, Refusal
from testamur.core.vault import (
    VaultCertificate,
    VaultEntries,
    VaultFile,
    VaultQuery,
    VaultState,
)
from testamur.core.words import Caller, Letterhead, Tenant
from testamur.intake.admit import Submission, UploadedFile, digest_of, new_job
from testamur.issuance.email import email_problem
from testamur.rendering.verified.verifying import Verifying

from .office import Office
from .vault_entries import (
    VaultSheet,
    cells_of,
    invalid,
    named,
    refuse,
    wrong_address,
    wrong_files,
)
from .vault_files import VaultFiles
from .vault_pdf import verified_pdf

DIALECT = "vec"


#: How often a call is kept again when its references were taken.
TRIES = 3

PIECE = 256 * 1024


@dataclass(frozen=True)
class Vault:
    """The vault in an office."""

    office: Office

    @cached_property
    def files(self) -> VaultFiles:
        """Uploaded files."""
        return VaultFiles(self.office)

    @cached_property
    def store(self) -> SqlVault:
        """What was asked for, and what became of it."""
        return SqlVault(self.office.database)

    @cached_property
    def ledger(self) -> SqlLedger:
        """Where jobs are written down."""
        return SqlLedger(self.office.database, self.office.clock)

    @cached_property
    def verifying(self) -> Verifying:
        """What makes verified documents."""
        return Verifying(self.office.settings.fonts)

    def keep(
        self, caller: Caller, path: Path, digest: str, size: int, name: str, at: str
    ) -> VaultFile:
        """Keep an uploaded file for a while, or refuse: see `VaultFiles.keep`."""
        return self.files.keep(caller, path, digest, size, name, at)

    # --- Asking for certificates ---

    def bulk(self, caller: Caller, asked: VaultEntries) -> str:
        """
        Have all entries be issued, or none; return the UUID of their batch.

        Raises:
            Refusal: INVALID, with a part for each thing that is wrong with an entry.
            Halted: issuing is halted.
        """
        batch = NewBatch(str(uuid4()), "Bulk vault upload", is_vault=True)
        self._accept(caller, asked, batch)
        return batch.uuid

    def create(
        self, caller: Caller, asked: VaultEntries, file: VaultFile | None
    ) -> VaultCertificate:
        """
        Have one certificate be issued; its file was kept a moment ago.

        Raises:
            Refusal: INVALID, with a part for each field that is wrong.
            Halted: issuing is halted.
        """
        wrong = list(asked.wrong)
        if file is None:
            wrong.append(
                invalid(
                    "certificate_file",
                    "field_required",
                    "The certificate file field is required.",
                )
            )
        file_id = None if file is None else file.id
        [entry] = asked.entries
        only = replace(entry, file_id=file_id)
        [made] = self._accept(caller, VaultEntries([only], wrong), None)
        return self.find(caller, made.uuid)

    def _accept(
        self, caller: Caller, asked: VaultEntries, batch: NewBatch | None
    ) -> Sequence[NewCertificate]:
        if self.office.kill_switch.state() is not None:
            raise Halted
        # Before the transaction: a tenant's first key is made in one of its own.
        letterhead = self.office.letterhead_of(caller.tenant)
        bad = {
            one.place: one
            for one in asked.entries
            if one.email is not None and email_problem(one.email) is not None
        }
        wrong = list(asked.wrong)
        wrong += (wrong_address(one, batch is not None) for one in bad.values())
        # Whoever has no address is nobody's twin.
        entries = [
            replace(one, email=None) if one.place in bad else one
            for one in asked.entries
        ]
        ids = sorted({one.file_id for one in asked.entries if one.file_id})
        for _ in range(TRIES):
            try:
                with changing(
                    *(self.office.database, self.ledger, caller.tenant.id),
                    self.office.clock(),
                ) as changes:
                    found = changes.files(ids)
                    if batch is not None:
                        refuse([*wrong, *wrong_files(entries, found)])
                    else:
                        refuse(wrong)
                    return self._submit(
                        changes, caller.tenant, letterhead, asked, found, batch
                    )
            except IntegrityError:
                continue  # a reference that somebody has already
        raise Fault("references were taken every time", passing=True)

    def _submit(
        self,
        changes: Changes,
        tenant: Tenant,
        letterhead: Letterhead,
        asked: VaultEntries,
        found: Mapping[str, FoundFile],
        batch: NewBatch | None,
    ) -> Sequence[NewCertificate]:
        made = [named(one, changes.now) for one in asked.entries]
        ids = [one.file_id or "" for one in made]
        if not changes.spend(ids):
            raise Fault("a file was spent meanwhile", passing=True)
        rows = [
            cells_of(one, found[one.file_id or ""].document, tenant) for one in made
        ]
        submission = Submission(
            tenant=tenant,
            letterhead=letterhead,
            dialect=DIALECT,
            sheet=VaultSheet(rows),
            # The rows are all there is: no file came.
            rows_file=UploadedFile(Path(), ""),
            images_file=None,
            images=0,
            documents=True,
        )
        job = new_job(submission, digest_of(submission))
        changes.submit(job, submission.sheet, made, batch)
        return made

    # --- Looking ---

    def find(self, caller: Caller, uuid: str) -> VaultCertificate:
        """Return a certificate of the vault, or refuse."""
        found = self.store.find(caller.tenant.id, uuid)
        if found is None or not found.is_vault:
            raise _not_found()
        return found

    def page(
        self, caller: Caller, query: VaultQuery
    ) -> tuple[Sequence[VaultCertificate], int]:
        """Return one page of certificates, and how many there are in all."""
        return self.store.page(caller.tenant.id, query)

    def code_of(self, uuid: str) -> tuple[str, str] | None:
        """Return a certificate's reference and page, whoever's it is, if there."""
        found = self.store.find(None, uuid)
        if found is None or found.certificate_id is None:
            return None
        return found.reference, f"{self.office.public_url}/c/{found.certificate_id}"

    # --- Doing ---

    def retry(self, caller: Caller, uuid: str) -> VaultCertificate:
        """
        Have one that failed be tried again, and no other of its batch.

        Raises:
            Refusal: NOT_FOUND; INVALID, when it did not fail, or its job is not over.
        """
        found = self.find(caller, uuid)
        if found.state is not VaultState.FAILED:
            raise invalid(
                "status",
                "not_failed",
                "Only failed certificates can be retried; this one is "
                f"{found.state.value}.",
            )
        job, number, _, _ = self.store.place(uuid)
        count = self.office.desk.retry_row(caller.tenant.id, job, number)
        if not count and self._is_cancelled(caller, job):
            raise invalid(
                "status",
                "job_cancelled",
                "Its batch was cancelled, and cannot be retried. Upload the file "
                "again, and send a new entry.",
            )
        if not count:
            raise invalid(
                "status",
                "job_unfinished",
                "Others of the same batch are still being processed. Retry it when "
                "they are done.",
            )
        return self.find(caller, uuid)

    def _is_cancelled(self, caller: Caller, job: str) -> bool:
        its = self.office.desk.find(caller.tenant.id, job)
        return its.state is JobState.CANCELLED

    def verified(self, caller: Caller, uuid: str) -> Download:
        """
        Return the verified PDF of a certificate.

        It is made when it is first asked for. After a crash it is made again, and the
        same.

        Raises:
            Refusal: NOT_FOUND; INVALID, before the certificate is issued.
        """
        found = self.find(caller, uuid)
        if found.certificate_id is None:
            raise invalid(
                "status",
                "not_generated",
                f"The certificate is {found.state.value}. Its PDF is there once it is "
                "generated.",
            )
        _, _, file_id, digest = self.store.place(uuid)
        blobs = self.office.blobs
        if digest is None or not blobs.path(digest).exists():
            file = self.files.store.find(caller.tenant.id, file_id or "")
            if file is None:
                raise _not_found()
            digest = blobs.put(verified_pdf(self.office, self.verifying, found, file))
            self.store.keep_verified(uuid, digest)
        path = blobs.path(digest)

        def chunks(start: int) -> Iterator[bytes]:
            with path.open("rb") as opened:
                opened.seek(start)
                while piece := opened.read(PIECE):
                    yield piece

        return Download(
            filename=f"{found.reference}.pdf",
            media_type="application/pdf",
            size=path.stat().st_size,
            etag=f'"{digest}"',
            chunks=chunks,
        )


def _not_found() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "certificate_not_found",
        "There is no such certificate. Check its UUID.",
        at="uuid",
    )
