"""
Logging in: from an address and a password, or from a key, to tokens.

A login begins a family of tokens. Each refresh token is spent once; one that comes
again was copied by somebody, and nobody can tell by whom, so its family ends
(RFC 9700, 4.14.2).
"""

import hashlib
import secrets
import unicodedata
from hashlib import blake2b

from testamur.core.clock import DAY, HOUR, MINUTE, SECOND, Clock
from testamur.core.ids import new_id
from testamur.core.policy import Rate
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller, Identity, NewToken, Session

from .gate import Gate
from .guesses import Guesses
from .passwords import MAX_CHARACTERS, Passwords
from .ports import Known, Origin, People, Refresh
from .ports import Sessions as Register
from .scopes import granted
from .secret import OperatorSecret
from .tokens import LOGIN_TTL, MAX_TTL, Tokens, invalid_token
from .users import MAX_EMAIL_CHARACTERS, folded

#: What clients of the newer documents are told: twelve hours.
GRANT_TTL = 12 * HOUR

#: A refresh token outlives the token that it came with.
REFRESH_AFTER = 30 * DAY

#: So many wrong passwords for one address, until there were none for so long.
MOST_TRIES = 5
TRIES_WINDOW = 15 * MINUTE

#: And so many from one client, for whatever addresses.
WRONG_LOGINS = Rate(30, 60)

#: How a refresh token looks: 256 random bits.
REFRESH_PREFIX = "rt_"
REFRESH_CHARACTERS = len(REFRESH_PREFIX) + 64


