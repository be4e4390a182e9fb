"""
What opens the signing page: 256 bits that are nowhere.

They follow from the operator secret and the request's own name, so that a mail can be
written whenever it is sent, and again, with the same link; the tables have a digest
of them. Who has the tables, or a backup, and not the secret, can sign nothing.
"""

import base64
import hashlib
import hmac
import re

#: What the operator secret is asked for.
PURPOSE = "signing links"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_of(key: bytes, request_uuid: str) -> str:
    """Return what the link of a request has in it: 43 letters."""
    code = hmac.digest(key, request_uuid.encode(), "sha256")
    return base64.urlsafe_b64encode(code).rstrip(b"=").decode()


def digest_of(token: str) -> bytes:
    """Return what the tables know a token by."""
    return hashlib.sha256(token.encode()).digest()


def is_token(text: str) -> bool:
    """Say whether *text* has the form of a token."""
    return _TOKEN.fullmatch(text) is not None
