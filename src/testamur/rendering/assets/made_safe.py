"""A package whose files were looked through, drawn anew where that can be done."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import uharfbuzz as hb

from ..design import Design, Picture
from ..package.package import Package
from .pdf import safe_pdf
from .picture import safe_picture
from .svg import check_svg
from .wrong import wrong

#: Files that the font formats begin with (OpenType, `otff`).
FONTS = (b"\x00\x01\x00\x00", b"OTTO", b"true")

#: Where a template is Typst source, these files are looked through all the same.
PICTURES = {".png", ".jpg", ".jpeg", ".svg", ".pdf"}


def made_safe(package: Package) -> tuple[Package, list[str]]:
    """
    Return *package* with its files made safe, and what its owner may want to change.

    Of a template that is no source, only the files that it uses are kept.

    Raises:
        Refusal: INVALID or TOO_LARGE; `at` is the file.
    """
    design = package.design
    said: list[str] = []
    assets = {}
    for name, width, height, may_be_pdf in _pictures(package):
        data = package.assets[name]
        if data.startswith((b"\x89PNG", b"\xff\xd8\xff")):
            # Source may rely on what kind of file it has.
            may_lose = design.source is None
            assets[name] = safe_picture(name, data, width, height, may_lose=may_lose)
        elif _is_svg(data):
            said += check_svg(name, data)
            assets[name] = data
        elif b"%PDF-" in data[:1024] and may_be_pdf:
            assets[name], about = safe_pdf(name, data, width, height)
            said += about
        else:
            more = ", SVG or PDF" if may_be_pdf else " or SVG"
            raise wrong(
                name, "image_format", f"it is no PNG, JPEG{more}. Export it as one"
            )
    for font in design.fonts:
        assets[font.asset] = _safe_font(font.asset, package.assets[font.asset])
    if design.source is not None:
        assets = {**package.assets, **assets}
    return Package(design, assets), said


def _pictures(package: Package) -> Iterator[tuple[str, float, float, bool]]:
    """Give every picture with the largest box that it fills, and if it may be a PDF."""
    design = package.design
    sizes: dict[str, tuple[float, float]] = {}
    page = design.page
    if page.background:
        sizes[page.background] = page.width, page.height
    for item in design.items:
        if isinstance(item, Picture) and item.asset is not None:
            width, height = sizes.get(item.asset, (0.0, 0.0))
            box = item.box
            sizes[item.asset] = max(width, box.width), max(height, box.height)
    if design.source is not None:
        for name in package.assets:
            if PurePosixPath(name).suffix.casefold() in PICTURES:
                sizes.setdefault(name, (page.width, page.height))
    asked = {
        item.asset for item in design.items if isinstance(item, Picture) and item.asset
    }
    for name, (width, height) in sizes.items():
        yield name, width, height, name not in asked and design.source is None


def _is_svg(data: bytes) -> bool:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith(b"<") and b"<html" not in start.lower()


def _safe_font(name: str, data: bytes) -> bytes:
    """Return a font file that can be read."""
    if data.startswith(FONTS):
        face = hb.Face(data)
        if face.glyph_count and "cmap" in face.table_tags and _can_be_copied(face):
            return data
    raise wrong(
        name,
        "template_font",
        "it is no font, or damaged. Use TrueType (.ttf) or OpenType (.otf)",
    )


def _can_be_copied(face: hb.Face) -> bool:
    """Say whether every outline (TrueType) is there: files carry copies of them."""
    if "glyf" not in face.table_tags:
        return True
    wanted = hb.SubsetInput()
    wanted.keep_everything()
    wanted.flags |= hb.SubsetFlags.NO_HINTING
    try:
        hb.subset(face, wanted)
    except RuntimeError:
        return False
    return True


def weight_of(design: Design, package: Package) -> int:
    """Return how many bytes of pictures every certificate has in it."""
    return sum(len(package.assets[name]) for name, *_ in _pictures(package))
