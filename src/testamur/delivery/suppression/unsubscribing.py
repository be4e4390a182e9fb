"""
The link by which who reads a mail gets no more of its kind (RFC 2369, RFC 8058).

Its token says for which tenant, for which address (its keyed hash) and in which mail
it was, and is sealed with a code: nothing of it is stored, it lasts as long as the
operator secret, and nobody can make one for somebody else.
"""

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

#: What the operator secret is asked for.
PURPOSE = "unsubscribe links"

#: 72 bytes: tenant (12), hash (32), mail (12), code (16).
_TOKEN = re.compile(r"[A-Za-z0-9_-]{96}")
_CODE_BYTES = 16


class Wish(NamedTuple):
    """Whose mails are not wanted any more, and by whom."""

    tenant_id: str
    #: What the suppression list knows the address by.
    digest: str
    #: The mail that the link was in.
    mail_id: str


def token_of(key: bytes, wish: Wish) -> str:
    """Return what the link has in it: 96 letters."""
    body = b"".join(map(bytes.fromhex, wish))
    return base64.urlsafe_b64encode(body + _code(key, body)).decode()


def read_token(key: bytes, text: str) -> Wish | None:
    """Return what a link says; None when we did not make it."""
    if not _TOKEN.fullmatch(text):
        return None
    data = base64.urlsafe_b64decode(text)
    body, code = data[:-_CODE_BYTES], data[-_CODE_BYTES:]
    if not hmac.compare_digest(code, _code(key, body)):
        return None
    return Wish(body[:12].hex(), body[12:44].hex(), body[44:].hex())


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """Makes the links of mails that go to many."""

    key: bytes
    public_url: str
    #: Where bounces come in, if anywhere: it reads wishes too.
    bounce_address: str = ""

    def link(self, wish: Wish, language: str) -> str:
        """Return the address of the page."""
        return f"{self.public_url}/unsubscribe/{token_of(self.key, wish)}?l={language}"

    def headers(self, wish: Wish, language: str) -> Mapping[str, str]:
        """
        Return the headers by which mail programs offer it (RFC 8058, 3.1).

        One-click needs https; a server that is tried out without has only a page.
        """
        link = self.link(wish, language)
        ways = [f"<{link}>"]
        if self.bounce_address:
            token = token_of(self.key, wish)
            ways.append(f"<mailto:{self.bounce_address}?subject=unsubscribe%20{token}>")
        return {
            "List-Unsubscribe": ", ".join(ways),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }


def _code(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")[:_CODE_BYTES]
