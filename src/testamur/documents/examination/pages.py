"""The pages of a PDF: how many, how large, and each of them once."""

import math
from typing import Any

from pikepdf import Array, Dictionary

from .facts import MAX_INCHES, MAX_PAGES, refusal

MAX_DEPTH = 64
#: Of nodes that have pages below them.
MAX_NODES = 10_000

Box = tuple[float, float, float, float]


def pages_of(catalog: Any) -> tuple[list[Any], set[tuple[int, int]]]:
    """
    Return the pages in their order, and every object that the tree consists of.

    Raises:
        Refusal: INVALID `pdf_corrupt` or `pdf_too_large`.
    """
    pages: list[Any] = []
    seen: set[tuple[int, int]] = set()
    waiting = [(catalog.get("/Pages"), 0)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, Dictionary) or depth > MAX_DEPTH:
            raise refusal("pdf_corrupt", "its pages cannot be found.")
        if not node.is_indirect or node.objgen in seen:
            raise refusal("pdf_corrupt", "its pages are listed in a circle.")
        seen.add(node.objgen)
        if len(seen) > MAX_NODES:
            raise _many()
        kids = node.get("/Kids")
        if kids is None:
            pages.append(node)
            if len(pages) > MAX_PAGES:
                raise _many()
        elif isinstance(kids, Array):
            if len(kids) > MAX_NODES:
                raise _many()
            waiting += [(each, depth + 1) for each in reversed(list(kids))]
        else:
            raise refusal("pdf_corrupt", "its pages cannot be found.")
    if not pages:
        raise refusal("pdf_corrupt", "it has no page.")
    return pages, seen


def size_of(page: Any) -> tuple[float, float]:
    """
    Return width and height of *page* in points, as it is shown.

    Raises:
        Refusal: INVALID `pdf_too_large`.
    """
    media = _box(_inherited(page, "/MediaBox"))
    crop = _inherited(page, "/CropBox")
    left, bottom, right, top = _box(crop) if crop is not None else media
    unit = _number(page.get("/UserUnit", 1))
    width, height = (right - left) * unit, (top - bottom) * unit
    most = MAX_INCHES * 72
    for x, y in ((width, height), (media[2] - media[0], media[3] - media[1])):
        if not (0 < x <= most and 0 < y <= most):
            raise refusal(
                "pdf_too_large", f"a page is empty, or over {MAX_INCHES} inches wide."
            )
    turned = _inherited(page, "/Rotate")
    if isinstance(turned, int) and turned % 180 == 90:
        width, height = height, width
    return width, height


def _many() -> Exception:
    return refusal("pdf_too_large", f"it has more than {MAX_PAGES} pages.")


def _box(found: Any) -> Box:
    if not isinstance(found, Array) or len(found) != 4:
        raise refusal("pdf_too_large", "a page does not say how large it is.")
    a, b, c, d = (_number(each) for each in found)
    return min(a, c), min(b, d), max(a, c), max(b, d)


def _number(found: Any) -> float:
    try:
        value = float(found)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        value = math.nan
    if not math.isfinite(value):
        raise refusal("pdf_too_large", "a page does not say how large it is.")
    return value


def _inherited(page: Any, key: str) -> Any:
    node = page
    for _ in range(MAX_DEPTH):
        if not isinstance(node, Dictionary):
            return None
        if key in node:
            return node[key]
        node = node.get("/Parent")
    return None
