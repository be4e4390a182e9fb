"""`testamur fsck` and `testamur backup`."""

from pathlib import Path
from typing import Annotated

import typer

from .house import house_of
from .show import Json, out, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(fsck)
    app.command()(backup)


def fsck(
    context: typer.Context,
    files: Annotated[
        bool, typer.Option(help="Also read every stored file and check its hash.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Check, changing nothing, that everything stored agrees; exit 1 if not."""
    with house_of(context).open() as desk:
        found = list(desk.fsck(files=files))
    if as_json:
        print_json({"violations": found})
    else:
        for line in found:
            out.print(line, markup=False)
        out.print("everything agrees" if not found else f"{len(found)} violations")
    if found:
        raise typer.Exit(1)


def backup(
    context: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="A directory that is not there yet.")
    ],
) -> None:
    """
    Copy database and files to a new directory, while a server runs if need be.

    To restore, stop the server and set TESTAMUR_DATA to the copy.
    """
    with house_of(context).open() as desk:
        size = desk.backup(target)
    out.print(f"{size:,} bytes in {target}", markup=False)
