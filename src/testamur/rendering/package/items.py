"""What a package's JSON says, as a `Design`: see `package_schema` for its words."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from testamur.core.text import quoted

from ..design import (
    Align,
    Box,
    Cover,
    Design,
    Direction,
    Field,
    Fit,
    FontFile,
    Item,
    Line,
    Page,
    Picture,
    Place,
    Qr,
    Role,
    Shape,
    Style,
    Text,
)
from ..values import parts_of
from .checks import MAX_TEXT_CHARACTERS, Faults, Fields, Value

#: The only one there is, so far.
SCHEMA_VERSION = 1

#: Points in one of each unit. A pixel is CSS's: 1/96 inch.
UNITS: Mapping[str, float] = {"mm": 72 / 25.4, "pt": 1.0, "in": 72.0, "px": 0.75}

#: In millimetres, upright: ISO 216 and North American sizes.
SIZES: Mapping[str, tuple[float, float]] = {
    "A3": (297, 420),
    "A4": (210, 297),
    "A5": (148, 210),
    "A6": (105, 148),
    "Letter": (215.9, 279.4),
    "Legal": (215.9, 355.6),
    "Tabloid": (279.4, 431.8),
}

#: In points: an inch, and a poster.
SMALLEST_PAGE, LARGEST_PAGE = 72.0, 4_000.0

MAX_ITEMS = 200
MAX_FONTS = 16

#: In points. Smaller letters cannot be read in print.
SMALLEST_TYPE, LARGEST_TYPE = 4.0, 600.0
#: How far a text may shrink unless its template says.
READABLE, SHRUNKEN = 8.0, 0.6

#: A code smaller than 12 mm is not read from paper by the cameras people have.
SMALLEST_QR = 34.0

#: A box may reach this far over the edge: who rounds millimetres gets there.
TOLERANCE = 1.0

ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")

IMAGES = (".png", ".jpg", ".jpeg", ".svg")
BACKGROUNDS = (*IMAGES, ".pdf")
FONT_FILES = (".ttf", ".otf")
SOURCES = (".typ",)

ROLES = {"title": Role.TITLE, "paragraph": Role.PARAGRAPH}

DESIGN_FIELDS = (
    *("testamur", "name", "description", "language", "title", "page", "colour"),
    *("background", "fonts", "items", "source"),
)
PAGE_FIELDS = ("size", "orientation", "width", "height", "unit")
FONT_FIELDS = ("family", "weight", "italic", "asset")
TEXT_FIELDS = (
    *("type", "id", "box", "text", "font", "size", "minSize", "weight", "italic"),
    *("colour", "align", "valign", "fit", "direction", "tracking", "leading"),
    *("upper", "role"),
)
IMAGE_FIELDS = ("type", "id", "box", "asset", "slot", "alt", "cover")
QR_FIELDS = ("type", "id", "box", "colour", "background", "alt")
LINE_FIELDS = ("type", "id", "from", "to", "width", "colour")
ELLIPSE_FIELDS = ("type", "id", "box", "fill", "stroke", "strokeWidth")
RECT_FIELDS = (*ELLIPSE_FIELDS, "radius")


def read_design(
    document: object,
    assets: Collection[str],
    families: Collection[str] | None,
    faults: Faults,
) -> Design:
    """
    Return the design that *document* (a JSON value) describes; note its faults.

    *assets* are the files that it may name, *families* the fonts besides its own;
    None: any.
    """
    top = Value(document, "", faults).fields(
        DESIGN_FIELDS, needed=("testamur", "name", "page")
    )
    if "testamur" in top and top["testamur"].raw != SCHEMA_VERSION:
        top["testamur"].fault(
            "version_unknown", "Write 1 here: the version of this format."
        )
    page, unit = _page(top, assets)
    fonts = _fonts(top, assets)
    source = _asset(top["source"], assets, SOURCES) if "source" in top else None
    known = None
    if families is not None:
        known = {name.casefold(): name for name in families}
        known |= {one.family.casefold(): one.family for one in fonts}
    reader = _Items(page, unit, assets, known, faults)
    items: list[Item] = []
    if "items" in top:
        for one in top["items"].each(most=MAX_ITEMS):
            item = reader.read(one)
            if item is not None:
                items.append(item)
    if not items and source is None and not faults.found:
        top.fault("missing_field", "items is missing: nothing would be printed.")
    language = top.text("language", "en", most=35)
    if not LANGUAGE.fullmatch(language):
        top["language"].fault(
            "language_format", "Write the language as a tag such as en, pt-BR or ar."
        )
    design = Design(
        name=top.text("name", "?"),
        language=language,
        page=page,
        items=tuple(items),
        fonts=fonts,
        source=source,
        description=top.text("description", "", most=2_000),
    )
    if "title" not in top:
        return design
    return replace(design, title=_parts(top["title"], most=500))


def _page(top: Fields, assets: Collection[str]) -> tuple[Page, float]:
    """Return the page, and how many points its unit is."""
    page = top.object("page", PAGE_FIELDS)
    unit = UNITS[page.choice("unit", tuple(UNITS), "mm")]
    if "width" in page or "height" in page:
        for other in ("size", "orientation"):
            if other in page:
                page[other].fault(
                    "value_conflict", "Give a size, or width and height; not both."
                )
        width, height = (
            page[name].number(SMALLEST_PAGE, LARGEST_PAGE, unit=unit)
            for name in ("width", "height")
        )
    else:
        size = page.choice("size", tuple(SIZES), "A4")
        width, height = (side * UNITS["mm"] for side in SIZES[size])
        turned = page.choice("orientation", ("landscape", "portrait"), "landscape")
        if turned == "landscape":
            width, height = height, width
    background = (
        _asset(top["background"], assets, BACKGROUNDS) if "background" in top else None
    )
    return Page(width, height, top.colour("colour", "#ffffff"), background), unit


def _fonts(top: Fields, assets: Collection[str]) -> tuple[FontFile, ...]:
    if "fonts" not in top:
        return ()
    found: dict[tuple[str, int, bool], FontFile] = {}
    for one in top["fonts"].each(most=MAX_FONTS):
        font = one.fields(FONT_FIELDS, needed=("family", "asset"))
        read = FontFile(
            family=font.text("family", "?", most=100),
            weight=int(font.number("weight", 400, 1, 1000)),
            is_italic=font.flag("italic"),
            asset=_asset(font["asset"], assets, FONT_FILES) if "asset" in font else "?",
        )
        key = (read.family, read.weight, read.is_italic)
        if key in found:
            one.fault(
                "font_repeated",
                f"{quoted(read.family)} of this weight and style stands here twice.",
            )
        found[key] = read
    return tuple(found.values())


def _asset(value: Value, assets: Collection[str], kinds: Collection[str]) -> str:
    """Return the name of a file of the package."""
    name = value.text(most=110).removeprefix("assets/")
    if name == "?":
        return name
    if not name.lower().endswith(tuple(kinds)):
        value.fault(
            "asset_type", f"{quoted(name)} must be a file of {', '.join(kinds)}."
        )
    elif name not in assets:
        there = ", ".join(sorted(assets)[:10]) or "none"
        value.fault(
            "asset_missing",
            f"The package has no file {quoted(name)}; its files: {there}. Put the "
            "file into its folder assets.",
        )
    return name


def _parts(
    value: Value, *, most: int, may_break: bool = False
) -> tuple[str | Field, ...]:
    """Return a text with its fields apart."""
    text = value.text(most=most, may_break=may_break)
    text = text.replace("\r\n", "\n").replace("\t", " ")
    try:
        return parts_of(text)
    except ValueError as error:
        value.fault("placeholder", str(error))
        return (text,)


@dataclass
class _Items:
    """Reads items of one page."""

    page: Page
    unit: float
    assets: Collection[str]
    #: The fonts that it may name, by their names in lower case.
    families: Mapping[str, str] | None
    faults: Faults

    def __post_init__(self) -> None:
        self.ids: set[str] = set()
        self.counts: dict[str, int] = {}

    def read(self, value: Value) -> Item | None:
        """Return one item, or None when not even its type is known."""
        kinds: Mapping[str, tuple[Callable[[Fields, str], Item], Collection[str]]] = {
            "text": (self._text, TEXT_FIELDS),
            "image": (self._image, IMAGE_FIELDS),
            "qr": (self._qr, QR_FIELDS),
            "line": (self._line, LINE_FIELDS),
            "rect": (self._shape, RECT_FIELDS),
            "ellipse": (self._shape, ELLIPSE_FIELDS),
        }
        if not isinstance(value.raw, dict):
            value.fields(())
            return None
        kind = Fields(value.raw, value.path, self.faults)["type"].choice(tuple(kinds))
        if value.raw.get("type") != kind:
            return None
        read, known = kinds[kind]
        needed = ("from", "to") if kind == "line" else ("box",)
        return read(value.fields(known, needed=needed), kind)

    def _id(self, item: Fields, kind: str) -> str:
        self.counts[kind] = number = self.counts.get(kind, 0) + 1
        if "id" not in item:
            name = f"{kind}-{number}"
            while name in self.ids:
                name += "-"
        else:
            name = item["id"].text(most=64)
            if name in self.ids:
                item["id"].fault(
                    "id_repeated", f"Another item before it is called {quoted(name)}."
                )
            elif not ID.fullmatch(name):
                item["id"].fault(
                    "id_format", "Start with a letter; then letters, digits, - and _."
                )
        self.ids.add(name)
        return name

    def _numbers(self, value: Value, names: str, most: float) -> list[float]:
        count = len(names.split(", "))
        found = [
            one.number(-most, most, unit=self.unit) for one in value.each(most=count)
        ]
        if isinstance(value.raw, list) and len(value.raw) < count:
            value.fault("value_range", f"Write [{names}].")
        return [*found, 0.0, 0.0, 0.0, 0.0][:count]

    def _box(self, item: Fields, *, may_bleed: bool = False) -> Box:
        if "box" not in item:
            return Box(0, 0, 1, 1)
        value = item["box"]
        before = len(self.faults.found)
        box = Box(*self._numbers(value, "x, y, width, height", 2 * LARGEST_PAGE))
        if len(self.faults.found) > before:
            return box
        if box.width <= 0 or box.height <= 0:
            value.fault("value_range", "Width and height must be more than 0.")
            return box
        left, top = box.x, box.y
        right, bottom = left + box.width, top + box.height
        page = self.page
        if right <= 0 or bottom <= 0 or left >= page.width or top >= page.height:
            value.fault("outside_page", f"The box is not on the page: {self._size()}.")
        elif not may_bleed and (
            min(left, top) < -TOLERANCE
            or right > page.width + TOLERANCE
            or bottom > page.height + TOLERANCE
        ):
            value.fault(
                "outside_page",
                f"The box reaches over the edge of the page: {self._size()}.",
            )
        return box

    def _size(self) -> str:
        unit = next(name for name, points in UNITS.items() if points == self.unit)
        width, height = self.page.width / self.unit, self.page.height / self.unit
        return f"it has {width:.6g} × {height:.6g} {unit}"

    def _style(self, item: Fields) -> Style:
        size = item.number("size", 14.0, SMALLEST_TYPE, LARGEST_TYPE)
        smallest = min(size, max(READABLE, SHRUNKEN * size))
        family = item.text("font", "Noto Sans", most=100)
        if self.families is not None and family.casefold() not in self.families:
            names = ", ".join(sorted(self.families.values())) or "none"
            item["font"].fault(
                "font_unknown",
                f"There is no font {quoted(family)}. There are: {names}. Or bring it "
                "along: list its file in fonts.",
            )
        return Style(
            family=family,
            size=size,
            min_size=item.number("minSize", smallest, SMALLEST_TYPE, size),
            weight=int(item.number("weight", 400, 1, 1000)),
            is_italic=item.flag("italic"),
            colour=item.colour("colour", "#000000"),
            tracking=item.number("tracking", 0.0, -20, 100),
            leading=item.number("leading", 1.25, 0.5, 5),
            is_upper=item.flag("upper"),
        )

    def _text(self, item: Fields, kind: str) -> Item:
        if "text" not in item:
            item.fault("missing_field", "text is missing.")
            parts: tuple[str | Field, ...] = ()
        else:
            parts = _parts(item["text"], most=MAX_TEXT_CHARACTERS, may_break=True)
        return Text(
            id=self._id(item, kind),
            box=self._box(item),
            parts=parts,
            style=self._style(item),
            fit=Fit(item.choice("fit", tuple(Fit), Fit.SHRINK)),
            align=Align(item.choice("align", tuple(Align), Align.CENTER)),
            place=Place(item.choice("valign", tuple(Place), Place.MIDDLE)),
            direction=Direction(
                item.choice("direction", tuple(Direction), Direction.AUTO)
            ),
            role=ROLES[item.choice("role", tuple(ROLES), "paragraph")],
        )

    def _image(self, item: Fields, kind: str) -> Item:
        asset = None
        if ("asset" in item) == ("slot" in item):
            item.fault(
                "value_conflict",
                'Give either asset (a file of the package) or "slot": "picture" (the '
                "picture of the row).",
            )
        elif "asset" in item:
            asset = _asset(item["asset"], self.assets, IMAGES)
        else:
            item["slot"].choice(("picture",))
        return Picture(
            id=self._id(item, kind),
            box=self._box(item, may_bleed=True),
            asset=asset,
            alt=item.text("alt", "", most=500),
            cover=Cover(item.choice("cover", tuple(Cover), Cover.CONTAIN)),
        )

    def _qr(self, item: Fields, kind: str) -> Item:
        box = self._box(item)
        if "box" in item and 0 < min(box.width, box.height) < SMALLEST_QR:
            item["box"].fault(
                "value_range",
                "A QR code this small cannot be read from paper: give it at least "
                f"{SMALLEST_QR / UNITS['mm']:.0f} mm, better 20.",
            )
        read = Qr(
            id=self._id(item, kind),
            box=box,
            colour=item.colour("colour", "#000000"),
            background=(
                None
                if item.is_null("background")
                else item.colour("background", "#ffffff")
            ),
            alt=_parts(item["alt"], most=500) if item.text("alt", "") else (),
        )
        below = read.background or self.page.colour
        if _luminance(below) - _luminance(read.colour) < LEAST_CONTRAST:
            item["colour" if "colour" in item else "background"].fault(
                "qr_contrast",
                "Cameras cannot read this: the code must be much darker than what "
                "is under it.",
            )
        return read

    def _line(self, item: Fields, kind: str) -> Item:
        (x1, y1), (x2, y2) = (
            self._numbers(item[name], "x, y", 2 * LARGEST_PAGE)
            if name in item
            else (0.0, 0.0)
            for name in ("from", "to")
        )
        return Line(
            id=self._id(item, kind),
            x1=x1,
            y1=y1,
            x2=x2,
            y2=y2,
            width=item.number("width", 0.5, 0.01, 200),
            colour=item.colour("colour", "#000000"),
        )

    def _shape(self, item: Fields, kind: str) -> Item:
        fill = item.colour("fill", "") or None
        stroke = item.colour("stroke", "") or None
        if fill is None and stroke is None:
            item.fault("missing_field", "Give a colour to fill, to stroke, or both.")
        box = self._box(item, may_bleed=True)
        longest = max(0.0, min(box.width, box.height) / 2)
        return Shape(
            id=self._id(item, kind),
            box=box,
            fill=fill,
            stroke=stroke,
            stroke_width=(
                item.number("strokeWidth", 0.5, 0.01, 200) if stroke else 0.0
            ),
            radius=item.number("radius", 0.0, 0, longest, unit=self.unit),
            is_ellipse=kind == "ellipse",
        )


#: How much lighter than a QR code its ground must be, of 1.
LEAST_CONTRAST = 0.3


def _luminance(colour: str) -> float:
    """Return how bright a colour is, 0 to 1, as cameras see it (ITU-R BT.601)."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255
