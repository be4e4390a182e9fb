"""The JSON Schema (draft 2020-12) of `template.json`, for editors and for people."""

from collections.abc import Collection, Mapping
from typing import Any

from ..design import Align, Cover, Direction, Fit, Place
from ..values import FIELDS, FORMATS
from .items import (
    LANGUAGE,
    MAX_FONTS,
    MAX_ITEMS,
    ROLES,
    SCHEMA_VERSION,
    SIZES,
    SMALLEST_TYPE,
    UNITS,
)

Schema = dict[str, Any]

COLOUR: Schema = {
    "type": "string",
    "pattern": "^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$",
    "examples": ["#1a2b3c"],
}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean", "default": False}
ID: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_-]{0,63}$"}
ASSET: Schema = {"type": "string", "description": "A file in the folder assets"}
MERGED: Schema = {
    "type": "string",
    "description": "May hold fields: "
    + ", ".join("{{" + name + "}}" for name in FIELDS)
    + " and {{attribute_…}} for a column of your own; dates with a format, such as "
    + "{{issuedAt|"
    + "}} or {{issuedAt|".join(FORMATS)
    + "}}",
}


def _list(count: int, what: str) -> Schema:
    return {
        "type": "array",
        "items": NUMBER,
        "minItems": count,
        "maxItems": count,
        "description": what,
    }


BOX = _list(4, "[x, y, width, height] from the top left corner, in the page's unit")
POINT = _list(2, "[x, y] from the top left corner, in the page's unit")


def _one_of(values: Collection[str], default: str) -> Schema:
    return {"enum": [str(value) for value in values], "default": str(default)}


def _object(
    fields: Mapping[str, Schema], needed: Collection[str] = (), **more: object
) -> Schema:
    return {
        "type": "object",
        "properties": dict(fields),
        "required": list(needed),
        "additionalProperties": False,
        **more,
    }


def _item(kind: str, fields: Mapping[str, Schema], needed: Collection[str]) -> Schema:
    return _object({"type": {"const": kind}, "id": ID, **fields}, ["type", *needed])


def _points(default: float, what: str) -> Schema:
    return {"type": "number", "default": default, "description": f"{what}, in points"}


TEXT = _item(
    "text",
    {
        "box": BOX,
        "text": {**MERGED, "minLength": 1, "maxLength": 4096},
        "font": {"type": "string", "default": "Noto Sans"},
        "size": {**_points(14, "As designed"), "minimum": SMALLEST_TYPE},
        "minSize": {
            "type": "number",
            "minimum": SMALLEST_TYPE,
            "description": "How small it may get, in points; 60 % of size, but at "
            "least 8, when left out",
        },
        "weight": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 400},
        "italic": FLAG,
        "colour": {**COLOUR, "default": "#000000"},
        "align": _one_of(tuple(Align), Align.CENTER),
        "valign": _one_of(tuple(Place), Place.MIDDLE),
        "fit": {
            **_one_of(tuple(Fit), Fit.SHRINK),
            "description": "What it does when it is too long: shrink (gets smaller), "
            "wrap (takes more lines), both",
        },
        "direction": _one_of(tuple(Direction), Direction.AUTO),
        "tracking": _points(0, "Added between letters"),
        "leading": {
            "type": "number",
            "default": 1.25,
            "description": "From line to line, in multiples of the size",
        },
        "upper": FLAG,
        "role": _one_of(tuple(ROLES), "paragraph"),
    },
    ("box", "text"),
)

IMAGE = _item(
    "image",
    {
        "box": BOX,
        "asset": {**ASSET, "description": "PNG, JPEG or SVG in the folder assets"},
        "slot": {"const": "picture", "description": "The picture of the row"},
        "alt": {"type": "string", "description": "What it shows; empty: decoration"},
        "cover": _one_of(tuple(Cover), Cover.CONTAIN),
    },
    ("box",),
) | {"oneOf": [{"required": ["asset"]}, {"required": ["slot"]}]}

QR = _item(
    "qr",
    {
        "box": BOX,
        "colour": {**COLOUR, "default": "#000000"},
        "background": {
            "anyOf": [COLOUR, {"type": "null"}],
            "default": "#ffffff",
            "description": "null: what is on the page",
        },
        "alt": MERGED,
    },
    ("box",),
)

LINE = _item(
    "line",
    {
        "from": POINT,
        "to": POINT,
        "width": _points(0.5, "How thick"),
        "colour": {**COLOUR, "default": "#000000"},
    },
    ("from", "to"),
)

_FILLED: Mapping[str, Schema] = {
    "box": BOX,
    "fill": COLOUR,
    "stroke": COLOUR,
    "strokeWidth": _points(0.5, "How thick"),
}
_HAS_COLOUR = {"anyOf": [{"required": ["fill"]}, {"required": ["stroke"]}]}
ELLIPSE = _item("ellipse", _FILLED, ("box",)) | _HAS_COLOUR
RECT = (
    _item(
        "rect",
        {
            **_FILLED,
            "radius": {
                "type": "number",
                "default": 0,
                "description": "Of its corners, in the page's unit",
            },
        },
        ("box",),
    )
    | _HAS_COLOUR
)

UNIT = _one_of(tuple(UNITS), "mm")
PAGE: Schema = {
    "oneOf": [
        _object(
            {
                "size": _one_of(tuple(SIZES), "A4"),
                "orientation": _one_of(("landscape", "portrait"), "landscape"),
                "unit": UNIT,
            }
        ),
        _object({"width": NUMBER, "height": NUMBER, "unit": UNIT}, ("width", "height")),
    ],
    "description": "Its unit is that of every box; sizes of type are in points",
}

FONT = _object(
    {
        "family": {"type": "string"},
        "weight": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 400},
        "italic": FLAG,
        "asset": {**ASSET, "description": "TrueType or OpenType, in assets"},
    },
    ("family", "asset"),
)

TEMPLATE_SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A template for certificates (template.json)",
    **_object(
        {
            "testamur": {"const": SCHEMA_VERSION},
            "name": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": {"type": "string", "maxLength": 2000},
            "language": {
                "type": "string",
                "pattern": f"^{LANGUAGE.pattern}$",
                "default": "en",
                "description": "For dates and for screen readers",
            },
            "title": {
                **MERGED,
                "default": "{{name}} – {{recipientName}}",
                "description": "The title of the file. " + MERGED["description"],
            },
            "page": PAGE,
            "colour": {**COLOUR, "default": "#ffffff"},
            "background": {
                **ASSET,
                "description": "A picture (PNG, JPEG, SVG) or PDF that fills the page",
            },
            "fonts": {"type": "array", "items": FONT, "maxItems": MAX_FONTS},
            "items": {
                "type": "array",
                "maxItems": MAX_ITEMS,
                "items": {"oneOf": [TEXT, IMAGE, QR, LINE, RECT, ELLIPSE]},
                "description": "What is on the page, in the order in which it is read",
            },
            "source": {
                **ASSET,
                "description": "For experts: Typst source that draws the page instead",
            },
        },
        ("testamur", "name", "page"),
    ),
}
