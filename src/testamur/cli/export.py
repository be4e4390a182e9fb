"""`testamur export`: the exit kit."""

from pathlib import Path
from typing import Annotated

import typer

from .house import house_of
from .show import Json, out, print_json


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    context: typer.Context,
    target: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A new directory, or an earlier export of the tenant."
        ),
    ],
    tenant: Annotated[str, typer.Option(help="Slug: whose certificates.")],
    as_json: Json = False,
) -> None:
    """
    Write all certificates of a tenant as files that any web server can serve.

    A server may run meanwhile. Repeat it to bring the directory up to date, or to go
    on after an interruption. Its README.txt says how to serve it.
    """
    with house_of(context).open() as desk:
        done = desk.export(tenant, target)
    if as_json:
        print_json(
            {
                "certificates": done.certificates,
                "written": done.written,
                "skipped": done.skipped,
            }
        )
        return
    out.print(
        f"{done.certificates:,} certificates in {target}: {done.written:,} files "
        f"written, {done.skipped:,} were there already; README.txt says how to serve "
        "them",
        markup=False,
    )
