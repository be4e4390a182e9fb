"""`testamur fsck` and `testamur backup`."""

from pathlib import Path
from typing import Annotated

import typer

from testamur.core.refusals import Fault

from .house import house_of
from .show import Json, out, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(fsck)
    app.command()(backup)


def fsck(
    context: typer.Context,
    files: Annotated[
        bool,
        typer.Option(
            help="Also check the hash of every stored file, the signature and the "
            "leaf of every credential, and the published log."
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """
    Check that everything stored agrees.

    Prints a line for what does not, and exits with 1. Changes nothing.
    """
    with house_of(context).open() as desk:
        found = list(desk.fsck(files=files))
    if as_json:
        print_json({"violations": found})
    else:
        for line in found:
            out.print(line, markup=False)
        if not found:
            out.print("everything agrees")
    if found:
        raise Fault(f"{len(found)} violations", passing=False)


def backup(
    context: typer.Context,
    target: Annotated[
        Path, typer.Argument(metavar="DIR", help="A directory that is not there yet.")
    ],
) -> None:
    """
    Copy database and files to a new directory.

    A server may run meanwhile. To restore, stop it and set TESTAMUR_DATA to the
    copy. The operator secret is not in it: keep that elsewhere.
    """
    with house_of(context).open() as desk:
        size = desk.backup(target)
    out.print(f"{size:,} bytes in {target}", markup=False)
