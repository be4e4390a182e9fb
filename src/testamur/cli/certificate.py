"""`testamur certificate`: one certificate, in the format that somebody needs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import standing
from .house import house_of

CertificateId = Annotated[
    str, typer.Argument(metavar="ID", help="The certificate's id: 24 characters.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    certificate = typer.Typer(
        help="Certificates that were issued.", no_args_is_help=True
    )
    certificate.command()(credential)
    standing.add_commands(certificate)
    app.add_typer(certificate, name="certificate")


def credential(
    context: typer.Context,
    certificate_id: CertificateId,
    format: Annotated[
        str,
        typer.Option(
            help="eddsa-rdfc-2022 (as it was issued), eddsa-jcs-2022, vc-jwt "
            "(VC-JOSE-COSE) or ob-jwt (Open Badges 3.0)."
        ),
    ] = "eddsa-rdfc-2022",
    alg: Annotated[
        str, typer.Option(help="Of tokens: EdDSA or RS256. Proofs are EdDSA.")
    ] = "EdDSA",
    output: Annotated[
        Path | None, typer.Option(help="Where to; else standard output.")
    ] = None,
) -> None:
    """
    Print a certificate as a credential: the same bytes every time.

    A format that nobody asked for before is signed now, with the tenant's newest
    key, and logged.
    """
    with house_of(context).open() as desk:
        body, _ = desk.credential(certificate_id, format, alg)
    if output is None:
        sys.stdout.buffer.write(body)
    else:
        output.write_bytes(body)
