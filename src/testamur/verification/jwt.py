"""
Credentials as compact JSON Web Signatures, in both profiles.

Open Badges 3.0 (8.2): `typ` "JWT", registered claims beside the credential's own.
VC-JOSE-COSE (3.1): `typ` "vc+jwt" or "vp+jwt", the payload is the document.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .form import Problem, items, moment_of
from .strict_json import NotReadable, read_json

#: `none` and everything with a shared secret are not among them.
ALGORITHMS = ("EdDSA", "Ed25519", "RS256", "ES256", "ES384")

_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_TYPES = ("JWT", "vc+jwt", "vp+jwt", "application/vc+jwt", "application/vp+jwt")


@dataclass(frozen=True, slots=True)
class Token:
    """A JWS, taken apart; nothing verified."""

    header: Mapping[str, Any]
    payload: dict[str, Any]
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """What it says it is signed with."""
        return str(self.header["alg"])

    def method(self, signer: str) -> str:
        """Return the DID URL of the key; *signer* is who it says it is from."""
        key = self.header.get("kid")
        if isinstance(key, str) and key:
            return signer + key if key.startswith("#") else key
        return signer

    def problems(self) -> Iterator[Problem]:
        """Yield the claims that say something else than the credential does."""
        said, payload = self._said(), self.payload
        for claim, value in said.items():
            if claim in payload and payload[claim] != value:
                yield Problem(
                    "jwt_claim",
                    f"The token's {claim} says something else than the credential.",
                    claim,
                )
        if self.header.get("typ") == "JWT" and "issuer" in payload:
            for claim in ("iss", "nbf"):
                if claim not in payload:
                    yield Problem(
                        "jwt_claim", f"The token lacks the claim {claim}.", claim
                    )
        if not isinstance(self.header.get("kid", ""), str):
            yield Problem("jwt_header", "The token's kid is no text.", "kid")

    def _said(self) -> dict[str, Any]:
        payload = self.payload
        issuer = payload.get("issuer", payload.get("holder"))
        said: dict[str, Any] = {
            "iss": issuer.get("id") if isinstance(issuer, dict) else issuer
        }
        if "id" in payload:
            said["jti"] = payload["id"]
        subject = items(payload.get("credentialSubject"))[0:1]
        if subject and isinstance(subject[0], dict) and "id" in subject[0]:
            said["sub"] = subject[0]["id"]
        for claim, name in (("nbf", "validFrom"), ("exp", "validUntil")):
            moment = moment_of(payload.get(name))
            if moment is not None:
                said[claim] = moment // 1000
            elif claim == "exp":
                # Else a token could end when the credential does not say so.
                said[claim] = None
        return said


def looks_like_one(text: bytes) -> bool:
    """Say whether *text* can only be a compact JWS."""
    return _COMPACT.fullmatch(text) is not None


def opened(text: bytes) -> Token:
    """
    Return the token that *text* spells.

    Raises:
        NotReadable: it is none, or of a kind that is not read here.
    """
    parts = text.split(b".")
    if len(parts) != 3:
        raise NotReadable("jwt_form", "This is not a compact JSON Web Token.")
    header, payload = read_json(_decoded(parts[0])), read_json(_decoded(parts[1]))
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise NotReadable("jwt_form", "A JSON Web Token holds two JSON objects.")
    if header.get("alg") not in ALGORITHMS:
        raise NotReadable(
            "jwt_algorithm",
            f"Tokens are read when signed with one of {', '.join(ALGORITHMS)}; this "
            f"one says {str(header.get('alg'))[:40]!r}.",
        )
    if "crit" in header or header.get("b64", True) is not True:
        raise NotReadable("jwt_header", "The token demands what is not known here.")
    if header.get("typ", "JWT") not in _TYPES:
        raise NotReadable("jwt_type", "The token is not of a type for credentials.")
    if "vc" in payload and "credentialSubject" not in payload:
        raise NotReadable(
            "jwt_version",
            "The token follows version 1 of the credentials standard; version 2 is "
            "checked here.",
        )
    return Token(header, payload, parts[0] + b"." + parts[1], _decoded(parts[2]))


def _decoded(part: bytes) -> bytes:
    """Return the bytes of base64url without padding, in its only spelling."""
    try:
        data = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise NotReadable("jwt_form", "A part of the token is damaged.") from None
    if base64.urlsafe_b64encode(data).rstrip(b"=") != part:
        raise NotReadable("jwt_form", "A part of the token is damaged.")
    return data
