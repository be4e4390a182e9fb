"""`testamur record`: what no restored backup may undo, and going on after one."""

import typer

from .house import house_of
from .show import Json, out, print_beside, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    record = typer.Typer(
        help="The record outside the data directory: acts on certificates, and how "
        "far log and audit log were.",
        invoke_without_command=True,
    )
    record.callback()(show)
    record.command()(status)
    record.command()(accept)
    app.add_typer(record, name="record")


def show(context: typer.Context) -> None:
    """Say what the record knows, when no command is named."""
    if context.invoked_subcommand is None:
        status(context)


def status(context: typer.Context, as_json: Json = False) -> None:
    """Say where the record is, what it knows, and whether the database is behind."""
    with house_of(context).open() as desk:
        found = desk.record()
    if as_json:
        print_json(
            {
                "folder": str(found.folder),
                "acts": found.acts,
                "auditEntry": found.head,
                "problem": found.problem,
            }
        )
        return
    print_beside("record: ", str(found.folder))
    out.print(f"acts on certificates: {found.acts:,}")
    if found.head is not None:
        out.print(f"audit log: up to entry {found.head:,}")
    print_beside("database: ", found.problem or "has all that the record knows")


def accept(context: typer.Context) -> None:
    """
    Go on with a restored database that lacks what came after it.

    Stop the server first. The transparency log begins anew under another name, with
    every leaf that is left; acts of the record are done again; places in status
    lists that lost certificates may have are never used again; issuing is resumed.
    Certificates that the database lost stay lost.
    """
    with house_of(context).open() as desk:
        acts, missing = desk.accept_record()
    out.print(f"{acts:,} acts were done again")
    if missing:
        out.print(f"{missing:,} certificates that they name are not in the database")
    out.print("the log begins anew; issuing goes on")
