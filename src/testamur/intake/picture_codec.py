"""
One picture in, the same picture in our own words out.

What comes out was drawn by our encoder from pixels: no metadata, no second
content, no byte of the original. The same input gives the same output.

Only the decoder's child imports this.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from .picture_formats import (
    MAX_PIXELS,
    PNG,
    Wrong,
    animated,
    bad,
    check,
    check_png,
    check_size,
    truncated,
)

#: Thumbnails fit a square of this many pixels.
THUMBNAIL_SIDE = 480

#: Visually lossless for photographs.
QUALITY = 90
THUMBNAIL_QUALITY = 85

#: zlib's run-length strategy: after PNG's filters it packs photographs better
#: than matching does and graphics about as well, in half the time.
RUN_LENGTHS = 3

#: Colour profiles larger than this are not worth their time.
MAX_PROFILE_BYTES = 4 * 1024 * 1024

ORIENTATION = 0x0112

#: What undoes each orientation (EXIF 2.3, tag 274).
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Importing the three decoders registers them; nothing else is ever loaded.
DECODERS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)


def arm() -> None:
    """Set the decoders' own limits, below ours and as a second line."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    PngImagePlugin.MAX_TEXT_CHUNK = 1024 * 1024
    PngImagePlugin.MAX_TEXT_MEMORY = 16 * 1024 * 1024
    warnings.simplefilter("error")
    # Says that only the first picture of a multi-picture JPEG is read: we want that.
    warnings.filterwarnings("ignore", message="Image appears to be a malformed MPO")


def normalise(data: bytes) -> tuple[int, int, str, bytes, str, bytes]:
    """
    Return width, height, and the format and bytes of the picture and its thumbnail.

    Raises:
        Wrong: what is the matter with the picture.
    """
    form = check(data)
    if form == PNG:
        check_png(data)
    try:
        picture = _decode(data, form)
        keep_png = form == PNG or picture.mode == "RGBA"
        image_format = "PNG" if keep_png else "JPEG"
        thumbnail_format = "PNG" if picture.mode == "RGBA" else "JPEG"
        image = _encode(picture, image_format, QUALITY)
        small = _shrink(picture)
        if small is None and image_format == thumbnail_format:
            thumbnail = image
        else:
            thumbnail = _encode(
                picture if small is None else small, thumbnail_format, THUMBNAIL_QUALITY
            )
        return *picture.size, image_format, image, thumbnail_format, thumbnail
    except Wrong:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Wrong(
            "image_pixels",
            f"The image has more than {MAX_PIXELS // 1_000_000} megapixels. "
            "Scale it down.",
        ) from None
    except MemoryError:
        raise bad("takes too much memory to decode; scale it down") from None
    except Exception as trouble:
        # Decoders raise whatever they like; none of it is fit to be shown.
        if "truncated" in str(trouble).lower():
            raise truncated() from None
        raise bad(f"is damaged: it is not a whole {form} picture") from None


def _decode(data: bytes, form: str) -> Image.Image:
    """Return the pixels: upright, sRGB, RGB or (where something shows) RGBA."""
    picture: Image.Image = Image.open(BytesIO(data), formats=(form,))
    check_size(*picture.size)
    # More than one frame in a JPEG is a second view, not a movement.
    if form != "JPEG" and getattr(picture, "n_frames", 1) > 1:
        raise animated()
    orientation = _orientation(picture)
    picture.load()
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):
        # 16 bits of grey; Pillow clips where it should divide.
        picture = picture.convert("I").point(lambda value: value * (1 / 256))
        picture = picture.convert("L")
    has_alpha = picture.has_transparency_data
    if picture.mode in ("1", "P", "PA", "LA", "La", "RGBa") or has_alpha:
        picture = picture.convert("RGBA" if has_alpha else "RGB")
    if isinstance(profile, bytes) and 128 <= len(profile) <= MAX_PROFILE_BYTES:
        from .picture_colours import to_srgb

        picture = to_srgb(picture, profile)
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() == (255, 255):
        has_alpha = False
    wanted = "RGBA" if has_alpha else "RGB"
    if picture.mode != wanted:
        picture = picture.convert(wanted)
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    # Encoders write what they find here: comments, profiles, resolutions.
    picture.info = {}
    return picture


def _orientation(picture: Image.Image) -> int:
    """Return how the camera was held; 1 where that cannot be read."""
    try:
        return int(picture.getexif().get(ORIENTATION, 1))
    except Exception:
        return 1


def _shrink(picture: Image.Image) -> Image.Image | None:
    """Return the picture fit for the thumbnail's square; nothing if it fits."""
    width, height = picture.size
    longest = max(width, height)
    if longest <= THUMBNAIL_SIDE:
        return None
    size = (
        max(1, round(width * THUMBNAIL_SIDE / longest)),
        max(1, round(height * THUMBNAIL_SIDE / longest)),
    )
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.5)


def _encode(picture: Image.Image, form: str, quality: int) -> bytes:
    """Return the picture as a file of its own."""
    out = BytesIO()
    if form == "PNG":
        picture.save(out, "PNG", compress_level=1, compress_type=RUN_LENGTHS)
    else:
        picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
