"""
A letter becomes a mail: plain text and HTML that say the same (RFC 5322, MIME).

Nothing in it is fetched from anywhere when it is read: no pictures, no style sheets,
nothing that would tell who opened it. Styles are in the elements, since many mail
programs throw others away.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from html import escape

import idna

from testamur.core.languages import direction_of, language_of

from .ports import Mail, Undeliverable

#: An address without quotes and comments (RFC 5321 4.1.2, RFC 6531).
_ADDRESS = re.compile(
    r"(?=.{1,64}@)[^\s\x00-\x20\x7f@<>()\[\],;:\\\"]+@[A-Za-z0-9.-]{1,253}"
)

#: What the link says by which a reader gets no more mails.
NO_MORE = {
    "en": "No more mails like this",
    "es": "No recibir más correos como este",
    "fr": "Ne plus recevoir de courriels comme celui-ci",
    "pt": "Não receber mais e-mails como este",
    "ar": "إيقاف الرسائل المماثلة",
    "zh": "不再接收此类邮件",
}

#: Longer names are cut in headers: what a person is called stands in the text.
MAX_HEADER_NAME = 100

_PAGE = "margin:0;padding:24px 12px;background:#f6f4ee;color:#1c2430"
_SHEET = (
    "max-width:560px;margin:0 auto;padding:28px;background:#fffefb;"
    "border:1px solid #dcd6c8;border-radius:8px;"
    "font:16px/1.55 -apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
)
_HEADING = "margin:0 0 16px;font:600 22px/1.3 Georgia,'Times New Roman',serif"
_LINE = "margin:0 0 16px;overflow-wrap:anywhere"
_BUTTON = (
    "display:inline-block;padding:12px 22px;background:#1d3f6e;color:#ffffff;"
    "border-radius:6px;text-decoration:none;font-weight:600"
)
_SMALL = "margin:0 0 12px;color:#5a6372;font-size:13px;overflow-wrap:anywhere"


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody is written, in the order in which it is read."""

    #: Whom it is from, as a reader would say; the address is the house's.
    from_name: str
    to_name: str
    subject: str
    heading: str
    lines: tuple[str, ...]
    #: What the link says, and where it leads.
    link: tuple[str, str] | None = None
    #: What stands below it, smaller.
    closing: tuple[str, ...] = ()
    language: str = "en"
    #: It is one of many, whose reader may want no more of them.
    is_bulk: bool = False
    #: Where they say so.
    unsubscribe: str | None = None


def mail_of(
    letter: Letter,
    *,
    id: str,
    message_id: str,
    sender: str,
    recipient: str,
    written_at: int,
    headers: Mapping[str, str] | None = None,
) -> Mail:
    """
    Return *letter* as a mail to *recipient*, with *headers* besides its own.

    *sender* is an address, or a name and an address: `Name <address>`. The same
    letter has the same `Message-ID` and `Date`, however often it is sent.

    Raises:
        Undeliverable: an address cannot be written into a mail.
    """
    house_name, from_address = parseaddr(sender)
    to_address = _ascii_domain(recipient)
    needs_utf8 = not (to_address + from_address).isascii()
    message = EmailMessage(policy=SMTPUTF8 if needs_utf8 else SMTP)
    try:
        message["From"] = _address(letter.from_name or house_name, from_address)
        message["To"] = _address(letter.to_name, to_address)
        message["Subject"] = one_line(letter.subject, 200)
        message["Date"] = datetime.fromtimestamp(written_at // 1_000, UTC)
        message["Message-ID"] = message_id
        # RFC 3834: nobody's absence is told to us.
        message["Auto-Submitted"] = "auto-generated"
    except (ValueError, IndexError) as problem:
        raise Undeliverable("an address cannot be written into a mail") from problem
    message.set_content(_text(letter), cte="quoted-printable")
    message.add_alternative(_html(letter), subtype="html", cte="quoted-printable")
    # The library moves such a header into the first part, where few look for it.
    message["Content-Language"] = letter.language
    # Chosen by us, so that the same letter has the same bytes.
    message.set_boundary(f"=_{id}")
    data = _as_they_are(headers or {}) + bytes(message)
    return Mail(id, from_address, to_address, data, needs_utf8, written_at)


def _as_they_are(headers: Mapping[str, str]) -> bytes:
    """Spell headers of ASCII: the library would encode a link that is a long word."""
    lines = (
        f"{name}: {value}".replace(", <", ",\r\n <") + "\r\n"
        for name, value in headers.items()
    )
    return "".join(lines).encode("ascii")


def one_line(text: str, most: int) -> str:
    """
    Return *text* as a header can have it: one line, and nothing that ends it.

    >>> one_line("Ada\\r\\nBcc: all@example.org", 100)
    'Ada Bcc: all@example.org'
    """
    shown = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(shown.split())[:most]


def _address(name: str, address: str) -> Address:
    # The library's own reading of an address knows none beyond ASCII.
    if not _ADDRESS.fullmatch(address):
        raise ValueError("not an address")
    local, _, domain = address.rpartition("@")
    return Address(one_line(name, MAX_HEADER_NAME), local, domain)


def _ascii_domain(address: str) -> str:
    """Return *address* with its domain as the DNS has it."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as problem:
        raise Undeliverable("the domain of the address is none") from problem


def _text(letter: Letter) -> str:
    parts = [letter.heading, *letter.lines]
    if letter.link:
        parts.append(f"{letter.link[0]}:\n{letter.link[1]}")
    if letter.closing:
        parts += ["-- ", *letter.closing]
    if letter.unsubscribe:
        parts.append(f"{NO_MORE[language_of(letter.language)]}:\n{letter.unsubscribe}")
    return "\n\n".join(parts) + "\n"


def _html(letter: Letter) -> str:
    direction = direction_of(language_of(letter.language))
    inner = [f'<h1 style="{_HEADING}">{escape(letter.heading)}</h1>']
    inner += [f'<p style="{_LINE}">{escape(one)}</p>' for one in letter.lines]
    if letter.link:
        label, url = map(escape, letter.link)
        inner.append(
            f'<p style="margin:24px 0"><a href="{url}" style="{_BUTTON}">{label}</a>'
            "</p>"
            f'<p style="{_SMALL}" dir="ltr">{url}</p>'
        )
    inner += [f'<p style="{_SMALL}">{escape(one)}</p>' for one in letter.closing]
    if letter.unsubscribe:
        label = NO_MORE[language_of(letter.language)]
        inner.append(
            f'<p style="{_SMALL}"><a href="{escape(letter.unsubscribe)}" '
            f'style="color:#5a6372">{escape(label)}</a></p>'
        )
    return (
        f'<!doctype html><html lang="{escape(letter.language)}" '
        f'dir="{direction}"><head>'
        '<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(letter.subject)}</title></head>"
        f'<body style="{_PAGE}"><div style="{_SHEET}" dir="{direction}">'
        f"{''.join(inner)}</div>"
        "</body></html>\n"
    )
