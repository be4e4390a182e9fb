"""`testamur suppression`: addresses that are not written to any more."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.suppressions import Suppression, SuppressionReason

from .house import house_of
from .key import Slug
from .show import Json, out, print_json, print_table

Why = Annotated[SuppressionReason, typer.Option("--reason", help="Why.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    suppression = typer.Typer(
        help="Addresses that are not written to any more.", no_args_is_help=True
    )
    suppression.command(name="list")(list_)
    suppression.command()(add)
    suppression.command()(remove)
    suppression.command(name="import")(import_)
    app.add_typer(suppression, name="suppression")


def list_(
    context: typer.Context,
    tenant: Slug,
    reason: Annotated[
        SuppressionReason | None, typer.Option(help="Only those for this reason.")
    ] = None,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV, as `import` reads it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """
    List a tenant's suppressed addresses, the newest first.

    Of a person who was erased no address is left. They are still not written to,
    and are not in the CSV.
    """
    with house_of(context).open() as desk:
        found = list(desk.suppressions.listing(tenant, reason))
    if as_json:
        print_json([_fields(one) for one in found])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("address", "reason", "createdAt"))
        writer.writerows(
            (one.address, one.reason, rfc3339(one.created_at))
            for one in found
            if one.address is not None
        )
    else:
        print_table(
            ["id", "address", "reason", "since"],
            [
                [one.id, one.address or "(erased)", one.reason, rfc3339(one.created_at)]
                for one in found
            ],
        )


def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="An e-mail address.")],
    tenant: Slug,
    reason: Why = SuppressionReason.MANUAL,
    as_json: Json = False,
) -> None:
    """Write to an address no more."""
    with house_of(context).open() as desk:
        found, is_new = desk.suppressions.add(tenant, address, reason)
    if as_json:
        print_json(_fields(found))
    else:
        state = "is" if is_new else "was already"
        out.print(f"{found.address} {state} on the list: {found.reason}", markup=False)


def remove(
    context: typer.Context,
    which: Annotated[str, typer.Argument(help="An entry's id, or an address.")],
    tenant: Slug,
) -> None:
    """Take an entry off the list, or all entries of an address."""
    with house_of(context).open() as desk:
        count = desk.suppressions.remove(tenant, which)
    out.print(f"{count:,} {'entry' if count == 1 else 'entries'} removed")


def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV (UTF-8) with a column address or email, and maybe reason; or "
            "one address a line.",
            exists=True,
            dir_okay=False,
        ),
    ],
    tenant: Slug,
    reason: Why = SuppressionReason.MANUAL,
) -> None:
    """Write to no address of a file any more; if a line is wrong, nothing is done."""
    with house_of(context).open() as desk:
        count, new = desk.suppressions.load(tenant, file, reason)
    out.print(f"{count:,} addresses, {new:,} of them new on the list")


def _fields(one: Suppression) -> dict[str, Any]:
    return {
        "id": one.id,
        "address": one.address,
        "reason": one.reason,
        "createdAt": rfc3339(one.created_at),
    }
