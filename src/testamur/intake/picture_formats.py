"""
What a picture's first bytes say, read without decoding anything.

Imports next to nothing: the decoder's child reads this, and stays small.
"""

import struct
import zlib

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 10_000
MIN_SIDE = 64

PNG, JPEG, WEBP = "PNG", "JPEG", "WEBP"

#: How many segments of a JPEG are skipped in search of its size.
MAX_SEGMENTS = 4_096

#: How far into a GIF a second frame is looked for; it is refused either way.
MAX_GIF_BYTES = 1024 * 1024

REMEDY = "Save it as PNG, JPEG or WebP, and send that"

#: (where, first bytes, what it is) of pictures and documents that we do not read.
OTHERS = (
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"%PDF", "PDF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"SIMPLE  =", "FITS"),
    (0, b"icns", "icon"),
    (0, b"\0\0\1\0", "icon"),
    (0, b"\xd7\xcd\xc6\x9a", "WMF"),
    (0, b"\1\0\x09\0\0\3", "WMF"),
    (40, b" EMF", "EMF"),
    (0, b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftyphev", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (0, b"DDS ", "DDS"),
    (0, b"qoif", "QOI"),
    (0, b"gimp xcf", "GIMP"),
    *((0, b"P%d" % n + space, "PNM") for n in range(1, 8) for space in (b"\n", b" ")),
)


class Wrong(Exception):
    """The picture is wrong: a code for programs and a sentence for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check(data: bytes) -> str:
    """
    Return the format of *data* once its header promises a picture that we accept.

    Raises:
        Wrong: image_too_small, image_too_large, image_format, bad_image,
            image_animated, image_truncated, image_pixels.
    """
    if not data:
        raise Wrong("image_too_small", "The image is empty (0 bytes). Send it again.")
    if len(data) > MAX_BYTES:
        raise Wrong(
            "image_too_large",
            f"The image has {len(data) / 1048576:.1f} MiB; at most "
            f"{MAX_BYTES // 1048576} MiB are accepted. Scale it down.",
        )
    form = _sniff(data)
    try:
        size = {PNG: _png, JPEG: _jpeg, WEBP: _webp}[form](data)
    except (struct.error, IndexError):
        size = None
    if size is not None:
        check_size(*size)
    if is_cut_off(form, data):
        raise truncated()
    if size is None:
        raise bad(f"is damaged: its {form} header cannot be read")
    return form


def check_size(width: int, height: int) -> None:
    """
    Make sure that a picture is neither too large to decode nor too small to see.

    Raises:
        Wrong: image_pixels, image_too_small.
    """
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Wrong(
            "image_pixels",
            f"The image is {width} x {height} pixels; at most "
            f"{MAX_PIXELS // 1_000_000} megapixels and {MAX_SIDE} pixels a side are "
            "accepted. Scale it down.",
        )
    if min(width, height) < MIN_SIDE:
        raise Wrong(
            "image_too_small",
            f"The image is {width} x {height} pixels; each side needs at least "
            f"{MIN_SIDE}. Send a larger one.",
        )


def bad(what: str) -> Wrong:
    """Return the answer to bytes that are no whole picture."""
    return Wrong("bad_image", f"The image {what}. {REMEDY}.")


def truncated() -> Wrong:
    """Return the answer to a picture whose end is missing."""
    return Wrong(
        "image_truncated",
        "The image is cut off: its end is missing. Send the whole file again.",
    )


def animated() -> Wrong:
    """Return the answer to a picture that moves."""
    return Wrong(
        "image_animated",
        "The image is animated. Send a still picture (PNG, JPEG or WebP).",
    )


def is_cut_off(form: str, data: bytes) -> bool:
    """Say whether the container itself shows that bytes are missing at the end."""
    if form == WEBP:
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    if form == JPEG:
        return data.rfind(b"\xff\xd9") < 0
    at = 8
    while at + 12 <= len(data):
        kind = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4])
        if kind == b"IEND":
            break
    else:
        return True
    return at > len(data)


def check_png(data: bytes) -> None:
    """
    Make sure that no chunk with pixels was damaged; the decoder does not look.

    Raises:
        Wrong: bad_image.
    """
    at = 8
    view = memoryview(data)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(view[at : at + 4])
        kind = data[at + 4 : at + 8]
        # Only chunks with a capital first letter carry the picture (PNG, 5.4).
        if not kind[0] & 0x20 and zlib.crc32(view[at + 4 : end]) != int.from_bytes(
            view[end : end + 4]
        ):
            raise bad("is damaged: a checksum in it is wrong")
        if kind == b"IEND":
            break
        at = end + 4


def _sniff(data: bytes) -> str:
    """Return which of the three formats *data* claims to be."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data.startswith((b"GIF87a", b"GIF89a")) and _gif_moves(data):
        raise animated()
    for at, magic, what in OTHERS:
        if data.startswith(magic, at):
            raise Wrong("image_format", f"The image is in the format {what}. {REMEDY}.")
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<svg") or (
        start.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in start
    ):
        raise Wrong("image_format", f"The image is in the format SVG. {REMEDY}.")
    if b"\x89PNG\r\n\x1a\n".startswith(data) or b"\xff\xd8\xff".startswith(data):
        raise truncated()
    raise bad("is not a picture that we can read")


def _png(data: bytes) -> tuple[int, int] | None:
    width, height = struct.unpack_from(">II", data, 16)
    return (width, height) if data[12:16] == b"IHDR" and width and height else None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """Find the frame header (ITU-T T.81, B.2.2)."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        marker = data[at + 1]
        if data[at] != 0xFF:
            return None
        if marker == 0xFF:
            at += 1
        elif marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return (width, height) if width and height else None
        elif marker in (0xD9, 0xDA):
            return None
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _webp(data: bytes) -> tuple[int, int] | None:
    """Read the first chunk (RFC 9649, section 2.7), refusing animations."""
    kind = data[12:16]
    if kind == b"VP8X":
        if data[20] & 0x02:
            raise animated()
        width = int.from_bytes(data[24:27], "little")
        return width + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        if data[20] != 0x2F:
            return None
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            return None
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _gif_moves(data: bytes) -> bool:
    """Say whether a GIF has a second frame (GIF89a, section 17 to 27)."""
    try:
        at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
        frames = 0
        while data[at] in (0x21, 0x2C) and at < MAX_GIF_BYTES:
            if data[at] == 0x21:
                at += 2
            else:
                frames += 1
                if frames == 2:
                    return True
                table = data[at + 9]
                at += 11 + (3 << (table & 7) + 1 if table & 0x80 else 0)
            while data[at] and at < MAX_GIF_BYTES:
                at += data[at] + 1
            at += 1
    except IndexError:
        pass
    return False
