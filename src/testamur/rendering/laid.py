"""
Text that has its place: what `layout` makes, and what draws a page starts from.

Positions are points from the page's top left corner; a baseline is a y. Advances
and offsets of glyphs are in units of their font, as HarfBuzz gives them.
"""

from dataclasses import dataclass
from typing import NamedTuple


class Glyph(NamedTuple):
    """One glyph of a run, in visual order."""

    id: int
    #: Where, in the run's text, the letters begin that it shows.
    cluster: int
    advance: int
    dx: int
    dy: int


@dataclass(frozen=True, slots=True)
class Run:
    """Letters of one font and direction."""

    #: The font's key, as `fonts.Fonts.face` takes it.
    face: str
    #: In the order in which it is read.
    text: str
    is_rtl: bool
    glyphs: tuple[Glyph, ...]
    #: From the line's x to where its first glyph stands, in points.
    x: float
    #: In points, tracking included.
    width: float
    #: BCP 47: whose forms its letters take. Chinese characters differ by it.
    language: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its runs in visual order, from left to right."""

    x: float
    baseline: float
    width: float
    #: In the order in which it is read.
    text: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class LaidText:
    """One text of the design, set at *size*."""

    #: The id of the item.
    id: str
    size: float
    colour: str
    #: In points, at this size: added after the last glyph of every cluster, but for
    #: the line's last. 0 where letters join or move, as in Arabic and Devanagari.
    tracking: float
    lines: tuple[Line, ...]
    #: Whether only the typesetter draws it: colour emoji, or both directions mixed.
    is_unusual: bool = False
    #: Whether it is read from right to left, whichever way its letters run.
    is_rtl: bool = False

    @property
    def text(self) -> str:
        """What it says, its lines joined by spaces."""
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Laid:
    """Every text of one certificate that is drawn, in the design's order."""

    texts: tuple[LaidText, ...]

    @property
    def is_unusual(self) -> bool:
        """Whether only the typesetter draws it."""
        return any(text.is_unusual for text in self.texts)
