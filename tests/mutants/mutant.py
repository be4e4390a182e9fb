"""What a seeded bug is."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One bug."""

    name: str
    invariant: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]
    #: Too slow, or too much up to chance, for every run of the tests: only
    #: `make mutants` has it.
    is_slow: bool = False


def test(file: str, name: str) -> str:
    """Name a test."""
    return f"{file}::{name}"
