"""`testamur signer`: the signing certificates of institutions."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from testamur.core.clock import rfc3339
from testamur.core.pins import Password, Pin, read_password, read_pin
from testamur.core.refusals import Kind, Refusal
from testamur.core.signers import SignerView

from .house import house_of
from .show import Json, out, print_json, print_table

Slug = Annotated[str, typer.Option("--tenant", help="The tenant's slug.")]
Id = Annotated[int, typer.Argument(metavar="ID", help="As listed.", min=1)]

#: No line with a PIN or a password is longer.
MAX_LINE = 1_024


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    signer = typer.Typer(
        help="Signers: the certificates that institutions sign documents with.",
        no_args_is_help=True,
    )
    signer.command()(add)
    signer.command(name="list")(list_)
    signer.command()(show)
    signer.command()(revoke)
    signer.command()(unlock)
    app.add_typer(signer, name="signer")


def add(
    context: typer.Context,
    tenant: Slug,
    name: Annotated[str, typer.Option(help="What it is called in lists.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="PKCS #12 (.p12, .pfx) with the key."),
    ] = None,
    pin_stdin: Annotated[
        bool,
        typer.Option(
            "--pin-stdin", help="Read the PIN from standard input, its first line."
        ),
    ] = False,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="The file has a password of its own: the second line. Otherwise the "
            "PIN opens it.",
        ),
    ] = False,
    pkcs11: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="The key is in a token, which it never leaves: "
            "pkcs11:token=LABEL;object=KEY?module-path=FILE.so",
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="With --pkcs11: its certificates (PEM), its own first."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """
    Add a signing certificate; print its id as the last line.

    The key is sealed by the PIN and the operator secret; nothing else of the PIN is
    kept. With --pkcs11 the PIN is the token's: it is asked for when documents are
    signed, and given here (--pin-stdin) the key is tried once.
    """
    if (file is None) is (pkcs11 is None) or (pkcs11 is None) is not (
        certificate is None
    ):
        raise Refusal(
            Kind.INVALID,
            "signer_source",
            "name either a PKCS #12 file, or --pkcs11 URI with --certificate FILE",
        )
    if password_stdin and file is None:
        raise Refusal(
            Kind.INVALID, "signer_source", "--password-stdin is for a PKCS #12 file"
        )
    pin, password = _secrets(pin_stdin, password_stdin, is_needed=file is not None)
    with house_of(context).open() as desk:
        if file is not None:
            assert pin is not None
            made = desk.signers.add_file(tenant, name, file, pin, password)
        else:
            assert pkcs11 is not None
            assert certificate is not None
            made = desk.signers.add_token(tenant, name, pkcs11, certificate, pin)
    if as_json:
        print_json({**_fields(made), "warnings": list(made.warnings)})
        return
    for warning in made.warnings:
        sys.stderr.write(f"testamur: {warning}\n")
    out.print(
        f"signer {made.signer.name} of tenant {tenant}: {made.signer.subject}, valid "
        f"until {rfc3339(made.signer.valid_until)}",
        markup=False,
    )
    out.print(str(made.signer.id), markup=False)


def list_(context: typer.Context, tenant: Slug, as_json: Json = False) -> None:
    """List a tenant's signers, the oldest first."""
    with house_of(context).open() as desk:
        found = desk.signers.listing(tenant)
    if as_json:
        print_json([_fields(one) for one in found])
        return
    print_table(
        ["id", "name", "kind", "subject", "valid until", "status"],
        [
            [
                str(one.signer.id),
                one.signer.name,
                str(one.signer.kind),
                one.signer.subject,
                rfc3339(one.signer.valid_until),
                str(one.status),
            ]
            for one in found
        ],
    )


def show(context: typer.Context, signer_id: Id, as_json: Json = False) -> None:
    """Show a signer."""
    with house_of(context).open() as desk:
        found = desk.signers.find(signer_id)
    fields = _fields(found)
    if as_json:
        print_json(fields)
        return
    for key, value in fields.items():
        out.print(f"{key:<14}  {'-' if value is None else value}", markup=False)


def revoke(
    context: typer.Context,
    signer_id: Id,
    yes: Annotated[bool, typer.Option("--yes", help="I have understood.")] = False,
) -> None:
    """
    Let a signer sign no more, for ever; its key is forgotten.

    What it signed stays signed. Where the key is in wrong hands, have its authority
    revoke the certificate, too.
    """
    if not yes:
        raise Refusal(
            Kind.INVALID,
            "not_confirmed",
            f"the signer {signer_id} never signs again, and its key is forgotten; "
            "repeat the command with --yes if that is what you want",
        )
    with house_of(context).open() as desk:
        desk.signers.revoke(signer_id)
    out.print(f"signer {signer_id} is revoked", markup=False)


def unlock(context: typer.Context, signer_id: Id) -> None:
    """Forget the wrong PINs of a signer, so that it can be opened again."""
    with house_of(context).open() as desk:
        desk.signers.unlock(signer_id)
    out.print(f"signer {signer_id} is unlocked", markup=False)


def _secrets(
    pin_stdin: bool, password_stdin: bool, *, is_needed: bool
) -> tuple[Pin | None, Password | None]:
    """Return PIN and password: never from arguments, which everybody can read."""
    if not pin_stdin:
        if not is_needed and not password_stdin:
            return None, None
        if password_stdin or not sys.stdin.isatty():
            raise Refusal(
                Kind.INVALID,
                "pin_required",
                "say --pin-stdin, and give the PIN as the first line of standard input",
            )
        return read_pin(typer.prompt("PIN", hide_input=True)), None
    pin = read_pin(_line())
    return pin, read_password(_line()) if password_stdin else None


def _line() -> str:
    data = sys.stdin.buffer.readline(MAX_LINE).rstrip(b"\r\n")
    return data.decode("utf-8", "replace")


def _fields(view: SignerView) -> dict[str, Any]:
    one = view.signer
    return {
        "id": one.id,
        "name": one.name,
        "kind": str(one.kind),
        "algorithm": str(one.algorithm),
        "subject": one.subject,
        "issuer": one.issuer,
        "serialNumber": one.serial_number,
        "validFrom": rfc3339(one.valid_from),
        "validUntil": rfc3339(one.valid_until),
        "status": str(view.status),
        "wrongPins": view.wrong_pins,
        "createdAt": rfc3339(one.created_at),
        "revokedAt": None if one.revoked_at is None else rfc3339(one.revoked_at),
    }


def read_signer_pin(*, pin_stdin: bool) -> Pin:
    """Return the PIN of a signer that is to sign: never from arguments."""
    pin, _ = _secrets(pin_stdin, False, is_needed=True)
    assert pin is not None
    return pin
