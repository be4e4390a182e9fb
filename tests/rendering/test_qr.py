"""QR codes are read by cameras, whatever address they hold."""

import pytest
import zxingcpp
from PIL import Image

from testamur.rendering.qr import QUIET, bars

PAGE = "https://certificates.example.org/c/01JZ8Q4M7V9T2K5R3W6X8Y0ABC"


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/",
        PAGE,
        PAGE.upper(),
        PAGE + "?" + "x=1&" * 60,
        "https://ü.example/Ω",
    ],
    ids=["short", "usual", "capitals", "long", "beyond ascii"],
)
def test_a_code_says_its_text_at_level_m(text):
    """Its bars, drawn with a quiet zone, are read; a seventh of it may be dirty."""
    size, dark = bars(text)
    image = Image.new("L", (size + 2 * QUIET,) * 2, 255)
    for x, y, length in dark:
        assert 0 <= x < x + length <= size
        for at in range(length):
            image.putpixel((QUIET + x + at, QUIET + y), 0)

    (code,) = zxingcpp.read_barcodes(image.resize([side * 4 for side in image.size], 0))

    assert code.text == text
    assert code.ec_level == "M"
