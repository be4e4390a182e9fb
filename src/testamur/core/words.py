"""The nouns. Frozen, compared by value, and almost without verbs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto

from .lifecycle import JobState, Standing
from .policy import Plan


@dataclass(frozen=True, slots=True)
class Tenant:
    """The boundary of data, keys and limits."""

    id: str
    slug: str
    name: str
    plan: Plan
    #: Whether its credentials name recipients by their address, and not by a hash.
    shows_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and what they may do."""

    tenant: Tenant
    #: The key's or token's id, for the audit trail. Never the secret.
    credential_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who vouches for a job's certificates, and with which key: as it was then."""

    #: The issuer's DID, name and page.
    did: str
    name: str
    url: str
    #: Whether recipients' addresses appear as salted hashes only.
    hides_addresses: bool
    key_id: str
    #: The address under which the certificates' pages are.
    public_url: str


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that an issuer signs or signed with, as anybody may know of it."""

    id: str
    #: `EdDSA` or `RS256`.
    algorithm: str
    made_at: int
    #: Since when new jobs take another; what it signed stays valid.
    retired_at: int | None
    #: Since when nothing it signed is valid.
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class IssuerProfile:
    """Who a tenant is to everybody who checks what it issued."""

    tenant: Tenant
    did: str
    #: A page about it.
    url: str
    #: Every key it ever had, the newest first.
    keys: tuple[PublicKey, ...]

    @property
    def hides_addresses(self) -> bool:
        """Whether credentials of later jobs name recipients by a salted hash."""
        return not self.tenant.shows_addresses


@dataclass(frozen=True, slots=True)
class Profile:
    """
    How every row of one job is issued, frozen when the job is accepted.

    A later change of prices, defaults or software never reaches a job that was
    accepted before it.
    """

    columns: tuple[str, ...]
    #: SHA-256 (hex) of the uploaded rows, and of the uploaded ZIP of images. Both are
    #: empty, and the files removed, once a person in them was erased.
    rows_digest: str
    images_digest: str | None
    expiry_days: int
    price_version: str
    reference_prefix: str
    #: How many images the ZIP holds.
    images: int = 0
    version: int = 1
    #: None in jobs that were accepted before certificates were signed: theirs are
    #: not.
    letterhead: Letterhead | None = None
    #: For how many days a certificate is valid whose row does not say.
    valid_days: int | None = None
    #: The id of the certificate that this job's only row stands in for,
    corrects: str | None = None
    #: and who asked for that: the id of their key or token, or `operator`.
    asked_by: str | None = None
    #: How the certificates look; None: each is its row's picture.
    template: "TemplateUse | None" = None
    #: Whether each is its row's document instead.
    documents: bool = False
    #: How documents are signed, in jobs that do that.
    signing: "SigningOrder | None" = None
    #: How recipients are written to; None: they are not.
    mail: "MailOrder | None" = None


@dataclass(frozen=True, slots=True)
class MailOrder:
    """How the recipients of one job are written to."""

    #: BCP 47: of the words that are ours.
    language: str = "en"
    #: How long a mail waits after its certificate is issued, in milliseconds. Until
    #: then it can be withdrawn without a trace in any inbox.
    hold: int = 0


@dataclass(frozen=True, slots=True)
class SigningOrder:
    """How the documents of one job are signed: with which certificate, and looks."""

    signer_id: int
    reason: str = ""
    location: str = ""
    #: Whether a stamp with a QR code shows on the last page.
    is_visible: bool = False


@dataclass(frozen=True, slots=True)
class SignedPrintsView:
    """How many certificates of a job have a file that their institution signed."""

    job_id: str
    signed: int
    missing: int
    #: Whether somebody who was told the PIN is at work on them.
    is_running: bool


@dataclass(frozen=True, slots=True)
class TemplateUse:
    """One version of a template, as a job uses it: it never changes."""

    #: The version, in its table.
    version_id: int
    #: The template, and which of its versions it is, from 1.
    template_id: str
    number: int
    #: SHA-256 (hex) of the package that it was read from.
    package_digest: str
    #: What it prints: names of columns, `attribute_...` among them.
    columns: tuple[str, ...]
    #: Whether it has a place for a picture of the row.
    takes_picture: bool
    #: The size of its page, in points.
    width: float
    height: float


class TemplateState(StrEnum):
    """Whether a version of a template can be used."""

    WAITING = auto()  #: it is prepared when it is first needed
    READY = auto()
    BROKEN = auto()  #: it can be read, but not drawn


@dataclass(frozen=True, slots=True)
class TemplateAbout:
    """What a version of a template is, for who chooses one."""

    #: Its own name for itself; templates may be kept under another.
    title: str
    description: str
    #: BCP 47.
    language: str
    #: The page, in points.
    width: float
    height: float
    #: What it prints: names of columns, `attribute_...` among them.
    columns: tuple[str, ...]
    #: Whether it has a place for a picture of the row.
    takes_picture: bool
    #: Whether it is drawn by Typst source of its own.
    has_source: bool = False
    #: What its owner may want to change, in sentences.
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateVersion:
    """One version of a template. What it looks like never changes."""

    #: Its number in the table of versions of all templates.
    id: int
    template_id: str
    #: From 1, within its template.
    number: int
    package_digest: str
    prepared_digest: str | None
    state: TemplateState
    #: Why it is broken.
    code: str | None
    message: str | None
    made_at: int
    about: TemplateAbout

    @property
    def use(self) -> TemplateUse:
        """How a job uses it."""
        return TemplateUse(
            version_id=self.id,
            template_id=self.template_id,
            number=self.number,
            package_digest=self.package_digest,
            columns=self.about.columns,
            takes_picture=self.about.takes_picture,
            width=self.about.width,
            height=self.about.height,
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A template, and its newest version."""

    id: str
    #: None: it comes with Testamur, and every tenant may use it.
    tenant_id: str | None
    name: str
    made_at: int
    archived_at: int | None
    newest: TemplateVersion


