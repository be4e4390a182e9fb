"""Settings to adapters to rooms. The only place that imports everybody."""


def main() -> None:
    """Run the command line."""
    from testamur.cli import app

    app()
