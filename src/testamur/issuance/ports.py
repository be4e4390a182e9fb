"""What this room needs: its registry, its keys, the pictures that rows name."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from testamur.core.acts import Act, Chosen, Done
from testamur.core.ids import RowIds
from testamur.core.refusals import Reason
from testamur.core.words import (
    ErasedCertificate,
    Facts,
    Lease,
    Profile,
    StoredPicture,
    TakenBack,
)

from .die.sign import Algorithm as Algorithm  # stores of keys spell it too
from .die.sign import Sign


@dataclass(frozen=True, slots=True)
class Draft:
    """
    What fixes every name and moment of a chunk's certificates.

    With the rows, which never change, and the job's profile it determines what
    will be signed to the last byte.
    """

    seed: bytes
    issued_at: int
    #: None when the chunk's certificates are not to be signed.
    places: "Places | None" = None


@dataclass(frozen=True, slots=True)
class Places:
    """Places in a status list that are a chunk's and nobody else's."""

    #: The list's name in its URL.
    list_name: str
    #: What the list's indices follow from, the chunk's from the *first* place on.
    seed: bytes
    first: int
    size: int


@dataclass(frozen=True, slots=True)
class Impression:
    """What of a signed credential cannot be told from its row and its die."""

    die_id: int
    status_index: int
    signature: bytes
    #: SHA-256 of the credential's bytes: its leaf in the log.
    digest: bytes


@dataclass(frozen=True, slots=True)
class KeptDie:
    """A die as it is kept, for ever."""

    id: int
    digest: str
    body: bytes


class Dies(Protocol):
    """The dies that were ever engraved."""

    def find(self, shape: str) -> KeptDie | None:
        """Return the die that was engraved for the shape of this name."""
        ...

    def read(self, die_id: int) -> KeptDie | None:
        """Return the die with this number."""
        ...

    def keep(self, shape: str, digest: str, body: bytes) -> KeptDie:
        """Keep a die; of two that come at once for one shape, both get the first."""
        ...


class SigningKeys(Protocol):
    """The keys of every tenant."""

    def pair(self, key_id: str) -> tuple[Sign, bytes] | None:
        """
        Return what signs with a key, and its public half; None when it is revoked.

        Raises:
            Fault: not passing, when there is no such key, or it does not open.
        """
        ...


@dataclass(frozen=True, slots=True)
class Issued:
    """One row's certificate, ready to be kept."""

    row: int
    ids: RowIds
    voucher_expires_at: int
    picture_id: int | None
    #: None when it was not signed.
    impression: Impression | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of every row of a chunk."""

    issued_at: int
    issued: Sequence[Issued]
    failed: Sequence[tuple[int, Reason]]


class Registry(Protocol):
    """Rows in, certificates out. Everything is fenced by the lease's token."""

    def rows(self, lease: Lease) -> Sequence[tuple[int, str]]:
        """Return the leased rows as (number, cells as a JSON array)."""
        ...

    def problem_with_correcting(self, lease: Lease) -> Reason | None:
        """
        Say why the certificate that the job corrects cannot be corrected any more.

        None when it can, and when the job corrects none.
        """
        ...

    def draft(self, lease: Lease, digest: bytes, count: int) -> Draft:
        """
        Write down what is about to be issued, or find what an earlier run wrote.

        *digest* covers the facts of every row, *count* of them. A draft with
        another digest is replaced: nothing that came of it was ever shown. That a
        key is about to be used is in the audit log when this returns.

        Raises:
            Fault: passing, when the lease has lapsed or issuing is halted.
        """
        ...

    def keep(self, lease: Lease, outcome: Outcome) -> None:
        """
        Make the outcome true, all of it or nothing, and finish the chunk.

        Rows that failed for the first time are cut into a new chunk.

        Raises:
            Fault: passing, when the lease has lapsed or the job was cancelled.
        """
        ...


@dataclass(frozen=True, slots=True)
class ToPrint:
    """A certificate as far as its look depends on it."""

    row: int
    facts: Facts
    certificate_id: str
    reference: str
    issued_at: int
    valid_until: int | None


class Looks(Protocol):
    """How certificates look that have a template."""

    def problems(
        self, profile: Profile, certificates: Sequence[ToPrint]
    ) -> Mapping[int, Reason]:
        """
        Say, by row number, which of these cannot be drawn, and why not.

        Raises:
            Fault: the template is gone, or what draws it does not start.
        """
        ...


class Pictures(Protocol):
    """The pictures that rows name, checked, normalised and stored."""

    def resolve(
        self, lease: Lease, wanted: Mapping[int, str]
    ) -> Mapping[int, StoredPicture | Reason]:
        """Return, for each row number in *wanted* (its image cell), the picture."""
        ...


