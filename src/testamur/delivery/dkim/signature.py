"""
The DKIM-Signature of a mail (RFC 6376), relaxed/relaxed.

Written here: the library for it takes longer than everything else that is done with
a mail, and reads what it is given as if strangers had written it.
"""

import base64
import hashlib
import re
from collections.abc import Sequence

from testamur.core.mail_keys import DkimKey

from .keys import Sign

#: What is signed where it is there, and where it is not: nobody can add one later
#: without the signature noticing (RFC 6376, 8.15).
SEALED = (
    *("From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type"),
    *("Content-Transfer-Encoding",),
)

_FOLD = re.compile(rb"\r\n(?=[ \t])")
_BLANKS = re.compile(rb"[ \t]+")

#: Letters of a line, before it is folded.
_WIDTH = 72


class Signable:
    """A mail with what every signature of it needs, worked out once."""

    def __init__(self, data: bytes) -> None:
        """*data* is a mail whose lines end with CR LF."""
        head, _, body = data.partition(b"\r\n\r\n")
        self.body_hash = base64.b64encode(
            hashlib.sha256(relaxed_body(body)).digest()
        ).decode()
        found: dict[bytes, list[bytes]] = {}
        for line in _FOLD.sub(b"", head).split(b"\r\n"):
            said, _, value = line.partition(b":")
            found.setdefault(said.strip().lower(), []).append(value)
        names: list[str] = []
        lines: list[bytes] = []
        for name in SEALED:
            # From the last one up (5.4.2).
            values = found.get(name.lower().encode(), [])[::-1]
            lines += [relaxed_header(name, value) for value in values]
            names += [name] * (len(values) + 1)
        self.names = ":".join(names)
        self.head = b"".join(line + b"\r\n" for line in lines)


def signature(mail: Signable, key: DkimKey, sign: Sign, at: int) -> bytes:
    """
    Return the header by which *key* signs a mail at the moment *at*, with its end.

    The same mail has the same signature each time.
    """
    tags = (
        f"v=1; a={key.algorithm}; c=relaxed/relaxed; d={key.domain};",
        f"s={key.selector}; t={at // 1_000};",
        *_folded("h=", mail.names, ":"),
        f"bh={mail.body_hash};",
        "b=",
    )
    empty = "\r\n ".join(tags).encode()
    signed = sign(
        mail.head + relaxed_header("DKIM-Signature", _FOLD.sub(b"", b" " + empty))
    )
    value = base64.b64encode(signed).decode()
    pieces = [value[at : at + _WIDTH] for at in range(0, len(value), _WIDTH)]
    return b"DKIM-Signature: " + empty + "\r\n  ".join(pieces).encode() + b"\r\n"


def relaxed_header(name: str, value: bytes) -> bytes:
    """
    Return a header as it is signed (3.4.2); *value* is unfolded.

    >>> relaxed_header("SubJect", b"  two \\t blanks ")
    b'subject:two blanks'
    """
    return name.lower().encode() + b":" + _BLANKS.sub(b" ", value).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """
    Return a body as it is signed (3.4.4).

    >>> relaxed_body(b"a \\t b \\r\\n\\r\\n\\r\\n")
    b'a b\\r\\n'
    """
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    plain = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")
    stripped = plain.rstrip(b"\r\n")
    return stripped + b"\r\n" if stripped else b""


def _folded(head: str, text: str, between: str) -> Sequence[str]:
    """Return *text* in lines; *between* is at the end of all but the last."""
    lines = [head]
    for word in text.split(between):
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += word + between
    lines[-1] = lines[-1].removesuffix(between) + ";"
    return lines
