"""
Every file is read back before it is released, by parts that nobody here wrote.

pdfium reads its text, its title and what is attached, zxing-cpp its QR code, and all
is compared with what this very row should say: every text of it is there, and not a
letter more. Of files with the same prefix, the constant part is left out: it takes
longer to read than all the rest, and is read once.
"""

import io
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import zxingcpp
from PIL import Image

from ..design import Box, Design, Direction, Picture, Qr, Text
from ..prepared import Prepared
from ..qr import QUIET, modules
from ..text.bidi import is_rtl_language
from ..text.wording import upper
from ..values import filled, key_of
from .leaf import Binder, Damaged, Leaf, Window
from .lean import has_constant_texts, lean_binder
from .said import counted, has_rtl, is_on, letters, repeatable, spelt_out, words_of

#: How wide a QR code is drawn to be read: 3 pixels or more for each module.
_QR_WIDTH = 200
#: The whole page, where nobody knows where its QR code is.
_PAGE_WIDTH = 1600
#: A picture's QR code with less, in pixels per module, may be too coarse to be read.
MIN_MODULE = 2.5
_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_SIZE_TOLERANCE = 1.0  #: points


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file has to say."""

    #: Every text with fields that is drawn, as `texts_of` gives them.
    texts: Sequence[str]
    #: What its QR codes say.
    url: str
    #: The file's title; None: not compared.
    title: str | None = None
    #: What is attached; None: nothing is.
    credential: bytes | None = None
    #: Whether a picture of the row is drawn; None: not looked at.
    has_picture: bool | None = None


def texts_of(design: Design, values: Mapping[str, str]) -> list[str]:
    """
    Return every text with fields that *design* draws for *values* (`values_of`).

    Worked out without `layout`, so that a fault there is noticed.
    """
    return [
        _spelt(item, values, design.language)
        for item in design.texts
        if item.fields
        and any(values.get(key_of(field), "").strip() for field in item.fields)
    ]


def _spelt(item: Text, values: Mapping[str, str], language: str) -> str:
    text = filled(item.parts, values)
    return upper(text, language) if item.style.is_upper else text


class ReadBack:
    """Reads back the certificates of one template. For one thread at a time."""

    def __init__(self, prepared: Prepared, lean: Binder | None = None) -> None:
        """
        Take a template; what all its certificates share is read now.

        *lean* is its `lean_binder`, if there is one already.
        """
        self._design = prepared.design
        self._lean = lean or lean_binder(prepared)
        self._has_constant_texts = has_constant_texts(prepared)
        self._constant = [
            _spelt(item, {}, prepared.design.language)
            for item in prepared.design.texts
            if not item.fields
        ]
        #: Whether digits may be set from right to left without a letter that is.
        self._may_turn = is_rtl_language(prepared.design.language) or any(
            text.direction is Direction.RTL for text in prepared.design.texts
        )
        self._art = ""
        if prepared.art:
            with Binder().open(prepared.art) as leaf:
                self._art = letters(leaf.text())

    def problem_with(self, file: bytes, expected: Expected) -> str | None:
        """
        Return what is wrong with *file*, or None; a sentence that quotes nothing.

        *file* is a tail as `stamp.Press` makes it, or a whole PDF.
        """
        try:
            if self._lean is None or file.startswith(b"%PDF-"):
                with Binder().open(file) as leaf:
                    return self._problem(leaf, expected, is_whole=True)
            with self._lean.open(file) as leaf:
                return self._problem(leaf, expected, is_whole=False)
        except Damaged:
            return "The file cannot be opened."

    def problem_with_picture(self, picture: bytes, url: str) -> str | None:
        """
        Return what is wrong with the QR codes of a whole page as PNG or JPEG, or None.

        A code that is too small to be read at the picture's width is let pass, as
        long as it is not read as something else than *url*.
        """
        codes = [item for item in self._design.items if isinstance(item, Qr)]
        if not codes:
            return None
        try:
            with Image.open(io.BytesIO(picture), formats=["PNG", "JPEG"]) as image:
                scale = image.width / self._design.page.width
                for item in codes:
                    seen = _read(image.crop(_pixels_of(item.box, scale)))
                    if not seen and _is_coarse(item, scale, url):
                        continue
                    if seen != [url]:
                        return "The QR code of the picture does not lead to its page."
        except (OSError, SyntaxError, ValueError, struct.error):
            return "The picture cannot be opened."
        return None

    def _problem(self, leaf: Leaf, expected: Expected, *, is_whole: bool) -> str | None:
        page = self._design.page
        if leaf.page_count != 1:
            return "The file has not exactly one page."
        if any(
            abs(found - meant) > _SIZE_TOLERANCE
            for found, meant in zip(leaf.size, (page.width, page.height), strict=True)
        ):
            return "The page has another size than its template."
        if expected.title is not None and leaf.title() != expected.title:
            return "The file has another title."
        attached = [] if expected.credential is None else [expected.credential]
        if leaf.attachments() != attached:
            return "The credential attached to the file is another one, or none."
        if self._design.source is not None:
            # Only the template's author knows what its source prints, and where.
            return _wrong_codes(leaf, page.width, page.height, expected.url)
        has_constant = is_whole or self._has_constant_texts
        texts = [*expected.texts, *(self._constant if has_constant else ())]
        art = self._art if is_whole else ""
        said = leaf.text()
        may_turn = self._may_turn or has_rtl(said)
        return (
            _wrong_text(said, texts, art, is_typeset=is_whole, may_turn=may_turn)
            or self._wrong_qr(leaf, expected.url)
            or self._wrong_picture(leaf, expected, is_whole=is_whole)
        )

    def _wrong_qr(self, leaf: Leaf, url: str) -> str | None:
        page = self._design.page
        for item in self._design.items:
            if isinstance(item, Qr):
                scale = _QR_WIDTH / item.box.width
                window = Window(
                    width=_QR_WIDTH,
                    height=max(1, round(item.box.height * scale)),
                    x=-round(item.box.x * scale),
                    y=-round(item.box.y * scale),
                    page_width=round(page.width * scale),
                    page_height=round(page.height * scale),
                )
                if _read(_drawn(leaf, window)) != [url]:
                    return "The QR code does not lead to the certificate's page."
        return None

    def _wrong_picture(
        self, leaf: Leaf, expected: Expected, *, is_whole: bool
    ) -> str | None:
        if is_whole or expected.has_picture is None:  # the art may have pictures too
            return None
        slots = sum(
            isinstance(item, Picture) and item.asset is None
            for item in self._design.items
        )
        if leaf.picture_count != (slots if expected.has_picture else 0):
            return "The picture of the row is missing, or there is one too many."
        return None


_MISSING = "A text of the row is missing in the file, or reads differently."
_FOREIGN = "The file has text that is not of its row."


def _wrong_text(
    found: str, texts: Sequence[str], art: str, *, is_typeset: bool, may_turn: bool
) -> str | None:
    """Compare the letters of a page with those of *texts* and of its *art*."""
    page, pieces = letters(found), [letters(text) for text in texts]
    total = "".join((*pieces, art))
    problem = _difference(page, pieces, total)
    if problem is not None and may_turn:
        # pdfium orders all that stands side by side as one line; word by word it
        # is right. And it spells out signs such as ½.
        page, total = spelt_out(page), spelt_out(total)
        pieces = [piece for text in texts for piece in words_of(text)]
        problem = _difference(page, pieces, total)
    if problem is not None and is_typeset:
        # Typst says some letters once for each glyph: these are not counted.
        repeated = repeatable(total)
        if repeated <= set(page):
            without = {ord(character): None for character in repeated}
            pieces = [piece.translate(without) for piece in pieces]
            page, total = page.translate(without), total.translate(without)
            problem = _difference(page, pieces, total)
    return problem


def _difference(page: str, pieces: Sequence[str], total: str) -> str | None:
    """Say whether *page* has all *pieces*, and the characters of *total*."""
    if not all(is_on(page, piece) for piece in pieces):
        return _MISSING
    if Counter(counted(page)) != Counter(counted(total)):
        return _FOREIGN
    return None


def _wrong_codes(leaf: Leaf, width: float, height: float, url: str) -> str | None:
    window = Window.whole(_PAGE_WIDTH, max(1, round(_PAGE_WIDTH * height / width)))
    if any(text != url for text in _read(_drawn(leaf, window))):
        return "A QR code does not lead to the certificate's page."
    return None


def _drawn(leaf: Leaf, window: Window) -> memoryview:
    pixels = bytearray(b"\xff" * (3 * window.width * window.height))
    leaf.draw(pixels, window)
    shape = (window.height, window.width, 3)
    return memoryview(pixels).cast("B", shape=shape)


def _read(picture: Image.Image | memoryview) -> list[str]:
    """Return what the QR codes in *picture* say."""
    return [
        code.text
        for code in zxingcpp.read_barcodes(
            picture, formats=_QR, try_rotate=False, try_downscale=False
        )
    ]


def _pixels_of(box: Box, scale: float) -> tuple[int, int, int, int]:
    return (
        int(box.x * scale),
        int(box.y * scale),
        round((box.x + box.width) * scale),
        round((box.y + box.height) * scale),
    )


def _is_coarse(item: Qr, scale: float, url: str) -> bool:
    size, _ = modules(url)
    return (
        min(item.box.width, item.box.height) * scale / (size + 2 * QUIET) < MIN_MODULE
    )
