"""QR codes (ISO/IEC 18004), level M, as runs of dark modules."""

import re
from typing import Any

import zxingcpp

#: Empty modules around a code, which readers need (ISO/IEC 18004, 9.1).
QUIET = 4


#: Dark modules side by side: x and y, from the code's top left corner, and length.
Bar = tuple[int, int, int]

_DARK = re.compile(rb"\0+")


def modules(text: str) -> tuple[int, tuple[bytes, ...]]:
    """Return how wide the code of *text* is, and its rows: 0 is a dark module."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    # Options that it does not know are passed over in silence.
    assert code.ec_level == "M", code.ec_level
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    size = int(image.shape[0])
    data = memoryview(image).tobytes()
    return size, tuple(data[at : at + size] for at in range(0, size * size, size))


def bars(text: str) -> tuple[int, list[Bar]]:
    """Return how wide the code of *text* is, and its bars, row by row."""
    size, rows = modules(text)
    return size, [
        (found.start(), y, found.end() - found.start())
        for y, row in enumerate(rows)
        for found in _DARK.finditer(row)
    ]
