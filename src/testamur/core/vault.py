"""The nouns of the vault: certificates whose look somebody uploaded, and batches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto

from .refusals import Refusal
from .words import AttachedDocument


class VaultState(StrEnum):
    """Where a certificate of the vault is. The words are the wire's."""

    PENDING = auto()  #: accepted, and its job not begun
    PROCESSING = auto()  #: being issued
    GENERATED = auto()  #: issued, and in the log
    FAILED = auto()  #: it could not be issued
    REVOKED = auto()  #: suspended, revoked, corrected or erased


class BatchState(StrEnum):
    """Where a batch is. The words are the wire's."""

    PENDING = auto()
    PROCESSING = auto()
    COMPLETED = auto()  #: all of it is issued
    PARTIALLY_COMPLETED = auto()  #: some of it is
    FAILED = auto()  #: nothing of it is
    WAITING_FOR_APPROVAL = auto()  #: never: nobody has to approve here


@dataclass(frozen=True, slots=True)
class VaultFile:
    """A file that was uploaded for the vault."""

    #: A UUID.
    id: str
    tenant_id: str
    #: SHA-256 (hex) of the bytes that came, and of the PDF that they are shown as.
    digest: str
    pdf_digest: str
    #: As its sender called it.
    name: str
    media_type: str
    size: int
    #: The PDF, and the size of its first page.
    document: AttachedDocument
    created_at: int
    #: When it goes unless something uses it by then.
    expires_at: int
    used_at: int | None = None


@dataclass(frozen=True, slots=True)
class VaultEntry:
    """One certificate that somebody asks for; what is None was not usable."""

    #: Its place in the call, from 0.
    place: int
    title: str | None
    full_name: str | None
    email: str | None
    #: A UUID.
    file_id: str | None
    #: As ISO 8601 has it.
    issue_date: str | None = None
    details: str | None = None


@dataclass(frozen=True, slots=True)
class VaultEntries:
    """All of one call, and what was found wrong by reading them."""

    entries: Sequence[VaultEntry]
    wrong: Sequence[Refusal] = field(default=())


@dataclass(frozen=True, slots=True)
class VaultCertificate:
    """A certificate of the vault, or of a batch, as its issuer may know of it."""

    id: int
    #: A UUID.
    uuid: str
    reference: str
    title: str
    full_name: str
    email: str
    issue_date: str | None
    details: str | None
    #: Whether it looks like a file that was uploaded; otherwise a template drew it.
    is_vault: bool
    #: A UUID; None for one that was asked for alone.
    batch_id: str | None
    customer_id: int | None
    #: Since when it is a known recipient's; None: they were written to.
    assigned_at: int | None
    state: VaultState
    #: Why it could not be issued.
    failure: str | None
    #: What it became, once everybody may see it.
    certificate_id: str | None
    issued_at: int | None
    #: Why it was taken back.
    reason: str | None
    created_at: int
    updated_at: int
    tenant_name: str


@dataclass(frozen=True, slots=True)
class VaultBatch:
    """Certificates that were asked for in one call."""

    #: A UUID.
    id: str
    name: str
    is_vault: bool
    #: Of the template, as this house knows it; None: each has its own file.
    template_id: str | None
    state: BatchState
    total: int
    succeeded: int
    failed: int
    finished_at: int | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class VaultQuery:
    """Which certificates are wanted, in which order, and which page of them."""

    is_vault: bool = True
    #: Part of a reference, a title, a name or an address.
    search: str | None = None
    state: str | None = None
    email: str | None = None
    batch_id: str | None = None
    customer_id: int | None = None
    #: Days: the first and the last that are wanted.
    issue_dates: tuple[str | None, str | None] = (None, None)
    #: Moments: from, and up to but not including.
    issued: tuple[int | None, int | None] = (None, None)
    #: Field, and whether the largest comes first.
    sort: tuple[str, bool] = ("id", True)
    page: int = 1
    per_page: int = 15
