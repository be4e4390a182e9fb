"""
Settings: one field, one default, one sentence.

Each is read from the environment (`TESTAMUR_DATA`), else from `testamur.toml` in
the current folder (`data = "..."`), else it has its default. All problems are
reported at once, at start. `testamur config show` prints each value and where it
came from.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from testamur.core.papers import Level
from testamur.core.refusals import Kind, Refusal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CONFIG_FILE = "testamur.toml"

#: A verifier key (C2SP signed-note) and an address.
_WITNESS = re.compile(r"([^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44})=(https?://\S+)")

#: An address that mail servers let mails be from.
_ADDRESS = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,190}")

#: Where the operator secret can be. One of them, or none.
SECRETS = ("secret", "secret_file", "secret_url")

#: How signatures can be put into PDFs.
SIGN_METHODS = ("fast", "reference")


def _setting(
    sentence: str,
    read: Callable[[str], Any],
    default: str,
    *,
    is_hidden: bool = False,
) -> Any:
    return field(
        repr=not is_hidden,
        metadata={
            "sentence": sentence,
            "read": read,
            "default": default,
            "is_hidden": is_hidden,
        },
    )


def _networks(text: str) -> tuple[Network, ...]:
    parts = text.replace(",", " ").split()
    return tuple(ipaddress.ip_network(part) for part in parts)


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ValueError("write it like https://certificates.example.org")
    return text.rstrip("/")


def _database(text: str) -> str:
    if text and not text.startswith(("sqlite:///", "postgresql://")):
        raise ValueError("write sqlite:///PATH or postgresql://USER@HOST/NAME")
    return text


def _storage(text: str) -> str:
    if text:
        raise ValueError("only the files of the data directory can be used yet")
    return text


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _optional_path(text: str) -> Path | None:
    return _path(text) if text else None


def _secret_url(text: str) -> str:
    if text and not text.startswith(("pkcs11:", "aws-kms://")):
        raise ValueError("write pkcs11:... or aws-kms://...")
    if "pin-value" in text:
        # Not quoted: whoever reads this may not be who may know it.
        raise ValueError("put the PIN into a file, and write pin-source=file:PATH")
    return text


def _smtp(text: str) -> str:
    """Nothing of the value is quoted: there may be a password in it."""
    if not text:
        return text
    try:
        parts = urlsplit(text)
        is_good = bool(
            parts.scheme in ("smtp", "smtp+starttls", "smtps")
            and parts.hostname
            and parts.port != 0
            and parts.path in ("", "/")
            and not (parts.query or parts.fragment)
        )
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(
            "write smtp+starttls://USER:PASSWORD@HOST:PORT, or smtps://... or "
            "smtp://..., with %40 for an @ in the user or the password"
        )
    if parts.scheme == "smtp" and parts.password and not _is_here(parts.hostname or ""):
        raise ValueError(
            "smtp:// would send the password so that anybody on the way can read it; "
            "write smtp+starttls:// or smtps://"
        )
    return text


def _imap(text: str) -> str:
    """Nothing of the value is quoted: there is a password in it."""
    if not text:
        return text
    try:
        parts = urlsplit(text)
        is_good = bool(
            parts.scheme in ("imap", "imaps")
            and parts.hostname
            and parts.username
            and parts.password
            and parts.port != 0
            and not (parts.query or parts.fragment)
        )
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(
            "write imaps://USER:PASSWORD@HOST/INBOX, with %40 for an @ in the user or "
            "the password"
        )
    if parts.scheme == "imap" and not _is_here(parts.hostname or ""):
        raise ValueError(
            "imap:// would send the password so that anybody on the way can read it; "
            "write imaps://"
        )
    return text


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mail_from(text: str) -> str:
    name, address = parseaddr(text)
    if text and not (
        _ADDRESS.fullmatch(address) and name.isprintable() and text.isprintable()
    ):
        raise ValueError("write an address, or Name <address>")
    return text


def _count(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise ValueError("write a whole number, from 1 on")
    return int(text)


def _dns_server(text: str) -> str:
    host, _, port = text.rpartition(":")
    if text:
        ipaddress.ip_address(host.strip("[]"))
        if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
            raise ValueError("write an address and a port, such as 127.0.0.1:53")
    return text


def _bounce_address(text: str) -> str:
    local, _, domain = text.rpartition("@")
    if text and not (
        re.fullmatch(r"[A-Za-z0-9._-]{1,20}", local)
        and re.fullmatch(r"[A-Za-z0-9.-]{1,190}", domain)
    ):
        raise ValueError(
            "write an address such as bounces@example.org: at most 20 letters and "
            "digits before the @, without +"
        )
    return text


def _witnesses(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for part in text.replace(",", " ").split():
        witness = _WITNESS.fullmatch(part)
        if witness is None or not urlsplit(witness[2]).netloc:
            raise ValueError(
                "write each witness as its verifier key, =, and its address, such as "
                "witness.example+1a2b3c4d+BASE64=https://witness.example"
            )
        found.append((witness[1], witness[2].rstrip("/")))
    return tuple(found)


def _tsa(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise ValueError("write it like http://timestamp.example.org/tsa")
    if "@" in parts.netloc:
        # Not quoted: it would be a password.
        raise ValueError("take user name and password out of it")
    return text


def _sign_method(text: str) -> str:
    if text not in SIGN_METHODS:
        raise ValueError(f"write {' or '.join(SIGN_METHODS)}")
    return text


def _sign_level(text: str) -> Level | None:
    if text and text not in list(Level):
        raise ValueError(f"write {', '.join(Level)}, or nothing")
    return Level(text) if text else None


def _workers(text: str) -> int:
    if not text:
        return len(os.sched_getaffinity(0))
    if not text.isascii() or not text.isdigit() or int(text) > 64:
        raise ValueError("write a number from 0 to 64")
    return int(text)


@dataclass(frozen=True)
class Settings:
    """What an operator decides. `sources` says where each value came from."""

    data: Path = _setting(  # noqa: RUF009 - a field, wrapped
        "Directory that holds the database, uploaded files and images.",
        _path,
        "./.testamur",
    )
    database_url: str = _setting(
        "Database: sqlite:///PATH or postgresql://...; SQLite in the data directory "
        "when empty.",
        _database,
        "",
    )
    storage_url: str = _setting(
        "Where files are kept; the data directory when empty.", _storage, ""
    )
    public_url: str = _setting(
        "Address under which recipients reach this server; links are made from it. "
        "The address it listens on when empty.",
        _origin,
        "",
    )
    workers: int = _setting(
        "Worker processes that `serve` starts; one per processor when empty.",
        _workers,
        "",
    )
    fetch_allow: tuple[Network, ...] = _setting(
        "Networks (CIDR, separated by commas) that image URLs, and the addresses "
        "that verified credentials name, may reach although they are private, also "
        "over http and on any port.",
        _networks,
        "",
    )
    secret_file: Path | None = _setting(  # noqa: RUF009 - a field, wrapped
        "File with the operator secret, outside the data directory; in the user's "
        "configuration folder when empty.",
        _optional_path,
        "",
    )
    secret: str = _setting(
        "The operator secret itself, only from the environment; instead of a file.",
        str,
        "",
        is_hidden=True,
    )
    secret_url: str = _setting(
        "Where the key is that the operator secret is sealed by: pkcs11:... or "
        "aws-kms://...; instead of a file. `testamur secret seal` seals it.",
        _secret_url,
        "",
    )
    record_dir: Path | None = _setting(  # noqa: RUF009 - a field, wrapped
        "Folder outside the data directory that remembers what a restored backup must "
        "not undo; beside the operator secret when empty.",
        _optional_path,
        "",
    )
    log_witnesses: tuple[tuple[str, str], ...] = _setting(
        "Who is asked to co-sign the transparency log (C2SP tlog-witness): verifier "
        "key, =, and address of each, separated by spaces.",
        _witnesses,
        "",
    )
    fonts: Path | None = _setting(  # noqa: RUF009 - a field, wrapped
        "Folder with fonts of yours, which templates may use by their family's name, "
        "and which letters fall back on that no other font has.",
        _optional_path,
        "",
    )
    tsa_url: str = _setting(
        "Timestamp authority (RFC 3161) that signatures on PDFs are stamped by; none "
        "when empty. A private one has to be in TESTAMUR_FETCH_ALLOW.",
        _tsa,
        "",
    )
    sign_level: Level | None = _setting(  # noqa: RUF009 - a field, wrapped
        "How long signatures on documents last: B-B, B-T or B-LTA (docs/signing.md); "
        "B-T with a timestamp authority, and B-B without one, when empty.",
        _sign_level,
        "",
    )
    sign_roots: Path | None = _setting(  # noqa: RUF009 - a field, wrapped
        "File (PEM) with the root certificates that signers and timestamp authority "
        "descend from; needed for B-LTA where the signers' own files lack them.",
        _optional_path,
        "",
    )
    sign_method: str = _setting(
        "How signatures are put into PDFs: fast, or reference (by pyHanko; slow, for "
        "comparison).",
        _sign_method,
        "fast",
    )
    smtp_url: str = _setting(
        "Mail server: smtp+starttls://USER:PASSWORD@HOST, smtps:// or smtp://; only "
        "from the environment. When empty, each mail is written as a file to `mail` in "
        "the data directory.",
        _smtp,
        "",
        is_hidden=True,
    )
    mail_from: str = _setting(
        "Whom mails are from: an address, or Name <address>; certificates@ the host of "
        "the public address when empty.",
        _mail_from,
        "",
    )
    bounce_address: str = _setting(
        "Address that mails which cannot be delivered come back to, such as "
        "bounces@example.org: each mail has its own, bounces+...@example.org. Mails "
        "come back to the sender, and nobody looks at them, when empty.",
        _bounce_address,
        "",
    )
    bounce_maildir: Path | None = _setting(  # noqa: RUF009 - a field, wrapped
        "Maildir into which a mail server puts what comes to TESTAMUR_BOUNCE_ADDRESS; "
        "the server looks into it each second.",
        _optional_path,
        "",
    )
    bounce_imap: str = _setting(
        "Mailbox at a mail server to which TESTAMUR_BOUNCE_ADDRESS leads: "
        "imaps://USER:PASSWORD@HOST/INBOX, or imap:// on this machine; only from the "
        "environment. The server looks into it each half minute.",
        _imap,
        "",
        is_hidden=True,
    )
    mail_check_from: int = _setting(
        "From how many mails of one job on the DNS (SPF, DKIM, DMARC) is looked at "
        "first, and problems are told with the job.",
        _count,
        "200",
    )
    dns_server: str = _setting(
        "Name server that is asked about the domain that mails are from: ADDRESS:PORT; "
        "those of the system when empty.",
        _dns_server,
        "",
    )
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data / 'testamur.db'}"

    @property
    def signature_level(self) -> Level:
        """How long signatures last that are made from now on."""
        return self.sign_level or (Level.B_T if self.tsa_url else Level.B_B)

    @property
    def is_embedded(self) -> bool:
        """Whether one host, with SQLite, is all there is."""
        return self.database.startswith("sqlite:")


def setting_fields() -> list[tuple[str, str, str]]:
    """Return every setting as (environment variable, default, sentence)."""
    return [
        (_variable(f.name), f.metadata["default"], f.metadata["sentence"])
        for f in fields(Settings)
        if f.metadata
    ]


def read_settings(
    environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Settings:
    """
    Read the settings in force.

    Raises:
        Refusal: INVALID `settings`, with every problem at once in `parts`.
    """
    environment = os.environ if environment is None else environment
    path = (folder or Path.cwd()) / CONFIG_FILE
    written: dict[str, Any] = {}
    problems: list[Refusal] = []
    if path.exists():
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(_problem(CONFIG_FILE, str(error)))
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for f in fields(Settings):
        if not f.metadata:
            continue
        name = _variable(f.name)
        text, source = f.metadata["default"], "default"
        if f.name in written and f.metadata["is_hidden"]:
            written.pop(f.name)
            problems.append(
                _problem(f.name, f"is not for {CONFIG_FILE}; set {name} instead")
            )
        elif f.name in written:
            text, source = str(written.pop(f.name)), CONFIG_FILE
        if environment.get(name):
            text, source = environment[name], name
        try:
            values[f.name] = f.metadata["read"](text)
        except ValueError as error:
            problems.append(_problem(source if source == name else f.name, str(error)))
        sources[f.name] = source
    problems += [_problem(name, "there is no such setting") for name in written]
    if len(named := [name for name in SECRETS if values.get(name)]) > 1:
        problems.append(
            _problem(
                _variable(named[0]),
                f"{_variable(named[1])} is set too, and one of them has to be wrong; "
                "remove it",
            )
        )
    wanted: Level | None = values.get("sign_level")
    if wanted not in (None, Level.B_B) and values.get("tsa_url") == "":
        problems.append(
            _problem(
                _variable("sign_level"),
                f"{wanted} needs a timestamp authority; set TESTAMUR_TSA_URL to one",
            )
        )
    if problems:
        raise Refusal(
            Kind.INVALID,
            "settings",
            "; ".join(f"{problem.at}: {problem.detail}" for problem in problems),
            parts=problems,
        )
    return Settings(**values, sources=sources)


def _variable(name: str) -> str:
    return "TESTAMUR_" + name.upper()


def _problem(at: str, detail: str) -> Refusal:
    return Refusal(Kind.INVALID, "setting", detail, at=at)
