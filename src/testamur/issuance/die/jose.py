"""
Credentials as JSON Web Tokens, for those who ask.

There are two ways, and they must not be mixed: Open Badges 3.0 has its own (8.2),
and VC 2.0 has another (VC-JOSE-COSE). Verifiers of one refuse the other.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .sign import Algorithm, Sign


def ob_jwt(
    credential: Mapping[str, Any], *, algorithm: Algorithm, key_id: str, sign: Sign
) -> str:
    """
    Return *credential* as Open Badges 3.0's JSON Web Token proof (8.2.4).

    `typ` is "JWT" and the registered claims stand beside the credential's own.
    *key_id* is the key's DID URL.
    """
    claims: dict[str, Any] = {
        **credential,
        "iss": credential["issuer"]["id"],
        "jti": credential["id"],
        "nbf": _seconds(credential["validFrom"]),
        "sub": credential["credentialSubject"]["id"],
    }
    if "validUntil" in credential:
        claims["exp"] = _seconds(credential["validUntil"])
    header = {"alg": algorithm, "kid": key_id, "typ": "JWT"}
    return _compact(header, claims, sign)


def vc_jwt(
    credential: Mapping[str, Any], *, algorithm: Algorithm, key_id: str, sign: Sign
) -> str:
    """
    Return *credential* as VC-JOSE-COSE has it (3.1.1).

    `typ` is "vc+jwt", and the payload is the credential and nothing else.
    """
    header = {"alg": algorithm, "kid": key_id, "typ": "vc+jwt", "cty": "vc"}
    return _compact(header, credential, sign)


def _compact(header: Mapping[str, Any], payload: Mapping[str, Any], sign: Sign) -> str:
    # JWS Compact Serialization (RFC 7515, 7.1): the key is behind a function, so
    # no library that wants to hold it can do this.
    signed = f"{encoded(_json(header))}.{encoded(_json(payload))}"
    return f"{signed}.{encoded(sign(signed.encode()))}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def encoded(data: bytes) -> str:
    """Return *data* in the base 64 of tokens (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())
