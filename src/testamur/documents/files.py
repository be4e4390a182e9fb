"""Documents: PDFs to be signed, kept with everything that was made of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO
from uuid import uuid4

from testamur.core.clock import Clock
from testamur.core.lists import Query
from testamur.core.papers import (
    Document,
    DocumentFields,
    DocumentStatus,
    DocumentType,
    FileKind,
    Level,
    Listing,
    NewDocument,
    SignatureRequest,
    Version,
)
from testamur.core.refusals import Fault, Kind, Reason, Refusal

from .indexers import value_problem
from .ports import Bytes, Changes, Examine, Papers
from .refusals import all_of, conflict, not_found, selected

PDF = "application/pdf"


@dataclass(frozen=True)
class Documents:
    """The verbs of documents."""

    papers: Papers
    blobs: Bytes
    examine: Examine
    clock: Clock

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return documents of the tenant's."""
        return self.papers.documents(tenant_id, query)

    def find(self, tenant_id: str, name: int | str) -> Document:
        """Return one, or refuse: NOT_FOUND."""
        found = self.papers.document(tenant_id, name)
        if found is None:
            raise not_found("document")
        return found

    def create(self, tenant_id: str, new: NewDocument, *, by: str) -> Document:
        """
        Keep a new document, and spend its uploaded file on it.

        After a crash: either all of it is there, or the file is as free as it was.

        Raises:
            Refusal: INVALID, each field that is wrong in `parts`; the PDF's own fault
                at `file_uuid`, with its code.
        """
        kind = self.papers.kind(tenant_id, new.document_type_id)
        file = self.papers.file(tenant_id, new.file_uuid)
        wrong = []
        if kind is None:
            wrong.append(selected("document_type_id"))
        else:
            wrong += indexer_problems(kind, new.indexers)
        if new.module_uuid and not self.papers.has_module(tenant_id, new.module_uuid):
            wrong.append(selected(new.module_field))
        if file is None:
            wrong.append(selected("file_uuid"))
        elif file.used_at is not None:
            wrong.append(used_file())
        elif file.media_type != PDF:
            wrong.append(no_pdf("pdf_required", "Upload a PDF."))
        if wrong:
            raise all_of(wrong)
        assert file is not None
        with self.blobs.open(file.digest) as stream:
            found = self.examine(stream.read())
        if isinstance(found, Reason):
            raise no_pdf(found.code, found.message)

        now = self.clock()
        document = Document(
            id=0,
            uuid=str(uuid4()),
            tenant_id=tenant_id,
            document_type_id=new.document_type_id,
            description=new.description,
            module_uuid=new.module_uuid,
            file_uuid=new.file_uuid,
            indexers=dict(new.indexers),
            status=DocumentStatus.DRAFT,
            in_order=False,
            sent_at=None,
            signed_at=None,
            refused_at=None,
            institution_signed_at=None,
            signature_level=None,
            record_digest=None,
            created_at=now,
            updated_at=now,
        )
        with self.papers.changing() as changes:
            # Both may have gone while the PDF was examined.
            if changes.kind(tenant_id, new.document_type_id) is None:
                raise selected("document_type_id")
            if not changes.use_file(document, now):
                raise used_file()
            document = replace(document, id=changes.add_document(document))
            original = FileKind.ORIGINAL
            changes.add_version(document.id, original, file.digest, file.size, now)
            detail = {"document": document.id, "file": document.file_uuid}
            changes.note(tenant_id, by, "document.create", document.uuid, detail, now)
        return document

    def change(
        self, tenant_id: str, name: int | str, fields: DocumentFields
    ) -> Document:
        """
        Keep what is said of a document that nobody has signed.

        Raises:
            Refusal: NOT_FOUND; INVALID; CONFLICT `document_signed`.
        """
        with self.papers.changing() as changes:
            document = changes.document(tenant_id, name)
            if document is None:
                raise not_found("document")
            if _is_signed(changes, document):
                raise conflict(
                    "document_signed",
                    "The document was signed, and stays what was signed.",
                )
            if fields.indexers is not None:
                kind = changes.kind(tenant_id, document.document_type_id)
                assert kind is not None
                if wrong := indexer_problems(kind, fields.indexers):
                    raise all_of(wrong)
                document = replace(document, indexers=dict(fields.indexers))
            document = replace(
                document,
                description=fields.description or document.description,
                updated_at=self.clock(),
            )
            changes.change_document(document)
        return document

    def remove(
        self, tenant_id: str, names: Sequence[int | str], *, by: str, at: str | None
    ) -> None:
        """
        Remove documents, all or none. Their uploaded files stay, and stay spent.

        *at* is the field that names them; None: the path names one.

        Raises:
            Refusal: INVALID, each that is unknown in `parts`; NOT_FOUND, without *at*;
                CONFLICT `document_signed`.
        """
        now = self.clock()
        with self.papers.changing() as changes:
            found: dict[int, Document] = {}
            wrong = []
            # In one order for everybody, so that no two wait for each other.
            for place, name in sorted(enumerate(names), key=lambda one: str(one[1])):
                where = f"{at}.{place}" if at else "status"
                document = changes.document(tenant_id, name)
                if document is None:
                    wrong.append(selected(where) if at else not_found("document"))
                elif _is_signed(changes, document):
                    wrong.append(
                        conflict(
                            "document_signed",
                            "The document was signed, and cannot be deleted.",
                            at=where,
                        )
                    )
                else:
                    found[document.id] = document
            if wrong:
                raise all_of(sorted(wrong, key=_place)) if at else wrong[0]
            for document in found.values():
                changes.remove_document(document.id)
            for document in found.values():
                detail = {"document": document.id}
                changes.note(
                    tenant_id, by, "document.delete", document.uuid, detail, now
                )

    def versions(self, document: Document) -> Sequence[Version]:
        """Return its files, the oldest first."""
        return self.papers.versions(document.id)

    def requests(self, document: Document) -> Sequence[SignatureRequest]:
        """Return its signature requests, in their order."""
        return self.papers.requests(document.id)

    def open(self, digest: str) -> BinaryIO:
        """
        Open a file of a document.

        Raises:
            Fault: not passing, when it is gone.
        """
        try:
            return self.blobs.open(digest)
        except OSError as trouble:
            text = f"the file {digest} of a document is gone"
            raise Fault(text, passing=False) from trouble


