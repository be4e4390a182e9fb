"""Files that are uploaded for the vault: looked at, kept for a while, and removed."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from testamur.adapters.sql.vault.files import SqlVaultFiles
from testamur.core.clock import DAY
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.vault import VaultFile
from testamur.core.words import AttachedDocument, Caller
from testamur.issuance.check import spell_document
from testamur.rendering.verified.verifying import Verifying
from testamur.uploads.files import clean_name, media_type_of

from .office import Office
from .vault_pdf import measured

#: How long an uploaded file waits to be used.
FILE_LIFETIME = 2 * DAY

#: What a picture is called in its PDF.
PICTURES = {"image/jpeg": "picture.jpg", "image/png": "picture.png"}

#: Why a PDF may not be signed that people may well keep.
SIGNED_ALREADY = frozenset(("pdf_locked", "pdf_signature_invalid"))


@dataclass(frozen=True)
class VaultFiles:
    """The uploaded files of every tenant's vault."""

    office: Office

    @cached_property
    def store(self) -> SqlVaultFiles:
        """Their table."""
        return SqlVaultFiles(self.office.database)

    @cached_property
    def pictures(self) -> Verifying:
        """What makes PDFs of pictures."""
        return Verifying()

    def keep(
        self, caller: Caller, path: Path, digest: str, size: int, name: str, at: str
    ) -> VaultFile:
        """
        Keep an uploaded file for a while; *at* is what its sender calls its part.

        Each upload is a file of its own, whatever its bytes. After a crash: it is
        kept, or bytes lie around that nothing names.

        Raises:
            Refusal: INVALID, when it is no PDF, JPEG or PNG, or one that is not taken.
        """
        with path.open("rb") as file:
            data = file.read()
        media_type = media_type_of(data[:1_024])
        if media_type is None:
            what = "must not be empty" if not size else "must be a file of type: "
            kinds = "" if not size else "pdf, jpg, jpeg, png"
            words = at.replace("_", " ")
            raise _invalid(at, "file_type", f"The {words} field {what}{kinds}.")
        name = clean_name(name)
        known = self.store.known(digest)
        blobs = self.office.blobs
        if known is not None and blobs.path(known[0]).exists():
            pdf_digest, document = known
            pdf = None
        else:
            pdf, document = self._shown(data, media_type, digest, at)
            pdf_digest = document.digest
        now = self.office.clock()
        kept = VaultFile(
            id=str(uuid4()),
            tenant_id=caller.tenant.id,
            digest=digest,
            pdf_digest=pdf_digest,
            name=name,
            media_type=media_type,
            size=size,
            document=document,
            created_at=now,
            expires_at=now + FILE_LIFETIME,
        )
        for content in (data, pdf):
            if content is not None:
                blobs.put(content)
        self.store.put(kept, spell_document(document))
        # Bytes that nothing named until now may have been removed meanwhile. From now
        # on they are not.
        if not blobs.path(digest).exists():
            blobs.put(data)
        if not blobs.path(pdf_digest).exists():
            pdf, _ = self._shown(data, media_type, digest, at)
            blobs.put(pdf or data)
        return kept

    def _shown(
        self, data: bytes, media_type: str, digest: str, at: str
    ) -> tuple[bytes | None, AttachedDocument]:
        """Return the PDF that *data* is shown as, if it is another, and its look."""
        if media_type == "application/pdf":
            return None, AttachedDocument(digest, *self._first_page(data, at))
        # Others may send the same bytes: no name of a file may be in it.
        made = self.pictures.paged(data, PICTURES[media_type], media_type)
        if made is None:
            raise _invalid(
                at,
                "picture_unreadable",
                "This picture cannot be read, or has more than 60 million pixels. "
                "Save it anew as a JPEG or PNG.",
            )
        size = measured(made)
        if size is None:
            raise Fault("a picture became a PDF that cannot be read", passing=False)
        return made, AttachedDocument(sha256(made).hexdigest(), *size)

    def _first_page(self, data: bytes, at: str) -> tuple[float, float]:
        try:
            return self.office.examiner.examine(data).page_sizes[0]
        except Refusal as no:
            if no.code not in SIGNED_ALREADY:
                raise Refusal(no.kind, no.code, no.detail, at=at) from None
            size = measured(data)
            if size is None:
                raise
            return size

    def sweep(self) -> None:
        """Forget uploaded files whose time is over."""
        self.store.sweep(self.office.clock())


def _invalid(at: str, code: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, code, detail, at=at)
