"""`testamur user`: people who log in."""

import sys
from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import User

from .house import house_of
from .key import Slug
from .show import Json, out, print_json, print_table

Email = Annotated[str, typer.Argument(help="Their e-mail address.")]

FromStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the password from standard input: one line."
    ),
]

#: More than any password has.
MAX_BYTES = 8_192


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    user = typer.Typer(help="People who log in.", no_args_is_help=True)
    user.command()(create)
    user.command(name="list")(list_)
    user.command()(password)
    user.command()(disable)
    app.add_typer(user, name="user")


def create(
    context: typer.Context,
    email: Email,
    tenant: Slug,
    password_stdin: FromStdin = False,
    name: Annotated[
        str, typer.Option(help="What they are called; as before the @ when left out.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Let somebody log in for a tenant, with every scope."""
    given = _read_password(password_stdin)
    with house_of(context).open() as desk:
        made = desk.users.create(tenant, email, given, name)
    if as_json:
        print_json(_fields(made))
    else:
        out.print(f"user {made.email} of tenant {tenant}, id {made.id}", markup=False)


def list_(context: typer.Context, tenant: Slug, as_json: Json = False) -> None:
    """List who can log in for a tenant, and who could."""
    with house_of(context).open() as desk:
        found = desk.users.listing(tenant)
    if as_json:
        print_json([_fields(one) for one in found])
        return
    print_table(
        ["id", "email", "name", "state"],
        [
            [one.id, one.email, one.name, "disabled" if one.disabled_at else "valid"]
            for one in found
        ],
    )


def password(
    context: typer.Context,
    email: Email,
    tenant: Slug,
    password_stdin: FromStdin = False,
) -> None:
    """Give somebody another password; tokens had with the old one end."""
    given = _read_password(password_stdin)
    with house_of(context).open() as desk:
        desk.users.set_password(tenant, email, given)
    out.print(f"user {email} has another password", markup=False)


def disable(context: typer.Context, email: Email, tenant: Slug) -> None:
    """Let somebody in no more; their tokens end within seconds."""
    with house_of(context).open() as desk:
        desk.users.disable(tenant, email)
    out.print(f"user {email} is disabled", markup=False)


def _read_password(from_stdin: bool) -> str:
    """
    Return the one line on standard input: other processes see arguments.

    Raises:
        Refusal: INVALID `password_stdin`.
    """
    problem = None
    if not from_stdin:
        problem = "say --password-stdin, and send the password on standard input"
    else:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        line = data.removesuffix(b"\n").removesuffix(b"\r")
        if len(data) > MAX_BYTES:
            problem = "the password on standard input is too long"
        elif b"\n" in line:
            problem = "there is more than one line on standard input"
        else:
            try:
                return line.decode()
            except UnicodeDecodeError:
                problem = "the password on standard input is not UTF-8"
    raise Refusal(Kind.INVALID, "password_stdin", problem)


def _fields(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "number": user.number,
        "email": user.email,
        "name": user.name,
        "createdAt": rfc3339(user.created_at),
        "disabledAt": rfc3339(user.disabled_at) if user.disabled_at else None,
    }
