"""A picture as a PDF of one page. Only ever run in `verified_child`."""

import io
import zlib
from typing import Any

import pikepdf
from PIL import Image

from .attaching import attach

#: The longer side of the page, in points: that of A4.
LONGER_SIDE = 842.0
MAX_PIXELS = 60_000_000

#: A JPEG with these is taken as it is.
PLAIN = {"L": "/DeviceGray", "RGB": "/DeviceRGB"}

#: Upright, as pictures say it (Exif 2.32, 4.6.4, tag 274).
ORIENTATION, UPRIGHT = 274, 1


def paged(data: bytes, name: str, media_type: str) -> bytes:
    """
    Return the picture *data* as a PDF of one page, with itself attached.

    The same picture gives the same bytes.

    Raises:
        ValueError: it cannot be read, or has too many pixels.
    """
    kind = "JPEG" if media_type == "image/jpeg" else "PNG"
    Image.MAX_IMAGE_PIXELS = None  # counted here
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError("too many pixels")
            picture.load()
            shown: Image.Image = picture
            orientation = picture.getexif().get(ORIENTATION, UPRIGHT)
            if kind == "JPEG" and picture.mode in PLAIN and orientation == UPRIGHT:
                content, packing = data, "/DCTDecode"
            else:
                shown = _pixels(picture)
                content, packing = zlib.compress(shown.tobytes(), 6), "/FlateDecode"
            return _page(shown, content, packing, data, name, media_type)
    except (OSError, SyntaxError, MemoryError, OverflowError) as error:
        raise ValueError("it cannot be read") from error


def _pixels(picture: Image.Image) -> Image.Image:
    """Return *picture* upright, in plain colours, on white paper."""
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(picture) or picture
    if upright.mode in ("I", "I;16", "F"):
        upright = upright.point(lambda value: value / 256).convert("L")
    if upright.mode in PLAIN and "transparency" not in upright.info:
        return upright
    if upright.mode == "CMYK" or upright.mode == "YCbCr":
        return upright.convert("RGB")
    whole = upright.convert("RGBA")
    paper = Image.new("RGB", whole.size, (255, 255, 255))
    paper.paste(whole, mask=whole.getchannel("A"))
    return paper


def _page(
    shown: Image.Image,
    content: bytes,
    packing: str,
    data: bytes,
    name: str,
    media_type: str,
) -> bytes:
    scale = LONGER_SIDE / max(shown.width, shown.height)
    width, height = shown.width * scale, shown.height * scale
    pdf = pikepdf.new()
    image: Any = pikepdf.Stream(pdf, content)
    image.stream_dict = pikepdf.Dictionary(
        Type=pikepdf.Name.XObject,
        Subtype=pikepdf.Name.Image,
        Width=shown.width,
        Height=shown.height,
        ColorSpace=pikepdf.Name(PLAIN[shown.mode]),
        BitsPerComponent=8,
        Filter=pikepdf.Name(packing),
    )
    page = pdf.add_blank_page(page_size=(round(width, 2), round(height, 2)))
    page.obj.Resources = pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(Im0=pdf.make_indirect(image))
    )
    page.obj.Contents = pdf.make_stream(
        b"q %.2f 0 0 %.2f 0 0 cm /Im0 Do Q" % (width, height)
    )
    attach(pdf, name, media_type, data, "Source", "The uploaded picture", None)
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()
