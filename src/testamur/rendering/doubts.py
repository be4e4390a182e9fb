"""What looks wrong in a template, though it can be drawn: for its owner to judge."""

import io
from collections.abc import Iterator, Sequence

from PIL import Image, ImageStat

from .design import Box, Design, Picture, Qr, Text

#: Contrast of letters that people can read (WCAG 2.2, 1.4.3, large text).
MIN_CONTRAST = 3.0

#: A telephone reads no smaller code, in points: 15 mm.
MIN_QR = 42.5

#: What sticks out by less was rounded, in points.
NEARLY = 0.5


def doubts_about(design: Design, art: bytes) -> list[str]:
    """Return what may be wrong, in sentences; *art* is a PNG of what lies below."""
    with Image.open(io.BytesIO(art), formats=["PNG"]) as opened:
        picture = opened.convert("RGB")
    return [
        *_over_qr(design),
        *_pale(design, picture),
    ]


def _over_qr(design: Design) -> Iterator[str]:
    codes = [item for item in design.items if isinstance(item, Qr)]
    for code in codes:
        side = min(code.box.width, code.box.height)
        if side < MIN_QR:
            yield (
                f"The QR code {code.id} is {side / 72 * 25.4:.0f} mm wide; telephones "
                "read codes of 15 mm and more."
            )
        for item in design.items:
            if isinstance(item, Text | Picture) and _overlap(item.box, code.box):
                yield f"The box of {item.id} overlaps the QR code {code.id}."
    if not codes and design.source is None:
        yield (
            "There is no QR code: who holds a printed certificate cannot check it "
            "without typing its address."
        )


def _pale(design: Design, art: Image.Image) -> Iterator[str]:
    scale = art.width / design.page.width
    for item in design.items:
        if isinstance(item, Text):
            under = _colour_under(art, item.box, scale)
            if under and _contrast(item.style.colour, under) < MIN_CONTRAST:
                yield (
                    f"The text {item.id} ({item.style.colour}) is hard to read on what "
                    f"lies under it ({_hex(under)})."
                )
        elif isinstance(item, Qr):
            under = (
                _rgb(item.background)
                if item.background
                else _colour_under(art, item.box, scale)
            )
            if under is None:
                continue
            if _contrast(item.colour, under) < MIN_CONTRAST:
                yield f"The QR code {item.id} is too pale to be read."
            elif _light(_rgb(item.colour)) > _light(under):
                yield (
                    f"The QR code {item.id} is light on dark, which some readers do "
                    "not read."
                )


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x + one.width > other.x + NEARLY
        and other.x + other.width > one.x + NEARLY
        and one.y + one.height > other.y + NEARLY
        and other.y + other.height > one.y + NEARLY
    )


def _colour_under(
    art: Image.Image, box: Box, scale: float
) -> tuple[int, int, int] | None:
    """Return the colour that most of a box has; None: it is outside the page."""
    left, top = max(0, int(box.x * scale)), max(0, int(box.y * scale))
    right = min(art.width, max(left + 1, int((box.x + box.width) * scale)))
    bottom = min(art.height, max(top + 1, int((box.y + box.height) * scale)))
    if right <= left or bottom <= top:
        return None
    red, green, blue = ImageStat.Stat(art.crop((left, top, right, bottom))).median
    return int(red), int(green), int(blue)


def _contrast(colour: str, under: Sequence[int]) -> float:
    """Return the ratio of WCAG 2.2 (1: none, 21: black on white)."""
    one, other = sorted((_light(_rgb(colour)), _light(under)))
    return (other + 0.05) / (one + 0.05)


def _light(colour: Sequence[int]) -> float:
    parts = [value / 255 for value in colour]
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Sequence[int]) -> str:
    return "#" + "".join(f"{value:02x}" for value in colour)
