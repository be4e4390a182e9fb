"""
Where a mail comes back to that cannot be delivered: an address of its own.

It names the mail, and a code that only we can make: who knows no mail of ours can
have none marked as bounced, and who got one can have only that one. Mail servers may
fold its letters, so it has small ones alone.
"""

import base64
import hmac
import re
from dataclasses import dataclass

#: What the operator secret is asked for.
PURPOSE = "return paths"

#: The mail's id, and 80 bits of the code.
TOKEN = re.compile(r"\+([0-9a-f]{24})([a-z2-7]{16})@")


@dataclass(frozen=True, slots=True)
class ReturnPaths:
    """The addresses at *address*, such as `bounces@example.org`."""

    key: bytes
    address: str

    def of(self, mail_id: str) -> str:
        """Return where the mail with this id comes back to."""
        local, _, domain = self.address.rpartition("@")
        return f"{local}+{mail_id}{_code(self.key, mail_id)}@{domain}"


def mail_in(key: bytes, text: str) -> str | None:
    """Return the id of the mail that an address in *text* is that of, if any is."""
    for found in TOKEN.finditer(text.lower()):
        if hmac.compare_digest(found[2], _code(key, found[1])):
            return found[1]
    return None


def _code(key: bytes, mail_id: str) -> str:
    code = hmac.digest(key, mail_id.encode(), "sha256")[:10]
    return base64.b32encode(code).decode().lower()