class Sessions:
    """Who is logged in."""

    def __init__(
        self,
        *,
        people: People,
        register: Register,
        passwords: Passwords,
        tokens: Tokens,
        gate: Gate,
        secret: OperatorSecret,
        clock: Clock,
    ) -> None:
        self._people = people
        self._register = register
        self._passwords = passwords
        self._tokens = tokens
        self._gate = gate
        self._clock = clock
        self._key = secret.derive("refresh token")
        self._tries_key = secret.derive("login tries")
        self._wrong = Guesses(
            clock, WRONG_LOGINS, "Too many wrong logins came from this address."
        )

    def log_in(
        self,
        email: str,
        password: str,
        *,
        slug: str | None,
        client: str,
        ttl: int = LOGIN_TTL,
        scopes: frozenset[str] = frozenset(),
        with_refresh: bool = True,
    ) -> Session:
        """
        Return tokens for whom *email* and *password* belong to.

        *slug* is the tenant's, if it was said: two tenants may know one address.
        *client* is where the request came from. Takes a while, and memory: run few
        at once.

        After a crash: a token that nobody was shown may be in the register.

        Raises:
            Refusal: NOT_AUTHENTICATED `invalid_login`, whatever of it is wrong,
                `tenant_suspended`; TOO_OFTEN `rate_limit_exceeded`; INVALID
                `unknown_scope`.
        """
        allowed = granted(scopes, None)
        self._wrong.look(client)
        address = folded(email)
        who = blake2b(
            address.encode("utf-8", "surrogatepass"),
            key=self._tries_key,
            digest_size=32,
        ).digest()
        now = self._clock()
        # Before the password is looked at: whoever sends a thousand at once is
        # not a thousand times the first.
        wait = self._people.count_try(who, now, most=MOST_TRIES, window=TRIES_WINDOW)
        if wait:
            raise _too_many(wait)
        known = self._known(address, slug)
        # One who is not there takes as long.
        hash = known.hash if known is not None else None
        is_right = self._passwords.matches(hash, password[: MAX_CHARACTERS + 1])
        if known is None or not is_right:
            self._wrong.note(client)
            raise _invalid_login()
        self._people.forget_tries(who)
        if known.suspended_at is not None:
            raise Refusal(
                Kind.NOT_AUTHENTICATED,
                "tenant_suspended",
                "This tenant is suspended; ask the operator of this service.",
            )
        family = new_id()
        token = self._sign(known.tenant.id, allowed, ttl)
        origin = _origin(token, known.tenant.id, known.user.id, family, ttl)
        text, refresh = self._refresh(origin, ttl) if with_refresh else (None, None)
        if not self._register.begin(token, refresh, origin, known.hash):
            raise _invalid_login()
        return Session(token, ttl // SECOND, text)

    def exchange(
        self,
        client_id: str,
        key: str,
        *,
        client: str,
        scopes: frozenset[str] = frozenset(),
    ) -> Session:
        """
        Return a token for what the API key *key* may do, or for *scopes* of it.

        *client_id* is the key's id, or its tenant's slug. The token ends with the key.

        Raises:
            Refusal: as `Gate.authenticate`; NOT_AUTHENTICATED `invalid_login`;
                INVALID `unknown_scope`; NOT_ALLOWED `missing_scope`.
        """
        caller = self._gate.authenticate(api_keys=[key], client=client)
        if client_id not in (caller.credential_id, caller.tenant.slug):
            raise _invalid_login()
        allowed = granted(scopes, caller)
        token = self._sign(caller.tenant.id, allowed, GRANT_TTL)
        origin = _origin(token, caller.tenant.id, None, new_id(), GRANT_TTL)
        if not self._register.begin_for_key(token, caller.credential_id, origin):
            raise _invalid_login()
        return Session(token, GRANT_TTL // SECOND, None)

    def renew(self, refresh_token: str) -> Session:
        """
        Return new tokens for *refresh_token*, which is spent by it.

        The token that it came with ends. After a crash: both are spent, or neither.

        Raises:
            Refusal: NOT_AUTHENTICATED `invalid_refresh_token`.
        """
        is_whole = (
            len(refresh_token) == REFRESH_CHARACTERS
            and refresh_token.isascii()
            and refresh_token.startswith(REFRESH_PREFIX)
        )
        digest = self._digest(refresh_token) if is_whole else b""
        known = self._register.refresh(digest) if is_whole else None
        now = self._clock()
        if known is None or known.expires_at <= now:
            raise _invalid_refresh()
        token = self._sign(known.tenant_id, known.scopes, known.ttl)
        origin = _origin(token, known.tenant_id, known.user_id, known.family, known.ttl)
        text, refresh = self._refresh(origin, known.ttl)
        # Also asked of one that was spent before: that ends its family.
        if not self._register.renew(token, refresh, origin, spent=digest):
            raise _invalid_refresh()
        return Session(token, known.ttl // SECOND, text)

    def renew_token(self, caller: Caller) -> Session:
        """
        Return new tokens for the token that *caller* sent; that one ends.

        Raises:
            Refusal: INVALID `not_refreshable`, when nobody logged in for it;
                NOT_AUTHENTICATED `invalid_token`.
        """
        known = self._register.origin(caller.credential_id)
        if known is None or known.user_id is None or known.family is None:
            raise Refusal(
                Kind.INVALID,
                "not_refreshable",
                "The refresh token field is required, unless the token that is sent "
                "is one that somebody logged in for.",
                at="refresh_token",
            )
        ttl = known.expires_at - known.created_at
        token = self._sign(known.tenant_id, known.scopes, ttl)
        origin = _origin(token, known.tenant_id, known.user_id, known.family, ttl)
        text, refresh = self._refresh(origin, ttl)
        if not self._register.renew_token(
            token, refresh, origin, spent=caller.credential_id
        ):
            raise invalid_token()
        return Session(token, ttl // SECOND, text)

    def log_out(self, caller: Caller) -> None:
        """
        End the token that *caller* sent, and what a new one could be had for.

        Raises:
            Refusal: INVALID `not_logged_in`, for a key, or a token that the operator
                made: those are revoked.
        """
        known = self._register.origin(caller.credential_id)
        if known is None or known.family is None:
            raise Refusal(
                Kind.INVALID,
                "not_logged_in",
                "Nobody logged in for this key or token; it is revoked, not ended by "
                "logging out.",
                at="Authorization",
            )
        self._register.end(
            known.tenant_id, known.family, self._clock(), by=caller.credential_id
        )

    def identity(self, caller: Caller) -> Identity:
        """Return whom the caller's key or token belongs to."""
        found = self._register.identity(caller.tenant, caller.credential_id)
        if found is None:
            raise invalid_token("is unknown")
        return found

    def _known(self, address: str, slug: str | None) -> Known | None:
        """Return the one who has *address*, if it is one."""
        is_possible = "\0" not in address and len(address) <= MAX_EMAIL_CHARACTERS
        if not is_possible or _is_broken(address) or "\0" in (slug or ""):
            return None
        found = self._people.known(address, slug)
        return found[0] if len(found) == 1 else None

    def _sign(self, tenant_id: str, scopes: frozenset[str], ttl: int) -> NewToken:
        return self._tokens.sign(tenant_id, scopes, ttl, for_login=ttl > MAX_TTL)

    def _refresh(self, origin: Origin, ttl: int) -> tuple[str, Refresh]:
        assert origin.family is not None
        assert origin.user_id is not None
        text = REFRESH_PREFIX + secrets.token_hex(32)
        return text, Refresh(
            digest=self._digest(text),
            family=origin.family,
            tenant_id=origin.tenant_id,
            user_id=origin.user_id,
            scopes=origin.scopes,
            ttl=ttl,
            created_at=origin.created_at,
            expires_at=origin.expires_at + REFRESH_AFTER,
        )

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=32).digest()


def read_scopes(text: str) -> frozenset[str]:
    """Return the scopes that an OAuth request names; none: all there are to give."""
    names = frozenset(unicodedata.normalize("NFC", text).split())
    return frozenset() if "*" in names else names


def _origin(
    token: NewToken, tenant_id: str, user_id: str | None, family: str, ttl: int
) -> Origin:
    made_at = token.expires_at - ttl // SECOND * SECOND
    return Origin(tenant_id, user_id, family, token.scopes, made_at, token.expires_at)


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _invalid_login() -> Refusal:
    return Refusal(
        Kind.NOT_AUTHENTICATED,
        "invalid_login",
        "The address or the password is wrong. Whoever several tenants know names one "
        "in the header X-Tenant.",
    )


def _invalid_refresh() -> Refusal:
    return Refusal(
        Kind.NOT_AUTHENTICATED,
        "invalid_refresh_token",
        "The refresh token is unknown, expired, or was used before; log in again.",
    )


def _too_many(wait: int) -> Refusal:
    seconds = -(-wait // SECOND)
    return Refusal(
        Kind.TOO_OFTEN,
        "rate_limit_exceeded",
        f"There were {MOST_TRIES} wrong passwords for this address. Try again in "
        f"{seconds} s.",
        retry_after_seconds=seconds,
    )
