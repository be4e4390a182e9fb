"""
Text becomes glyphs: HarfBuzz, with what fonts offer for a language.

Kerning and ligatures are on; letters that are set apart have no ligatures. Glyphs
that draw nothing (joiners, selectors) are left out, their characters belong to the
cluster before.
"""

from typing import NamedTuple

import uharfbuzz as hb

from ..laid import Glyph
from .bidi import visual_order
from .fonts import Chosen, Face
from .scripts import COMMON

#: Ligatures would join what tracking sets apart (CSS Text 3, 8.2).
_APART = {"liga": False, "clig": False, "dlig": False, "hlig": False}

_FLAGS = hb.BufferFlags.REMOVE_DEFAULT_IGNORABLES


class Shaped(NamedTuple):
    """A stretch of one font, as glyphs."""

    chosen: Chosen
    face: Face
    #: What it says, in the order in which it is read.
    text: str
    #: In visual order; clusters count from the stretch's first character.
    glyphs: tuple[Glyph, ...]
    #: How wide it is, in multiples of the size.
    width: float
    #: After how many of its glyphs tracking is added: those that end a cluster.
    gaps: int


_make = tuple.__new__


def shaped(text: str, chosen: Chosen, face: Face, *, is_apart: bool) -> Shaped:
    """Return the glyphs of one stretch of the paragraph *text*."""
    part = text[chosen.start : chosen.end]
    buffer = hb.Buffer()
    buffer.add_str(part)
    buffer.direction = "rtl" if chosen.level % 2 else "ltr"
    buffer.script = chosen.script if chosen.script != COMMON else "Zyyy"
    buffer.language = chosen.language
    buffer.flags = _FLAGS
    hb.shape(face.hb_font, buffer, _APART if is_apart else None)
    placed = zip(buffer.glyph_infos or (), buffer.glyph_positions or (), strict=True)
    # A named tuple's own constructor costs more than all that goes into it.
    glyphs = tuple(
        [
            _make(Glyph, (info.codepoint, info.cluster, advance, dx, dy))
            for info, place in placed
            for dx, dy, advance, _ in [place.position]
        ]
    )
    width = sum([glyph.advance for glyph in glyphs]) / face.upem
    gaps = len({glyph.cluster for glyph in glyphs})
    return Shaped(chosen, face, part, glyphs, width, gaps)


def in_visual_order(runs: list[Shaped]) -> list[Shaped]:
    """Return the *runs* of one line from left to right (UAX #9, L2)."""
    if not any(run.chosen.level for run in runs):
        return runs
    return [runs[at] for at in visual_order([run.chosen.level for run in runs])]
