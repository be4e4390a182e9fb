"""What this room needs of the outside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from testamur.core.words import ApiKey, Caller, Tenant


@dataclass(frozen=True, slots=True)
class Standing:
    """Whom a key or token speaks for, and what may have happened to it since."""

    caller: Caller
    expires_at: int | None
    revoked_at: int | None
    #: When the tenant itself was suspended; None while it is welcome.
    suspended_at: int | None


@dataclass(frozen=True, slots=True)
class JobUsage:
    """How many certificates a job had before a period, and got in it."""

    price_version: str
    before: int
    quantity: int


class Directory(Protocol):
    """The tenants."""

    def add_tenant(self, tenant: Tenant, created_at: int) -> bool:
        """Add *tenant*; say whether its slug was free."""
        ...

    def tenant_by_slug(self, slug: str) -> Tenant | None:
        """Return the tenant called *slug*, suspended or not."""
        ...

    def suspend_tenant(self, tenant_id: str, moment: int | None) -> None:
        """Suspend the tenant as of *moment*, or welcome it again (None)."""
        ...


class Keyring(Protocol):
    """The API keys, by their digests."""

    def add_key(self, key: ApiKey, digest: bytes) -> None:
        """Add *key*; its text is in nobody's store."""
        ...

    def keys_of(self, tenant_id: str) -> Sequence[ApiKey]:
        """Return the tenant's keys, the oldest first."""
        ...

    def revoke_key(self, tenant_id: str, key_id: str, moment: int) -> bool:
        """Revoke the tenant's key for ever; say whether there is such a key."""
        ...

    def key_standing(self, digest: bytes) -> Standing | None:
        """Return how the key with *digest* stands; None for no such key."""
        ...


class TokenRegister(Protocol):
    """The tokens that were given out, so that they can be taken back."""

    def add_token(
        self,
        token_id: str,
        tenant_id: str,
        scopes: frozenset[str],
        created_at: int,
        expires_at: int,
    ) -> None:
        """Add a token, and forget those of the tenant that expired a day ago."""
        ...

    def revoke_token(self, tenant_id: str, token_id: str, moment: int) -> bool:
        """Revoke the tenant's token for ever; say whether there is such a token."""
        ...

    def token_standing(self, token_id: str) -> Standing | None:
        """Return how the token stands; None for no such token."""
        ...


class Meter(Protocol):
    """
    One timestamp per *key*, shared by every process that limits the same tenants.

    The arithmetic is `limits.gcra`, applied as one atomic step. Times and spans
    are microseconds.
    """

    def charge(self, key: bytes, now: int, interval: int, span: int) -> int:
        """
        Count one request; return 0, or how long to wait when it was refused.

        Raises:
            Fault: when the state cannot be reached.
        """
        ...

    def refund(self, key: bytes, span: int) -> None:
        """
        Take one charged request off the count again.

        Raises:
            Fault: when the state cannot be reached.
        """
        ...

    def forget(self, before: int) -> None:
        """Drop what no longer matters: timestamps older than *before*."""
        ...


class Ledger(Protocol):
    """What was used, as issuing wrote it down."""

    def used(self, tenant_id: str, since: int, until: int) -> Iterable[JobUsage]:
        """Return one entry per job of the tenant with usage in [since, until)."""
        ...
