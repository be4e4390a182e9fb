"""
Pictures of rows as images of a PDF (ISO 32000-1, 8.9.5).

JPEG and plain PNG are taken as they are; of anything else the pixels are. The intake
has decoded all of them before, and written them anew.
"""

import io
import struct
from typing import NamedTuple

from PIL import Image

from .file import Objects

#: Frames of a JPEG that begin with its size (ISO/IEC 10918-1, B.2.2).
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BARE = {0x01, *range(0xD0, 0xD9)}  #: markers without a length

_SPACES = {1: b"/DeviceGray", 3: b"/DeviceRGB"}

_PNG = b"\x89PNG\r\n\x1a\n"
#: What a PNG's types of colour are in samples per pixel, without transparency.
_SAMPLES = {0: 1, 2: 3}


class _Image(NamedTuple):
    """An image that needs no decoding."""

    width: int
    height: int
    samples: int
    #: Entries of its dictionary that say how its data are packed.
    packing: bytes
    data: bytes


def write_image(objects: Objects, data: bytes, media_type: str) -> int:
    """Write the picture *data*; return the number of its object."""
    if media_type == "image/jpeg":
        ready = _jpeg(data)
    elif media_type == "image/png":
        ready = _png(data)
    else:
        ready = None
    if ready is not None:
        return objects.write_stream(
            _entries(ready.width, ready.height, ready.samples) + ready.packing,
            ready.data,
            is_packed=True,
        )
    return _write_pixels(objects, data)


def _entries(width: int, height: int, samples: int) -> bytes:
    return (
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s"
        b"/BitsPerComponent 8" % (width, height, _SPACES[samples])
    )


def _jpeg(data: bytes) -> _Image | None:
    """Return a grey or RGB JPEG of 8 bits; None for any other."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF or marker in _BARE:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in _FRAMES:
            bits, height, width, samples = struct.unpack_from(">BHHB", data, at + 4)
            if bits != 8 or samples not in _SPACES:
                return None
            return _Image(width, height, samples, b"/Filter/DCTDecode", data)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _png(data: bytes) -> _Image | None:
    """Return a grey or RGB PNG of 8 bits; None for any other."""
    if not data.startswith(_PNG):
        return None
    width, height, bits, colour, _, _, woven = struct.unpack_from(">IIBBBBB", data, 16)
    if bits != 8 or colour not in _SAMPLES or woven:
        return None
    at, parts = 8, []
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"tRNS":
            return None
        if kind == b"IDAT":
            parts.append(data[at + 8 : at + 8 + size])
        at += 12 + size
    samples = _SAMPLES[colour]
    packing = (
        b"/Filter/FlateDecode/DecodeParms<</Predictor 15/Colors %d/Columns %d>>"
        % (samples, width)
    )
    return _Image(width, height, samples, packing, b"".join(parts))


def _write_pixels(objects: Objects, data: bytes) -> int:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
        has_alpha = "A" in picture.getbands() or "transparency" in picture.info
        pixels = picture.convert("RGBA" if has_alpha else "RGB")
    mask = b""
    if has_alpha:
        alpha = pixels.getchannel("A")
        if alpha.getextrema() != (255, 255):
            number = objects.write_stream(
                _entries(*pixels.size, 1),
                alpha.tobytes(),
            )
            mask = b"/SMask %d 0 R" % number
        pixels = pixels.convert("RGB")
    return objects.write_stream(
        _entries(*pixels.size, 3) + mask,
        pixels.tobytes(),
    )
