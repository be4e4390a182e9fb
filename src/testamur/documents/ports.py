"""What this room needs: its tables, uploaded files, stored bytes, and a post."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from testamur.core.lists import Query
from testamur.core.papers import (
    Document,
    DocumentType,
    FileKind,
    Listing,
    Signatory,
    SignatureRequest,
    SigningView,
    Version,
)
from testamur.core.refusals import Reason
from testamur.core.words import KeptFile


class Changes(Protocol):
    """
    Changes that become true together, or not at all.

    A document that was looked at stays as it is until they are: nobody else changes
    it, nor what belongs to it.
    """

    def document(self, tenant_id: str, name: int | str) -> Document | None:
        """Return a document of the tenant's, by its id or UUID."""
        ...

    def requests(self, document_id: int) -> Sequence[SignatureRequest]:
        """Return the signature requests of a document, in their order."""
        ...

    def versions(self, document_id: int) -> Sequence[Version]:
        """Return the files of a document, the oldest first."""
        ...

    def kind(self, tenant_id: str, type_id: int) -> DocumentType | None:
        """Return a document type of the tenant's."""
        ...

    def add_kind(self, kind: DocumentType) -> int:
        """Keep a new document type; return its id."""
        ...

    def change_kind(self, kind: DocumentType) -> None:
        """Keep what a document type is now."""
        ...

    def remove_kind(self, type_id: int) -> bool:
        """Remove a document type; False when documents have it."""
        ...

    def use_file(self, document: Document, now: int) -> bool:
        """Spend the document's uploaded file on it; False when it is spent."""
        ...

    def add_document(self, document: Document) -> int:
        """Keep a new document; return its id."""
        ...

    def change_document(self, document: Document) -> None:
        """Keep what a document is now."""
        ...

    def remove_document(self, document_id: int) -> None:
        """Remove a document with all that belongs to it but its uploaded file."""
        ...

    def add_version(
        self, document_id: int, kind: FileKind, digest: str, size: int, now: int
    ) -> Version:
        """Give a document its next version."""
        ...

    def signatory(self, tenant_id: str, name: int | str) -> Signatory | None:
        """Return a signatory of the tenant's, by their id or UUID."""
        ...

    def signatory_at(self, tenant_id: str, address: str) -> Signatory | None:
        """Return the tenant's signatory with this address, as it is compared."""
        ...

    def add_signatory(self, signatory: Signatory, address: str) -> int | None:
        """Keep a new signatory and return their id; None: the address is taken."""
        ...

    def change_signatory(self, signatory: Signatory, address: str) -> bool:
        """Keep what a signatory is now; False: the address is taken."""
        ...

    def remove_signatory(self, signatory_id: int) -> bool:
        """Remove a signatory; False when a document has them."""
        ...

    def add_request(self, request: SignatureRequest, token_digest: bytes) -> int:
        """Keep a new signature request; return its id."""
        ...

    def remove_request(self, request_id: int) -> None:
        """Remove a signature request."""
        ...

    def ask(
        self, tenant_id: str, request: SignatureRequest, expires_at: int, now: int
    ) -> None:
        """Write to the signatory of *request*, once all of this is true."""
        ...

    def view(self, request_id: int, now: int) -> None:
        """Keep when a signatory first saw the document."""
        ...

    def settle(self, request: SignatureRequest) -> bool:
        """Keep what a signatory answered; False: they had answered already."""
        ...

    def note(
        self,
        tenant_id: str,
        actor: str,
        act: str,
        subject: str,
        detail: Mapping[str, object],
        now: int,
    ) -> None:
        """Have the audit log tell of it. The last thing that is done."""
        ...


class Papers(Protocol):
    """The tables of this room."""

    def changing(self) -> AbstractContextManager[Changes]:
        """Lend what changes them; an exception undoes it all."""
        ...

    def kind(self, tenant_id: str, type_id: int) -> DocumentType | None:
        """Return a document type of the tenant's."""
        ...

    def kinds(self, tenant_id: str, query: Query) -> Listing:
        """Return document types of the tenant's."""
        ...

    def document(self, tenant_id: str, name: int | str) -> Document | None:
        """Return a document of the tenant's, by its id or UUID."""
        ...

    def documents(self, tenant_id: str, query: Query) -> Listing:
        """Return documents of the tenant's."""
        ...

    def versions(self, document_id: int) -> Sequence[Version]:
        """Return the files of a document, the oldest first."""
        ...

    def requests(self, document_id: int) -> Sequence[SignatureRequest]:
        """Return the signature requests of a document, in their order."""
        ...

    def signatory(self, tenant_id: str, name: int | str) -> Signatory | None:
        """Return a signatory of the tenant's, by their id or UUID."""
        ...

    def signatories(self, tenant_id: str, query: Query) -> Listing:
        """Return signatories of the tenant's."""
        ...

    def shown(self, token_digest: bytes, now: int) -> SigningView | None:
        """Return what a token opens; None when it opens nothing."""
        ...

    def asked(self, request_id: int, now: int) -> SigningView | None:
        """The same, by the request's id."""
        ...

    def unrecorded(self, after: int, limit: int) -> Sequence[int]:
        """
        Return the ids of signed documents that have no signature record yet.

        Those with an id above *after*, the lowest first.
        """
        ...

    def whole(self, document_id: int) -> tuple[Document, str] | None:
        """Return a document, whoever's it is, and what its tenant is called."""
        ...

    def file(self, tenant_id: str, file_uuid: str) -> KeptFile | None:
        """Return an uploaded file of the tenant's."""
        ...

    def has_module(self, tenant_id: str, module_uuid: str) -> bool:
        """Say whether a module of the tenant's has this UUID."""
        ...


class Bytes(Protocol):
    """Bytes under the name of their SHA-256."""

    def put(self, data: bytes) -> str:
        """Store *data*; return its SHA-256 (hex)."""
        ...

    def open(self, digest: str) -> BinaryIO:
        """Open stored bytes for reading."""
        ...


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a PDF that may be signed."""

    #: How many signatures it brings along; None when nobody has counted.
    signatures: int | None = None
    pages: int | None = None


#: Looks at a PDF before it becomes a document: facts, or why it may not.
Examine = Callable[[bytes], Examined | Reason]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording signatures makes."""

    #: The signature record as a PDF of its own.
    record: bytes
    #: The document with it as its last pages; None where that would spoil the document.
    document: bytes | None


#: Makes the signature record: what it says, and the document's bytes.
Record = Callable[[Mapping[str, Any], bytes], Recorded]


class Seal(Protocol):
    """An institutional signing key that is open: its certificates, and what signs."""

    #: DER: the signing certificate first, then those that lead to its root.
    chain: tuple[bytes, ...]

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*: the seal hashes it.

        RSA is PKCS #1 v1.5 with SHA-256. ECDSA is in DER: with SHA-256 on P-256,
        with SHA-384 on P-384.
        """
        ...


class Draws(Protocol):
    """Whatever draws visible stamps, in any script."""

    def __call__(
        self,
        lines: Sequence[str],
        url: str,
        size: tuple[float, float],
        first: int,
    ) -> Sequence[bytes]:
        """
        Return objects of a PDF, numbered from *first* on; the last is the stamp.

        The stamp is a form whose box is *size* in points, from its lower left corner;
        it says *lines* and, unless *url* is empty, has a QR code that leads there.

        Raises:
            Refusal: INVALID `stamp_undrawable`, when no font here has a letter of
                *lines*, or they do not fit.
        """
        ...
