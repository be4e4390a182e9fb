"""
The door: what a caller sent becomes a job, or a refusal that leaves nothing behind.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from testamur.core.failpoints import fp
from testamur.core.lifecycle import JobVerb
from testamur.core.policy import (
    CHUNK_ROWS,
    CHUNK_ROWS_WITH_PICTURES,
    CURRENT_PRICES,
    DEFAULT_EXPIRY_DAYS,
)
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Job, Letterhead, MailOrder, Profile, TemplateUse, Tenant

from .ports import Blobs, CarriedPicture, Ledger, NewJob, Sheet

#: How many rows are looked at to tell whether each brings a picture of its own.
SAMPLE_ROWS = 200

#: Above this many different pictures per row, chunks are small.
OWN_PICTURE_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was received whole: at a path of ours, or in memory."""

    path: Path
    sha256: str
    #: The bytes, while nothing is at *path* yet.
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One bulk submission, whichever dialect it came through."""

    tenant: Tenant
    letterhead: Letterhead
    dialect: str
    sheet: Sheet
    #: What the sheet was read from.
    rows_file: UploadedFile
    images_file: UploadedFile | None
    #: How many pictures the ZIP holds.
    images: int
    batch_name: str | None = None
    idempotency_key: str | None = None
    #: For how many days certificates are valid whose rows do not say.
    valid_days: int | None = None
    #: What is put right, when it is not a submission of its own.
    correction: "Correction | None" = None
    #: How the certificates look, in place of pictures.
    template: TemplateUse | None = None
    #: Whether each row has a document that it looks like.
    documents: bool = False
    #: How recipients are written to; None: they are not.
    mail: MailOrder | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """One certificate that another one is to stand in for."""

    certificate_id: str
    #: Who asked: the id of their key or token, or `operator`.
    asked_by: str
    #: Its picture, unless another one was sent.
    carried: CarriedPicture | None


def admit(submission: Submission, *, ledger: Ledger, blobs: Blobs) -> Job:
    """
    Write the submission down as a queued job and return it.

    Once this returns, every row survives a crash and ends in exactly one outcome.
    The same idempotency key with the same content returns the same job.

    After a crash: there is no job, or all of it. The files may be stored with
    nothing that refers to them; they do no harm.

    Raises:
        Refusal: INVALID, when the idempotency key was used for other content; GONE,
            when a person in that content was erased since.
        StorageFull: nothing was stored.
    """
    digest = digest_of(submission)
    key = submission.idempotency_key
    if key is not None:
        twin = ledger.find_twin(submission.tenant.id, key)
        if twin is not None:
            return _same(twin, digest)
    files = [one for one in (submission.rows_file, submission.images_file) if one]
    _store(files, blobs)
    fp("upload.after_files")
    job = ledger.admit(new_job(submission, digest), submission.sheet.rows())
    # While nothing referred to them yet, an erasure may have removed files that were
    # there already. From now on none does.
    _store([one for one in files if not blobs.path(one.sha256).exists()], blobs)
    if key is not None:
        twin = ledger.find_twin(submission.tenant.id, key)
        assert twin is not None
        return _same(twin, digest)
    return job


def new_job(submission: Submission, digest: str) -> NewJob:
    """Return the job that a submission with this digest becomes."""
    images, correction = submission.images_file, submission.correction
    return NewJob(
        tenant_id=submission.tenant.id,
        verb=JobVerb.ISSUE,
        dialect=submission.dialect,
        profile=Profile(
            columns=submission.sheet.columns,
            rows_digest=submission.rows_file.sha256,
            images_digest=images.sha256 if images else None,
            expiry_days=DEFAULT_EXPIRY_DAYS,
            price_version=CURRENT_PRICES,
            reference_prefix="PB-",
            images=submission.images,
            version=2,
            letterhead=submission.letterhead,
            valid_days=submission.valid_days,
            corrects=correction.certificate_id if correction else None,
            asked_by=correction.asked_by if correction else None,
            template=submission.template,
            documents=submission.documents,
            mail=submission.mail,
        ),
        total=submission.sheet.total,
        chunk_rows=_chunk_rows(submission),
        batch_name=submission.batch_name,
        idempotency_key=submission.idempotency_key,
        submission_digest=digest,
        carried=correction.carried if correction else None,
    )


def _store(files: Iterable[UploadedFile], blobs: Blobs) -> None:
    for file in files:
        if file.content is None:
            blobs.adopt(file.path, file.sha256)
        else:
            blobs.put(file.content)


def digest_of(submission: Submission) -> str:
    """Return a digest of everything that makes two submissions the same."""
    images, mail = submission.images_file, submission.mail
    parts = (
        submission.dialect,
        submission.rows_file.sha256,
        images.sha256 if images else "",
        submission.batch_name or "",
        *([] if submission.valid_days is None else [f"{submission.valid_days} days"]),
        *([submission.correction.certificate_id] if submission.correction else []),
        # Which version is newest when it is sent again makes it no other submission.
        *([submission.template.template_id] if submission.template else []),
        *(["documents"] if submission.documents else []),
        *([f"mail {mail.language} {mail.hold}"] if mail else []),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _same(twin: tuple[Job, str], digest: str) -> Job:
    job, its_digest = twin
    if not its_digest:
        raise Refusal(
            Kind.GONE,
            "submission_erased",
            "What was sent with this Idempotency-Key had a person in it who was "
            "erased since. Leave them out, and use a new key.",
            at="Idempotency-Key",
        )
    if its_digest != digest:
        raise Refusal(
            Kind.INVALID,
            "idempotency_key_reused",
            "This Idempotency-Key was used for another submission. Use a new key for "
            "new content, or send the same content again.",
            at="Idempotency-Key",
        )
    return job


def _chunk_rows(submission: Submission) -> int:
    """Rows that share pictures are cheap; rows that bring their own are not."""
    if submission.template and not submission.template.takes_picture:
        return CHUNK_ROWS
    if submission.documents:
        return CHUNK_ROWS
    share = submission.images / submission.sheet.total
    if submission.images_file is None or "imageUrl" in submission.sheet.columns:
        if "imageUrl" not in submission.sheet.columns:
            return CHUNK_ROWS  # a template, and nobody's picture
        column = submission.sheet.columns.index("imageUrl")
        sample = [
            cells[column]
            for _, cells in islice(submission.sheet.rows(), SAMPLE_ROWS)
            if len(cells) > column
        ]
        share = len(set(sample)) / len(sample) if any(sample) else share
    brings_own = share > OWN_PICTURE_SHARE
    return CHUNK_ROWS_WITH_PICTURES if brings_own else CHUNK_ROWS
