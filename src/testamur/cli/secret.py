"""`testamur secret`: the operator secret, and the key that seals it."""

from typing import Annotated

import typer

from .house import house_of
from .show import out


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    secret = typer.Typer(
        help="The operator secret: what everything is signed and sealed with."
    )
    secret.callback()(lambda: None)
    secret.command()(seal)
    app.add_typer(secret, name="secret")


def seal(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="pkcs11:... or aws-kms://...; TESTAMUR_SECRET_URL's when left out.",
        ),
    ] = "",
    make_key: Annotated[
        bool, typer.Option("--make-key", help="Make the key on the token (PKCS#11).")
    ] = False,
) -> None:
    """
    Seal the operator secret by a key in a token or a key service.

    The secret is the one in force, so what was signed stays valid; a new one where
    there is no data yet. Stop the server first. Sealed, it is kept in the database,
    where it is of no use without the key.
    """
    with house_of(context).open() as desk:
        sealed_by = desk.seal_secret(url, make_key)
    out.print("The operator secret is sealed. From now on, start with:")
    out.print(f"TESTAMUR_SECRET_URL={sealed_by}", markup=False)
    out.print(
        "Then remove TESTAMUR_SECRET_FILE and TESTAMUR_SECRET, try it, and put the "
        "secret's file where only you find it: whoever has that needs no key."
    )
