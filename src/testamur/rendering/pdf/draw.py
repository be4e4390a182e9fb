"""What stamped pages have beside texts, as content: QR codes and pictures of rows."""

from ..design import Box, Cover, Picture, Qr
from ..qr import QUIET, bars
from .file import number


def square_of(item: Qr) -> Box:
    """Return where a QR code and its quiet zone lie: in the middle of its box."""
    box, side = item.box, min(item.box.width, item.box.height)
    return Box(
        box.x + (box.width - side) / 2, box.y + (box.height - side) / 2, side, side
    )


def draw_qr(item: Qr, text: str, mark: int, height: float) -> str:
    """Return the QR code of *text*, marked, on a page of *height*."""
    size, dark = bars(text)
    square = square_of(item)
    side, low = square.width, height - square.y - square.height
    parts = [f"/Figure<</MCID {mark}>>BDC q"]
    if item.background:
        box = f"{number(square.x)} {number(low)} {number(side)} {number(side)}"
        parts.append(f"{colour(item.background)} rg {box} re f")
    unit = side / (size + 2 * QUIET)
    left, top = square.x + QUIET * unit, low + side - QUIET * unit
    parts.append(
        f"{colour(item.colour)} rg"
        f" {unit:.6f} 0 0 {-unit:.6f} {number(left)} {number(top)} cm"
    )
    # One path, so that no viewer shows seams between its parts.
    parts += [f"{x} {y} {length} 1 re" for x, y, length in dark]
    parts.append("f Q EMC\n")
    return " ".join(parts)


def draw_picture(
    item: Picture, width: int, height: int, mark: int | None, page_height: float
) -> str:
    """Return the image `/Row` of *width* by *height* pixels in its box."""
    box = item.box
    scales = box.width / width, box.height / height
    scale = max(scales) if item.cover is Cover.COVER else min(scales)
    wide, high = width * scale, height * scale
    x = box.x + (box.width - wide) / 2
    y = page_height - box.y - (box.height + high) / 2
    clip = ""
    if item.cover is Cover.COVER:
        low = page_height - box.y - box.height
        corners = (box.x, low, box.width, box.height)
        clip = f"{' '.join(map(number, corners))} re W n "
    matrix = " ".join(map(number, (wide, 0, 0, high, x, y)))
    begin = "/Artifact BMC" if mark is None else f"/Figure<</MCID {mark}>>BDC"
    return f"{begin} q {clip}{matrix} cm /Row Do Q EMC\n"


def colour(code: str) -> str:
    """Return `#rrggbb` as three numbers from 0 to 1."""
    return " ".join(number(int(code[at : at + 2], 16) / 255) for at in (1, 3, 5))
