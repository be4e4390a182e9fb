"""`testamur mail dkim`: keys that mails are signed with."""

from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.mail_keys import DkimAlgorithm, DkimKey, zone_line
from testamur.core.refusals import Kind, Refusal

from .house import house_of
from .show import Json, out, print_json, print_table

Domain = Annotated[str, typer.Argument(help="Behind the @ of TESTAMUR_MAIL_FROM.")]
Selector = Annotated[str, typer.Argument(help="Which of the domain's keys.")]

#: What `--algorithm` is called.
ALGORITHMS = {"rsa": DkimAlgorithm.RSA, "ed25519": DkimAlgorithm.ED25519}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    dkim = typer.Typer(help="Keys that mails are signed with.", no_args_is_help=True)
    dkim.command()(add)
    dkim.command(name="list")(list_)
    dkim.command()(show)
    dkim.command()(remove)
    app.add_typer(dkim, name="dkim")


def add(
    context: typer.Context,
    domain: Domain,
    algorithm: Annotated[
        str, typer.Option(help="rsa, which everybody reads, or ed25519 beside it.")
    ] = "rsa",
    selector: Annotated[
        str | None, typer.Option(help="What to call the key in the DNS.")
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Make a key, and print the DNS record to publish.

    Mails from the domain are signed with it from now on. Until its record is there
    the signature counts for nothing, and does no harm.
    """
    if algorithm not in ALGORITHMS:
        raise Refusal(
            Kind.INVALID,
            "algorithm",
            f"--algorithm is {' or '.join(ALGORITHMS)}, not {algorithm}",
        )
    with house_of(context).open() as desk:
        made = desk.dkim.add(domain, selector, ALGORITHMS[algorithm])
    if as_json:
        print_json(_fields(made))
    else:
        out.print("Publish this record, then look: testamur mail check", markup=False)
        out.print(zone_line(made.record_name, made.record), markup=False)


def list_(context: typer.Context, as_json: Json = False) -> None:
    """List the keys of all domains."""
    with house_of(context).open() as desk:
        found = desk.dkim.listing()
    if as_json:
        print_json([_fields(one) for one in found])
        return
    print_table(
        ["domain", "selector", "algorithm", "since"],
        [
            [one.domain, one.selector, one.algorithm, rfc3339(one.created_at)]
            for one in found
        ],
    )


def show(
    context: typer.Context,
    domain: Domain,
    selector: Annotated[str | None, typer.Argument(help="All when left out.")] = None,
) -> None:
    """Print the DNS records of a domain's keys, as a zone file has them."""
    with house_of(context).open() as desk:
        found = [
            one
            for one in desk.dkim.listing()
            if one.domain == domain.lower() and selector in (None, one.selector)
        ]
    if not found:
        raise Refusal(
            Kind.NOT_FOUND,
            "dkim_key_not_found",
            f"{domain} has no such key; `testamur mail dkim list` lists those there "
            "are",
        )
    for one in found:
        out.print(zone_line(one.record_name, one.record), markup=False)


def remove(context: typer.Context, domain: Domain, selector: Selector) -> None:
    """
    Sign with a key no more, and forget it.

    Leave its record in the DNS for a week: mails that it signed are under way.
    """
    with house_of(context).open() as desk:
        desk.dkim.remove(domain, selector)
    out.print(
        f"key {selector} of {domain} is gone; leave its DNS record for a week",
        markup=False,
    )


def _fields(key: DkimKey) -> dict[str, Any]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "algorithm": key.algorithm,
        "createdAt": rfc3339(key.created_at),
        "recordName": key.record_name,
        "record": key.record,
    }
