"""`testamur serve` and `testamur worker`."""

from typing import Annotated

import typer

from .house import house_of


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(worker)


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")
    ] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(min=0, max=64, help="Worker processes; one per processor."),
    ] = None,
) -> None:
    """Serve API, pages and workers. Creates what it needs on the first start."""
    house_of(context).serve(host, port, workers)


def worker(context: typer.Context) -> None:
    """Run workers alone, against a PostgreSQL that hosts share."""
    house_of(context).work()
