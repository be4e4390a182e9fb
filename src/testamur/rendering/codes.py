"""QR codes and barcodes as pictures (SVG 1.1)."""

from typing import Any

import zxingcpp

from .qr import QUIET, bars

#: How wide a bar is, and how high; and the room that readers need beside them, in
#: bars (ISO/IEC 15417, 4.3.4).
BAR, HEIGHT, QUIET_BARS = 2, 80, 10


def qr_picture(text: str) -> str:
    """Return the QR code of *text* as an SVG."""
    size, dark = bars(text)
    whole = size + 2 * QUIET
    path = "".join(
        f"M{x + QUIET} {y + QUIET}h{length}v1h-{length}z" for x, y, length in dark
    )
    return _svg(whole, whole, 8 * whole, 8 * whole, path)


def barcode_picture(text: str) -> str:
    """Return the Code 128 (ISO/IEC 15417) of *text* as an SVG."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.Code128)
    image: Any = code.to_image(scale=1, add_quiet_zones=False)
    row = memoryview(image).tobytes()[: int(image.shape[1])]
    path = "".join(
        f"M{at + QUIET_BARS} 0h1v{HEIGHT // BAR}h-1z"
        for at, value in enumerate(row)
        if not value
    )
    width = len(row) + 2 * QUIET_BARS
    return _svg(width, HEIGHT // BAR, BAR * width, HEIGHT, path)


def _svg(columns: int, rows: int, width: int, height: int, path: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns} {rows}" '
        f'width="{width}" height="{height}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{columns}v{rows}H0z"/>'
        f'<path d="{path}"/></svg>'
    )