@dataclass(frozen=True, slots=True)
class Kept:
    """
    One certificate as it was kept: what its facts follow from, and the rest.

    The facts themselves are not stored twice; they are read from the row's cells
    by the job's profile.
    """

    id: str
    reference: str
    tenant_name: str
    job_id: str
    batch_id: str | None
    profile: Profile
    row: int
    #: The row's cells as a JSON array.
    cells: str
    issued_at: int
    voucher_id: str
    voucher_expires_at: int
    picture: StoredPicture | None
    chunk_id: int
    #: None when it was not signed: an earlier release issued it.
    seal: "Seal | None"
    #: None while nothing was done to it.
    taken_back: TakenBack | None


@dataclass(frozen=True, slots=True)
class Seal:
    """What a kept certificate's credential follows from, beside its facts."""

    die_id: int
    signature: bytes
    key_id: str
    #: The name of its status list, and the place in it.
    status_list: str
    status_index: int


class Certificates(Protocol):
    """What was kept, for reading. Nothing here asks who is reading."""

    def find(self, certificate_id: str) -> Kept | None:
        """Return the certificate with this id, or None: erased ones are not found."""
        ...

    def find_reference(self, reference: str) -> Kept | None:
        """Return the certificate with this reference, or None."""
        ...

    def find_erased(self, certificate_id: str) -> ErasedCertificate | None:
        """Return what is left of the certificate, if its person was erased."""
        ...

    def listing(
        self,
        tenant_id: str,
        *,
        job_id: str | None = None,
        batch_id: str | None = None,
        references: Sequence[str] | None = None,
        holding: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> Sequence[Kept] | None:
        """
        Return up to *limit* of the tenant's certificates, newest first.

        Only those of the job, of the batch and with one of the references that
        are named, and only those whose cells contain *holding* (printable ASCII,
        letters in either case). The listing goes on below the certificate whose
        id is *after*; None when the tenant has no such certificate.
        """
        ...


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A signing key as it is kept. Its public half is kept for ever."""

    id: str
    tenant_id: str
    algorithm: Algorithm
    #: EdDSA: its 32 bytes. RS256: SubjectPublicKeyInfo, DER.
    public: bytes
    sealed: bytes = field(repr=False)
    #: It signed from this moment on,
    made_at: int
    #: and before this one, if it was replaced. What it signed stays valid.
    retired_at: int | None = None
    #: When it was found to be in wrong hands: nothing it signed is valid.
    revoked_at: int | None = None

    @property
    def is_in_force(self) -> bool:
        """Whether new jobs may be signed with it."""
        return self.retired_at is None and self.revoked_at is None


class KeyStore(Protocol):
    """
    The tenants' signing keys, sealed.

    Every change is told to the audit log together with who made it (*by*), or
    does not happen.
    """

    def add(self, key: IssuerKey, *, by: str) -> IssuerKey:
        """
        Keep *key*, unless the tenant has one of its algorithm in force already.

        Return the one in force: processes that are first at once agree.
        """
        ...

    def find(self, key_id: str) -> IssuerKey | None:
        """Return the key as it is now, or None."""
        ...

    def of_tenant(self, tenant_id: str) -> Sequence[IssuerKey]:
        """Return every key the tenant ever had, the newest first."""
        ...

    def retire(self, key_id: str, at: int, *, by: str) -> None:
        """Let the key sign no new job; no change if it is retired already."""
        ...

    def revoke(self, key_id: str, at: int, *, by: str) -> None:
        """Distrust the key for ever; no change if it is revoked already."""
        ...


@dataclass(frozen=True, slots=True)
class Securing:
    """One use of a key, for a credential that a caller wrote."""

    id: str
    tenant_id: str
    key_id: str
    #: The id of the key or token that asked.
    actor: str
    at: int
    #: SHA-256 (hex) of the credential's own id; None when it has none.
    name_digest: str | None
    #: Where its status list is published, should it want a place in one.
    public_url: str


@dataclass(frozen=True, slots=True)
class StatusPlace(Places):
    """One place in a status list, and the list's number."""

    list_id: int


class SecuredStore(Protocol):
    """What is known of credentials that callers wrote and had secured."""

    def begin(self, securing: Securing, *, wants_place: bool) -> StatusPlace | None:
        """
        Write into the audit log that a key is about to be used.

        Raises:
            Halted: issuing is halted; nothing was written.
        """
        ...

    def keep(
        self,
        securing: Securing,
        place: StatusPlace | None,
        index: int | None,
        digest: bytes,
    ) -> None:
        """
        Give the credential, whose bytes have this SHA-256, a leaf in the log.

        Raises:
            Halted: issuing was halted meanwhile; nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rendering:
    """One use of a key, for a certificate in a format that somebody asked for."""

    certificate_id: str
    tenant_id: str
    format: str
    key_id: str
    #: The id of the key or token that asked, or `operator`.
    actor: str
    at: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """What of a certificate in another format does not follow from its facts."""

    key_id: str
    signature: bytes


class RenditionStore(Protocol):
    """The formats in which certificates were asked for."""

    def find(self, certificate_id: str, format: str) -> Rendered | None:
        """Return how the certificate was signed in this format, if it was."""
        ...

    def begin(self, rendering: Rendering) -> None:
        """
        Write into the audit log that a key is about to be used.

        Raises:
            Halted: issuing is halted; nothing was written.
        """
        ...

    def keep(self, rendering: Rendering, signature: bytes, digest: bytes) -> Rendered:
        """
        Keep a signature, and give the signed bytes (SHA-256 *digest*) their leaf.

        Of two that come at once for one format, both get the first.

        Raises:
            Halted: issuing was halted meanwhile; nothing was written.
            Refusal: NOT_FOUND, when the certificate is gone meanwhile.
        """
        ...


class ActStore(Protocol):
    """What was done to certificates, and how each stands since."""

    def perform(
        self, act: Act, chosen: Chosen, write_down: Callable[[Act], None]
    ) -> Done:
        """
        Do *act* to the chosen certificates of its tenant, all of it or nothing.

        The act that is done names those that it changed. It is handed to
        *write_down* when nothing is left but to commit; what that raises undoes
        all of it. Nothing is written when there is nothing to change.

        Raises:
            Refusal: NOT_FOUND, naming what the tenant has none of; CONFLICT
                `certificate_revoked`, naming those that were named one by one and
                are revoked, when the act would bring them back; `job_unfinished`.
        """
        ...

    def perform_again(self, act: Act) -> int | None:
        """
        Do an act that is on record, as far as its certificates are there.

        Return how many of them are not; None when the act is known and nothing
        had to be done. It keeps its id and moment.
        """
        ...

    def knows(self, act_id: str) -> bool:
        """Say whether the act was done."""
        ...


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row that may be about somebody."""

    job_id: str
    number: int
    profile: Profile
    #: A JSON array.
    cells: str
    is_issued: bool

    @property
    def name(self) -> str:
        """The row as acts name it."""
        return f"{self.job_id}/{self.number}"


class ErasureStore(Protocol):
    """Erases rows, and everything that follows from them."""

    def holding(self, tenant_id: str, plain: str) -> Iterable[HeldRow]:
        """
        Give the tenant's rows whose cells contain *plain*, in letters of any case.

        *plain* is printable ASCII, and means itself in JSON.
        """
        ...

    def rows_of(self, tenant_id: str, certificate_ids: Sequence[str]) -> Sequence[str]:
        """
        Return the names of the certificates' rows, erased or not.

        Raises:
            Refusal: NOT_FOUND, naming what the tenant has none of.
        """
        ...

    def erase(
        self,
        act: Act,
        rows: Sequence[str],
        email: str | None,
        write_down: Callable[[Act], None],
    ) -> Act | None:
        """
        Erase these of the tenant's rows, all of it or nothing, as `ActStore.perform`.

        With *email*, all else goes as well that is held of the person who has it.
        None when all was erased already. What remains to be done is `tidy`'s.

        Raises:
            Refusal: CONFLICT `job_unfinished`, when a row is still being worked on.
        """
        ...

    def erase_again(self, act: Act) -> int | None:
        """
        Do an erasure that is on record, as far as its rows are there.

        Return how many of its certificates are not; None when the act is known.
        """
        ...

    def knows(self, act_id: str) -> bool:
        """Say whether the act was done."""
        ...

    def is_untidy(self) -> bool:
        """Say whether an erasure left something for `tidy`."""
        ...

    def tidy(
        self,
        remove: Callable[[str], None],
        remove_mails: Callable[[Collection[str]], None],
    ) -> None:
        """
        Leave no trace: *remove* files that nothing needs, and mails to the erased
        (by their ids); overwrite what was freed.

        Raises:
            Fault: passing; what remains is still known to remain.
        """
        ...


class Record(Protocol):
    """Where acts are written down outside the database, before they are done."""

    def append(self, act: Act) -> None:
        """Write *act* down so that it survives power loss. Raises Fault."""
        ...

    def withdraw(self, act_id: str) -> None:
        """Note that an act which was written down did not happen."""
        ...


@dataclass(frozen=True, slots=True)
class StatusList:
    """A status list as it is now."""

    id: int
    tenant_id: str
    #: Its issuer's slug.
    slug: str
    #: The address that its certificates name it by.
    public_url: str
    size: int
    #: Another one whenever a bit is another.
    version: int
    #: When a bit last changed; None when none ever did.
    changed_at: int | None


class StatusLists(Protocol):
    """The tenants' status lists."""

    def find(self, name: str) -> StatusList | None:
        """Return the list whose address ends in *name*."""
        ...

    def indices(self, list_id: int, *, suspended_only: bool) -> Sequence[int]:
        """Return the places of certificates that are suspended, or revoked as well."""
        ...

    def note_signing(self, status_list: StatusList, key_id: str, purpose: str) -> None:
        """Tell the audit log that a key is about to sign the list. Raises Fault."""
        ...


class CurrentKeys(Protocol):
    """The keys that tenants sign with now."""

    def current(self, tenant_id: str) -> "IssuerKey":
        """Return the key that the tenant signs with now. Raises Fault."""
        ...

    def signer(self, key_id: str) -> Sign:
        """Return what signs with a key. Raises Fault."""
        ...
