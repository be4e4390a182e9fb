"""
PNG of pictures that are the same but for a few rows.

The picture that all of them start from is cut in strips, each filtered and deflated
once, up to a full flush: so a strip's bytes stand in any stream, and their Adler-32
sums combine. Of a picture, only the strips that differ are deflated.
PNG, third edition, 9 (filtering) and 10.1; RFC 1950, 8.2; RFC 1951.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageChops

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ROWS = 16  #: of a strip
#: Of zlib: for what is made once, and for what is made for every certificate.
_SMALL, _FAST = 9, 3
#: RGB, 8 bits, no interlace.
_COLOURS = struct.pack(">BBBBB", 8, 2, 0, 0, 0)
#: RFC 1950: deflate, a window of 32 KiB, no dictionary.
_ZLIB_HEAD = b"\x78\x9c"
#: A last, empty block of deflate.
_END_OF_STREAM = b"\x03\x00"
_ADLER_BASE = 65521


#: Takes rows and their width in pixels; returns them with their filter's number.
Filter = Callable[[bytes, int], bytes]


@dataclass(frozen=True, slots=True)
class _Strip:
    """Rows of the common picture, and what they are in the file."""

    #: Which of the picture's bytes they are.
    start: int
    end: int
    #: How they are filtered, which is best for whatever comes in their place too.
    filter: Filter
    chunk: bytes
    #: The sum and the length of the rows when they are filtered.
    adler: int
    length: int

    @classmethod
    def of(cls, start: int, rows: bytes, width: int, level: int) -> "_Strip":
        """Filter and deflate *rows* in the way that makes them smallest."""
        ways: list[Filter] = [_unfiltered, _from_left, _from_above]
        tried = [(how, how(rows, width)) for how in ways]
        packed = [_deflated(filtered, level) for _, filtered in tried]
        best = min(range(len(ways)), key=lambda at: len(packed[at]))
        how, filtered = tried[best]
        return cls(
            start=start,
            end=start + len(rows),
            filter=how,
            chunk=_chunk(b"IDAT", packed[best]),
            adler=zlib.adler32(filtered),
            length=len(filtered),
        )


class PngStrips:
    """Makes PNG of pictures that differ little from *common*."""

    def __init__(self, common: bytes, width: int, height: int, density: int) -> None:
        """Deflate *common*: rows of red, green, blue. *density*: pixels per metre."""
        self._width = width
        self._common = common
        self._head = _head(width, height, density)
        size = 3 * width * _ROWS
        self._strips = [
            _Strip.of(start, common[start : start + size], width, _SMALL)
            for start in range(0, len(common), size)
        ]

    def png(self, pixels: bytearray) -> bytes:
        """Return the PNG of *pixels*; the same pixels give the same bytes."""
        parts = [self._head]
        adler = 1
        for strip in self._strips:
            rows = bytes(pixels[strip.start : strip.end])
            if rows == self._common[strip.start : strip.end]:
                parts.append(strip.chunk)
                adler = _adler_of_both(adler, strip.adler, strip.length)
            else:
                filtered = strip.filter(rows, self._width)
                parts.append(_chunk(b"IDAT", _deflated(filtered, _FAST)))
                adler = zlib.adler32(filtered, adler)
        return b"".join((*parts, _end(adler)))


def png(pixels: bytearray, width: int, height: int, density: int) -> bytes:
    """Return the PNG of a picture that has nothing in common with others."""
    size = 3 * width * _ROWS
    parts = [_head(width, height, density)]
    adler = 1
    for start in range(0, len(pixels), size):
        rows = bytes(pixels[start : start + size])
        strip = _Strip.of(start, rows, width, _FAST)
        parts.append(strip.chunk)
        adler = _adler_of_both(adler, strip.adler, strip.length)
    return b"".join((*parts, _end(adler)))


def _head(width: int, height: int, density: int) -> bytes:
    size = struct.pack(">II", width, height)
    return (
        _SIGNATURE
        + _chunk(b"IHDR", size + _COLOURS)
        + _chunk(b"sRGB", b"\0")  # rendering intent: perceptual
        + _chunk(b"pHYs", struct.pack(">IIB", density, density, 1))
        + _chunk(b"IDAT", _ZLIB_HEAD)
    )


def _end(adler: int) -> bytes:
    last = _chunk(b"IDAT", _END_OF_STREAM + struct.pack(">I", adler))
    return last + _chunk(b"IEND", b"")


def _unfiltered(rows: bytes, width: int) -> bytes:
    """Return *rows* as they are (filter 0): best for lines and letters."""
    return _numbered(b"\0", rows, 3 * width)


def _from_left(rows: bytes, width: int) -> bytes:
    """Return *rows* as differences to the pixel on the left (filter 1)."""
    stride = 3 * width
    picture = Image.frombytes("L", (stride, len(rows) // stride), rows)
    left = Image.new("L", picture.size)
    left.paste(picture, (3, 0))
    differences = ImageChops.subtract_modulo(picture, left).tobytes()
    return _numbered(b"\1", differences, stride)


def _from_above(rows: bytes, width: int) -> bytes:
    """
    Return *rows* as differences to the row above (filter 2): best for gradients.

    The first is one of differences to the left, so that it needs nothing of the
    strip above.
    """
    stride = 3 * width
    first = _from_left(rows[:stride], width)
    if len(rows) == stride:
        return first
    size = stride, len(rows) // stride - 1
    differences = ImageChops.subtract_modulo(
        Image.frombytes("L", size, rows[stride:]),
        Image.frombytes("L", size, rows[:-stride]),
    )
    return first + _numbered(b"\2", differences.tobytes(), stride)


def _numbered(filter_type: bytes, rows: bytes, stride: int) -> bytes:
    return filter_type + filter_type.join(
        [rows[at : at + stride] for at in range(0, len(rows), stride)]
    )


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
