"""
A picture of a package, drawn anew by our encoder: sRGB, upright, no larger than
paper needs, without a byte of the original. Only in `press_child`.
"""

import warnings
from io import BytesIO

from PIL import Image, ImageCms, ImageFile, ImageOps, JpegImagePlugin, PngImagePlugin

from .wrong import wrong

#: A3 at 300 pixels per inch has 17 megapixels.
MAX_PIXELS = 40_000_000
#: More is not seen on paper.
MAX_PPI = 300.0

#: Visually lossless.
QUALITY = 90

#: Larger than any drawing of few colours.
MAX_LOSSLESS_BYTES = 400 * 1024

MAX_PROFILE_BYTES = 4 * 1024 * 1024

# Importing the decoders registers them; nothing else is ever loaded.
DECODERS = (JpegImagePlugin, PngImagePlugin)


def safe_picture(
    name: str, data: bytes, width: float, height: float, *, may_lose: bool
) -> bytes:
    """
    Return a PNG or JPEG as a picture for a box of *width* by *height* points.

    A photograph that came as PNG becomes JPEG, if it *may_lose* what nobody sees.

    Raises:
        Refusal: INVALID, with the code of what is wrong with it.
    """
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    PngImagePlugin.MAX_TEXT_MEMORY = 16 * 1024 * 1024
    form = "PNG" if data.startswith(b"\x89PNG") else "JPEG"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", message="Image appears to be a malformed")
            return _drawn(name, data, form, (width, height), may_lose=may_lose)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many(name) from None
    except MemoryError:
        raise wrong(
            name, "image_pixels", "it takes too much memory to decode. Scale it down"
        ) from None
    except (OSError, SyntaxError, ValueError, IndexError, Warning) as trouble:
        if "truncated" in str(trouble).casefold():
            raise wrong(
                name, "image_truncated", "it ends too early. Upload it again"
            ) from None
        raise wrong(
            name,
            "bad_image",
            f"it is damaged: it is not a whole {form} picture. Save it again with "
            "another program",
        ) from None


def _drawn(
    name: str, data: bytes, form: str, box: tuple[float, float], *, may_lose: bool
) -> bytes:
    with Image.open(BytesIO(data), formats=(form,)) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise _too_many(name)
        if form == "PNG" and getattr(opened, "n_frames", 1) > 1:
            raise wrong(
                name, "image_animated", "it is animated. Save one picture of it"
            )
        most = _most(opened.size, *box)
        if form == "JPEG" and most:
            opened.draft("RGB", most)
        opened.load()
        profile = opened.info.get("icc_profile")
        # In place, and smaller first: there is little room for copies.
        if most and opened.mode in ("RGB", "RGBA", "CMYK", "L"):
            _shrink(opened, most)
        ImageOps.exif_transpose(opened, in_place=True)
        picture = _in_colour(opened, profile)
        if most:
            _shrink(picture, _upright(most, picture.size))
        picture.info = {}
        if form == "JPEG":
            return _jpeg(picture)
        written = BytesIO()
        picture.save(written, "PNG", compress_level=6)
    if may_lose and picture.mode == "RGB" and written.tell() > MAX_LOSSLESS_BYTES:
        # It is no drawing but a photograph: nobody sees what is lost.
        smaller = _jpeg(picture)
        if len(smaller) < written.tell() / 2:
            return smaller
    return written.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    written = BytesIO()
    picture.convert("RGB").save(written, "JPEG", quality=QUALITY, optimize=True)
    return written.getvalue()


def _shrink(picture: Image.Image, most: tuple[int, int]) -> None:
    if picture.width > most[0] and picture.height > most[1]:
        picture.thumbnail(most, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _upright(most: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return the limit the way round that a picture is once it stands upright."""
    is_turned = (most[0] > most[1]) != (size[0] > size[1])
    return (most[1], most[0]) if is_turned else most


def _in_colour(picture: Image.Image, profile: object) -> Image.Image:
    """Return a picture as sRGB; with an alpha channel where something shows through."""
    if picture.mode.startswith("I"):
        # 16 bits of grey; Pillow clips where it should divide.
        picture = picture.convert("I").point(lambda value: value * (1 / 256))
        picture = picture.convert("L")
    has_alpha = picture.has_transparency_data
    if isinstance(profile, bytes) and 128 <= len(profile) <= MAX_PROFILE_BYTES:
        picture = _to_srgb(picture, profile)
    wanted = "RGBA" if has_alpha else "RGB"
    if picture.mode == "L" and not has_alpha:
        return picture
    return picture if picture.mode == wanted else picture.convert(wanted)


def _to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    if picture.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return picture
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    plain = picture.convert("RGB") if alpha else picture
    try:
        changed = ImageCms.profileToProfile(
            plain,
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError):
        return picture  # a profile for other colours than the picture has
    if changed is None:
        return picture
    if alpha:
        changed.putalpha(alpha)
    return changed


def _most(size: tuple[int, int], width: float, height: float) -> tuple[int, int] | None:
    """Return how many pixels are enough, if the picture has more."""
    # It may cover its box with its edges cut off: the larger scale counts.
    scale = max(width / size[0], height / size[1]) * MAX_PPI / 72
    if scale >= 1:
        return None
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _too_many(name: str) -> Exception:
    return wrong(
        name,
        "image_pixels",
        f"it has more than {MAX_PIXELS // 1_000_000} megapixels. Scale it down",
    )
