"""`testamur person`: what is held of one person."""

from typing import Annotated

import typer

from testamur.core.acts import Person
from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal

from .house import house_of
from .show import Json, out, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    person = typer.Typer(
        help="Persons: erase what is held of one.", no_args_is_help=True
    )
    person.callback()(lambda: None)  # or the only command would be the noun itself
    person.command()(erase)
    app.add_typer(person, name="person")


def erase(
    context: typer.Context,
    tenant: Annotated[str, typer.Option(help="Slug: whose certificates.")],
    email: Annotated[str | None, typer.Option(help="Of the recipient, whole.")] = None,
    certificate: Annotated[
        list[str] | None,
        typer.Option(help="Id of a certificate, in place of --email. May be repeated."),
    ] = None,
    reason: Annotated[str, typer.Option(help="Is kept: name no person.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="I have understood.")] = False,
    as_json: Json = False,
) -> None:
    """
    Erase a person: their certificates, rows, pictures, and the uploads they were in.

    With --email also their student record, their account, what documents say of
    them as a signatory, and mails to them.

    Cannot be undone. The certificates are revoked, and their pages say that they
    were erased. Backups made before hold the person still; when one is restored, the
    erasure is done again.
    """
    if not yes:
        raise Refusal(
            Kind.INVALID,
            "not_confirmed",
            "what is held of this person is gone for ever, and their certificates are "
            "revoked; repeat the command with --yes if that is what you want",
        )
    person = Person(email, tuple(certificate) if certificate else None)
    with house_of(context).open() as desk:
        done = desk.erase(tenant, person, reason)
    act = done.act
    if as_json:
        print_json(
            {
                "actId": act and act.id,
                "at": act and rfc3339(act.at),
                "certificateIds": list(act.certificates) if act else [],
                "rows": len(act.rows) if act else 0,
                "others": len(act.persons) if act else 0,
                "isComplete": done.is_complete,
            }
        )
        return
    if act is None:
        out.print("nothing is held of this person; nothing was changed")
    else:
        out.print(
            f"erased: {len(act.rows):,} rows, {len(act.certificates):,} of them "
            f"certificates; {len(act.persons):,} records, accounts and mails "
            f"(act {act.id})",
            markup=False,
        )
    if not done.is_complete:
        out.print(
            "freed pages of the database and removed files are not overwritten yet: "
            "make room, then repeat the command or start the server"
        )
