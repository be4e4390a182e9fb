"""
Certificates as pictures: PNG, JPEG, and a card for social networks.

The pixels are those that pdfium makes of the certificate's own PDF. What all
certificates of a template share is drawn once and kept as pixels; the rest of the
file is drawn over it, which gives the same pixels as drawing everything. A file by
the typesetter is drawn whole. The same file gives the same bytes, as long as pdfium,
Pillow and zlib are the same.
"""

import io
import math
from dataclasses import dataclass

from PIL import Image

from ..design import Design
from ..prepared import Prepared
from .leaf import Binder, Window
from .lean import lean_binder
from .png_strips import PngStrips, png

POINTS = 72  #: in an inch
#: The resolution of previews, and the highest that is given, in pixels per inch.
PPI, MAX_PPI = 96, 300
#: A2 at 96 ppi, and A4 at 300 ppi: what takes 12 and 26 MB while it is drawn.
USUAL_PIXELS, MAX_PIXELS = 4_000_000, 9_000_000
#: The least width of a picture, in pixels.
MIN_WIDTH = 64
#: What Open Graph asks for, and how much is left free around the certificate.
CARD_WIDTH, CARD_HEIGHT, CARD_MARGIN = 1200, 630, 36
_JPEG_QUALITY = 85
_WHITE = 255


def default_width(design: Design) -> int:
    """Return how many pixels wide *design* is at 96 ppi; posters have fewer."""
    return _width(design, PPI, USUAL_PIXELS)


def max_width(design: Design) -> int:
    """Return how many pixels wide *design* is at 300 ppi; posters have fewer."""
    return _width(design, MAX_PPI, MAX_PIXELS)


def _width(design: Design, ppi: int, pixels: int) -> int:
    page = design.page
    widest = int(math.sqrt(pixels * page.width / page.height))
    return max(MIN_WIDTH, min(round(page.width * ppi / POINTS), widest))


@dataclass(slots=True)
class _Canvas:
    """A window with what all certificates share drawn in it, and how it is packed."""

    window: Window
    shared: bytes
    strips: PngStrips | None = None


class Raster:
    """
    Makes pictures of the certificates of one template. For one thread at a time.

    What each method takes is a certificate's file: its tail, as `stamp.Press` makes
    it, or a whole PDF.
    """

    def __init__(self, prepared: Prepared, lean: Binder | None = None) -> None:
        """
        Take a template; nothing is drawn before it is needed.

        *lean* is its `lean_binder`, if there is one already.
        """
        self._design = prepared.design
        self._prefix = prepared.prefix
        self._lean = lean or lean_binder(prepared)
        self._canvases: dict[Window, _Canvas] = {}

    def png(self, file: bytes, *, width: int | None = None) -> bytes:
        """
        Return the PNG of *file*, *width* pixels wide (None: at 96 ppi).

        Raises:
            ValueError: *width* is under 64, or over `max_width`.
        """
        window = self._window(width)
        pixels = self._pixels(file, window)
        density = round(window.width / self._design.page.width * POINTS / 0.0254)
        if not self._is_kept(file, window):
            return png(pixels, window.width, window.height, density)
        canvas = self._canvases[window]
        if canvas.strips is None:
            canvas.strips = PngStrips(
                canvas.shared, window.width, window.height, density
            )
        return canvas.strips.png(pixels)

    def jpeg(self, file: bytes, *, width: int | None = None) -> bytes:
        """Return the JPEG of *file*; *width* as for `png`."""
        window = self._window(width)
        return _jpeg(self._pixels(file, window), window)

    def card(self, file: bytes) -> bytes:
        """Return *file* as a JPEG of 1200 by 630 pixels, with room around it."""
        window = self._card_window()
        return _jpeg(self._pixels(file, window), window)

    def _window(self, width: int | None) -> Window:
        page = self._design.page
        width = default_width(self._design) if width is None else width
        most = max_width(self._design)
        if not MIN_WIDTH <= width <= most:
            raise ValueError(f"width is {MIN_WIDTH} to {most} pixels")
        return Window.whole(width, max(1, round(width * page.height / page.width)))

    def _card_window(self) -> Window:
        page = self._design.page
        scale = min(
            (CARD_WIDTH - 2 * CARD_MARGIN) / page.width,
            (CARD_HEIGHT - 2 * CARD_MARGIN) / page.height,
        )
        width = max(1, round(page.width * scale))
        height = max(1, round(page.height * scale))
        return Window(
            width=CARD_WIDTH,
            height=CARD_HEIGHT,
            x=(CARD_WIDTH - width) // 2,
            y=(CARD_HEIGHT - height) // 2,
            page_width=width,
            page_height=height,
        )

    def _pixels(self, file: bytes, window: Window) -> bytearray:
        if not self._is_kept(file, window):
            is_tail = self._lean is not None and not file.startswith(b"%PDF-")
            return self._drawn_whole(self._prefix + file if is_tail else file, window)
        assert self._lean is not None
        with self._lean.open(file) as leaf:
            if window not in self._canvases:
                shared = self._shared(file, leaf.object_count, window)
                self._canvases[window] = _Canvas(window, shared)
            pixels = bytearray(self._canvases[window].shared)
            leaf.draw(pixels, window)
        return pixels

    def _is_kept(self, file: bytes, window: Window) -> bool:
        """Say whether what *file* shares with others is kept as pixels."""
        is_usual = window in (self._window(None), self._card_window())
        return self._lean is not None and is_usual and not file.startswith(b"%PDF-")

    def _drawn_whole(self, pdf: bytes, window: Window) -> bytearray:
        pixels = self._ground(window)
        with Binder().open(pdf) as leaf:
            leaf.draw(pixels, window)
        return pixels

    def _shared(self, file: bytes, own: int, window: Window) -> bytes:
        """Draw all of *file* but the *own* things, drawn last, of its tail."""
        pixels = self._ground(window)
        with Binder().open(self._prefix + file) as leaf:
            leaf.drop_last(own)
            leaf.draw(pixels, window)
        return bytes(pixels)

    def _ground(self, window: Window) -> bytearray:
        """Return what a page is put on: paper, and around it a shade of its colour."""
        paper = bytes((_WHITE,)) * 3
        if window == Window.whole(window.width, window.height):
            return bytearray(paper * (window.width * window.height))
        ground = Image.new("RGB", (window.width, window.height), self._shade(0.93))
        edge = self._shade(0.82)
        left, top = window.x, window.y
        right, bottom = left + window.page_width, top + window.page_height
        ground.paste(edge, (left - 1, top - 1, right + 1, bottom + 1))
        ground.paste((_WHITE,) * 3, (left, top, right, bottom))
        return bytearray(ground.tobytes())

    def _shade(self, share: float) -> tuple[int, int, int]:
        """Return the page's colour with *share* of its light."""
        red, green, blue = bytes.fromhex(self._design.page.colour.lstrip("#")[:6])
        return round(red * share), round(green * share), round(blue * share)


def _jpeg(pixels: bytearray, window: Window) -> bytes:
    picture = Image.frombuffer("RGB", (window.width, window.height), bytes(pixels))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=_JPEG_QUALITY)
    return data.getvalue()
