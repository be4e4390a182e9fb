"""What this room needs of the outside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from testamur.core.words import ApiKey, Caller, Halt, Identity, NewToken, Tenant, User


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
    """The tenants. *by* is who asks, for the audit log."""

    def add_tenant(self, tenant: Tenant, created_at: int, *, by: str) -> bool:
        """Add *tenant*; say whether its slug was free."""
        ...

    def tenant_by_slug(self, slug: str) -> Tenant | None:
        """Return the tenant called *slug*, suspended or not."""
        ...

    def suspend_tenant(self, tenant_id: str, moment: int, *, by: str) -> None:
        """Suspend the tenant as of *moment*."""
        ...

    def resume_tenant(self, tenant_id: str, moment: int, *, by: str) -> None:
        """Welcome the tenant again."""
        ...

    def show_addresses(
        self, tenant_id: str, shows: bool, moment: int, *, by: str
    ) -> None:
        """Have the tenant's later jobs name recipients by their address, or hash."""
        ...


class Keyring(Protocol):
    """The API keys, by their digests. *by* is who asks, for the audit log."""

    def add_key(self, key: ApiKey, digest: bytes, *, by: str) -> None:
        """Add *key*; its text is in nobody's store."""
        ...

    def keys_of(self, tenant_id: str) -> Sequence[ApiKey]:
        """Return the tenant's keys, the oldest first."""
        ...

    def revoke_key(self, tenant_id: str, key_id: str, moment: int, *, by: str) -> bool:
        """Revoke the tenant's key for ever; say whether there is such a key."""
        ...

    def key_standing(self, digest: bytes) -> Standing | None:
        """Return how the key with *digest* stands; None for no such key."""
        ...


class TokenRegister(Protocol):
    """
    The tokens that were given out, so that they can be taken back.

    *by* is who asks, for the audit log.
    """

    def add_token(
        self,
        token_id: str,
        tenant_id: str,
        scopes: frozenset[str],
        created_at: int,
        expires_at: int,
        *,
        by: str,
    ) -> None:
        """Add a token, and forget those of the tenant that expired a day ago."""
        ...

    def revoke_token(
        self, tenant_id: str, token_id: str, moment: int, *, by: str
    ) -> bool:
        """Revoke the tenant's token for ever; say whether there is such a token."""
        ...

    def token_standing(self, token_id: str) -> Standing | None:
        """Return how the token stands; None for no such token."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who has the address that was tried."""

    user: User
    tenant: Tenant
    #: Of the password.
    hash: str = field(repr=False)
    #: When the tenant was suspended; None while it is welcome.
    suspended_at: int | None


class People(Protocol):
    """Who can log in. *by* is who asks, for the audit log."""

    def add_user(self, user: User, address: str, hash: str, *, by: str) -> User | None:
        """Add *user* with a number of their own; None when the address is taken."""
        ...

    def users_of(self, tenant_id: str) -> Sequence[User]:
        """Return the tenant's users, the first first."""
        ...

    def disable_user(
        self, tenant_id: str, address: str, moment: int, *, by: str
    ) -> bool:
        """Let nobody in under *address*, and end their tokens; False: no such user."""
        ...

    def put_hash(
        self, tenant_id: str, address: str, hash: str, moment: int, *, by: str
    ) -> bool:
        """
        Change the password, end the tokens had with the old one, and let a disabled
        user in again; False: no such user.
        """
        ...

    def known(self, address: str, slug: str | None) -> Sequence[Known]:
        """Return who has *address* and is not disabled: at most two of them."""
        ...

    def count_try(self, who: bytes, now: int, *, most: int, window: int) -> int:
        """
        Count one try, unless there were *most* with no pause of *window* between.

        Returns 0, or how long to wait when it was not counted.
        """
        ...

    def forget_tries(self, who: bytes) -> None:
        """Begin to count anew."""
        ...


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a new token is had for, as the register has it."""

    digest: bytes = field(repr=False)
    family: str
    tenant_id: str
    user_id: str
    scopes: frozenset[str]
    #: How long the tokens live that are had for it.
    ttl: int
    created_at: int
    expires_at: int
    spent_at: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a token came from."""

    tenant_id: str
    user_id: str | None
    family: str | None
    scopes: frozenset[str]
    created_at: int
    expires_at: int


