"""
The text of a page as pdfium sees it: letters, and the lines that they stand in.

Some tools write a line as one object, some each letter as its own. Places are
points from the top left corner of the page as people see it, turned or not.
"""

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Any

import pypdfium2.raw as pdfium

from ..pdfium.said import has_rtl

#: Letters of one line whose baselines differ by less (in sizes) stand on one.
_SAME_BASELINE = 0.2
#: A gap as wide as this (in sizes) ends a line: what follows is another column.
_COLUMN = 1.0
#: A gap as wide as this, beyond what letters are spaced by, is a space.
_SPACE = 0.17
#: Degrees that a line may lean and still be level.
_LEVEL = 0.5

#: One end of a field. Its braces may stand apart: letters that are spaced do.
_BRACES = re.compile(r"([{}]) ?\1")

#: Letters that a page may have; more are no certificate.
MAX_LETTERS = 50_000


@dataclass(frozen=True, slots=True)
class Look:
    """How letters look, as far as the file says."""

    font: str
    size: float
    colour: str
    is_italic: bool
    #: `PDF_FONT_...` of ISO 32000-1, table 123.
    flags: int
    #: Whether the colour is known: gradients and patterns are not.
    is_plain: bool = True
    #: Whether the letters are painted at all.
    is_visible: bool = True


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: where it stands, and which object of the page shows it."""

    text: str
    x0: float
    x1: float
    baseline: float
    top: float
    bottom: float
    angle: float
    #: The address of the text object.
    owner: int
    look: Look


@dataclass(slots=True)
class Row:
    """Letters that stand on one line, near each other."""

    letters: list[Letter]
    #: Between letters, beyond their widths; 0 unless they are spaced on purpose.
    tracking: float = 0.0
    #: What it says, and to which letter each character belongs; None: to a gap.
    text: str = ""
    owners: list[Letter | None] = field(default_factory=list)

    @property
    def x0(self) -> float:
        """Where it begins."""
        return min(letter.x0 for letter in self.letters)

    @property
    def x1(self) -> float:
        """Where it ends."""
        return max(letter.x1 for letter in self.letters)

    @property
    def top(self) -> float:
        """The top of its highest letter's box."""
        return min(letter.top for letter in self.letters)

    @property
    def bottom(self) -> float:
        """The bottom of its lowest letter's box."""
        return max(letter.bottom for letter in self.letters)

    @property
    def middle(self) -> float:
        """Its middle, from left to right."""
        return (self.x0 + self.x1) / 2


def rows_of(page: Any) -> list[Row]:
    """Return all lines of text on *page*, from the top left to the bottom right."""
    letters = list(_letters(page))
    level = [letter for letter in letters if abs(letter.angle) <= _LEVEL]
    turned = [letter for letter in letters if abs(letter.angle) > _LEVEL]
    rows = [row for line in _lines(level) for row in _columns(line)]
    for row in rows:
        _spell(row)
    # What is turned is not set in lines: it only must not hold a field.
    angles: dict[int, list[Letter]] = {}
    for letter in turned:
        angles.setdefault(round(letter.angle), []).append(letter)
    rows += [
        Row(one, text="".join(letter.text[:1] for letter in one), owners=[*one])
        for one in angles.values()
    ]
    return sorted(rows, key=lambda row: (row.letters[0].baseline, row.x0))


def _letters(page: Any) -> Iterator[Letter]:
    text_page = pdfium.FPDFText_LoadPage(page)
    try:
        count = min(pdfium.FPDFText_CountChars(text_page), MAX_LETTERS)
        place = _Places(page)
        looks: dict[tuple[Any, ...], Look] = {}
        for index in range(count):
            owner = pdfium.FPDFText_GetTextObject(text_page, index)
            if not owner:
                continue  # made up by pdfium: a space, or the end of a line
            code = pdfium.FPDFText_GetUnicode(text_page, index)
            box, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
            x, y = ctypes.c_double(), ctypes.c_double()
            if not (
                pdfium.FPDFText_GetLooseCharBox(text_page, index, box)
                and pdfium.FPDFText_GetMatrix(text_page, index, matrix)
                and pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
            ):
                continue
            points = [
                place(px, py)
                for px in (box.left, box.right)
                for py in (box.top, box.bottom)
            ]
            ox, oy = place(x.value, y.value)
            ax, ay = place(x.value + 1000 * matrix.a, y.value + 1000 * matrix.b)
            size = pdfium.FPDFText_GetFontSize(text_page, index) * math.hypot(
                matrix.c, matrix.d
            )
            look = _look(owner, size * place.scale, looks)
            yield Letter(
                text=chr(code) if 0 < code < 0x110000 else "\ufffd",
                x0=min(px for px, _ in points),
                x1=max(px for px, _ in points),
                baseline=oy,
                top=min(py for _, py in points),
                bottom=max(py for _, py in points),
                angle=math.degrees(math.atan2(ay - oy, ax - ox)),
                owner=address(owner),
                look=look,
            )
    finally:
        pdfium.FPDFText_ClosePage(text_page)


def address(thing: Any) -> int:
    """Return where pdfium keeps *thing*: the same for as long as the page is open."""
    return ctypes.addressof(thing.contents)


