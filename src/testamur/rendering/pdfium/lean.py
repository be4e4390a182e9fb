"""
The files of one template without what they share: a hundredth of the work to read.

Nothing of a file's tail is changed, and no object moves: in the prefix, the content
of the constant streams is replaced by an empty one of the same length.
"""

import re
import struct
import zlib
from collections.abc import Iterable

from ..prepared import Plan, Prepared
from .leaf import Binder

#: Of the cross-reference, as `pdf_file` writes it: what it is, where, which of it.
_ROW = struct.Struct(">BIH")
_STREAM = re.compile(rb"stream\r?\n")
_LENGTH = re.compile(rb"/Length (\d+)")
_NOTHING = zlib.compress(b"", 9)


def lean_binder(prepared: Prepared) -> Binder | None:
    """Return what opens tails of *prepared*; None if it only makes whole files."""
    if prepared.plan is None:
        return None
    return Binder(emptied(prepared.prefix, prepared.plan, _left_out(prepared)))


def has_constant_texts(prepared: Prepared) -> bool:
    """Say whether lean files have the constant texts: they lie on the row's picture."""
    return prepared.design.takes_picture


def _left_out(prepared: Prepared) -> tuple[int, ...]:
    assert prepared.plan is not None
    if has_constant_texts(prepared):
        return (prepared.plan.art_content,)
    return prepared.plan.art_content, prepared.plan.text_content


def emptied(prefix: bytes, plan: Plan, streams: Iterable[int]) -> bytes:
    """
    Return *prefix* with empty *streams* (numbers); it is as long as it was.

    Raises:
        ValueError: they are not where *plan* has them.
    """
    lean = bytearray(prefix)
    for number in streams:
        start = _offset(plan.rows, number)
        found = _STREAM.search(prefix, start)
        if found is None:
            raise ValueError("a constant stream is not where the plan has it")
        head = prefix[start : found.start()]
        length = _LENGTH.search(head)
        if not head.startswith(b"%d 0 obj" % number) or length is None:
            raise ValueError("a constant stream is not where the plan has it")
        size = int(length[1])
        if b"/FlateDecode" not in head:
            content = b" " * size
        elif size < len(_NOTHING):
            continue  # nothing deflated is longer
        else:
            content = _NOTHING.ljust(size, b"\0")
        lean[found.end() : found.end() + size] = content
    return bytes(lean)


def _offset(rows: bytes, number: int) -> int:
    return int(_ROW.unpack_from(rows, number * _ROW.size)[1])
