"""Pictures of every kind, the honest and the hostile, made in memory."""

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image

PNG_START = b"\x89PNG\r\n\x1a\n"


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    """Return a picture as a file."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def photograph(width: int, height: int, *, seed: int = 1) -> Image.Image:
    """Return something that compresses about as well as a photograph."""
    source = random.Random(seed)
    coarse = (max(1, width // 8), max(1, height // 8))
    shapes = Image.frombytes(
        "RGB", coarse, source.randbytes(coarse[0] * coarse[1] * 3)
    ).resize((width, height), Image.Resampling.BICUBIC)
    noise = Image.frombytes(
        "RGB", (width, height), source.randbytes(width * height * 3)
    )
    return Image.blend(shapes, noise, 0.06)


def quarters(width: int = 200, height: int = 100) -> Image.Image:
    """Return a picture with a corner of its own colour on each side."""
    picture = Image.new("RGB", (width, height), "white")
    half = (width // 2, height // 2)
    picture.paste((255, 0, 0), (0, 0, *half))
    picture.paste((0, 255, 0), (half[0], 0, width, half[1]))
    picture.paste((0, 0, 255), (0, half[1], half[0], height))
    return picture


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a PNG."""
    return (
        struct.pack(">I", len(body))
        + kind
        + body
        + struct.pack(">I", zlib.crc32(kind + body))
    )


def png(
    width: int,
    height: int,
    *,
    bits: int = 8,
    colour: int = 2,
    extra: bytes = b"",
    pixels: bytes | None = None,
) -> bytes:
    """Return a black PNG that may be enormous: rows are never held in memory."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if pixels is None:
        row = bytes(1 + (width * bits * channels + 7) // 8)
        engine = zlib.compressobj(9)
        parts = [engine.compress(row) for _ in range(height)]
        pixels = b"".join(parts) + engine.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return (
        PNG_START
        + chunk(b"IHDR", head)
        + extra
        + chunk(b"IDAT", pixels)
        + chunk(b"IEND", b"")
    )


def with_chunk(picture: bytes, kind: bytes, body: bytes) -> bytes:
    """Return a PNG with one more chunk behind its header."""
    return picture[:33] + chunk(kind, body) + picture[33:]


def kinds(data: bytes) -> list[bytes]:
    """Return the kinds of the chunks of a PNG."""
    found, at = [], 8
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        found.append(data[at + 4 : at + 8])
        at += 12 + length
    return found


def segments(data: bytes) -> list[int]:
    """Return the markers of a JPEG up to its first scan."""
    found, at = [], 2
    while data[at + 1] != 0xDA:
        found.append(data[at + 1])
        at += 2 + int(struct.unpack_from(">H", data, at + 2)[0])
    return found


def shown(data: bytes) -> Image.Image:
    """Return what a file shows."""
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture
