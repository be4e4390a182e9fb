"""What this room needs: its registry, its keys, the pictures that rows name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from testamur.core.ids import RowIds
from testamur.core.refusals import Reason
from testamur.core.words import Lease, Profile, StoredPicture

from .die.sign import Algorithm as Algorithm  # stores of keys spell it too


@dataclass(frozen=True, slots=True)
class Draft:
    """
    What fixes every name and moment of a chunk's certificates.

    With the rows, which never change, and the job's profile it determines what
    will be signed to the last byte.
    """

    seed: bytes
    issued_at: int


@dataclass(frozen=True, slots=True)
class Issued:
    """One row's certificate, ready to be kept."""

    row: int
    ids: RowIds
    voucher_expires_at: int
    picture_id: int | None


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

    def draft(self, lease: Lease, digest: bytes) -> Draft:
        """
        Write down what is about to be issued, or find what an earlier run wrote.

        *digest* covers the facts of every row. A draft with another digest is
        replaced: nothing that came of it was ever shown.

        Raises:
            Fault: passing, when the lease has lapsed.
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


class Certificates(Protocol):
    """What was kept, for reading. Nothing here asks who is reading."""

    def find(self, certificate_id: str) -> Kept | None:
        """Return the certificate with this id, or None."""
        ...

    def find_reference(self, reference: str) -> Kept | None:
        """Return the certificate with this reference, or None."""
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
