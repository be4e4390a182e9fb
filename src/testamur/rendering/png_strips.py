"""
PNG of pictures that are the same but for a few rows.

The picture that all of them start from is cut in strips, each filtered and deflated
once, up to a full flush: so a strip's bytes stand in any stream, and their Adler-32
sums combine. Of a picture, only the strips that differ are deflated.
PNG, third edition, 9 (filtering) and 10.1; RFC 1950, 8.2; RFC 1951.
"""

import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageChops

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ROWS = 16  #: of a strip
#: RGB, 8 bits, no interlace.
_COLOURS = struct.pack(">BBBBB", 8, 2, 0, 0, 0)
#: RFC 1950: deflate, a window of 32 KiB, no dictionary.
_ZLIB_HEAD = b"\x78\x9c"
#: A last, empty block of deflate.
_END_OF_STREAM = b"\x03\x00"
_ADLER_BASE = 65521


@dataclass(frozen=True, slots=True)
class _Strip:
    """Rows of the common picture, and what they are in the file."""

    start: int
    pixels: bytes
    chunk: bytes
    adler: int
    length: int


class PngStrips:
    """Makes PNG of pictures that differ little from *common*."""

    def __init__(
        self, common: bytes, width: int, height: int, *, dots_per_metre: int = 3780
    ) -> None:
        """Deflate *common*: rows of red, green, blue."""
        self._width, self._height = width, height
        size = struct.pack(">II", width, height)
        density = struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)
        self._head = (
            _SIGNATURE
            + _chunk(b"IHDR", size + _COLOURS)
            + _chunk(b"sRGB", b"\0")  # rendering intent: perceptual
            + _chunk(b"pHYs", density)
            + _chunk(b"IDAT", _ZLIB_HEAD)
        )
        self._strips = [
            self._prepared(start, common[start : start + 3 * width * _ROWS])
            for start in range(0, len(common), 3 * width * _ROWS)
        ]

    def png(self, pixels: bytes | bytearray, *, level: int = 1) -> bytes:
        """Return the PNG of *pixels*; the same pixels give the same bytes."""
        parts = [self._head]
        adler = 1
        for number, strip in enumerate(self._strips):
            rows = bytes(pixels[strip.start : strip.start + len(strip.pixels)])
            if rows == strip.pixels:
                parts.append(strip.chunk)
                adler = _adler_of_both(adler, strip.adler, strip.length)
            else:
                filtered = _filtered(rows, self._width)
                parts.append(_chunk(b"IDAT", _deflated(filtered, level)))
                adler = zlib.adler32(filtered, adler)
        parts.append(_chunk(b"IDAT", _END_OF_STREAM + struct.pack(">I", adler)))
        parts.append(_chunk(b"IEND", b""))
        return b"".join(parts)

    def _prepared(self, start: int, rows: bytes) -> _Strip:
        filtered = _filtered(rows, self._width)
        return _Strip(
            start=start,
            pixels=rows,
            chunk=_chunk(b"IDAT", _deflated(filtered, 9)),
            adler=zlib.adler32(filtered),
            length=len(filtered),
        )


def _filtered(rows: bytes, width: int) -> bytes:
    """
    Return *rows* as differences, so that equal neighbours become zeros.

    The first row is written as differences to the left (filter 1), so that it needs
    nothing of the strip above; the others as differences to the row above (2).
    """
    stride = 3 * width
    first = rows[:stride]
    left = Image.frombytes("L", (stride, 1), b"\0\0\0" + first[:-3])
    parts = [
        b"\1",
        ImageChops.subtract_modulo(
            Image.frombytes("L", (stride, 1), first), left
        ).tobytes(),
    ]
    if count := len(rows) // stride - 1:
        size = (stride, count)
        up = ImageChops.subtract_modulo(
            Image.frombytes("L", size, rows[stride:]),
            Image.frombytes("L", size, rows[:-stride]),
        ).tobytes()
        for at in range(0, len(up), stride):
            parts += (b"\2", up[at : at + stride])
    return b"".join(parts)


def _deflated(data: bytes, level: int) -> bytes:
    deflater = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    return deflater.compress(data) + deflater.flush(zlib.Z_FULL_FLUSH)


def _adler_of_both(first: int, second: int, length: int) -> int:
    """Return the Adler-32 of two texts in a row, of which the second has *length*."""
    low, high = first & 0xFFFF, first >> 16
    return (low + (second & 0xFFFF) - 1) % _ADLER_BASE | (
        high + (second >> 16) + length * (low - 1)
    ) % _ADLER_BASE << 16


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)
