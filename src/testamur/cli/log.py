"""`testamur log monitor`: is a transparency log what it says, and still the same?"""

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from testamur.core.clock import SECOND, rfc3339

from .log_check import Misbehaviour, Seen, cosigned_at, look, seen_from
from .show import Json, out, print_json

#: A bundle of 256 entries of 65,535 bytes, and a little more.
MAX_BYTES = 17 * 1024 * 1024
SECONDS = 15.0


class Unreachable(Exception):
    """The log could not be looked at, so nothing is known about it."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    log = typer.Typer(help="The transparency log of a server.", no_args_is_help=True)
    # One command alone would become the group itself.
    log.callback()(_group)
    log.command()(monitor)
    app.add_typer(log, name="log")


def _group() -> None:
    pass


def monitor(
    url: Annotated[str, typer.Argument(metavar="URL", help="https://host/log")],
    key: Annotated[
        str | None,
        typer.Option(help="The log's verifier key; else the first one seen is kept."),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            help="The verifier key of a witness that must have co-signed; may be "
            "repeated."
        ),
    ] = None,
    state: Annotated[
        Path | None, typer.Option(help="Where to remember what was seen.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Read every new leaf of a log and hold it to its checkpoint and its past.

    Exit 0 when all is well, 1 when the log misbehaves, 2 when it cannot be checked.
    Run it now and then, on a machine that is not the log's.
    """
    address = _address(url)
    path = state or _state_path(address)
    before = _remembered(path, address)
    answer: dict[str, Any] = {"url": address, "state": str(path)}
    try:
        seen = _look(address, key or (before.key if before else None), before)
        witnesses = cosigned_at(seen.checkpoint, witness or [])
    except Misbehaviour as problem:
        answer |= {"result": "misbehaves", "problem": str(problem)}
        if before:
            answer["lastGood"] = before.checkpoint
        code = 1
    except Unreachable as problem:
        answer |= {"result": "not checked", "problem": str(problem)}
        code = 2
    else:
        _remember(path, address, seen)
        answer |= {
            "result": "well",
            "size": seen.size,
            "new": seen.size - (before.size if before else 0),
            "root": seen.root.hex(),
            "key": seen.key,
            "firstLook": before is None,
            "witnesses": {name: rfc3339(at * SECOND) for name, at in witnesses.items()},
        }
        code = 0
    if as_json:
        print_json(answer)
    else:
        _say(answer)
    raise typer.Exit(code)


def _say(answer: dict[str, Any]) -> None:
    def line(text: str) -> None:
        out.print(text, markup=False)

    if answer["result"] == "well":
        line(
            f"well: {answer['size']:,} leaves, {answer['new']:,} of them new; their "
            f"root is {answer['root']}, as signed"
        )
        for name, at in answer["witnesses"].items():
            line(f"co-signed by {name} at {at}")
        if answer["firstLook"]:
            line(f"first look: from now on it is held to the key {answer['key']}")
        return
    line(f"{answer['result']}: {answer['problem']}")
    if "lastGood" in answer:
        line(f"what it showed before is in {answer['state']}; keep it as evidence")


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise typer.BadParameter("name the log's address, as https://host/log")
    return url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + "/log"


def _look(address: str, key: str | None, before: Seen | None) -> Seen:
    import httpx  # takes longer to import than most commands take

    with httpx.Client(timeout=SECONDS, follow_redirects=False) as client:

        def fetch(path: str) -> bytes | None:
            try:
                with client.stream("GET", f"{address}/{path}") as response:
                    if response.status_code == 404 and path.startswith("tile/"):
                        return None
                    if response.status_code != 200:
                        raise Unreachable(
                            f"{address}/{path} answers {response.status_code}"
                        )
                    data = bytearray()
                    for piece in response.iter_bytes():
                        data += piece
                        if len(data) > MAX_BYTES:
                            raise Unreachable(f"{address}/{path} does not end")
                    return bytes(data)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                text = str(error) or type(error).__name__
                raise Unreachable(f"{address}/{path}: {text}") from None

        if key is None:
            lines = (fetch("key") or b"").decode("utf-8", "replace").split("\n")
            key = lines[0]
        return look(fetch, key, before)


def _state_path(address: str) -> Path:
    configured = os.environ.get("XDG_STATE_HOME", "")
    home = Path.home() / ".local" / "state"
    folder = Path(configured) if os.path.isabs(configured) else home
    name = hashlib.sha256(address.encode()).hexdigest()[:16]
    return folder / "testamur" / f"log-{name}.json"


def _remembered(path: Path, address: str) -> Seen | None:
    try:
        fields = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        fields = None
    try:
        if fields["url"] == address:
            return seen_from(fields)
    except (ValueError, KeyError, TypeError):
        pass
    raise typer.BadParameter(
        f"{path} does not remember a look at {address}; name another file with "
        "--state, or move it away and begin anew"
    )


def _remember(path: Path, address: str, seen: Seen) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w") as file:
        json.dump({"url": address, **seen.fields()}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
