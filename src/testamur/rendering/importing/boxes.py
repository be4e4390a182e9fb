"""Lines with fields become texts of a template: box, look, and how they fit."""

import re
from collections.abc import Sequence

from PIL import Image

from ..design import Align
from .fields import QR, Found
from .fonts import CAPITALS, substitute_for
from .letters import Row
from .room import Box, Room, align_of, is_centred, room_of

CODE_ALT = "QR code: opens the page where this certificate is verified"

#: Fields that may be long, and may take more lines than the design has.
_NAMES = ("recipientName", "name", "issuerName")
_LINES = 6
_LEADING = 1.25
#: The height that one line needs in its box, in sizes.
_LINE = 1.3

#: Sides of a QR code in points: it is as large as there is room, between these.
_QR_LEAST, _QR_MOST = 62.0, 113.0


def items_of(
    found: Sequence[Found],
    static: Sequence[Row],
    ground: Image.Image,
    scale: float,
) -> list[dict[str, object]]:
    """
    Return items of `template.json`, in points.

    *static* are the lines that stay; *ground* is the page with them, grey, *scale*
    pixels to the point.
    """
    width = ground.width / scale
    rows = [*static, *(one.row for one in found)]
    aligns = [
        Align.LEFT if one.is_led else align_of(one.row, rows, width) for one in found
    ]
    fixed = [_box(row) for row in static]
    codes = {}
    for index, one in enumerate(found):
        if one.text == QR:
            others = [_box(other.row) for other in found if other is not one]
            room = room_of(one.row, [*fixed, *others], (), ground, scale)
            codes[index] = _code(one, room)
    fixed += [(x, y, x + side, y + side) for x, y, side in codes.values()]
    items: list[dict[str, object]] = []
    has_title = False
    for index, one in enumerate(found):
        if index in codes:
            x, y, side = codes[index]
            items.append({"type": "qr", "box": [x, y, side, side], "alt": CODE_ALT})
            continue
        growing = [
            _box(other.row)
            for number, other in enumerate(found)
            if other is not one and number not in codes
        ]
        room = room_of(one.row, fixed, growing, ground, scale)
        item = _text(one, aligns[index], room, width)
        if "{{name" in one.text and not has_title:
            item["role"] = "title"
            has_title = True
        items.append(item)
    return items


def _box(row: Row) -> Box:
    return row.x0, row.top, row.x1, row.bottom


def _text(one: Found, align: Align, room: Room, page_width: float) -> dict[str, object]:
    size = one.look.size
    font = substitute_for(one.look)
    left, right = _sides(one, align, room, page_width)
    baseline, last = one.baselines[0], one.baselines[-1]
    capitals = CAPITALS[font.family] * size
    middle = baseline - capitals / 2
    fields = re.findall(r"\{\{(\w+)", one.text)
    fit, place = "shrink", "middle"
    half = _LINE * size / 2
    top, bottom = middle - half, middle + half
    leading = _LEADING
    if len(one.baselines) > 1:
        fit = "both"
        top, bottom = baseline - capitals - 0.3 * size, last + 0.3 * size
        leading = round((last - baseline) / (len(one.baselines) - 1) / size, 2)
    elif "description" in fields and room.bottom - baseline > _LINE * size:
        fit, place = "both", "top"
        top = baseline - capitals
        bottom = min(
            room.bottom, baseline + (_LINES - 1) * _LEADING * size + 0.3 * size
        )
    elif any(name in fields for name in _NAMES):
        most = min(middle - room.top, room.bottom - middle, 1.1 * size)
        if most > half:
            fit = "both"
            top, bottom = middle - most, middle + most
    top = max(top, 0.0)
    item: dict[str, object] = {
        "type": "text",
        "box": [round(side, 2) for side in (left, top, right - left, bottom - top)],
        "text": one.text,
        "font": font.family,
        "size": round(size, 1),
        "minSize": round(min(size, max(6.0, 0.45 * size)), 1),
        "weight": font.weight,
        "colour": one.look.colour,
        "align": align.value,
        "valign": place,
        "fit": fit,
    }
    if leading != _LEADING:
        item["leading"] = leading
    if font.is_italic:
        item["italic"] = True
    if one.is_upper:
        item["upper"] = True
    if one.row.tracking > 0.02 * size:
        item["tracking"] = round(one.row.tracking, 2)
    return item


def _sides(one: Found, align: Align, room: Room, width: float) -> tuple[float, float]:
    """Return where the box begins and ends: the text stays where it stands."""
    x0 = min(letter.x0 for letter in one.letters)
    x1 = max(letter.x1 for letter in one.letters)
    if align is Align.CENTER:
        axis = (x0 + x1) / 2
        if is_centred(one.row, width):
            axis = width / 2
        half = max(min(axis - room.left, room.right - axis), (x1 - x0) / 2)
        half = min(half, axis, width - axis)
        return axis - half, axis + half
    if align is Align.RIGHT:
        return max(0.0, min(room.left, x0)), x1
    return x0, min(width, max(room.right, x1))


def _code(one: Found, room: Room) -> tuple[float, float, float]:
    """Return x, y and side of the QR code whose place a line says."""
    x, y = one.row.middle, (one.row.top + one.row.bottom) / 2
    half = min(x - room.left, room.right - x, y - room.top, room.bottom - y)
    side = min(max(2 * half, _QR_LEAST), _QR_MOST, 2 * x, 2 * y)
    return round(x - side / 2, 2), round(y - side / 2, 2), round(side, 2)
