"""
Signing PDFs that others wrote: their bytes stay, and what a signature needs follows.

An incremental update (ISO 32000-1, 7.5.6): the changed objects, field, signature, and
a cross-reference like the file's own. What was signed before stays as it was.
"""

import hashlib
from collections.abc import Callable, Sequence

from pikepdf import PdfError

from testamur.core.refusals import Fault

from ..ports import Draws, Seal
from .cms import Signatures
from .slot import TOKEN_BYTES, Slot, TokenTooLarge
from .structure import (
    Declined,
    PageShape,
    Structure,
    reference,
    shape_of,
    text_entry,
)
from .wish import SignatureWish, VisibleStamp

#: One, one that has more room, and one more: tokens differ by some bytes.
MAX_TOKENS = 3

#: An annotation that is printed, and stays where it is (12.5.3).
PRINT_AND_LOCKED = 4 | 128


def sign_incrementally(
    data: bytes,
    seal: Seal,
    wish: SignatureWish,
    *,
    timestamp: Callable[[bytes], bytes] | None = None,
    draw: Draws | None = None,
) -> bytes:
    """
    Return *data* with a signature; it begins with *data*, byte for byte.

    Raises:
        Refusal: as `sign.sign_pdf`.
        Declined: the file is unusual in a way that is left to the reference signer.
    """
    signatures = Signatures(seal)
    room = TOKEN_BYTES
    for _ in range(MAX_TOKENS):
        slot = Slot(signatures, wish, timestamp, room)
        try:
            tail, at = _tail(data, slot, wish, draw)
        except (PdfError, ValueError, TypeError, RuntimeError, KeyError) as trouble:
            raise Declined("qpdf stumbles over it") from trouble
        hashed = hashlib.new(slot.hash_name, data)
        try:
            slot.fill(tail, at, len(data), hashed)
        except TokenTooLarge as trouble:
            # The next token may be a little larger still.
            room = trouble.bytes_needed + 64
            continue
        return b"".join((data, tail))
    raise Fault("the tokens of the timestamping authority grow", passing=True)


def _tail(
    data: bytes, slot: Slot, wish: SignatureWish, draw: Draws | None
) -> tuple[bytearray, int]:
    """Return what follows *data*, and where in it the signature's dictionary is."""
    with Structure(data) as structure:
        page = structure.page(wish.visible.page if wish.visible else 0)
        name = structure.field_name(wish.field_base)
        field = structure.reserve()
        structure.add_annotation(page, field)
        structure.add_field(field)
        rect, appearance = b"0 0 0 0", b""
        drawn: Sequence[bytes] = ()
        if wish.visible and draw:
            rect, appearance, drawn = _drawn(
                wish.visible, shape_of(page), structure.size, draw
            )
        objects = dict(structure.changed)
        for body in drawn:
            objects[structure.reserve(), 0] = body
        signature = structure.reserve()
        objects[field, 0] = (
            b"<</Type/Annot/Subtype/Widget/FT/Sig%s/F %d/Rect[%s]/P %s/V %d 0 R%s>>"
            % (
                text_entry(b"/T", name),
                PRINT_AND_LOCKED,
                rect,
                reference(page),
                signature,
                appearance,
            )
        )
        # Last, so that what follows it is as little as can be.
        objects[signature, 0] = slot.body
        return _written(data, structure, objects, signature, slot)


def _drawn(
    stamp: VisibleStamp, shape: PageShape, first: int, draw: Draws
) -> tuple[bytes, bytes, Sequence[bytes]]:
    """Return rectangle, appearance and objects of a stamp, on a page as it is shown."""
    left, bottom, width, height = stamp.box
    bodies = draw(stamp.lines, stamp.url, (width, height), first)
    x0, y0, x1, y1 = shape.box
    # From the corner of the page as it is shown to that of the page as it lies, and
    # the form turned the same way.
    match shape.turned:
        case 90:
            rect = (x1 - bottom - height, y0 + left, x1 - bottom, y0 + left + width)
            turned = b"0 1 -1 0 0 0"
        case 180:
            rect = (x1 - left - width, y1 - bottom - height, x1 - left, y1 - bottom)
            turned = b"-1 0 0 -1 0 0"
        case 270:
            rect = (x0 + bottom, y1 - left - width, x0 + bottom + height, y1 - left)
            turned = b"0 -1 1 0 0 0"
        case _:
            rect = (x0 + left, y0 + bottom, x0 + left + width, y0 + bottom + height)
            turned = b""
    objects = list(bodies)
    if turned:
        objects[-1] = b"<</Matrix[%s]" % turned + objects[-1].removeprefix(b"<<")
    appearance = b"/AP<</N %d 0 R>>" % (first + len(objects) - 1)
    return b" ".join(b"%.3f" % each for each in rect), appearance, objects


def _written(
    data: bytes,
    structure: Structure,
    objects: dict[tuple[int, int], bytes],
    signature: int,
    slot: Slot,
) -> tuple[bytearray, int]:
    tail = bytearray(b"" if data.endswith((b"\n", b"\r")) else b"\n")
    places: dict[tuple[int, int], int] = {}
    for (number, generation), body in objects.items():
        places[number, generation] = len(data) + len(tail)
        tail += b"%d %d obj\n%s\nendobj\n" % (number, generation, body)
    at = places[signature, 0] - len(data) + len(b"%d 0 obj\n" % signature)
    assert tail.startswith(slot.body, at)
    entries = b"/Root %s/Prev %d" % (
        reference(structure.trailer["/Root"]),
        structure.start,
    )
    info, identifier = structure.trailer.get("/Info"), structure.trailer.get("/ID")
    if info is not None and info.is_indirect:
        entries += b"/Info " + reference(info)
    if identifier is not None:
        entries += b"/ID" + identifier.unparse(resolved=True)
    start = len(data) + len(tail)
    if structure.is_stream:
        own = structure.reserve()
        places[own, 0] = start
        tail += _stream(own, structure.size, places, entries)
    else:
        tail += _table(structure.size, places, entries)
    tail += b"startxref\n%d\n%%%%EOF\n" % start
    return tail, at


def _runs(
    places: dict[tuple[int, int], int],
) -> list[list[tuple[int, int, int]]]:
    """Return number, generation and place of objects, in runs of adjacent numbers."""
    runs: list[list[tuple[int, int, int]]] = []
    for (number, generation), place in sorted(places.items()):
        if not runs or runs[-1][-1][0] + 1 != number:
            runs.append([])
        runs[-1].append((number, generation, place))
    return runs


def _table(size: int, places: dict[tuple[int, int], int], entries: bytes) -> bytes:
    lines = [b"xref\n"]
    for run in _runs(places):
        lines.append(b"%d %d\n" % (run[0][0], len(run)))
        lines += [b"%010d %05d n \n" % (place, each) for _, each, place in run]
    lines.append(b"trailer\n<</Size %d%s>>\n" % (size, entries))
    return b"".join(lines)


def _stream(
    own: int, size: int, places: dict[tuple[int, int], int], entries: bytes
) -> bytes:
    runs = _runs(places)
    rows = b"".join(
        b"\1" + place.to_bytes(5, "big") + each.to_bytes(2, "big")
        for run in runs
        for _, each, place in run
    )
    index = b" ".join(b"%d %d" % (run[0][0], len(run)) for run in runs)
    return (
        b"%d 0 obj\n<</Type/XRef/Size %d/W[1 5 2]/Index[%s]%s/Length %d>>stream\n"
        b"%s\nendstream\nendobj\n" % (own, size, index, entries, len(rows), rows)
    )
