"""A `Design` as the JSON that it can be read from: in points, and all spelt out."""

from typing import Any

from ..design import Design, Field, Item, Line, Picture, Qr, Role, Shape, Text
from .items import SCHEMA_VERSION


def to_json(design: Design) -> dict[str, Any]:
    """Return what a `template.json` says to be read as *design*."""
    page = design.page
    spelt: dict[str, Any] = {
        "testamur": SCHEMA_VERSION,
        "name": design.name,
        "description": design.description,
        "language": design.language,
        "title": spell_parts(design.title),
        "page": {"width": page.width, "height": page.height, "unit": "pt"},
        "colour": page.colour,
        "background": page.background,
        "fonts": [
            {
                "family": font.family,
                "weight": font.weight,
                "italic": font.is_italic,
                "asset": font.asset,
            }
            for font in design.fonts
        ],
        "items": [_item(item) for item in design.items],
        "source": design.source,
    }
    return {name: value for name, value in spelt.items() if value not in (None, "")}


def spell_parts(parts: tuple[str | Field, ...]) -> str:
    """Return a text with its fields in it, as a template has it."""
    return "".join(
        part
        if isinstance(part, str)
        else "{{" + (f"{part.name}|{part.format}" if part.format else part.name) + "}}"
        for part in parts
    )


def _item(item: Item) -> dict[str, Any]:
    match item:
        case Text():
            return _text(item)
        case Picture():
            shown = {"slot": "picture"} if item.asset is None else {"asset": item.asset}
            return {
                "type": "image",
                **_placed(item),
                **shown,
                "alt": item.alt,
                "cover": str(item.cover),
            }
        case Qr():
            return {
                "type": "qr",
                **_placed(item),
                "colour": item.colour,
                "background": item.background,
                "alt": spell_parts(item.alt),
            }
        case Line():
            return {
                "type": "line",
                "id": item.id,
                "from": [item.x1, item.y1],
                "to": [item.x2, item.y2],
                "width": item.width,
                "colour": item.colour,
            }
        case Shape():
            return _shape(item)


def _text(item: Text) -> dict[str, Any]:
    style = item.style
    return {
        "type": "text",
        **_placed(item),
        "text": spell_parts(item.parts),
        "font": style.family,
        "size": style.size,
        "minSize": style.min_size,
        "weight": style.weight,
        "italic": style.is_italic,
        "colour": style.colour,
        "tracking": style.tracking,
        "leading": style.leading,
        "upper": style.is_upper,
        "fit": str(item.fit),
        "align": str(item.align),
        "valign": str(item.place),
        "direction": str(item.direction),
        "role": "title" if item.role is Role.TITLE else "paragraph",
    }


def _shape(item: Shape) -> dict[str, Any]:
    spelt: dict[str, Any] = {
        "type": "ellipse" if item.is_ellipse else "rect",
        **_placed(item),
    }
    if item.fill is not None:
        spelt["fill"] = item.fill
    if item.stroke is not None:
        spelt |= {"stroke": item.stroke, "strokeWidth": item.stroke_width}
    if not item.is_ellipse:
        spelt["radius"] = item.radius
    return spelt


def _placed(item: Text | Picture | Qr | Shape) -> dict[str, Any]:
    box = item.box
    return {"id": item.id, "box": [box.x, box.y, box.width, box.height]}
