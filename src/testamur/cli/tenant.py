"""`testamur tenant`: who issues."""

from typing import Annotated

import typer

from testamur.core.words import Tenant

from .house import house_of
from .show import Json, out, print_json, print_table

Slug = Annotated[str, typer.Argument(help="The tenant's slug.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    tenant = typer.Typer(help="Tenants: who issues.", no_args_is_help=True)
    tenant.command()(create)
    tenant.command(name="list")(list_)
    tenant.command()(suspend)
    tenant.command()(resume)
    app.add_typer(tenant, name="tenant")


def create(
    context: typer.Context,
    slug: Annotated[str, typer.Argument(help="Short name, such as acme.")],
    name: Annotated[str, typer.Option(help="Name that certificates show.")],
    plan: Annotated[str, typer.Option(help="standard or unlimited")] = "standard",
    as_json: Json = False,
) -> None:
    """Create a tenant and print it."""
    with house_of(context).open() as desk:
        made = desk.create_tenant(slug, name, plan)
    if as_json:
        print_json(_fields(made))
    else:
        out.print(
            f"tenant {made.slug} ({made.name}), plan {made.plan.name}, id {made.id}",
            markup=False,
        )


def list_(context: typer.Context, as_json: Json = False) -> None:
    """List the tenants."""
    with house_of(context).open() as desk:
        found = desk.tenants()
    if as_json:
        print_json([_fields(one) for one in found])
    else:
        print_table(
            ["slug", "name", "plan"],
            [[one.slug, one.name, one.plan.name] for one in found],
        )


def suspend(context: typer.Context, slug: Slug) -> None:
    """Turn a tenant's keys and tokens away, within seconds; pages stay up."""
    with house_of(context).open() as desk:
        desk.suspend_tenant(slug)
    out.print(f"tenant {slug} is suspended", markup=False)


def resume(context: typer.Context, slug: Slug) -> None:
    """Let a suspended tenant in again."""
    with house_of(context).open() as desk:
        desk.resume_tenant(slug)
    out.print(f"tenant {slug} is welcome again", markup=False)


def _fields(tenant: Tenant) -> dict[str, str]:
    return {
        "id": tenant.id,
        "slug": tenant.slug,
        "name": tenant.name,
        "plan": tenant.plan.name,
    }
