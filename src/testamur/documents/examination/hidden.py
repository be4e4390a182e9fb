"""
What a PDF holds and does not show: layers, fields over fields, pages that are no pages.

Whoever signs puts their name to what they see. What can be decided is decided here;
docs/signing.md says what cannot.
"""

import re
from collections.abc import Sequence
from typing import Any

from pikepdf import Array, Dictionary, Name

from .facts import refusal
from .walk import dictionaries_in

#: Flags of annotations (ISO 32000-1, 12.5.3): not shown, or shown at times.
HIDDEN, NO_VIEW, TOGGLE_NO_VIEW = 2, 32, 256

#: Fields that lie over one another by more than this share of the smaller.
MAX_OVERLAP = 0.5

Rect = tuple[float, float, float, float]

_PAGES = (Name.Page, Name.Pages, Name.Template, Name.Catalog)
_KINDS = re.compile(rb"/(?:Page|Pages|Catalog|OCMD|Template)(?![^\s/()<>\[\]{}%])")


def check_layers(catalog: Any) -> None:
    """
    Raise unless every layer is shown, whoever looks, on screen and on paper.

    Raises:
        Refusal: INVALID `pdf_hidden_content`.
    """
    properties = catalog.get("/OCProperties")
    if not isinstance(properties, Dictionary):
        return
    default = properties.get("/D")
    if not isinstance(default, Dictionary):
        return
    if default.get("/BaseState", Name.ON) != Name.ON or _filled(default.get("/OFF")):
        raise refusal("pdf_hidden_content", "a layer of it is not shown.")
    if _filled(default.get("/AS")):
        raise refusal("pdf_hidden_content", "a layer of it is shown at times only.")


def check_kind(thing: Any, text: bytes, shown: set[tuple[int, int]]) -> None:
    """
    Raise if *thing* is a page, or a catalog, that is not among those *shown*; or
    content that is shown while a layer is not.

    Raises:
        Refusal: INVALID `pdf_hidden_content`.
    """
    if not _KINDS.search(text):
        return
    for each in dictionaries_in(thing):
        kind = each.get("/Type")
        if kind in _PAGES and each.objgen not in shown:
            raise refusal(
                "pdf_hidden_content", "there are pages in it that are not shown."
            )
        if kind == Name.OCMD and (
            "/VE" in each or each.get("/P") in (Name.AllOff, Name.AnyOff)
        ):
            raise refusal("pdf_hidden_content", "a part of it is shown at times only.")


def check_annotations(page: Any) -> None:
    """
    Raise if an annotation of *page* can be hidden, or fields lie over one another.

    Raises:
        Refusal: INVALID `pdf_hidden_content`.
    """
    annotations = page.get("/Annots")
    if not isinstance(annotations, Array):
        return
    fields: list[Rect] = []
    for each in annotations:
        if not isinstance(each, Dictionary) or each.get("/Subtype") == Name.Popup:
            continue
        rect = _rect(each.get("/Rect"))
        if rect is None:
            continue
        flags = each.get("/F", 0)
        if isinstance(flags, int) and flags & (HIDDEN | NO_VIEW | TOGGLE_NO_VIEW):
            raise refusal("pdf_hidden_content", "a note or field is not shown.")
        if each.get("/Subtype") == Name.Widget:
            fields.append(rect)
    _check_overlaps(fields)


def _check_overlaps(fields: Sequence[Rect]) -> None:
    waiting = sorted(fields)
    for place, one in enumerate(waiting):
        for other in waiting[place + 1 :]:
            if other[0] >= one[2]:
                break
            if _overlap(one, other) > MAX_OVERLAP:
                raise refusal("pdf_hidden_content", "a field lies over another.")


def _overlap(one: Rect, other: Rect) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0
    return width * height / min(_area(one), _area(other))


def _area(rect: Rect) -> float:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def _rect(found: Any) -> Rect | None:
    """Return a rectangle in order; None when there is nothing in it."""
    try:
        a, b, c, d = (float(each) for each in found)
    except (TypeError, ValueError):
        return None
    rect = min(a, c), min(b, d), max(a, c), max(b, d)
    return rect if _area(rect) > 0 else None


def _filled(found: Any) -> bool:
    return isinstance(found, Array) and len(found) > 0