@dataclass(frozen=True, slots=True)
class Job:
    """One bulk submission."""

    seq: int
    id: str
    tenant_id: str
    verb: str
    dialect: str
    state: JobState
    total: int
    profile: Profile
    wave: int
    created_at: int
    updated_at: int
    started_at: int | None
    finished_at: int | None
    batch_id: str | None


@dataclass(frozen=True, slots=True)
class RowFailure:
    """A row that failed for good (until its owner retries it)."""

    row: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, counted from its chunks."""

    job: Job
    succeeded: int
    failed: int
    cancelled: int
    #: When the last chunk was kept; None before the first.
    last_kept_at: int | None
    #: When the work will be done at the rate seen so far; None when unknown.
    estimated_at: int | None
    #: Images of the ZIP that no row named; known once the job is finished.
    unused_images: int = 0
    #: The first failures in row order, for people; all of them are in the CSV.
    failures: Sequence[RowFailure] = field(default=())

    @classmethod
    def at_acceptance(cls, job: Job) -> "Progress":
        """
        Return how far *job* was when it was accepted, whatever happened since.

        The answer to a submission is the same however quick the workers are, and
        however often it is sent again.
        """
        accepted = replace(
            job,
            state=JobState.QUEUED,
            updated_at=job.created_at,
            started_at=None,
            finished_at=None,
        )
        return cls(accepted, 0, 0, 0, None, None)

    @property
    def processed(self) -> int:
        """Rows that have their outcome; cancelled rows were never processed."""
        return self.succeeded + self.failed

    @property
    def updated_at(self) -> int:
        """When anything about the job last changed."""
        return max(self.job.updated_at, self.last_kept_at or 0)


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to work on one chunk, until it lapses.

    `token` grows each time the chunk is leased, so a worker that was asleep
    when its lease lapsed holds an old token and can no longer keep anything.
    """

    chunk_id: int
    token: int
    attempt: int
    worker: str
    first_row: int
    last_row: int
    is_second_try: bool
    job: Job

    @property
    def round(self) -> int:
        """Grows with every try of the same rows, so that stale results show."""
        return 2 * self.job.wave + self.is_second_try


@dataclass(frozen=True, slots=True)
class AttachedDocument:
    """A PDF of its issuer's that a certificate looks like, byte for byte."""

    #: SHA-256 (hex).
    digest: str
    #: The size of its first page, in points.
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What a certificate says, as its row said it: trimmed, and NFC throughout."""

    name: str
    description: str
    category: str
    recipient_email: str
    recipient_name: str | None
    attributes: tuple[tuple[str, str], ...]
    #: Days until the voucher expires; None means the job's default.
    expiry_days: int | None
    #: The image cell: a URL, the name of a ZIP entry, or empty.
    image: str
    #: When the certificate ends by its own row; None when the row does not say.
    valid_until: int | None = None
    #: What it looks like, if that is a document.
    document: AttachedDocument | None = None
    #: Its reference, if it was given one before it was issued.
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture that was checked, normalised and stored, with its thumbnail."""

    id: int
    digest: str
    media_type: str
    width: int
    height: int
    size: int
    crc32: int
    thumbnail_digest: str
    thumbnail_media_type: str


