"""`testamur config`: what is set, and where."""

from dataclasses import asdict

import typer

from .house import house_of
from .show import Json, out, print_beside, print_json


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    config = typer.Typer(help="Settings.")
    config.callback()(lambda: None)
    config.command()(show)
    app.add_typer(config, name="config")


def show(context: typer.Context, as_json: Json = False) -> None:
    """Print every setting, its value and where it came from."""
    found = house_of(context).settings()
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for one in found:
        out.print(f"{one.variable} = {one.value}  ({one.source})", markup=False)
        print_beside("    ", one.sentence)
