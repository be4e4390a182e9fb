"""A template made ready, a sample of it, and what its owner is told."""

from collections.abc import Sequence
from dataclasses import dataclass

from .prepared import Prepared


@dataclass(frozen=True, slots=True)
class Preparation:
    """A template that can be drawn."""

    prepared: Prepared
    #: A certificate for nobody: PDF.
    sample: bytes
    #: What its owner may want to change, in sentences.
    warnings: Sequence[str] = ()