class _Places:
    """From the page's own coordinates to points from its top left corner."""

    #: Pixels to a point while asking: places come in whole pixels.
    FINE = 64

    def __init__(self, page: Any) -> None:
        self._page = page
        width, height = (
            pdfium.FPDF_GetPageWidthF(page),
            pdfium.FPDF_GetPageHeightF(page),
        )
        self._pixels = (round(width * self.FINE), round(height * self.FINE))
        origin, along = self(0, 0), self(100, 0)
        #: Points to one of the page's own units.
        self.scale = math.dist(origin, along) / 100

    def __call__(self, x: float, y: float) -> tuple[float, float]:
        across, down = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(self._page, 0, 0, *self._pixels, 0, x, y, across, down)
        return across.value / self.FINE, down.value / self.FINE


def _look(owner: Any, size: float, known: dict[tuple[Any, ...], Look]) -> Look:
    key = (address(owner), round(size, 2))
    if key in known:
        return known[key]
    font = pdfium.FPDFTextObj_GetFont(owner)
    name = _font_name(font)
    angle = ctypes.c_int()
    leans = bool(font) and pdfium.FPDFFont_GetItalicAngle(font, angle) and angle.value
    flags = pdfium.FPDFFont_GetFlags(font) if font else 0
    mode = pdfium.FPDFTextObj_GetTextRenderMode(owner)
    ask = (
        pdfium.FPDFPageObj_GetStrokeColor
        if mode in (pdfium.FPDF_TEXTRENDERMODE_STROKE,)
        else pdfium.FPDFPageObj_GetFillColor
    )
    channels = [ctypes.c_uint() for _ in range(4)]
    is_plain = bool(ask(owner, *channels))
    red, green, blue = (one.value if is_plain else 0 for one in channels[:3])
    look = known[key] = Look(
        font=name,
        size=round(size, 2),
        colour=f"#{red:02x}{green:02x}{blue:02x}",
        is_italic=bool(leans) or bool(max(flags, 0) & 64),
        flags=max(flags, 0),
        is_plain=is_plain,
        is_visible=mode
        not in (
            pdfium.FPDF_TEXTRENDERMODE_INVISIBLE,
            pdfium.FPDF_TEXTRENDERMODE_CLIP,
        ),
    )
    return look


def _font_name(font: Any) -> str:
    if not font:
        return ""
    size = pdfium.FPDFFont_GetBaseFontName(font, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 1))
    pdfium.FPDFFont_GetBaseFontName(font, buffer, size)
    name = buffer.value.decode("utf-8", "replace")
    return re.sub(r"^[A-Z]{6}\+", "", name)


def _lines(letters: list[Letter]) -> Iterator[list[Letter]]:
    """Give the letters of each baseline."""
    line: list[Letter] = []
    for letter in sorted(letters, key=lambda one: one.baseline):
        near = _SAME_BASELINE * max(letter.look.size, 1)
        if line and letter.baseline - line[-1].baseline > near:
            yield line
            line = []
        line.append(letter)
    if line:
        yield line


def _columns(line: list[Letter]) -> Iterator[Row]:
    """Give the stretches of a line that wide gaps part."""
    line = sorted(line, key=lambda one: (one.x0, one.x1))
    stretch: list[Letter] = []
    for letter in line:
        if stretch:
            gap = letter.x0 - max(one.x1 for one in stretch[-3:])
            if gap > _COLUMN * max(letter.look.size, stretch[-1].look.size, 1):
                yield Row(stretch)
                stretch = []
        stretch.append(letter)
    if stretch:
        yield Row(stretch)


def _spell(row: Row) -> None:
    """Find out what *row* says, with a space where there is room for one."""
    shown = [letter for letter in row.letters if not letter.text.isspace()]
    gaps = [after.x0 - before.x1 for before, after in pairwise(shown)]
    size = max((letter.look.size for letter in row.letters), default=1.0) or 1.0
    usual = median(gaps) if len(gaps) > 3 else 0.0
    # Letters of a script reach into each other's boxes, without being set closer.
    row.tracking = usual if usual > 0.02 * size else 0.0
    text: list[str] = []
    owners: list[Letter | None] = []
    before: Letter | None = None
    for letter in row.letters:
        if before is not None and not before.text.isspace():
            gap = letter.x0 - before.x1 - row.tracking
            if not letter.text.isspace() and gap > _SPACE * letter.look.size:
                text.append(" ")
                owners.append(None)
        for character in letter.text:
            text.append(" " if character.isspace() else character)
            owners.append(letter)
        before = letter
    row.text, row.owners = _faced("".join(text)), owners


def _faced(text: str) -> str:
    """
    Return *text* with its fields between "{{" and "}}", as they look.

    On lines from right to left, braces are drawn mirrored, and some tools and pdfium
    name them by what they were before, the one or the other end, or both.
    """
    braces = list(_BRACES.finditer(text))
    sides = "".join(brace[1] for brace in braces)
    is_turned = sides == "}{" * (len(sides) // 2) or (
        has_rtl(text) and len(sides) % 2 == 0
    )
    if not is_turned:
        return text
    faced = list(text)
    for number, brace in enumerate(braces):
        for at in (brace.start(), brace.end() - 1):
            faced[at] = "{}"[number % 2]
    return "".join(faced)
