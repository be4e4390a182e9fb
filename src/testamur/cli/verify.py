"""`testamur verify`: is a certificate genuine? Needs no server and no data."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from testamur.core.refusals import Fault, Refusal

from .house import house_of
from .show import Json, out, print_json

#: What the process exits with.
EXIT = {"valid": 0, "invalid": 1, "unreadable": 2}

MARKS = {"passed": "passed     ", "failed": "FAILED     ", "not_checked": "not checked"}

HEADLINES = {
    "valid": "VALID",
    "invalid": "NOT VALID",
    "unreadable": "CANNOT BE VERIFIED",
}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE-OR-URL",
            help="Credential (JSON, JWT), picture (PNG), document (PDF) or bundle "
            "(ZIP); - reads it from standard input.",
        ),
    ],
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Use no network: rely on what a bundle holds."),
    ] = False,
    issuer_did_document: Annotated[
        Path | None,
        typer.Option(help="A copy of the issuer's did.json that you trust."),
    ] = None,
    log_key: Annotated[
        str | None, typer.Option(help="The verifier key of the log that you trust.")
    ] = None,
    status_list: Annotated[
        Path | None,
        typer.Option(help="A copy of the status list credential that you trust."),
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Check a certificate, whoever issued it, and say what was checked and what not.

    Exit 0 when it is valid, 1 when it is not, 2 when it cannot be verified.
    """
    house = house_of(context)
    try:
        verdict = house.verify(
            source,
            offline=offline,
            issuer_did_document=issuer_did_document,
            log_key=log_key,
            status_list=status_list,
        )
    except (Refusal, Fault, OSError) as trouble:
        # Not 1: that would say that the certificate is wrong.
        text = getattr(trouble, "strerror", None) or str(trouble)
        sys.stderr.write(f"testamur: {source}: {text}\n")
        raise typer.Exit(EXIT["unreadable"]) from None
    if as_json:
        print_json(dict(verdict))
    else:
        _say(verdict)
    raise typer.Exit(EXIT[verdict["result"]])


def _say(verdict: Mapping[str, Any], margin: str = "") -> None:
    def line(text: str) -> None:
        out.print(margin + text, markup=False, highlight=False, soft_wrap=True)

    line(HEADLINES[verdict["result"]])
    line(verdict["summary"])
    says = verdict["says"]
    for label, name in (
        ("certificate", "name"),
        ("awarded to", "recipient"),
        ("issued by", "issuerName"),
        ("issuer", "issuer"),
        ("id", "id"),
    ):
        if says.get(name):
            line(f"  {label + ':':<13}{_printable(says[name])}")
    for check in verdict["checks"]:
        as_of = f" [as of {check['asOf']}]" if check["asOf"] else ""
        detail = _printable(check["detail"])
        line(f"  {MARKS[check['outcome']]}  {check['check']:<11}{detail}{as_of}")
    for number, one in enumerate(verdict.get("inside", ()), 1):
        line(f"inside, number {number}:")
        _say(one, margin + "    ")


def _printable(text: str) -> str:
    """Return *text* without what could move a terminal's cursor."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )
