"""
The tags of a page (ISO 32000-1, 14.7 and 14.8): what it says, in which order.

Marked content and structure are tied by numbers that follow from the design alone,
so most elements are the same for every certificate.
"""

from collections.abc import Sequence

from ..design import Box, Design, Item, Picture, Qr, Text
from .file import number, text_string


def tagged(design: Design) -> list[Item]:
    """Return what is read aloud, in order; an item's place is its mark (MCID)."""
    return [
        item
        for item in design.items
        if isinstance(item, Text | Qr) or (isinstance(item, Picture) and item.alt)
    ]


def text_element(role: str, mark: int, *, document: int, page: int) -> bytes:
    """Return the element of a text."""
    return b"<</Type/StructElem/S/%s/P %d 0 R/Pg %d 0 R/K %d>>" % (
        role.encode(),
        document,
        page,
        mark,
    )


def figure_element(
    mark: int, alt: str, box: Box, height: float, *, parent: int, page: int
) -> bytes:
    """Return the element of a picture that shows *alt*, on a page of *height*."""
    return (
        b"<</Type/StructElem/S/Figure/P %d 0 R/Pg %d 0 R/K %d/Alt%s"
        b"/A<</O/Layout/Placement/Block/BBox[%s]>>>>"
        % (parent, page, mark, text_string(alt), corners(box, height))
    )


def link_element(figure: int, annotation: int, *, document: int, page: int) -> bytes:
    """Return the element of a link whose *figure* it lies on."""
    return (
        b"<</Type/StructElem/S/Link/P %d 0 R/Pg %d 0 R"
        b"/K[%d 0 R<</Type/OBJR/Obj %d 0 R>>]>>" % (document, page, figure, annotation)
    )


def document_element(root: int, elements: Sequence[int], language: str) -> bytes:
    """Return the element that holds all others."""
    return b"<</Type/StructElem/S/Document/P %d 0 R/Lang%s/K[%s]>>" % (
        root,
        text_string(language),
        references(elements),
    )


def tree_root(document: int, marks: Sequence[int], links: Sequence[int]) -> bytes:
    """
    Return the root; *marks* has the element of every mark, 0 for one not used.

    *links* are the elements of annotations, whose `StructParent` begins at 1.
    """
    numbers = b"0[%s]" % references(marks)
    for key, link in enumerate(links, 1):
        numbers += b" %d %d 0 R" % (key, link)
    return (
        b"<</Type/StructTreeRoot/K %d 0 R/ParentTree<</Nums[%s]>>"
        b"/ParentTreeNextKey %d>>" % (document, numbers, len(links) + 1)
    )


def references(objects: Sequence[int]) -> bytes:
    """Return references to *objects*; null for 0."""
    return b" ".join([b"%d 0 R" % each if each else b"null" for each in objects])


def corners(box: Box, height: float) -> bytes:
    """Return *box* as a PDF has it, on a page of *height*: counted from below."""
    return " ".join(
        number(value)
        for value in (
            box.x,
            height - box.y - box.height,
            box.x + box.width,
            height - box.y,
        )
    ).encode()
