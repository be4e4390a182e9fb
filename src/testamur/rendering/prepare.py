"""
From a package to a prepared template: everything that is done once, not per row.

Its files are decoded and made safe, its art is drawn, its constant texts are laid
out; then both ways of drawing are tried on a sample, and compared.
"""

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


def prepare(package: bytes) -> Preparation:
    """
    Return the template of *package* (ZIP or JSON) made ready. Only in `press_child`.

    A template whose stamped and typeset pages differ has no prefix: it is always
    typeset. The same package gives the same bytes.

    Raises:
        Refusal: INVALID or TOO_LARGE, with what to change in the package.
    """
    raise NotImplementedError
