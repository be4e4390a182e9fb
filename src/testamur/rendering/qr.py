"""QR codes (ISO/IEC 18004), level M, as runs of dark modules."""

from typing import Any, NamedTuple

import zxingcpp

#: Empty modules around a code, which readers need (ISO/IEC 18004, 9.1).
QUIET = 4


class Bar(NamedTuple):
    """Dark modules side by side, counted from the code's top left corner."""

    x: int
    y: int
    length: int


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
    found = []
    for y, row in enumerate(rows):
        end = 0
        while (start := row.find(b"\0", end)) >= 0:
            end = row.find(b"\xff", start)
            if end < 0:
                end = size
            found.append(Bar(start, y, end - start))
    return size, found