def seal(
    changes: Changes,
    document: Document,
    *,
    of: str,
    digest: str,
    size: int,
    level: Level,
    now: int,
) -> Document | None:
    """
    Give a document the file that its institution signed at *level*.

    *of* is the digest of the file that was signed. None, changing nothing: the
    document has another by now, so that what was signed is not what it is.
    """
    if changes.versions(document.id)[-1].digest != of:
        return None
    changes.add_version(document.id, FileKind.SEALED, digest, size, now)
    if document.signature_level is not None:
        level = document.signature_level.with_another(level)
    document = replace(
        document, institution_signed_at=now, signature_level=level, updated_at=now
    )
    changes.change_document(document)
    return document


def make_lasting(
    changes: Changes,
    document: Document,
    *,
    of: str,
    digest: str,
    size: int,
    now: int,
) -> Document | None:
    """
    Give a document the file that has all that its signatures are checked by.

    *of* is the digest of the file that this was made of; None as of `seal`.
    """
    if changes.versions(document.id)[-1].digest != of:
        return None
    changes.add_version(document.id, FileKind.LASTING, digest, size, now)
    document = replace(document, signature_level=Level.B_LTA, updated_at=now)
    changes.change_document(document)
    return document


def indexer_problems(
    kind: DocumentType, said: Sequence[tuple[str, str]]
) -> list[Refusal]:
    """Return what is wrong with what a document says of itself, place by place."""
    rules = {one.name: one.rule for one in kind.indexers}
    wrong: list[Refusal] = []
    seen: set[str] = set()
    for place, (name, value) in enumerate(said):
        if name not in rules or name in seen:
            wrong.append(selected(f"indexers.{place}.indexer"))
            continue
        seen.add(name)
        problem = value_problem(rules[name], value)
        if problem is not None:
            at = f"indexers.{place}.value"
            text = f"The {at} {problem}."
            wrong.append(Refusal(Kind.INVALID, "indexer_value", text, at=at))
    return wrong


def used_file() -> Refusal:
    """Return what is said of a file that something else was made of."""
    return Refusal(
        Kind.INVALID,
        "file_used",
        "The selected file uuid is already used. Upload another file.",
        at="file_uuid",
    )


def no_pdf(code: str, detail: str) -> Refusal:
    """Return why a PDF may not become a document; the text names the code."""
    return Refusal(Kind.INVALID, code, f"{detail} ({code})", at="file_uuid")


def _is_signed(changes: Changes, document: Document) -> bool:
    """Say whether anybody has signed it, the institution included."""
    return document.institution_signed_at is not None or any(
        one.signed_at is not None for one in changes.requests(document.id)
    )


def _place(refusal: Refusal) -> int:
    return int((refusal.at or "0").rpartition(".")[2])
