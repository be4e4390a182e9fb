"""
Colours as a screen shows them: from whatever profile a picture has to sRGB.

Loaded by the decoder's child when a picture brings a profile.
"""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

#: Which profiles can describe which pixels (ICC.1, table 19).
SPACES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}


def to_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB; unchanged if the profile is broken or is sRGB."""
    try:
        transform = _transform(profile, picture.mode)
        if transform is None:
            return picture
        if picture.mode != "RGBA":
            return transform.apply(picture)
        alpha = picture.getchannel("A")
        picture = transform.apply(picture.convert("RGB"))
        picture.putalpha(alpha)
        return picture
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Prepare the way to sRGB: it takes longer than most pictures do to travel it."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    space = source.profile.xcolor_space
    if mode not in SPACES.get(space, ()):
        return None
    description = source.profile.profile_description or ""
    # "c2" is what a widespread tiny sRGB profile calls itself.
    if space == "RGB " and (description.startswith("sRGB") or description == "c2"):
        return None
    return ImageCms.ImageCmsTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        "RGB" if mode == "RGBA" else mode,
        "RGB",
    )
