"""
From uploaded files to a job: every format and every file-level fault, in order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from testamur.core.policy import MAX_VALID_DAYS, Plan
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Job, Letterhead, MailOrder, TemplateUse, Tenant

from .admit import Correction, Submission, UploadedFile, admit
from .archive import Archive, inspect
from .csv import survey
from .ports import Blobs, Ledger, Sheet
from .records import sheet_of


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a caller may decide about a submission."""

    batch_name: str | None = None
    idempotency_key: str | None = None
    #: How the rows are encoded, when they are not UTF-8.
    encoding: str | None = None
    #: Their headers to ours, when they differ.
    mapping: Mapping[str, str] | None = None
    #: For how many days certificates are valid whose rows do not say.
    valid_days: int | None = None
    #: What the only row puts right.
    correction: Correction | None = None
    #: How the certificates look, in place of pictures.
    template: TemplateUse | None = None
    #: Whether each row has a document that it looks like.
    documents: bool = False
    #: How recipients are written to; None: they are not.
    mail: MailOrder | None = None


class Door:
    """Where submissions come in, whichever dialect they were made in."""

    def __init__(
        self,
        ledger: Ledger,
        blobs: Blobs,
        letterhead_of: Callable[[Tenant], Letterhead],
    ) -> None:
        """Use *letterhead_of* for how a tenant vouches for what it submits now."""
        self._ledger = ledger
        self._blobs = blobs
        self._letterhead_of = letterhead_of

    def knows(self, tenant_id: str, idempotency_key: str) -> bool:
        """Say whether a submission came under this key before."""
        return self._ledger.find_twin(tenant_id, idempotency_key) is not None

    def enter(
        self,
        tenant: Tenant,
        *,
        dialect: str,
        rows_file: UploadedFile,
        images_file: UploadedFile | None,
        wishes: Wishes,
    ) -> Job:
        """
        Check the files as a whole and accept them as a queued job.

        A wrong row is no reason to refuse the file: it fails alone, later.

        Raises:
            Refusal: what is wrong with a file as a whole, and how to mend it.
            StorageFull: nothing was stored.
        """
        sheet, images = opened(tenant.plan, rows_file, images_file, wishes)
        if images is not None:
            images.close()  # its rows are looked for later, by whoever issues them
        return admit(
            Submission(
                tenant=tenant,
                letterhead=self._letterhead_of(tenant),
                dialect=dialect,
                sheet=sheet,
                rows_file=rows_file,
                images_file=images_file,
                images=images.image_count if images else 0,
                batch_name=wishes.batch_name,
                idempotency_key=wishes.idempotency_key,
                valid_days=wishes.valid_days,
                correction=wishes.correction,
                template=wishes.template,
                mail=wishes.mail,
            ),
            ledger=self._ledger,
            blobs=self._blobs,
        )

    def enter_records(
        self,
        tenant: Tenant,
        *,
        dialect: str,
        records: Sequence[Mapping[str, object]],
        body: bytes,
        wishes: Wishes,
    ) -> Job:
        """
        Accept rows that came as JSON objects as a queued job.

        *body* is what was sent; it is kept as the record of what was asked.

        Raises:
            Refusal: what is wrong, and in which row.
            StorageFull: nothing was stored.
        """
        sheet = opened_records(tenant.plan, records, wishes)
        digest = sha256(body).hexdigest()
        return admit(
            Submission(
                tenant=tenant,
                letterhead=self._letterhead_of(tenant),
                dialect=dialect,
                sheet=sheet,
                rows_file=UploadedFile(self._blobs.path(digest), digest, body),
                images_file=None,
                images=0,
                batch_name=wishes.batch_name,
                idempotency_key=wishes.idempotency_key,
                valid_days=wishes.valid_days,
                correction=wishes.correction,
                template=wishes.template,
                documents=wishes.documents,
                mail=wishes.mail,
            ),
            ledger=self._ledger,
            blobs=self._blobs,
        )


def opened(
    plan: Plan,
    rows_file: UploadedFile,
    images_file: UploadedFile | None,
    wishes: Wishes,
) -> tuple[Sheet, Archive | None]:
    """
    Return the rows and the images of files that can be used; the caller closes them.

    Raises:
        Refusal: what is wrong with a file as a whole, and how to mend it.
    """
    template = wishes.template
    sheet = survey(
        rows_file.path,
        plan,
        encoding=wishes.encoding,
        mapping=wishes.mapping,
        images=images_file is not None or template is not None,
    )
    if images_file and template and not template.takes_picture:
        raise Refusal(
            Kind.INVALID,
            "template_without_pictures",
            "This template has no place for a picture of the row. Leave the images "
            "out, or take a template that has one.",
            at="images",
        )
    _refuse_days(wishes.valid_days)
    return sheet, inspect(images_file.path, plan) if images_file else None


def opened_records(
    plan: Plan, records: Sequence[Mapping[str, object]], wishes: Wishes
) -> Sheet:
    """
    Return rows that came as JSON objects, once they can be used.

    Raises:
        Refusal: what is wrong, and in which row.
    """
    sheet = sheet_of(records, plan, documents=wishes.documents)
    _refuse_days(wishes.valid_days)
    return sheet


def _refuse_days(days: int | None) -> None:
    if days is not None and not 1 <= days <= MAX_VALID_DAYS:
        raise Refusal(
            Kind.INVALID,
            "valid_days_range",
            f"Certificates can be valid for 1 to {MAX_VALID_DAYS:,} days, or for ever: "
            "then leave it out.",
            at="validDays",
        )
