"""
The gate: who is calling?

What was found out about a key or token is remembered for two seconds, so that a
client that polls costs microseconds, and a right that was taken away is gone
everywhere within that time. Memory holds digests, never keys or tokens.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from testamur.core.clock import SECOND, Clock, rfc3339
from testamur.core.policy import Rate
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller

from .guesses import Guesses
from .keys import FORM as KEY_FORM
from .keys import Keys
from .ports import Standing
from .tenants import unknown_tenant
from .tokens import MAX_CHARACTERS, SKEW, Tokens, invalid_token

#: How long an answer of the database is believed.
MEMORY_MILLISECONDS = 2 * SECOND

#: How many answers are remembered; about 2 MiB.
MEMORY_ENTRIES = 4_096

#: Made-up keys from one address before it is told to wait. A typing mistake
#: needs two or three; a program that guesses needs more than there are atoms.
MADE_UP_KEYS = Rate(30, 60)

#: `Bearer`, spaces, and the credential without any (RFC 6750, 2.1).
BEARER = re.compile(r"bearer +([^ ]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Memory:
    standing: Standing | None
    asked_at: int
    is_key: bool


class Gate:
    """Turns what a request says about its sender into a `Caller`."""

    def __init__(self, keys: Keys, tokens: Tokens, clock: Clock) -> None:
        self._keys = keys
        self._tokens = tokens
        self._clock = clock
        self._made_up = Guesses(
            clock,
            MADE_UP_KEYS,
            "Too many unknown API keys came from this address. Valid ones still work.",
        )
        self._memory: dict[bytes, _Memory] = {}
        self._tidying = threading.Lock()

    def authenticate(
        self,
        *,
        api_keys: Sequence[str] = (),
        authorizations: Sequence[str] = (),
        tenants: Sequence[str] = (),
        client: str = "",
    ) -> Caller:
        """
        Return who is calling.

        *api_keys*, *authorizations* and *tenants* are the values of `x-api-key`,
        `Authorization` and `X-Tenant`, one for each time the header was sent.
        *client* is the address of the peer. May ask the database.

        Raises:
            Refusal: MALFORMED `duplicate_header`, `ambiguous_credentials`;
                NOT_AUTHENTICATED `missing_api_key`, `invalid_api_key`,
                `invalid_token`, `tenant_suspended`; NOT_FOUND
                `tenant_not_found`; TOO_OFTEN `rate_limit_exceeded`, for made-up
                keys only.
        """
        wanted = _only("X-Tenant", tenants)
        text, is_bearer = _credential(
            _only("x-api-key", api_keys), _only("Authorization", authorizations)
        )
        caller = self._caller(text, is_bearer, client)
        # Compared exactly: another tenant's slug answers like nobody's.
        if wanted is not None and wanted != caller.tenant.slug:
            raise unknown_tenant()
        return caller

    def _caller(self, text: str, is_bearer: bool, client: str) -> Caller:
        """Return whom the credential *text* speaks for now."""
        is_key = text.startswith("pk_")
        if is_key or not is_bearer:
            if not KEY_FORM.fullmatch(text):
                raise _invalid_key("is not whole; it is pk_ and 64 digits 0-9, a-f")
        elif len(text) > MAX_CHARACTERS or not text.isascii():
            raise invalid_token()
        now = self._clock()
        digest = self._keys.digest(text)
        memory = self._memory.get(digest)
        if memory is None or not 0 <= now - memory.asked_at < MEMORY_MILLISECONDS:
            memory = _Memory(self._ask(text, digest, is_key, client), now, is_key)
            self._remember(digest, memory)
        return _caller_of(memory, now)

    def _ask(
        self, text: str, digest: bytes, is_key: bool, client: str
    ) -> Standing | None:
        if not is_key:
            return self._tokens.standing(text)
        if not self._keys.is_genuine(text):
            self._made_up.count(client)
            raise _invalid_key("is unknown")
        return self._keys.standing(digest)

    def _remember(self, digest: bytes, memory: _Memory) -> None:
        with self._tidying:
            self._memory.pop(digest, None)
            if len(self._memory) >= MEMORY_ENTRIES:
                del self._memory[next(iter(self._memory))]
            self._memory[digest] = memory


def _only(header: str, values: Sequence[str]) -> str | None:
    """Return the one value of *header*, or None."""
    if len(values) > 1:
        raise Refusal(
            Kind.MALFORMED,
            "duplicate_header",
            f"The header {header} was sent {len(values)} times; send it once.",
            at=header,
        )
    return values[0] if values else None


def _credential(api_key: str | None, authorization: str | None) -> tuple[str, bool]:
    """Return the one key or token that was sent, and whether as a bearer."""
    bearer = BEARER.fullmatch(authorization) if authorization else None
    if api_key and authorization:
        if bearer is None or bearer[1] != api_key:
            raise Refusal(
                Kind.MALFORMED,
                "ambiguous_credentials",
                "x-api-key and Authorization say different things about who is "
                "calling; send one of them.",
            )
        return api_key, False
    if api_key:
        return api_key, False
    if bearer is not None:
        return bearer[1], True
    if authorization:
        raise invalid_token("has to be sent as `Authorization: Bearer TOKEN`")
    raise Refusal(
        Kind.NOT_AUTHENTICATED,
        "missing_api_key",
        "Send an API key as `x-api-key: pk_...`, or a key or token as "
        "`Authorization: Bearer ...`.",
    )


def _caller_of(memory: _Memory, now: int) -> Caller:
    """Return the caller, if its key or token is good at the moment *now*."""
    refuse = _invalid_key if memory.is_key else invalid_token
    standing = memory.standing
    if standing is None:
        raise refuse("is unknown")
    if standing.revoked_at is not None:
        raise refuse("was revoked")
    if standing.expires_at is not None:
        grace = 0 if memory.is_key else SKEW
        if standing.expires_at + grace <= now:
            raise refuse(f"expired at {rfc3339(standing.expires_at)}")
    if standing.suspended_at is not None:
        raise Refusal(
            Kind.NOT_AUTHENTICATED,
            "tenant_suspended",
            "This tenant is suspended; ask the operator of this service.",
        )
    return standing.caller


def _invalid_key(problem: str) -> Refusal:
    return Refusal(
        Kind.NOT_AUTHENTICATED,
        "invalid_api_key",
        f"The API key {problem}; check it, or create a new one.",
    )
