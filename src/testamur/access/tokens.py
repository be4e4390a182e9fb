"""
Tokens: signed statements that their bearer speaks for a tenant for a while.

A JWT (RFC 7519) as RFC 9068 profiles access tokens, and of that only what we
issue ourselves: one header, byte for byte, so that no algorithm, key or
extension is ever chosen by who sends the token (RFC 8725, 3.1 and 3.11). Every
token is also in a register, so that it can be taken back before it expires.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from testamur.core.clock import DAY, HOUR, MINUTE, SECOND, Clock
from testamur.core.ids import is_id, new_id
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller, NewToken, Tenant

from .audit import actor_of
from .ports import Standing, TokenRegister
from .scopes import granted
from .secret import OperatorSecret

#: Both name this software: what tells deployments apart is their secret.
ISSUER = "testamur"
AUDIENCE = "testamur-api"

ALGORITHM = "HS256"
HEADER = {"typ": "at+jwt", "alg": ALGORITHM}

#: Ours have about 500 characters.
MAX_CHARACTERS = 2_048

#: A token never lives longer, so that a lost one is soon worthless,
MAX_TTL = DAY

#: but for those that a person logs in for: clients of DokStamp's API keep them in their
#: configuration. They end when the person logs out, is disabled or gets a new password.
LOGIN_TTL = 365 * DAY

#: How a token says which of the two it is: the others have no such claim.
LOGIN = "login"

#: How far the clocks of two hosts may be apart.
SKEW = MINUTE

TTL_FORM = re.compile(r"([1-9][0-9]{0,4})([smhd])")
TTL_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}


def read_ttl(text: str) -> int:
    """
    Return the milliseconds that *text* means.

    >>> read_ttl("90m")
    5400000

    Raises:
        Refusal: INVALID `ttl_range`, when it is not a time up to 24 h.
    """
    if found := TTL_FORM.fullmatch(text):
        ttl = int(found[1]) * TTL_UNITS[found[2]]
        if ttl <= MAX_TTL:
            return ttl
    raise Refusal(
        Kind.INVALID,
        "ttl_range",
        f"A token lives from 1s to 24h, spelt like 90m or 24h; {text[:20]!r} is not "
        "such a time. For longer, create an API key.",
        at="ttl",
    )


class Tokens:
    """The tokens of all tenants."""

    def __init__(
        self, register: TokenRegister, secret: OperatorSecret, clock: Clock
    ) -> None:
        self._register = register
        self._clock = clock
        self._key = OctKey.import_key(secret.derive("access token"))
        self._prefix = self._sign({}).partition(".")[0] + "."

    def create(
        self,
        tenant: Tenant,
        *,
        scopes: Iterable[str] = (),
        ttl: int = MAX_TTL,
        by: Caller | None = None,
    ) -> NewToken:
        """
        Give *tenant* a token for *ttl* milliseconds, at most a day.

        Without *scopes* it has all that *by* has (the operator, None, has all).

        Raises:
            Refusal: INVALID `unknown_scope` or `ttl_range`; NOT_ALLOWED
                `missing_scope`.
        """
        if not SECOND <= ttl <= MAX_TTL:
            raise Refusal(
                Kind.INVALID, "ttl_range", "A token lives from 1s to 24h.", at="ttl"
            )
        made = self.sign(tenant.id, granted(scopes, by), ttl)
        self._register.add_token(
            made.id,
            tenant.id,
            made.scopes,
            made.expires_at - ttl // SECOND * SECOND,
            made.expires_at,
            by=actor_of(by),
        )
        return made

    def sign(
        self,
        tenant_id: str,
        scopes: frozenset[str],
        ttl: int,
        *,
        for_login: bool = False,
    ) -> NewToken:
        """
        Return a token for *ttl* milliseconds. It is worth nothing until it is in the
        register.
        """
        token_id = new_id()
        issued = self._clock() // SECOND
        expires = issued + ttl // SECOND
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": tenant_id,
            "jti": token_id,
            "iat": issued,
            "exp": expires,
            "scope": " ".join(sorted(scopes)),
        }
        if for_login:
            claims["kind"] = LOGIN
        return NewToken(token_id, scopes, expires * SECOND, self._sign(claims))

    def revoke(
        self, tenant: Tenant, token_id: str, *, by: Caller | None = None
    ) -> None:
        """
        Refuse the token for ever. It stops working everywhere within seconds.

        *by* is who asks (None: the operator).

        Raises:
            Refusal: NOT_FOUND `token_not_found`, also for another tenant's token.
        """
        moment = self._clock()
        if not self._register.revoke_token(
            tenant.id, token_id, moment, by=actor_of(by)
        ):
            raise Refusal(
                Kind.NOT_FOUND,
                "token_not_found",
                "There is no such token, or it expired long ago.",
            )

    def standing(self, text: str) -> Standing | None:
        """
        Return how the token *text* stands; None for one that is not in the register.

        *text* is ASCII and has MAX_CHARACTERS at most. Only a token that we signed,
        in its time, is looked up.

        Raises:
            Refusal: NOT_AUTHENTICATED `invalid_token`.
        """
        token_id, tenant_id = self._read(text)
        standing = self._register.token_standing(token_id)
        if standing is None or standing.caller.tenant.id != tenant_id:
            return None
        return standing

    def _read(self, text: str) -> tuple[str, str]:
        """Return (token id, tenant id) of a token that is ours and not expired."""
        if not text.startswith(self._prefix):
            raise invalid_token()
        try:
            claims = jwt.decode(
                text, self._key, algorithms=[ALGORITHM], decoder_cls=_StrictDecoder
            ).claims
        # What the library does not turn into its own errors is still no token.
        except (JoseError, ValueError, RecursionError):
            raise invalid_token() from None
        self._check(claims)
        return claims["jti"], claims["sub"]

    def _check(self, claims: dict[str, Any]) -> None:
        """Refuse claims that we would not have made, or not for now."""
        now = self._clock()
        issued: Any = claims.get("iat")
        expires: Any = claims.get("exp")
        not_before: Any = claims.get("nbf", 0)
        texts = [claims.get(name) for name in ("sub", "jti", "scope")]
        moments = (issued, expires, not_before)
        is_login = claims.get("kind") == LOGIN
        most = LOGIN_TTL if is_login else MAX_TTL
        # `type is`: True is an int to isinstance, and 1.0 is equal to 1.
        if (
            claims.get("iss") != ISSUER
            or claims.get("aud") != AUDIENCE
            or not all(type(text) is str for text in texts)
            or not all(type(moment) is int for moment in moments)
            or not (is_id(claims["sub"]) and is_id(claims["jti"]))
            or ("kind" in claims and not is_login)
            or not 0 < expires - issued <= most // SECOND
            or max(issued, not_before) * SECOND > now + SKEW
        ):
            raise invalid_token()
        if expires * SECOND + SKEW <= now:
            raise invalid_token("has expired")

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(HEADER, claims, self._key, algorithms=[ALGORITHM])


def invalid_token(problem: str = "is not one of ours, or not whole") -> Refusal:
    """Return the refusal of a token, whatever is wrong with it."""
    return Refusal(
        Kind.NOT_AUTHENTICATED,
        "invalid_token",
        f"The token {problem}; create a new one.",
    )


class _StrictDecoder(json.JSONDecoder):
    """JSON whose names are unique and whose numbers are numbers (RFC 8259)."""

    def __init__(self, **_: Any) -> None:
        super().__init__(object_pairs_hook=_unique, parse_constant=_no_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(result := dict(pairs)) != len(pairs):
        raise ValueError("a name is there twice")
    return result


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
