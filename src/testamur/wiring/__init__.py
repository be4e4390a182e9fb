"""Settings to adapters to rooms. The only place that imports everybody."""


def main() -> None:
    """Run the command line."""
    from testamur.cli import run
    from testamur.wiring.house import TestamurHouse

    run(TestamurHouse())