class CertificateState(StrEnum):
    """What a certificate is worth to who looks at it now."""

    ACTIVE = auto()
    EXPIRED = auto()  #: its end has come
    SUSPENDED = auto()  #: not to be relied on for now
    REVOKED = auto()  #: not to be relied on, for ever
    CORRECTED = auto()  #: the same, and another certificate stands in its place


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was done to a certificate that is suspended or revoked."""

    standing: Standing
    since: int
    #: In the words of its issuer. Everybody may read it.
    reason: str
    #: The id of the certificate that stands in its place, if it was corrected.
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """How a certificate stands at some moment."""

    state: CertificateState
    #: Since when; None while it is active.
    since: int | None
    reason: str | None
    replaced_by: str | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a recipient holds: a serial, the facts, and how they look."""

    id: str
    reference: str
    tenant_name: str
    job_id: str
    batch_id: str | None
    row: int
    issued_at: int
    voucher_id: str
    voucher_expires_at: int
    facts: Facts
    picture: StoredPicture | None
    #: When it ends (milliseconds); None means never.
    valid_until: int | None
    #: None while nothing was done to it.
    taken_back: TakenBack | None
    #: How it looks; None: as its picture does.
    template: TemplateUse | None = None

    @property
    def has_file(self) -> bool:
        """Whether it is a PDF: made of a template, or its issuer's own."""
        return self.template is not None or self.facts.document is not None

    @property
    def page_size(self) -> tuple[float, float] | None:
        """The size of its page in points, if it is a PDF."""
        if self.template is not None:
            return self.template.width, self.template.height
        if document := self.facts.document:
            return document.width, document.height
        return None

    def status_at(self, moment: int) -> Status:
        """Return how it stands at *moment*. What was taken back is not just old."""
        taken = self.taken_back
        if taken is not None:
            state = CertificateState(taken.standing)
            if taken.replaced_by is not None:
                state = CertificateState.CORRECTED
            return Status(state, taken.since, taken.reason or None, taken.replaced_by)
        if self.valid_until is not None and moment > self.valid_until:
            return Status(CertificateState.EXPIRED, self.valid_until, None, None)
        return Status(CertificateState.ACTIVE, None, None, None)


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export came to."""

    certificates: int
    #: Files written, and files that were there already.
    written: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ErasedCertificate:
    """All that is left of a certificate whose person was erased."""

    id: str
    reference: str
    job_id: str
    batch_id: str | None
    row: int
    issued_at: int
    erased_at: int


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that was uploaded before it is said what for."""

    #: A UUID. Whoever knows it may download the file.
    id: str
    tenant_id: str
    #: SHA-256 (hex) of its bytes, which are in the blobs.
    digest: str
    original_name: str
    #: What it is by its content, and the extension (without a dot) that this has.
    media_type: str
    extension: str
    size: int
    created_at: int
    #: Since when it is spent, and on what; None while it is free.
    used_at: int | None
    used_for: str | None
    #: When it goes if nothing has used it by then; None: it stays.
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as lists show it; the key itself is shown once and never again."""

    id: str
    tenant_id: str
    name: str
    #: Its first seven and last four characters, to tell keys apart.
    hint: str
    scopes: frozenset[str]
    created_at: int
    expires_at: int | None
    revoked_at: int | None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment when its text is known."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token (a signed JWT) at the only moment when its text is known."""

    id: str
    scopes: frozenset[str]
    expires_at: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """A person who can log in, for one tenant."""

    #: What older clients know a person by.
    number: int
    #: A UUID.
    id: str
    tenant_id: str
    name: str
    #: As it was written; it is compared without regard to case.
    email: str
    created_at: int
    password_changed_at: int
    #: Since when the person cannot log in.
    disabled_at: int | None


@dataclass(frozen=True, slots=True)
class Session:
    """What a login gives, at the only moment when its texts are known."""

    token: NewToken
    #: For how many seconds the token is valid.
    expires_in: int
    #: What the next token is had for, once; None where none was asked for.
    refresh_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a key or token belongs to."""

    tenant: Tenant
    #: A person's UUID, or the id of the key or token.
    id: str
    name: str
    #: A person's number and address; None for what is no person.
    number: int | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Halt:
    """Issuing is halted: nothing is signed until it is resumed."""

    since: int
    #: Why, as the operator said; may be empty.
    reason: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that was done, as whom it concerns may know it."""

    at: int
    #: The id of a key or token, a worker's name, or `operator`.
    actor: str
    act: str
    #: The id of what was acted on.
    subject: str
    #: Ids and counts.
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class CostLine:
    """*quantity* certificates at *unit_price* each (minor units of money)."""

    first: int
    quantity: int
    unit_price: int

    @property
    def amount(self) -> int:
        """What the line comes to, in minor units."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class CostPreview:
    """What *count* certificates of one job would cost, tier by tier."""

    count: int
    currency: str
    price_version: str
    lines: tuple[CostLine, ...]

    @property
    def total(self) -> int:
        """The sum of the lines, in minor units."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True, slots=True)
class UsageLine:
    """What was issued under one price list, and what it costs in minor units."""

    price_version: str
    currency: str
    certificates: int
    amount: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a tenant used from *since* up to, and not including, *until*."""

    since: int
    until: int
    lines: tuple[UsageLine, ...]

    @property
    def certificates(self) -> int:
        """How many certificates were issued."""
        return sum(line.certificates for line in self.lines)
