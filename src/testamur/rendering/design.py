"""
What a template looks like: a page, and what is drawn on it, in reading order.

Read from the `template.json` of a package by `package`, drawn by `stamp`, `typeset`
and `raster`. All lengths are points (1/72 inch), measured from the page's top left
corner, whatever unit the package has.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, auto

#: How many millimetres are 72 points.
MILLIMETRES = 25.4


class Fit(StrEnum):
    """What a text does that is wider than its box at its designed size."""

    SHRINK = auto()  #: it gets smaller, on the lines that it has
    WRAP = auto()  #: it takes more lines, at its size
    BOTH = auto()  #: it wraps, and gets smaller until its lines fit the box


class Align(StrEnum):
    """Where text stands in its box; `start` is where its direction begins."""

    START = auto()
    LEFT = auto()
    CENTER = auto()
    RIGHT = auto()


class Place(StrEnum):
    """Where text stands in its box from top to bottom."""

    TOP = auto()
    MIDDLE = auto()
    BOTTOM = auto()


class Direction(StrEnum):
    """Which way a text runs; `auto`: as its first strong letter does (UAX #9, P2)."""

    AUTO = auto()
    LTR = auto()
    RTL = auto()


class Role(StrEnum):
    """What a text is to a screen reader: the structure element of tagged PDF."""

    TITLE = "H1"
    PARAGRAPH = "P"


class Cover(StrEnum):
    """How a picture fills its box."""

    CONTAIN = auto()  #: all of it, with room left over
    COVER = auto()  #: all of the box, with edges cut off


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Field:
    """A place that a value goes to. A value is text, and nothing in it means more."""

    #: One of `values.FIELDS`, or `attribute_` and an attribute's name.
    name: str
    #: For dates: `long`, `medium`, `short`, `iso`, or a CLDR pattern; None: `long`.
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Style:
    """How letters look."""

    #: A family of the installation or of the package.
    family: str
    #: In points.
    size: float
    #: The smallest size that `shrink` and `both` may go down to.
    min_size: float
    weight: int = 400
    is_italic: bool = False
    #: `#rrggbb`.
    colour: str = "#000000"
    #: Added between letters, in points at the designed size; shrinks with it.
    tracking: float = 0.0
    #: From one baseline to the next, in multiples of the size.
    leading: float = 1.25
    #: Whether values and words are shown in capitals. Extraction gives them so too.
    is_upper: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """
    Words and fields in a box.

    Not drawn for a row in which it has fields and all of them are empty.
    """

    id: str
    box: Box
    parts: tuple[str | Field, ...]
    style: Style
    fit: Fit = Fit.SHRINK
    align: Align = Align.CENTER
    place: Place = Place.MIDDLE
    direction: Direction = Direction.AUTO
    role: Role = Role.PARAGRAPH

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields in it."""
        return tuple(part for part in self.parts if isinstance(part, Field))


@dataclass(frozen=True, slots=True)
class Picture:
    """
    A picture: of the package (*asset*), or of the row (None: its image).

    One of the row is not drawn for rows without an image.
    """

    id: str
    box: Box
    asset: str | None
    #: What it shows, for who cannot see it; empty: it is decoration.
    alt: str = ""
    cover: Cover = Cover.CONTAIN


@dataclass(frozen=True, slots=True)
class Qr:
    """The QR code of the certificate's page. Square, in the middle of its box."""

    id: str
    box: Box
    colour: str = "#000000"
    #: What lies under it and its quiet zone (4 modules, inside the box).
    background: str | None = "#ffffff"
    #: Spoken by screen readers; may hold fields.
    alt: tuple[str | Field, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line."""

    id: str
    x1: float
    y1: float
    x2: float
    y2: float
    width: float
    colour: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle (corners rounded by *radius*) or, if *is_ellipse*, an ellipse."""

    id: str
    box: Box
    fill: str | None
    stroke: str | None
    stroke_width: float = 0.0
    radius: float = 0.0
    is_ellipse: bool = False


Item = Text | Picture | Qr | Line | Shape


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font that a package brings along."""

    family: str
    weight: int
    is_italic: bool
    asset: str


@dataclass(frozen=True, slots=True)
class Page:
    """The one page of a certificate."""

    width: float
    height: float
    colour: str = "#ffffff"
    #: A picture (PNG, JPEG, SVG) or PDF of the package that fills it.
    background: str | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """All that a template is, but for the bytes of its assets."""

    name: str
    #: BCP 47: for screen readers, and for how dates are spelt.
    language: str
    page: Page
    #: In the order in which they are drawn and read.
    items: tuple[Item, ...]
    fonts: tuple[FontFile, ...] = ()
    #: The title of the file; may hold fields.
    title: tuple[str | Field, ...] = (Field("name"), " – ", Field("recipientName"))
    #: The Typst source that draws the page instead of *items* (an asset), if any.
    source: str | None = None
    description: str = ""

    @property
    def texts(self) -> tuple[Text, ...]:
        """Its texts."""
        return tuple(item for item in self.items if isinstance(item, Text))

    @property
    def takes_picture(self) -> bool:
        """Whether it has a place for a picture of the row."""
        return any(
            isinstance(item, Picture) and item.asset is None for item in self.items
        )

    def fields(self) -> Iterator[Field]:
        """Give every field that is printed, one that is printed twice too."""
        for item in self.items:
            if isinstance(item, Text):
                yield from item.fields
