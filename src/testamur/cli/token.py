"""`testamur token`: signed tokens (JWT) that end by themselves."""

from typing import Annotated

import typer

from testamur.core.clock import rfc3339

from .house import house_of
from .key import Slug
from .show import Json, out, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    token = typer.Typer(help="Tokens (JWT) that end by themselves.")
    token.callback()(lambda: None)
    token.command()(create)
    app.add_typer(token, name="token")


def create(
    context: typer.Context,
    tenant: Slug,
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope; may be repeated. All if none.")
    ] = None,
    ttl: Annotated[str, typer.Option(help="How long it lasts: 30m, 24h.")] = "24h",
    as_json: Json = False,
) -> None:
    """Create a token and print it."""
    with house_of(context).open() as desk:
        made = desk.create_token(tenant, scope or [], ttl)
    if as_json:
        print_json(
            {
                "id": made.id,
                "scopes": sorted(made.scopes),
                "expiresAt": rfc3339(made.expires_at),
                "token": made.text,
            }
        )
    else:
        out.print(made.text, markup=False)
