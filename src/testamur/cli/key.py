"""`testamur key`: API keys."""

from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.words import ApiKey

from .house import house_of
from .show import Json, out, print_json, print_table

Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    key = typer.Typer(help="API keys.", no_args_is_help=True)
    key.command()(create)
    key.command(name="list")(list_)
    key.command()(revoke)
    app.add_typer(key, name="key")


def create(
    context: typer.Context,
    tenant: Slug,
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope; may be repeated. All if none.")
    ] = None,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    as_json: Json = False,
) -> None:
    """Create an API key and print it, once, as the last line."""
    with house_of(context).open() as desk:
        made = desk.create_key(tenant, name, scope or [])
    if as_json:
        print_json({**_fields(made.key), "key": made.text})
        return
    scopes = ", ".join(sorted(made.key.scopes))
    out.print(f"key {made.key.id} of tenant {tenant}: {scopes}", markup=False)
    out.print("Keep it now; it is not shown again:")
    out.print(made.text, markup=False)


def list_(context: typer.Context, tenant: Slug, as_json: Json = False) -> None:
    """List a tenant's keys; their texts are known to nobody."""
    with house_of(context).open() as desk:
        found = desk.keys(tenant)
    if as_json:
        print_json([_fields(one) for one in found])
        return
    print_table(
        ["id", "key", "name", "scopes", "state"],
        [
            [
                one.id,
                one.hint,
                one.name,
                " ".join(sorted(one.scopes)),
                "revoked" if one.revoked_at else "valid",
            ]
            for one in found
        ],
    )


def revoke(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(help="The key's id, as listed.")],
    tenant: Slug,
) -> None:
    """Revoke a key for ever; it stops working within seconds."""
    with house_of(context).open() as desk:
        desk.revoke_key(tenant, key_id)
    out.print(f"key {key_id} is revoked", markup=False)


def _fields(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "scopes": sorted(key.scopes),
        "createdAt": rfc3339(key.created_at),
        "revokedAt": rfc3339(key.revoked_at) if key.revoked_at else None,
    }
