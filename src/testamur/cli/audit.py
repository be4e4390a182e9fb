"""`testamur audit`: who did what, and whether the list of it is whole."""

from typing import Annotated

import typer

from testamur.core.chain import canonical
from testamur.core.clock import rfc3339
from testamur.core.refusals import Fault
from testamur.dialects.native.read import moment

from .house import house_of
from .show import Json, out, print_json, print_table


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    audit = typer.Typer(help="The audit log: who did what.", no_args_is_help=True)
    audit.command(name="list")(list_)
    audit.command()(check)
    app.add_typer(audit, name="audit")


def list_(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="Slug: its entries alone.")] = None,
    act: Annotated[str | None, typer.Option(help="Such as api_key.revoke.")] = None,
    since: Annotated[
        str | None, typer.Option(help="A date, or a moment as in RFC 3339.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100,
    as_json: Json = False,
) -> None:
    """List what was done, newest first."""
    with house_of(context).open() as desk:
        found = desk.audit(tenant, act, moment(since, "--since"), limit)
    if as_json:
        print_json(
            [
                {
                    "seq": seq,
                    "at": rfc3339(one.at),
                    "tenant": slug,
                    "actor": one.actor,
                    "act": one.act,
                    "subject": one.subject,
                    "detail": dict(one.detail),
                }
                for seq, slug, one in found
            ]
        )
        return
    print_table(
        ["entry", "at", "tenant", "actor", "act", "subject", "detail"],
        [
            [
                f"{seq:,}",
                rfc3339(one.at),
                slug or "-",
                one.actor,
                one.act,
                one.subject,
                canonical(dict(one.detail)),
            ]
            for seq, slug, one in found
        ],
    )


def check(context: typer.Context, as_json: Json = False) -> None:
    """
    Compute the chain again: was an entry changed, removed or put elsewhere?

    Exits with 1 when one was. The end is held to what the record outside the
    database remembers.
    """
    with house_of(context).open() as desk:
        count, wrong = desk.check_audit()
    if as_json:
        print_json({"entries": count, "problems": list(wrong)})
    else:
        for line in wrong:
            out.print(line, markup=False)
        if not wrong:
            out.print(f"{count:,} entries, each bound to the one before it")
    if wrong:
        raise Fault(f"{len(wrong)} problems in the audit log", passing=False)
