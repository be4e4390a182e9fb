"""
A face: one font at one weight and style, ready to measure, shape and embed.

Font files are mapped into memory, not read: of the sixteen megabytes for Han, Kana
and Hangul a process holds only the pages that its texts touch.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import uharfbuzz as hb

#: What a font in a PDF has no use for: its viewer is given glyphs, not text.
_DROPPED = tuple(
    int.from_bytes(tag.encode(), "big")
    for tag in (
        *("BASE", "DSIG", "GDEF", "GPOS", "GSUB", "OS/2", "STAT", "VDMX", "VORG"),
        *("avar", "cmap", "gasp", "hdmx", "kern", "meta", "name", "post"),
        *("vhea", "vmtx"),
    )
)

#: The first operator in the Top DICT of a CFF font whose glyphs go by CID (Adobe
#: Technical Note 5176, section 18): `ROS`.
_ROS = b"\x0c\x1e"

#: Glyphs per em when a font says nonsense.
_UPEM = 1000


class Face:
    """
    One font at one weight and style. Made once per process, and shared.

    Lengths are in units of the font: *upem* of them are its size.
    """

    def __init__(
        self,
        key: str,
        *,
        family: str,
        weight: int,
        is_italic: bool,
        blob: "hb.Blob",
        path: Path | None,
        index: int = 0,
        axes: Mapping[str, float] | None = None,
    ) -> None:
        #: Such as `EB Garamond/700/italic`. The same in every process.
        self.key = key
        self.family = family
        self.weight = weight
        self.is_italic = is_italic
        #: The font's file; None when a package brought it, as *data*.
        self.path = path
        #: Which of a collection's fonts.
        self.index = index
        #: Where the axes of a variable font are pinned; empty for any other.
        self.axes: Mapping[str, float] = dict(axes or {})
        self._blob = blob
        self.hb_face = hb.Face(blob, index)
        self.hb_font = hb.Font(self.hb_face)
        if self.axes:
            self.hb_font.set_variations(dict(self.axes))
        tables = set(self.hb_face.table_tags)
        #: Whether its outlines are PostScript's (CFF), and not TrueType's.
        self.is_cff = "CFF " in tables or "CFF2" in tables
        #: Whether its glyphs have colours of their own, as emoji do.
        self.is_colour = bool(tables & {"COLR", "CBDT", "sbix", "SVG "})
        self.upem: int = self.hb_face.upem or _UPEM
        self._covered: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"Face({self.key!r})"

    # What it has. ---------------------------------------------------------------

    def covers(self, text: str) -> bool:
        """Say whether it has a glyph for every character of *text*."""
        return all(map(self.has, text))

    def has(self, character: str) -> bool:
        """Say whether it has a glyph for *character*."""
        known = self._covered.get(character)
        if known is None:
            known = bool(self.hb_font.get_nominal_glyph(ord(character)))
            self._covered[character] = known
        return known

    @property
    def data(self) -> bytes:
        """The whole font file, as it is."""
        return self.path.read_bytes() if self.path else bytes(self._blob.data)

    # How it measures. -----------------------------------------------------------

    @cached_property
    def ascent(self) -> int:
        """How far above the baseline its lines reach."""
        return int(self.hb_font.get_font_extents("ltr").ascender)

    @cached_property
    def descent(self) -> int:
        """How far below the baseline its lines reach: negative."""
        return int(self.hb_font.get_font_extents("ltr").descender)

    @cached_property
    def cap_height(self) -> int:
        """How tall its capitals are."""
        return self._metric(hb.OTMetricsTag.CAP_HEIGHT) or self._top("H", 0.7)

    @cached_property
    def x_height(self) -> int:
        """How tall its small letters are, without what sticks out of them."""
        return self._metric(hb.OTMetricsTag.X_HEIGHT) or self._top("x", 0.5)

    @cached_property
    def bbox(self) -> tuple[int, int, int, int]:
        """The box that all its glyphs fit in: x and y of two corners (`head`)."""
        head = self._table("head")
        x1, y1, x2, y2 = (
            int.from_bytes(head[at : at + 2], "big", signed=True)
            for at in (36, 38, 40, 42)
        )
        return x1, y1, x2, y2

    @cached_property
    def postscript_name(self) -> str:
        """Its name in a PDF: ASCII letters, digits and hyphens."""
        name = self.hb_face.get_name(hb.OTNameIdPredefined.POSTSCRIPT_NAME) or ""
        if not name or self.axes:
            style = "Italic" if self.is_italic else "Upright"
            name = f"{self.family}-{self.weight}{style}"
        return "".join(c for c in name if c.isascii() and (c.isalnum() or c == "-"))

    def _metric(self, tag: "hb.OTMetricsTag") -> int:
        return int(self.hb_font.get_metric_position(tag) or 0)

    def _top(self, letter: str, otherwise: float) -> int:
        glyph = self.hb_font.get_nominal_glyph(ord(letter))
        extents = self.hb_font.get_glyph_extents(glyph) if glyph else None
        return int(extents.y_bearing) if extents else round(self.upem * otherwise)

    def _table(self, tag: str) -> bytes:
        return bytes(self.hb_face.reference_table(tag).data)

    # What goes into a file. -----------------------------------------------------

    def subset(self, glyphs: Iterable[int]) -> bytes:
        """
        Return a font for a PDF that has *glyphs* under the ids that they have here.

        TrueType: a font file. CFF: the bare CFF table, for `CIDFontType0C`.
        Axes are pinned. The same glyphs give the same bytes.
        """
        wanted = self._pinned()
        wanted.glyph_set.update((0, *glyphs))
        wanted.flags = (
            hb.SubsetFlags.NO_LAYOUT_CLOSURE
            | hb.SubsetFlags.NO_HINTING
            | hb.SubsetFlags.DOWNGRADE_CFF2
        )
        # Where glyphs go by CID, a smaller font keeps those of its glyphs, which are
        # the ids here; holes for all the others would be most of it.
        if not self._has_cids:
            wanted.flags |= hb.SubsetFlags.RETAIN_GIDS
        wanted.drop_table_tag_set.update(_DROPPED)
        made = hb.subset(self.hb_face, wanted)
        if self.is_cff:
            return bytes(made.reference_table("CFF ").data)
        return bytes(made.blob.data)

    def instance(self) -> bytes:
        """
        Return the whole font as a static one, its axes pinned, layout and all.

        As in `subset`, letters are not fitted to pixels (the table `fpgm`).
        """
        if not self.axes and "fpgm" not in self.hb_face.table_tags:
            return self.data
        wanted = self._pinned()
        wanted.keep_everything()
        wanted.flags |= hb.SubsetFlags.NO_HINTING
        try:
            return bytes(hb.subset(self.hb_face, wanted).blob.data)
        except RuntimeError:
            if self.axes:
                raise
            # A font that has glyphs which nobody can read may do without them.
            return self.data

    def _pinned(self) -> "hb.SubsetInput":
        wanted = hb.SubsetInput()
        for tag, value in self.axes.items():
            wanted.pin_axis_location(self.hb_face, tag, value)
        return wanted

    @cached_property
    def _has_cids(self) -> bool:
        if "CFF " not in self.hb_face.table_tags:
            return False
        # The header, then the Name INDEX, then the Top DICT INDEX (TN 5176, 5-8).
        table = memoryview(self.hb_face.reference_table("CFF ").data)
        _, after_names = _first_object(table, table[2])
        top, _ = _first_object(table, after_names)
        # Three operands come before the operator: two string ids and a number.
        return _ROS in bytes(top[:16])


def _first_object(table: memoryview, at: int) -> tuple[memoryview, int]:
    """Return the first object of the INDEX at *at*, and where that INDEX ends."""
    count = int.from_bytes(table[at : at + 2], "big")
    if count == 0:
        return table[:0], at + 2
    wide = table[at + 2]
    offsets = at + 3
    base = offsets + (count + 1) * wide - 1

    def offset(number: int) -> int:
        first = offsets + number * wide
        return int.from_bytes(table[first : first + wide], "big")

    return table[base + offset(0) : base + offset(1)], base + offset(count)
