"""Two files that should look the same, looked at by pdfium."""

from PIL import Image, ImageChops

from .leaf import Binder, Window

#: Pixels per point. With one, a small letter whose place is rounded the other way
#: stands a whole pixel off, and looks like a fault.
SCALE = 1.5

#: Outlines are rounded in two ways: at edges, colours differ by a little, out of 255.
NOTABLE = 80
#: Of a page's pixels, so many may differ notably. A letter that stands a pixel
#: off, or is missing, has more.
MAX_SHARE = 0.00008
MIN_PIXELS = 12


def are_alike(first: bytes, second: bytes) -> bool:
    """Say whether the pages of two PDFs look the same to a reader."""
    one, other = _drawn(first), _drawn(second)
    if one.size != other.size:
        return False
    difference = ImageChops.difference(one, other)
    counts = difference.convert("L").histogram()
    most = max(MIN_PIXELS, MAX_SHARE * one.width * one.height)
    return sum(counts[NOTABLE:]) <= most


def _drawn(pdf: bytes) -> Image.Image:
    with Binder().open(pdf) as leaf:
        width, height = (max(1, round(side * SCALE)) for side in leaf.size)
        pixels = bytearray(b"\xff" * (3 * width * height))
        leaf.draw(pixels, Window.whole(width, height))
    return Image.frombytes("RGB", (width, height), bytes(pixels))
