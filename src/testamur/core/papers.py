"""The nouns of documents that people sign. Frozen, compared by value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from .clock import DAY, SECOND
from .refusals import Reason
from .words import Progress

#: How long a signature request can be answered.
REQUEST_DAYS = 30
REQUEST_MILLISECONDS = REQUEST_DAYS * DAY

#: A signatory is not written to again before that: two clicks are one wish.
RESEND_MILLISECONDS = 60 * SECOND

#: How many documents one call may name, and how many may sign one document.
MAX_NAMED_DOCUMENTS = 1_000
MAX_SIGNATORIES = 50


class Rule(StrEnum):
    """What the value of an indexer has to be; spelled as the DokStamp wire does."""

    OTHER = "Outro"  #: any text
    CPF = "CPF"  #: a Brazilian tax id
    EMAIL = "E-mail"


@dataclass(frozen=True, slots=True)
class Indexer:
    """Something that documents of a type are found by."""

    name: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class DocumentType:
    """What kind of document it is, and who signs it."""

    id: int
    tenant_id: str
    description: str
    #: Whether people who do not work for the tenant sign it,
    signed_by_third: bool
    #: and whether more than one of them may.
    multiples_third_signers: bool
    indexers: tuple[Indexer, ...]
    created_at: int
    updated_at: int


class DocumentStatus(StrEnum):
    """How far the people are who sign it. What the institution does is apart."""

    DRAFT = auto()  #: nobody was asked yet
    PENDING = auto()  #: somebody still has to answer
    SIGNED = auto()  #: all signed
    REFUSED = auto()  #: somebody will not


class Level(StrEnum):
    """
    How long a signature lasts (ETSI EN 319 142-1, 6), the least first: see
    docs/signing.md.
    """

    B_B = "B-B"  #: it says who
    B_T = "B-T"  #: and a third party says that it was there by then
    B_LTA = "B-LTA"  #: and the file has everything that it is checked by

    def with_another(self, other: "Level") -> "Level":
        """Return what a file has when one signature has this, and one *other*."""
        return min(self, other, key=list(Level).index)


class FileKind(StrEnum):
    """What a version of a document is."""

    ORIGINAL = auto()
    RECORDED = auto()  #: with the signature record as its last page
    SEALED = auto()  #: signed by the institution
    LASTING = auto()  #: the same, with everything that signatures are checked by


@dataclass(frozen=True, slots=True)
class Version:
    """A document's file at some time. It never changes."""

    number: int
    kind: FileKind
    #: SHA-256 (hex) of its bytes, which are in the blobs.
    digest: str
    size: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF to be signed."""

    id: int
    uuid: str
    tenant_id: str
    document_type_id: int
    description: str
    module_uuid: str | None
    file_uuid: str
    #: By the name of the indexer.
    indexers: Mapping[str, str]
    status: DocumentStatus
    #: Whether signatories are asked one after the other.
    in_order: bool
    sent_at: int | None
    signed_at: int | None
    refused_at: int | None
    institution_signed_at: int | None
    #: What every signature of the institution has; None: there is none.
    signature_level: Level | None
    #: SHA-256 (hex) of the signature record as a file of its own.
    record_digest: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person who is asked to sign."""

    id: int
    uuid: str
    tenant_id: str
    name: str
    email: str
    document_number: str | None
    created_at: int
    updated_at: int


class RequestStatus(StrEnum):
    """What became of asking somebody to sign."""

    PENDING = auto()  #: nothing was sent yet
    SENT = auto()
    VIEWED = auto()
    SIGNED = auto()
    REFUSED = auto()
    EXPIRED = auto()


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """Asking one signatory to sign one document, and what came of it."""

    id: int
    uuid: str
    document_id: int
    signatory_id: int
    place: int
    created_at: int
    #: When they were last written to: the mail was put into the outbox,
    asked_at: int | None
    #: and taken by the mail server.
    sent_at: int | None
    expires_at: int | None
    viewed_at: int | None
    signed_at: int | None
    refused_at: int | None
    reason: str | None
    #: As they were called when they answered; until then, as they are called now.
    name: str
    email: str
    typed_name: str | None
    client: str | None
    user_agent: str | None
    #: SHA-256 (hex) of the file that they were shown.
    seen_digest: str | None

    @property
    def is_open(self) -> bool:
        """Whether they have not answered."""
        return self.signed_at is None and self.refused_at is None

    def is_expired(self, now: int) -> bool:
        """Say whether they can no longer answer unless they are asked again."""
        return self.is_open and self.expires_at is not None and self.expires_at <= now

    def status(self, now: int) -> RequestStatus:
        """Return how it stands at the moment *now*."""
        if self.signed_at is not None:
            return RequestStatus.SIGNED
        if self.refused_at is not None:
            return RequestStatus.REFUSED
        if self.is_expired(now):
            return RequestStatus.EXPIRED
        if self.viewed_at is not None:
            return RequestStatus.VIEWED
        return RequestStatus.PENDING if self.sent_at is None else RequestStatus.SENT


@dataclass(frozen=True, slots=True)
class Resent:
    """What came of writing again to those who have not signed a document."""

    document_id: int
    #: How many are written to,
    recipients: int
    #: or why nobody is.
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one document of a batch."""

    document_id: int
    #: What was done, in names of the room's own.
    done: Mapping[str, Any]
    #: Why it was not.
    reason: Reason | None
    is_over: bool


@dataclass(frozen=True, slots=True)
class BatchView:
    """A job that does something with many documents, and what became of each."""

    progress: Progress
    results: Sequence[BatchResult]


@dataclass(frozen=True, slots=True)
class SigningView:
    """What a signatory sees."""

    request: SignatureRequest
    document: Document
    #: Who asks.
    tenant_name: str
    #: The file that is shown.
    version: Version
    now: int

    @property
    def can_answer(self) -> bool:
        """Whether they may sign or refuse."""
        return (
            self.document.status is DocumentStatus.PENDING
            and self.request.is_open
            and not self.request.is_expired(self.now)
        )


@dataclass(frozen=True, slots=True)
class TypeFields:
    """What a caller says of a document type. None: as it is, or as it begins."""

    description: str | None = None
    signed_by_third: bool | None = None
    multiples_third_signers: bool | None = None
    indexers: tuple[Indexer, ...] | None = None


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What a caller says of a document that is to be signed."""

    description: str
    document_type_id: int
    file_uuid: str
    module_uuid: str | None
    #: How the caller called the module's field.
    module_field: str
    #: Name and value, as they came.
    indexers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DocumentFields:
    """What a caller changes about a document. None: as it is."""

    description: str | None = None
    indexers: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class SignatoryFields:
    """What a caller says of a signatory. None: as it is, or nothing."""

    name: str | None = None
    email: str | None = None
    document_number: str | None = None
    #: Whether what was not said is to be as if it had never been.
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    """A signatory whom a document gets: one who is known, or by name and address."""

    #: Where the caller names them.
    at: str
    signatory: int | str | None = None
    fields: SignatoryFields | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a signatory decided, and all that is known of how."""

    is_signed: bool
    typed_name: str
    reason: str | None
    #: SHA-256 (hex) of the file that their page showed.
    seen_digest: str
    client: str
    user_agent: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list, and how many there are in all."""

    items: tuple[Any, ...]
    total: int