class Sessions(Protocol):
    """The tokens that people and keys log in for, in the register of tokens."""

    def begin(
        self, token: NewToken, refresh: Refresh | None, origin: Origin, hash: str
    ) -> bool:
        """
        Add what a user logged in for; False when meanwhile the user was disabled, or
        has another password than the one of *hash*.
        """
        ...

    def begin_for_key(self, token: NewToken, key_id: str, origin: Origin) -> bool:
        """Add a token that ends with its key; False when that has ended meanwhile."""
        ...

    def refresh(self, digest: bytes) -> Refresh | None:
        """Return what is known by *digest*; None for nothing."""
        ...

    def renew(
        self, token: NewToken, refresh: Refresh, origin: Origin, *, spent: bytes
    ) -> bool:
        """
        Add *token* and *refresh* for what is spent by it, and end the tokens before.

        False, and the whole family ends, when it was spent already.
        """
        ...

    def renew_token(
        self, token: NewToken, refresh: Refresh, origin: Origin, *, spent: str
    ) -> bool:
        """Do the same for the token *spent* itself; False when it has ended."""
        ...

    def origin(self, token_id: str) -> Origin | None:
        """Return where a token came from; None for no such token."""
        ...

    def end(self, tenant_id: str, family: str, moment: int, *, by: str) -> None:
        """End a family: all of its tokens, and what new ones were had for."""
        ...

    def identity(self, tenant: Tenant, credential_id: str) -> Identity | None:
        """Return whose key or token this is; None when nobody knows."""
        ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, when, to what."""

    #: 1, 2, 3 ..., over all tenants.
    seq: int
    at: int
    #: Whom it concerns; None: the whole installation.
    tenant_id: str | None
    #: The id of a key or token, a worker's name, or `operator`.
    actor: str
    #: Such as `key.revoke`.
    act: str
    #: The id of what was acted on.
    subject: str
    #: A JSON object of ids and counts, as it was hashed.
    detail: str
    #: Binds the entry to the one before it (`core.chain.link`).
    hash: bytes

    @property
    def fields(self) -> tuple[str | int | None, ...]:
        """What the hash is made of, beside the hash before it."""
        return (
            self.seq,
            self.at,
            self.tenant_id,
            self.actor,
            self.act,
            self.subject,
            self.detail,
        )


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted: all that every condition allows."""

    #: Those of one tenant; None: everybody's, and the installation's.
    tenant_id: str | None = None
    act: str | None = None
    since: int | None = None


class Switch(Protocol):
    """
    Whether anything is issued at all. Every process looks before it signs.

    *by* is who asks, for the audit log.
    """

    def state(self) -> Halt | None:
        """Return since when and why issuing is halted; None while it goes on."""
        ...

    def halt(self, halt: Halt, *, by: str) -> bool:
        """Halt issuing; False, changing nothing, when it is halted already."""
        ...

    def resume(self, at: int, *, by: str) -> bool:
        """Let issuing go on; False when it was not halted."""
        ...


class Note(Protocol):
    """A short text outside the database, replaced whole or not at all."""

    def read(self) -> str | None:
        """Return it; None when there never was one."""
        ...

    def write(self, note: str) -> None:
        """Replace it, so that it survives power loss."""
        ...


class AuditTrail(Protocol):
    """The audit log. Entries are added where acts are done, never here."""

    def count(self, wanted: AuditFilter) -> int:
        """Return how many entries are wanted."""
        ...

    def entries(
        self, wanted: AuditFilter, start: int, limit: int
    ) -> Sequence[AuditEntry]:
        """Return wanted entries from the *start*-th on (0 is the oldest)."""
        ...

    def after(self, seq: int, limit: int) -> Sequence[AuditEntry]:
        """Return the entries that follow number *seq*, the oldest first."""
        ...

    def head(self) -> AuditEntry | None:
        """Return the newest entry; None when there is none."""
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

    def state(self, key: bytes) -> int | None:
        """
        Return the timestamp of *key*, if it has one.

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
