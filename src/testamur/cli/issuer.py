"""`testamur issuer`: who vouches, and the keys that sign."""

from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import IssuerProfile, PublicKey

from .house import house_of
from .show import Json, out, print_json, print_table

Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    issuer = typer.Typer(
        help="Issuers: who vouches, and the keys that sign.", no_args_is_help=True
    )
    issuer.command()(show)
    issuer.command(name="set")(set_)
    issuer.command()(keys)
    issuer.command()(rotate)
    issuer.command()(revoke_key)
    app.add_typer(issuer, name="issuer")


def show(context: typer.Context, tenant: Slug, as_json: Json = False) -> None:
    """Show who a tenant is to everybody who checks its certificates."""
    with house_of(context).open() as desk:
        found = desk.issuer(tenant)
    _print(found, as_json)


def set_(
    context: typer.Context,
    tenant: Slug,
    recipients: Annotated[
        str,
        typer.Option(
            help="How credentials name recipients: hashed (salted hash of the "
            "address) or plain (the address itself)."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Decide how credentials of later jobs name recipients."""
    if recipients not in ("hashed", "plain"):
        raise Refusal(
            Kind.INVALID,
            "recipients",
            f"--recipients is hashed or plain, not {recipients}",
        )
    with house_of(context).open() as desk:
        found = desk.show_addresses(tenant, recipients == "plain")
    _print(found, as_json)


def keys(context: typer.Context, tenant: Slug, as_json: Json = False) -> None:
    """List the keys a tenant signs or signed with, the newest first."""
    with house_of(context).open() as desk:
        found = desk.issuer(tenant).keys
    if as_json:
        print_json([_key_fields(key) for key in found])
        return
    print_table(
        ["id", "algorithm", "made", "retired", "revoked"],
        [
            [
                key.id,
                key.algorithm,
                rfc3339(key.made_at),
                _moment(key.retired_at) or "-",
                _moment(key.revoked_at) or "-",
            ]
            for key in found
        ],
    )


def rotate(
    context: typer.Context,
    tenant: Slug,
    algorithm: Annotated[
        str, typer.Option(help="EdDSA (credentials, tokens) or RS256 (tokens only).")
    ] = "EdDSA",
    as_json: Json = False,
) -> None:
    """
    Give a tenant a new key for the jobs it submits from now on.

    What the old key signed stays valid.
    """
    with house_of(context).open() as desk:
        made = desk.rotate_issuer_key(tenant, algorithm)
    if as_json:
        print_json(_key_fields(made))
        return
    out.print(
        f"key {made.id} ({made.algorithm}) signs the jobs that {tenant} submits from "
        "now on; what was signed before stays valid",
        markup=False,
    )


def revoke_key(
    context: typer.Context,
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As listed.")],
    tenant: Slug,
    yes: Annotated[bool, typer.Option("--yes", help="I have understood.")] = False,
    as_json: Json = False,
) -> None:
    """
    Distrust a key for ever: everything signed by it stops verifying.

    For a key that is in wrong hands. To replace one that is not, use `rotate`.
    """
    if not yes:
        raise Refusal(
            Kind.INVALID,
            "not_confirmed",
            f"every certificate that was signed with the key {key_id} stops "
            "verifying, for ever; repeat the command with --yes if that is what "
            "you want, or use `testamur issuer rotate`, which keeps them valid",
        )
    with house_of(context).open() as desk:
        revoked = desk.revoke_issuer_key(tenant, key_id)
    if as_json:
        print_json(_key_fields(revoked))
        return
    out.print(
        f"key {revoked.id} is revoked: what was signed with it verifies no more, and "
        "jobs that were to be signed with it stop",
        markup=False,
    )


def _print(issuer: IssuerProfile, as_json: bool) -> None:
    recipients = "hashed" if issuer.hides_addresses else "plain"
    if as_json:
        print_json(
            {
                "did": issuer.did,
                "name": issuer.tenant.name,
                "url": issuer.url,
                "recipients": recipients,
                "keys": [_key_fields(key) for key in issuer.keys],
            }
        )
        return
    for name, value in (
        ("did", issuer.did),
        ("name", issuer.tenant.name),
        ("url", issuer.url),
        ("recipients", recipients),
    ):
        out.print(f"{name:<10}  {value}", markup=False)


def _key_fields(key: PublicKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "algorithm": key.algorithm,
        "madeAt": rfc3339(key.made_at),
        "retiredAt": _moment(key.retired_at),
        "revokedAt": _moment(key.revoked_at),
    }


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
