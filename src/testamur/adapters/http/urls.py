"""
Reading a URL, once: what is judged here is what is connected to.

There is one parser. It is stricter than a browser wherever two parsers are known
to disagree (user-info, backslashes, numbers as hosts, letters that only look like
digits), because a disagreement between the judge and the client is the hole.
Nothing here does I/O; whether the host may be reached is `addresses` and `fetch`.
"""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import quote

from testamur.core.refusals import Reason

from .addresses import Address

#: Longer than any signed link of the large object stores, as long as a cell.
MAX_URL_CHARACTERS = 4_096

DEFAULT_PORTS = {"http": 80, "https": 443}

#: What is wrong, and what to do, in words that quote nothing: they are also said
#: of places that only a redirect named.
CLAUSES = {
    "url_length": f"it is longer than {MAX_URL_CHARACTERS:,} characters; shorten it",
    "url_characters": "it has a space, a backslash or a control character in it; "
    "write a space as %20",
    "url_scheme": "only addresses that begin with https:// are fetched; "
    "give the https address, or put the file into the ZIP",
    "url_userinfo": "there is an @ before its first slash; take user name and "
    "password out of it",
    "url_host_format": "its host is not a plain name such as images.example.org "
    "nor an ordinary IP address; write it as your browser shows it",
    "url_port": "only port 443 is fetched from; leave the port out",
    "url_forbidden_address": "its host is not on the public internet; put the "
    "file into the ZIP, or ask the operator to open that network to fetching",
    "url_self": "it is an address of this service; put the file into the ZIP",
    "url_unresolved": "its host name is not known; look for a slip of the pen",
    "url_tls": "its host cannot prove who it is, because its certificate is expired, "
    "self-signed or for another name, or its TLS older than 1.2; put the file "
    "into the ZIP",
    "url_timeout": "its host did not deliver the file in time; open it in a browser, "
    "then retry the row",
    "url_encoding": "its host sends the file compressed although asked not to; "
    "put the file into the ZIP",
}

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
PORT = re.compile(r"[1-9][0-9]{0,4}")
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
#: A last label like this makes the whole host a number, WHATWG URL section 3.5.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: RFC 3986 section 3.3 and 3.4; everything else is written as %XX.
PLAIN_IN_PATH = "/?%:@!$&'()*+,;=-._~"


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that has been read: where to connect, and what to ask for there."""

    scheme: str  #: "http" or "https"
    host: str  #: lower case, ASCII, no trailing dot; IPv6 without brackets
    port: int
    path: str  #: path and query, ASCII, beginning with "/"
    address: Address | None  #: the host, when it is an IP address

    @property
    def authority(self) -> str:
        """The host as the Host header spells it (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.port == DEFAULT_PORTS[self.scheme]:
            return host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The same target as a URL again."""
        return f"{self.scheme}://{self.authority}{self.path}"


def read_url(text: str) -> Target | Reason:
    """
    Return where *text* leads, or why it is not an address that is fetched.

    `http` and other ports than 443 are read here and judged later, when the
    address behind the name is known. A fragment is dropped.

    >>> read_url("https://example.org/anna.png").url
    'https://example.org/anna.png'
    >>> read_url("http://2130706433/").code
    'url_host_format'
    """
    read = _read(text)
    return complaint(read, text) if isinstance(read, str) else read


def complaint(code: str, text: str) -> Reason:
    """Return the Reason for the URL *text*, which the reader wrote themselves."""
    return Reason(code, f"{shown(text)} cannot be used: {CLAUSES[code]}.")


def shown(text: str) -> str:
    """Return *text* as a message may show it: short, and without hidden letters."""
    visible = "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return f'The address "{visible if len(visible) <= 100 else visible[:99] + "…"}"'


def _read(text: str) -> Target | str:
    """Return the target, or the code of what is wrong."""
    if len(text) > MAX_URL_CHARACTERS:
        return "url_length"
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zs", "Zl", "Zp") for c in text):
        return "url_characters"
    found = URL.fullmatch(text)
    if found is None or found[1].lower() not in DEFAULT_PORTS:
        return "url_scheme"
    scheme, rest = found[1].lower(), found[2]
    if not rest.startswith("//"):
        return "url_host_format"
    # "?" and "#" end an authority too, but who puts an @ between them and the
    # first slash wants two parsers to see two hosts.
    if "@" in rest[2:].partition("/")[0]:
        return "url_userinfo"
    if "\\" in text:
        return "url_characters"

    rest = rest[2:].partition("#")[0]
    end = re.search("[/?]", rest)
    authority = rest[: end.start()] if end else rest
    path = rest[end.start() :] if end else ""

    host, colon, port = authority.partition(":")
    if authority.startswith("["):
        bracketed, bracket, after = authority.partition("]")
        host, colon, port = bracketed + bracket, after[:1], after[1:]
        if colon not in ("", ":"):
            return "url_host_format"
    named = _read_host(host)
    if named is None:
        return "url_host_format"
    if colon and (PORT.fullmatch(port) is None or int(port) > 65_535):
        return "url_port"
    return Target(
        scheme=scheme,
        host=named[0],
        port=int(port) if colon else DEFAULT_PORTS[scheme],
        path=quote(path if path.startswith("/") else "/" + path, safe=PLAIN_IN_PATH),
        address=named[1],
    )


def _read_host(text: str) -> tuple[str, Address | None] | None:
    """Return the host, and the address it is if it is one; None if it is neither."""
    if text.startswith("["):
        return _read_v6(text)
    if not text.isascii():
        ascii_name = _to_ascii(text)
        if ascii_name is None:
            return None
        text = ascii_name
    name = text.lower().removesuffix(".")
    labels = name.split(".")
    if name == "0":  # everybody's shorthand for 0.0.0.0: a format, but a forbidden one
        name, labels = "0.0.0.0", ["0"] * 4  # noqa: S104
    if NUMBER.fullmatch(labels[-1]):
        return _read_v4(name) if text == name or text == "0" else None
    if len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        return None
    if any(label.startswith("xn--") for label in labels) and not _is_idna(name):
        return None
    return name, None


def _read_v4(text: str) -> tuple[str, Address] | None:
    """Read four decimal numbers without leading zeros, and nothing else."""
    try:
        return text, IPv4Address(text)
    except ValueError:
        return None


def _read_v6(text: str) -> tuple[str, Address] | None:
    """Read an IPv6 address in brackets, without a zone."""
    if not text.endswith("]") or "%" in text:
        return None
    try:
        address = IPv6Address(text[1:-1])
    except ValueError:
        return None
    return str(address), address


def _to_ascii(text: str) -> str | None:
    """
    Return the A-labels of an internationalised name (RFC 5891), or None.

    Letters are only made small. The compatibility mapping of UTS 46 is left out
    on purpose: it is what turns a circled 127 into a number.
    """
    import idna  # 3 MiB that a job without such names need not have

    try:
        return idna.encode(
            unicodedata.normalize("NFC", text.lower()), strict=True
        ).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None


def _is_idna(name: str) -> bool:
    """Say whether the A-labels of *name* are the spelling of some real name."""
    import idna

    try:
        idna.decode(name, strict=True)
    except (idna.IDNAError, UnicodeError):
        return False
    return True
