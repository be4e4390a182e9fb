"""
Where a line of a PDF becomes a box: how it is aligned, and how much room it has.

A file says where letters stand, never why. What other lines begin, end or have
their middle at the same place tells; and what is drawn around says how far a longer
name may reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from ..design import Align
from .letters import Row

#: Left, top, right and bottom, in points.
Box = tuple[float, float, float, float]

#: Lines that begin, end or have their middle this near (points) do so on purpose.
_NEAR = 1.6
#: How near to the page's middle (of its width) a centred line's middle is.
_MIDDLE = 0.012
#: What stays free to the edge of the page, and to what is drawn, in points.
EDGE, GAP = 18.0, 5.0
#: How much darker or lighter (of 255) a pixel is that belongs to something drawn.
_STEP = 28


@dataclass(frozen=True, slots=True)
class Room:
    """A rectangle that nothing else is in."""

    left: float
    top: float
    right: float
    bottom: float


def is_centred(row: Row, page_width: float) -> bool:
    """Say whether *row* stands in the middle of its page."""
    return abs(row.middle - page_width / 2) < _MIDDLE * page_width


def align_of(row: Row, others: Sequence[Row], page_width: float) -> Align:
    """Say how *row* stands, among all lines of its page."""
    lefts = rights = middles = 0.0
    width = row.x1 - row.x0
    for other in others:
        if other is row or abs((other.x1 - other.x0) - width) < _NEAR:
            continue  # as wide: it is aligned in every way, and tells nothing
        lefts += abs(other.x0 - row.x0) < _NEAR
        rights += abs(other.x1 - row.x1) < _NEAR
        middles += abs(other.middle - row.middle) < _NEAR
    if is_centred(row, page_width):
        middles += 1.5
    if middles and middles >= max(lefts, rights):
        return Align.CENTER
    if rights > lefts:
        return Align.RIGHT
    mirrored = min(other.x0 for other in [row, *others])
    is_mirrored = abs(page_width - row.x1 - mirrored) < 2 * _NEAR
    if not lefts and row.x0 > page_width / 2 and is_mirrored:
        return Align.RIGHT
    return Align.LEFT


def room_of(
    row: Row,
    fixed: Sequence[Box],
    growing: Sequence[Box],
    ground: Image.Image,
    scale: float,
) -> Room:
    """
    Return the free room around *row*.

    It ends at what is *fixed*, halfway to what is *growing* as it is itself, at what
    *ground* shows, and near the page's edge. *ground* is the page without its fields,
    grey, *scale* pixels to the point.
    """
    width, height = ground.width / scale, ground.height / scale
    is_bounded = not _is_picture(ground, scale, row)
    left, right = EDGE, width - EDGE
    for box, share in _shares(fixed, growing):
        if box[3] <= row.top + 1 or box[1] >= row.bottom - 1:
            continue
        if box[2] <= row.x0 + 1:
            left = max(left, row.x0 - (row.x0 - box[2] - GAP) * share)
        elif box[0] >= row.x1 - 1:
            right = min(right, row.x1 + (box[0] - GAP - row.x1) * share)
    left, right = min(left, row.x0), max(right, row.x1)
    if is_bounded:
        left = _reach_across(ground, scale, row, left, -1)
        right = _reach_across(ground, scale, row, right, 1)
        left, right = min(left, row.x0), max(right, row.x1)
    top, bottom = EDGE, height - EDGE
    for box, share in _shares(fixed, growing):
        if box[2] <= left or box[0] >= right:
            continue
        if box[3] <= row.top + 1:
            top = max(top, row.top - (row.top - box[3]) * share)
        elif box[1] >= row.bottom - 1:
            bottom = min(bottom, row.bottom + (box[1] - row.bottom) * share)
    top, bottom = min(top, row.top), max(bottom, row.bottom)
    if is_bounded:
        top = _reach_down(ground, scale, row, top, -1)
        bottom = _reach_down(ground, scale, row, bottom, 1)
    return Room(left, min(top, row.top), right, max(bottom, row.bottom))


def _shares(
    fixed: Sequence[Box], growing: Sequence[Box]
) -> Iterator[tuple[Box, float]]:
    """Give what is in the way, and how much of the room before it may be taken."""
    for box in fixed:
        yield box, 1.0
    for box in growing:
        yield box, 0.5


def _strip(ground: Image.Image, scale: float, box: Box) -> Image.Image:
    left, top, right, bottom = (round(one * scale) for one in box)
    left = min(max(left, 0), ground.width - 1)
    top = min(max(top, 0), ground.height - 1)
    right = min(max(right, left + 1), ground.width)
    bottom = min(max(bottom, top + 1), ground.height)
    return ground.crop((left, top, right, bottom))


def _is_picture(ground: Image.Image, scale: float, row: Row) -> bool:
    """Say whether the ground under *row* is a picture: it then bounds nothing."""
    low, high = _range(_strip(ground, scale, (row.x0, row.top, row.x1, row.bottom)))
    return high - low > _STEP


def _range(image: Image.Image) -> tuple[int, int]:
    low, high = image.getextrema()
    return int(low), int(high)  # type: ignore[arg-type]


def _reach_across(
    ground: Image.Image, scale: float, row: Row, limit: float, way: int
) -> float:
    """Return how far to one side nothing is drawn at the height of *row*."""
    place = row.x0 if way < 0 else row.x1
    usual = _range(_strip(ground, scale, (row.x0, row.top, row.x1, row.bottom)))
    step = way / scale
    while (place - limit) * way < 0:
        edges = sorted((place, place + step))
        low, high = _range(
            _strip(ground, scale, (edges[0], row.top, edges[1], row.bottom))
        )
        if usual[0] - low > _STEP or high - usual[1] > _STEP:
            return place - way * max(GAP, 0.4 * row.letters[0].look.size)
        place += step
    return limit


def _reach_down(
    ground: Image.Image, scale: float, row: Row, limit: float, way: int
) -> float:
    """Return how far above or below *row* nothing is drawn, as wide as it is."""
    place = row.top if way < 0 else row.bottom
    usual = _range(_strip(ground, scale, (row.x0, row.top, row.x1, row.bottom)))
    step = way / scale
    while (place - limit) * way < 0:
        edges = sorted((place, place + step))
        low, high = _range(_strip(ground, scale, (row.x0, edges[0], row.x1, edges[1])))
        if usual[0] - low > _STEP or high - usual[1] > _STEP:
            return place - way * 1.0
        place += step
    return limit
