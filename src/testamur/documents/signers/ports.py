"""What signers need of the outside."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from testamur.core.pins import Password, Pin
from testamur.core.signers import Signer, SignerAlgorithm, SignerKind


@dataclass(frozen=True, slots=True)
class NewSigner:
    """A signer that has no id yet."""

    tenant_id: str
    name: str
    kind: SignerKind
    algorithm: SignerAlgorithm
    #: DER, the signing certificate first, then intermediates.
    chain: tuple[bytes, ...]
    subject: str
    issuer: str
    serial_number: str
    valid_from: int
    valid_until: int
    created_at: int
    #: How the key is sealed; None: it is in a token.
    salt: bytes | None = field(default=None, repr=False)
    parameters: str | None = None
    #: Where the token is, and which key on it (RFC 7512).
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class StoredSigner:
    """A signer with what it takes to open it."""

    signer: Signer
    chain: tuple[bytes, ...]
    salt: bytes | None = field(repr=False)
    parameters: str | None
    #: The private key, sealed; None: it is in a token, or the signer is revoked.
    sealed: bytes | None = field(repr=False)
    uri: str | None
    #: When PINs were tried since the last right one.
    guesses: tuple[int, ...] = ()


class SignerStore(Protocol):
    """
    The signers of every tenant. Every method is one transaction.

    A change and its entry in the audit log are made together, or not at all.
    """

    def add(
        self,
        new: NewSigner,
        seal: Callable[[int], bytes] | None,
        *,
        most: int,
        by: str,
    ) -> Signer | None:
        """Keep *new*, its key as *seal* seals it for its id; None: *most* are there."""
        ...

    def find(self, signer_id: int) -> StoredSigner | None:
        """Return the signer as it is now."""
        ...

    def of_tenant(self, tenant_id: str) -> Sequence[StoredSigner]:
        """Return every signer that the tenant ever had, the oldest first."""
        ...

    def rename(self, signer_id: int, name: str, at: int, *, by: str) -> None:
        """Call the signer *name* from now on."""
        ...

    def revoke(self, signer_id: int, at: int, *, by: str) -> None:
        """Let the signer sign no more, and forget its key; no change if it is so."""
        ...

    def unlock(self, signer_id: int, at: int, *, by: str) -> None:
        """Forget the wrong PINs."""
        ...

    def count_guess(
        self, signer_id: int, at: int, judge: Callable[[Sequence[int]], None]
    ) -> int:
        """
        Count that a PIN is about to be tried; return the guess's id.

        *judge* is shown the guesses there were, and raises when there may be no
        other: then none is counted. Committed when this returns.

        Raises:
            Halted: issuing is halted; nothing was counted.
        """
        ...

    def uncount_guess(self, guess_id: int) -> None:
        """Take a guess back: its PIN was looked at by nobody."""
        ...

    def tell_wrong(self, signer_id: int, at: int, *, by: str) -> None:
        """Write down that the PIN was wrong; it is counted already."""
        ...

    def tell_opened(self, signer_id: int, guess_id: int, at: int, *, by: str) -> None:
        """
        Write down that the signer is opened, and forget the guesses up to this one.

        Raises:
            Halted: issuing is halted; nothing was written.
        """
        ...


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a PKCS #12 file holds, as DER."""

    #: PKCS #8; None: there is no private key.
    key: bytes | None = field(repr=False)
    #: Every certificate, the one that belongs to the key first if the file says so.
    certificates: tuple[bytes, ...]


class UnpackFile(Protocol):
    """Opens PKCS #12 files (RFC 7292), where hostile ones do no harm."""

    def __call__(self, data: bytes, password: Password) -> Unpacked:
        """
        Return what *data* holds.

        Raises:
            Refusal: INVALID `certificate_password` or `certificate_unreadable`.
        """
        ...


class WrongPin(Exception):
    """The token was asked once, and says that this is not its PIN."""


class TokenKey(Protocol):
    """A private key in a token that was opened."""

    def sign_digest(self, digest: bytes, algorithm: SignerAlgorithm) -> bytes:
        """
        Return the signature over what has this *digest*; ECDSA as DER.

        Raises:
            SignerUnavailable: the token is gone, or its session is.
        """
        ...

    def close(self) -> None:
        """Log out."""
        ...


class OpenToken(Protocol):
    """Opens keys in tokens (PKCS #11)."""

    def check(self, uri: str) -> None:
        """
        Return if *uri* can name a key.

        Raises:
            Refusal: INVALID `token_uri`.
        """
        ...

    def open(self, uri: str, pin: Pin) -> TokenKey:
        """
        Return the key at *uri*, after one login.

        Raises:
            WrongPin, SignerUnavailable; Refusal: INVALID `token_locked`.
        """
        ...
