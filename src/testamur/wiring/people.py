"""People who log in, for the command line and for DokStamp's clients."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import anyio
import anyio.to_thread

from testamur.access.sessions import GRANT_TTL, read_scopes
from testamur.core.refusals import Fault
from testamur.core.words import Caller, Identity, Session, User

from .office import Office

T = TypeVar("T")

#: So many passwords are looked at at once, in this process: each takes 19 MiB.
PASSWORDS_AT_ONCE = 2

#: And so many wait for that, a second at most.
WAITING = 64


@dataclass(frozen=True)
class OfficeUsers:
    """`cli.house.UserDesk` on an open office."""

    office: Office

    def create(self, slug: str, email: str, password: str, name: str) -> User:
        """Let somebody log in for a tenant, or refuse."""
        tenant = self.office.tenants.find(slug)
        return self.office.users.create(tenant, email, password, name=name)

    def listing(self, slug: str) -> Sequence[User]:
        """Return a tenant's users, the first first."""
        return self.office.users.list(self.office.tenants.find(slug))

    def disable(self, slug: str, email: str) -> None:
        """Let somebody in no more, or refuse."""
        self.office.users.disable(self.office.tenants.find(slug), email)

    def set_password(self, slug: str, email: str, password: str) -> None:
        """Give somebody another password, or refuse."""
        self.office.users.set_password(self.office.tenants.find(slug), email, password)


@dataclass(frozen=True)
class SiteSessions:
    """`web.routes.dokstamp.auth.SessionVerbs` by the access room."""

    office: Office

    def log_in(
        self, email: str, password: str, slug: str | None, client: str
    ) -> Session:
        """Return tokens for a year, or refuse."""
        return self.office.sessions.log_in(email, password, slug=slug, client=client)

    def grant(
        self,
        client_id: str,
        client_secret: str,
        scope: str,
        slug: str | None,
        client: str,
    ) -> Session:
        """Return a token for half a day, for a user or for a key; or refuse."""
        wanted = read_scopes(scope)
        if client_secret.startswith("pk_"):
            return self.office.sessions.exchange(
                client_id, client_secret, client=client, scopes=wanted
            )
        return self.office.sessions.log_in(
            client_id,
            client_secret,
            slug=slug,
            client=client,
            ttl=GRANT_TTL,
            scopes=wanted,
            with_refresh=False,
        )

    def grant_by_password(
        self, email: str, password: str, scope: str, slug: str | None, client: str
    ) -> Session:
        """Return a token for half a day, and what the next is had for; or refuse."""
        return self.office.sessions.log_in(
            email,
            password,
            slug=slug,
            client=client,
            ttl=GRANT_TTL,
            scopes=read_scopes(scope),
        )

    def renew(self, refresh_token: str) -> Session:
        """Return new tokens for a refresh token, or refuse."""
        return self.office.sessions.renew(refresh_token)

    def renew_token(self, caller: Caller) -> Session:
        """Return new tokens for the caller's own, or refuse."""
        return self.office.sessions.renew_token(caller)

    def log_out(self, caller: Caller) -> None:
        """End the caller's token, or refuse."""
        self.office.sessions.log_out(caller)

    def identity(self, caller: Caller) -> Identity:
        """Return who the caller is."""
        return self.office.sessions.identity(caller)


@dataclass(frozen=True)
class Narrow:
    """
    Runs verbs in threads of their own, few at once: a flood of logins takes neither
    memory nor the threads that others are answered in.
    """

    places: anyio.CapacityLimiter = field(
        default_factory=lambda: anyio.CapacityLimiter(PASSWORDS_AT_ONCE)
    )

    async def __call__(self, verb: Callable[..., T], *args: object) -> T:
        """
        Return what *verb* returns for *args*.

        Raises:
            Fault: passing, when too many wait already.
        """
        if self.places.statistics().tasks_waiting >= WAITING:
            raise Fault("too many logins at once", passing=True)
        return await anyio.to_thread.run_sync(verb, *args, limiter=self.places)
