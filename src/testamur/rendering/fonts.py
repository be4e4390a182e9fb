"""
The fonts of one template: its own, then the installation's, and which letter gets
which.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .design import FontFile, Style
from .face import Face
from .font_house import House

__all__ = ["Chosen", "Face", "Fonts", "House"]


class Chosen(NamedTuple):
    """A stretch of text that one font draws in one direction."""

    #: Where in the text it begins and ends.
    start: int
    end: int
    #: None when no font has its (first) character.
    face: Face | None
    #: ISO 15924, such as `Latn`; `Zyyy` when it has no letters.
    script: str
    #: The embedding level of UAX #9: odd is right to left.
    level: int
    #: BCP 47, for the forms that letters take in it.
    language: str


class Fonts:
    """
    The fonts of a template: those of its package, then those of the house.

    *package_fonts* are pairs of what the design says of a font and its bytes (or
    file). Texts are drawn with the same fonts wherever the same files are.
    """

    def __init__(
        self,
        package_fonts: Sequence[tuple[FontFile, bytes | Path]] = (),
        *,
        house: House | None = None,
    ) -> None:
        raise NotImplementedError

    def face(self, key: str) -> Face:
        """Return the face of *key*, as a `Run` names it. Raises `KeyError`."""
        raise NotImplementedError

    def face_of(self, style: Style) -> Face:
        """Return the face that *style* asks for: the first of its chain."""
        raise NotImplementedError

    def chain(self, style: Style) -> Sequence[Face]:
        """Return the faces that letters of *style* may come from, the best first."""
        raise NotImplementedError

    def choose(
        self, style: Style, text: str, language: str, levels: Sequence[int] | None
    ) -> list[Chosen]:
        """
        Cut *text* (one paragraph, in logical order) into stretches of one font.

        *levels* are those of UAX #9, one per character; None: all 0.
        """
        raise NotImplementedError

    def families(self) -> list[str]:
        """Return the names that a style may use, sorted."""
        raise NotImplementedError
