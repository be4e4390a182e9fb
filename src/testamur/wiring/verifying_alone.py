"""`testamur verify`: needs no server and no data; uses the data if they are here."""

import ipaddress
import re
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from testamur.config import Network, Settings, read_settings
from testamur.core.clock import system_clock
from testamur.core.policy import MIB
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.verification.reading_room import ReadingRoom
from testamur.verification.verify import Verifier, Wish

from .office import Office, open_office
from .verifying import Fetching, HouseRecords, check_log

READER = "testamur.wiring.reading_child"

MAX_SOURCE_BYTES = 12 * MIB

#: A certificate's page: what can be checked is beside it.
_PAGE = re.compile(r"/c/[0-9a-f]{24}")


def verify_alone(
    source: str,
    *,
    offline: bool,
    issuer_did_document: Path | None,
    log_key: str | None,
    status_list: Path | None,
) -> Mapping[str, Any]:
    """
    Return the verdict on a file, on standard input (`-`), or on what a URL has.

    Raises:
        Refusal: it cannot be had, or a trusted copy cannot be read.
        OSError: a file cannot be read.
    """
    data = _given(source, offline)
    wish = Wish(
        did_documents=_documents(issuer_did_document),
        status_lists=_lists(status_list),
        log_keys=(log_key,) if log_key else (),
        trusts_bundle=offline,
    )
    settings = read_settings()
    allow = (*settings.fetch_allow, *_typed(source))
    fetch = None if offline else Fetching(allow)
    with _house(settings) as office:
        room = office.reading_room if office else ReadingRoom(READER)
        try:
            verifier = Verifier(
                room,
                clock=system_clock,
                check_log=check_log,
                house=HouseRecords(office) if office else None,
                fetch=fetch,
            )
            return verifier.verify(data, wish=wish).spelled()
        finally:
            room.close()


@contextmanager
def _house(settings: Settings) -> Iterator[Office | None]:
    """Open the data of this installation; None where there are none, or no secret."""
    if (
        settings.is_embedded
        and not Path(settings.database[len("sqlite:///") :]).exists()
    ):
        yield None
        return
    try:
        office = open_office(settings)
    except Fault:
        yield None
        return
    try:
        office.secret  # noqa: B018 - without it, who this is cannot be told
    except (Fault, Refusal):
        yield None
    else:
        yield office
    finally:
        office.close()


def _typed(source: str) -> list[Network]:
    """Return where the host is whose address a person typed: it may be asked."""
    if not source.startswith(("https://", "http://")):
        return []
    return _addresses(urlsplit(source).hostname or "")


def _given(source: str, offline: bool) -> bytes:
    if source == "-":
        data = sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1)
    elif source.startswith(("https://", "http://")):
        if offline:
            raise Refusal(
                Kind.INVALID, "offline", "name a file: --offline uses no network"
            )
        return _fetched(source)
    else:
        with Path(source).open("rb") as file:
            data = file.read(MAX_SOURCE_BYTES + 1)
    if len(data) > MAX_SOURCE_BYTES:
        raise Refusal(
            Kind.TOO_LARGE,
            "file_size",
            f"it is larger than {MAX_SOURCE_BYTES // MIB} MiB; certificates are not",
        )
    return data


def _fetched(url: str) -> bytes:
    # Whoever types an address may ask it, wherever it is.
    allow = (*read_settings().fetch_allow, *_typed(url))
    fetch = Fetching(allow, max_bytes=MAX_SOURCE_BYTES)
    is_page = _PAGE.fullmatch(urlsplit(url).path[-27:]) and not urlsplit(url).query
    for ending in (".zip", ".json") if is_page else ("",):
        found = fetch(url + ending)
        if isinstance(found, bytes):
            return found
    assert not isinstance(found, bytes)
    raise Refusal(Kind.NOT_FOUND, "not_fetched", found.message)


def _addresses(host: str) -> list[Network]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [
        ipaddress.ip_network(str(where[0]).partition("%")[0]) for *_, where in found
    ]


def _documents(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    document = _json(path, path.read_bytes())
    return {str(document["id"]): document}


def _lists(path: Path | None) -> dict[str, bytes]:
    if path is None:
        return {}
    data = path.read_bytes()
    return {str(_json(path, data)["id"]): data}


def _json(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise Refusal(
            Kind.INVALID, "trusted_copy", f"{path} is not a JSON document with an id"
        )
    return value
