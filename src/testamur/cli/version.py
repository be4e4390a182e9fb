"""`testamur --version`."""

from importlib.metadata import version
from typing import Annotated

import typer

from .show import out


def _print_version(is_asked: bool) -> None:
    if is_asked:
        out.print(version("testamur"))
        raise typer.Exit(0)


def offer_version(
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            is_eager=True,
            callback=_print_version,
        ),
    ] = False,
) -> None:
    """Issue certificates in bulk: a CSV and images become certificates."""
