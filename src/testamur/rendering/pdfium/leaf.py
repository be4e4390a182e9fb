"""
A PDF opened by pdfium, which nobody here wrote: to look at it, or to read it back.

pdfium keeps state for the whole process, so one file is open at a time: a thread
that opens one waits until others have closed theirs.
"""

import ctypes
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

#: Red before blue, as PNG and JPEG have it; no hinting for one kind of screen.
_DRAW = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
#: What a tail has room for at first; more is made when one needs it.
_ROOM = 64 * 1024
#: Held while a file is open; a thread may open one while it has another open.
_PDFIUM = threading.RLock()


class Damaged(Exception):
    """It is not a PDF that can be opened."""


@dataclass(frozen=True, slots=True)
class Window:
    """
    A part of a page, as pixels.

    The whole page would be *page_width* by *page_height* pixels; its top left corner
    stands at *x*, *y* of the window (less than 0: above it, or left of it).
    """

    width: int
    height: int
    x: int
    y: int
    page_width: int
    page_height: int

    @classmethod
    def whole(cls, width: int, height: int) -> "Window":
        """Return the window that shows the whole page and nothing else."""
        return cls(width, height, 0, 0, width, height)


class Leaf:
    """The one page of an open PDF. Valid until its binder closes it."""

    def __init__(self, document: Any, page: Any) -> None:
        """Take what `Binder.open` has opened."""
        self._document = document
        self._page = page

    @property
    def page_count(self) -> int:
        """How many pages the file has."""
        return int(pdfium.FPDF_GetPageCount(self._document))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, in points."""
        return (
            pdfium.FPDF_GetPageWidthF(self._page),
            pdfium.FPDF_GetPageHeightF(self._page),
        )

    def text(self) -> str:
        """Return all text of the page, as pdfium reads it."""
        text_page = pdfium.FPDFText_LoadPage(self._page)
        try:
            count = pdfium.FPDFText_CountChars(text_page)
            if count <= 0:
                return ""
            # Twice: a letter may be a surrogate pair. And a zero at the end.
            buffer = (ctypes.c_ushort * (2 * count + 1))()
            written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
            data = bytes(memoryview(buffer).cast("B")[: 2 * max(written - 1, 0)])
            text = data.decode("utf-16-le", "replace")
            if "\ufffd" not in text:
                return text
            units = _in_order(list(buffer[: max(written - 1, 0)]))
            return struct.pack(f"<{len(units)}H", *units).decode("utf-16-le", "replace")
        finally:
            pdfium.FPDFText_ClosePage(text_page)

    def title(self) -> str:
        """Return the title of the file, as its information dictionary has it."""
        size = pdfium.FPDF_GetMetaText(self._document, b"Title", None, 0)
        buffer = ctypes.create_string_buffer(max(size, 2))
        pdfium.FPDF_GetMetaText(self._document, b"Title", buffer, size)
        return buffer.raw[: size - 2].decode("utf-16-le", "replace")

    def attachments(self) -> list[bytes]:
        """Return the files that are attached, in the file's order."""
        found = []
        for number in range(pdfium.FPDFDoc_GetAttachmentCount(self._document)):
            attachment = pdfium.FPDFDoc_GetAttachment(self._document, number)
            size = ctypes.c_ulong()
            pdfium.FPDFAttachment_GetFile(attachment, None, 0, size)
            buffer = ctypes.create_string_buffer(max(size.value, 1))
            if not pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, size):
                raise Damaged
            found.append(buffer.raw[: size.value])
        return found

    @property
    def object_count(self) -> int:
        """How many things are drawn on the page; a form counts as one."""
        return int(pdfium.FPDFPage_CountObjects(self._page))

    @property
    def picture_count(self) -> int:
        """How many pictures are drawn on the page, but for those in forms."""
        return sum(
            pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(self._page, number))
            == pdfium.FPDF_PAGEOBJ_IMAGE
            for number in range(self.object_count)
        )

    def drop_last(self, count: int) -> None:
        """Leave out, from now on, the *count* things that are drawn last."""
        for _ in range(count):
            last = pdfium.FPDFPage_GetObject(self._page, self.object_count - 1)
            if not pdfium.FPDFPage_RemoveObject(self._page, last):
                raise Damaged
            pdfium.FPDFPageObj_Destroy(last)

    def draw(self, onto: bytearray, window: Window) -> None:
        """
        Draw the page over *onto*: rows of red, green, blue; nothing is cleared first.

        Raises:
            ValueError: *onto* has another size than *window*.
        """
        if len(onto) != 3 * window.width * window.height:
            raise ValueError("the pixels do not fit the window")
        pixels = (ctypes.c_ubyte * len(onto)).from_buffer(onto)
        bitmap = pdfium.FPDFBitmap_CreateEx(
            window.width,
            window.height,
            pdfium.FPDFBitmap_BGR,
            ctypes.addressof(pixels),
            3 * window.width,
        )
        try:
            pdfium.FPDF_RenderPageBitmap(
                bitmap,
                self._page,
                window.x,
                window.y,
                window.page_width,
                window.page_height,
                0,
                _DRAW,
            )
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
            del pixels


class Binder:
    """
    Opens files that begin with the same bytes: those stay in place, and what
    follows is written behind them.
    """

    def __init__(self, prefix: bytes = b"") -> None:
        """Keep *prefix*; an empty one opens whole files."""
        self._prefix = prefix
        self._make_room(_ROOM)

    def _make_room(self, tail: int) -> None:
        self._memory = bytearray(len(self._prefix) + tail)
        self._memory[: len(self._prefix)] = self._prefix

    @contextmanager
    def open(self, tail: bytes) -> Iterator[Leaf]:
        """
        Open prefix and *tail* as one file, and its first page.

        Raises:
            Damaged: pdfium cannot.
        """
        with _PDFIUM:
            yield from self._opened(tail)

    def _opened(self, tail: bytes) -> Iterator[Leaf]:
        start, end = len(self._prefix), len(self._prefix) + len(tail)
        if end > len(self._memory):
            self._make_room(2 * len(tail))
        self._memory[start:end] = tail
        memory = (ctypes.c_ubyte * end).from_buffer(self._memory)
        document = pdfium.FPDF_LoadMemDocument64(memory, end, None)
        try:
            if not document:
                raise Damaged
            page = pdfium.FPDF_LoadPage(document, 0)
            if not page:
                raise Damaged
            try:
                yield Leaf(document, page)
            finally:
                pdfium.FPDF_ClosePage(page)
        finally:
            if document:
                pdfium.FPDF_CloseDocument(document)
            del memory


def _in_order(units: list[int]) -> list[int]:
    """
    Return UTF-16 with the halves of each character in order.

    pdfium turns lines from right to left around half by half: an emoji in one falls
    apart.
    """
    at = 0
    while at + 1 < len(units):
        first, second = units[at] >> 10, units[at + 1] >> 10
        if (first, second) == (0x37, 0x36):  # low before high
            units[at], units[at + 1] = units[at + 1], units[at]
        at += 2 if {first, second} == {0x36, 0x37} else 1
    return units
