"""Logging in on this wire: what is sent, and what comes back."""

import hashlib
import re
import uuid
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Identity, Session

from . import problems
from .spell import data

#: What the UUIDs of things are made in that have none of their own.
NAMESPACE = uuid.UUID("5c2f7c6e-7a39-4c0e-9a34-4f6f0d3b6c11")

UUID_FORM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Longer than any address, password, key or token.
MAX_CHARACTERS = 4_096

GRANTS = ("client_credentials", "password", "refresh_token")

#: RFC 6749, section 5.2: how OAuth calls what we refuse.
OAUTH_ERRORS = {
    "unsupported_grant_type": "unsupported_grant_type",
    "unknown_scope": "invalid_scope",
    "missing_scope": "invalid_scope",
    "invalid_refresh_token": "invalid_grant",
}

LOGIN: dict[str, Any] = {
    "type": "object",
    "required": ["email", "password"],
    "properties": {
        "email": {"type": "string", "minLength": 1, "example": "ana@example.org"},
        "password": {"type": "string", "minLength": 1},
    },
}

REFRESH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "refresh_token": {
            "type": "string",
            "description": "Left out, the token that is sent is exchanged itself",
        }
    },
}

GRANT: dict[str, Any] = {
    "type": "object",
    "required": ["grant_type"],
    "properties": {
        "grant_type": {"type": "string", "enum": list(GRANTS)},
        "client_id": {
            "type": "string",
            "description": "An e-mail address, a key's id, or a tenant's slug",
        },
        "client_secret": {"type": "string", "description": "A password, or a key"},
        "username": {"type": "string"},
        "password": {"type": "string"},
        "refresh_token": {"type": "string"},
        "scope": {"type": "string", "description": "All, when left out"},
    },
}


@dataclass(frozen=True, slots=True)
class Login:
    """Whom somebody says they are."""

    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What an OAuth client asks for."""

    #: One of GRANTS.
    kind: str
    #: Who asks: a client's id, or a person's address.
    name: str
    #: Their secret or password, or the refresh token.
    secret: str = field(repr=False)
    scope: str


def login(body: object) -> Login:
    """
    Return what the body of `POST /auth/login` says.

    Raises:
        Refusal: INVALID, with a part for each field that is wrong.
    """
    found = _texts(_object(body), ("email", "password"))
    return Login(found["email"], found["password"])


def refresh_token(body: object) -> str | None:
    """
    Return the refresh token of `POST /auth/refresh`; None when it has none.

    Raises:
        Refusal: INVALID.
    """
    given = _object(body)
    if given.get("refresh_token") is None:
        return None
    return _texts(given, ("refresh_token",))["refresh_token"]


def grant(body: object, authorization: str | None) -> Grant:
    """
    Return what the body of `POST /oauth/token` asks for.

    Clients may name themselves in the header instead, by HTTP Basic authentication
    (RFC 6749, section 2.3.1).

    Raises:
        Refusal: INVALID; MALFORMED, when they do it twice or not legibly.
    """
    given = dict(_object(body))
    kind = _texts(given, ("grant_type",))["grant_type"]
    if kind not in GRANTS:
        raise Refusal(
            Kind.INVALID,
            "unsupported_grant_type",
            f"The grant type is one of: {', '.join(GRANTS)}.",
            at="grant_type",
        )
    scope = given.get("scope") or ""
    if not isinstance(scope, str) or len(scope) > MAX_CHARACTERS:
        raise Refusal(
            Kind.INVALID, "wrong_type", "The scope field must be a string.", at="scope"
        )
    if kind == "refresh_token":
        token = _texts(given, ("refresh_token",))["refresh_token"]
        return Grant(kind, "", token, scope)
    if kind == "password":
        found = _texts(given, ("username", "password"))
        return Grant(kind, found["username"], found["password"], scope)
    basic = read_basic(authorization)
    if basic is not None:
        if "client_secret" in given:
            raise Refusal(
                Kind.MALFORMED,
                "ambiguous_credentials",
                "The client's secret is in the header and in the body; send it once.",
                at="client_secret",
            )
        given["client_id"], given["client_secret"] = basic
    found = _texts(given, ("client_id", "client_secret"))
    return Grant(kind, found["client_id"], found["client_secret"], scope)


def read_basic(authorization: str | None) -> tuple[str, str] | None:
    """
    Return the name and secret of an `Authorization: Basic ...`; None for another.

    Raises:
        Refusal: MALFORMED.
    """
    scheme, _, rest = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = b64decode(rest.strip(), validate=True).decode()
    except ValueError:
        text = ""
    name, colon, secret = text.partition(":")
    if not colon or "\0" in text or len(text) > 2 * MAX_CHARACTERS:
        raise Refusal(
            Kind.MALFORMED,
            "basic_credentials",
            "Basic credentials are a name, a colon and a secret, in Base64.",
            at="Authorization",
        )
    # OAuth has them form-encoded first. Most clients forget it, and neither an
    # address nor a key needs it but for a plus sign, which they then mean.
    if "%" in text:
        name, secret = unquote_plus(name), unquote_plus(secret)
    return name, secret


def session(made: Session) -> dict[str, Any]:
    """Spell what a login gives."""
    body = {
        "token_type": "Bearer",
        "expires_in": made.expires_in,
        "access_token": made.token.text,
    }
    if made.refresh_token is not None:
        body["refresh_token"] = made.refresh_token
    return body


def identity(who: Identity) -> dict[str, Any]:
    """Spell who is calling."""
    tenant = who.tenant
    return data(
        {
            "id": number_of(who.id) if who.number is None else who.number,
            "uuid": uuid_of(who.id),
            "name": who.name,
            "email": who.email,
            "tenant": {
                "id": number_of(tenant.id),
                "uuid": uuid_of(tenant.id),
                "name": tenant.name,
                "domain": tenant.slug,
            },
        }
    )


def oauth_problem(refusal: Refusal, *, request_id: str) -> tuple[int, dict[str, Any]]:
    """Spell a refusal for OAuth clients, too: `error` and `error_description`."""
    status, body = problems.spell(refusal, request_id=request_id)
    error = "invalid_client" if status == 401 else "invalid_request"
    body["error"] = OAUTH_ERRORS.get(refusal.code, error)
    body["error_description"] = refusal.detail
    return status, body


def uuid_of(name: str) -> str:
    """Return *name*, or the UUID that stands for it on this wire."""
    return name if UUID_FORM.fullmatch(name) else str(uuid.uuid5(NAMESPACE, name))


def number_of(name: str) -> int:
    """Return the number that stands for *name*; every JSON reader can hold it."""
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 16 or 1


def _object(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refusal(
            Kind.INVALID, "wrong_type", "Send an object: {...}.", at=problems.WHOLE
        )
    return body


def _texts(given: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """Return the fields *names*, each of which has to be a text that is not empty."""
    wrong = []
    for name in names:
        value, words = given.get(name), name.replace("_", " ")
        if value is None or value == "":
            problem = f"The {words} field is required."
        elif not isinstance(value, str):
            problem = f"The {words} field must be a string."
        elif len(value) > MAX_CHARACTERS:
            problem = (
                f"The {words} field must not be greater than {MAX_CHARACTERS} "
                "characters."
            )
        else:
            continue
        wrong.append(Refusal(Kind.INVALID, "field_required", problem, at=name))
    if wrong:
        first = wrong[0]
        raise Refusal(Kind.INVALID, first.code, first.detail, at=first.at, parts=wrong)
    return {name: given[name] for name in names}
