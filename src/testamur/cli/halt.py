"""`testamur halt`: the kill switch."""

from typing import Annotated

import typer

from testamur.core.clock import rfc3339
from testamur.core.words import Halt

from .house import house_of
from .show import Json, out, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    halt = typer.Typer(
        help="The kill switch: nothing is signed while issuing is halted. "
        "Reading, verifying and revoking go on; jobs are accepted, and wait.",
        invoke_without_command=True,
    )
    halt.callback()(show)
    halt.command()(on)
    halt.command()(off)
    halt.command()(status)
    app.add_typer(halt, name="halt")


def show(context: typer.Context) -> None:
    """Say how issuing stands, when no command is named."""
    if context.invoked_subcommand is None:
        status(context)


def on(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; name no person.")] = "",
) -> None:
    """Halt issuing. What is being signed this moment may end within seconds."""
    with house_of(context).open() as desk:
        out.print(_sentence(desk.halt(reason)), markup=False)


def off(context: typer.Context) -> None:
    """Let issuing go on where it stopped."""
    with house_of(context).open() as desk:
        was_halted = desk.resume()
    out.print("issuing goes on" if was_halted else "issuing was not halted")


def status(context: typer.Context, as_json: Json = False) -> None:
    """Say whether issuing is halted, since when, and why."""
    with house_of(context).open() as desk:
        halt = desk.halted()
    if as_json:
        print_json(
            {
                "halted": halt is not None,
                "since": rfc3339(halt.since) if halt else None,
                "reason": halt.reason if halt else None,
            }
        )
    else:
        out.print(_sentence(halt), markup=False)


def _sentence(halt: Halt | None) -> str:
    if halt is None:
        return "issuing is not halted"
    reason = f": {halt.reason}" if halt.reason else ""
    return f"issuing is halted since {rfc3339(halt.since)}{reason}"
