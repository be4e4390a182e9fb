"""
From a PDF of any design tool to a template: write `{{recipientName}}` where the name
goes, export, import.

What holds fields is taken out of the page, and becomes texts of the template; all
else is its background, untouched: that is checked, pixel by pixel. Only in a child
that may be lost: this opens what strangers have sent.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import pikepdf
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from testamur.core.refusals import Kind, Refusal

from ..package.items import LANGUAGE
from ..package.package import pack
from .boxes import items_of
from .checks import opened, refuse
from .fields import QR, Found, check_there_are_fields, found_in
from .fonts import substitute_for
from .page import SeenPage
from .removal import Mismatch, Removal, TooMuch
from .room import Box

#: A text that was drawn twice (for a shadow, say) is taken out twice.
PASSES = 3

#: How far (of 255) a pixel outside the texts may differ.
_SAME = 4
#: How far swashes and accents stand out of their letters' boxes, in sizes.
_OVERHANG = 0.4
#: How much (of 255) a pixel changes that a letter was drawn on.
_INK = 40
#: By how much (of 255) the ground under letters may differ from that between them.
_GHOST = 12
#: The page is looked at in so many pixels, at most two to the point.
_PIXELS = 2_000_000

#: A background this large (bytes) makes every certificate large.
_HEAVY = 2 * 1024 * 1024

_BACKGROUND = "background.pdf"

#: What of a page is not drawn.
_UNSEEN = (
    *("/Annots", "/AA", "/Metadata", "/PieceInfo", "/StructParents", "/Thumb", "/B"),
    *("/Tabs", "/LastModified", "/Trans", "/Dur", "/TemplateInstantiated"),
)


@dataclass(frozen=True, slots=True)
class Imported:
    """A template made of a PDF."""

    #: As `package.read_package` reads it.
    package: bytes
    #: What its owner should look at, in sentences.
    warnings: tuple[str, ...]


def import_pdf(data: bytes, *, name: str = "") -> Imported:
    """
    Return the template that the PDF in *data* describes. Same PDF, same template.

    Raises:
        Refusal: with what to change in the design tool. Codes that begin with `pdf_`
            are about the file, those that begin with `import_` about its texts;
            `placeholder` is about a field that there is not.
    """
    try:
        return _import(data, name)
    except (MemoryError, TooMuch):
        refuse(
            "pdf_too_complex",
            "The page has more shapes than are read. Turn its art into a picture, and "
            "keep text as text.",
        )
    except Mismatch:
        refuse(
            "import_unreadable",
            "It cannot be told which parts of this PDF are its fields. Export it from "
            "another tool (or print it to a PDF), or use it without fields as the "
            "background of a template.json that says where texts go.",
        )
    except (pikepdf.PdfError, RecursionError):
        raise Refusal(
            Kind.INVALID,
            "pdf_corrupt",
            "The PDF is damaged and cannot be read. Export the page again from the "
            "tool it was designed in.",
        ) from None


def _import(data: bytes, name: str) -> Imported:
    with opened(data) as document:
        language = _language(document)
        had_links = "/Annots" in document.pages[0]
        before = _alone(document)
    with SeenPage(before) as seen:
        rows = seen.rows()
        found = found_in(rows, seen.size[0])
        check_there_are_fields(rows, found)
        size = seen.size
        scale = min(2.0, (_PIXELS / (size[0] * size[1])) ** 0.5)
        picture = seen.draw(scale)
    after, taken = _without_fields(before)
    with SeenPage(after) as seen:
        ground = seen.draw(scale)
        static = seen.rows()
    _check_unchanged(picture, ground, taken, scale)
    for one in found:
        _check_no_ghost(picture, ground, one, scale)
    items = items_of(found, static, ground.convert("L"), scale)
    warnings = _warnings(found, after, had_links=had_links)
    width, height = (round(side, 3) for side in size)
    package = pack(
        {
            "testamur": 1,
            "name": name or "Imported template",
            "language": language,
            "page": {"width": width, "height": height, "unit": "pt"},
            "background": _BACKGROUND,
            "items": items,
        },
        {_BACKGROUND: after},
    )
    return Imported(package, warnings)


def _language(document: pikepdf.Pdf) -> str:
    """Return the language that the PDF says it is in; English if it says none."""
    said = document.Root.get("/Lang")
    tag = str(said) if isinstance(said, pikepdf.String) else ""
    return tag if LANGUAGE.fullmatch(tag) else "en"


def _alone(document: pikepdf.Pdf) -> bytes:
    """Return a PDF of the page of *document* and nothing else."""
    page = document.pages[0]
    for key in _UNSEEN:
        if key in page.obj:
            del page.obj[key]
    with pikepdf.new() as new:
        new.pages.append(page)
        return _saved(new)


def _saved(document: pikepdf.Pdf) -> bytes:
    document.remove_unreferenced_resources()
    output = io.BytesIO()
    document.save(
        output,
        deterministic_id=True,
        fix_metadata_version=False,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True,
    )
    return output.getvalue()


def _without_fields(data: bytes) -> tuple[bytes, list[Box]]:
    """
    Return the page without texts that hold fields, and where they stood.

    Raises:
        Mismatch: they cannot be told apart from the rest.
    """
    areas: list[Box] = []
    for _ in range(PASSES):
        with SeenPage(data) as seen:
            found = found_in(seen.rows(), seen.size[0])
            if not found:
                return data, areas
            areas += [_area(one) for one in found]
            owners = {letter.owner for one in found for letter in one.letters}
            with pikepdf.open(io.BytesIO(data)) as document:
                removal = Removal(document, owners)
                try:
                    removal.clean(document.pages[0], seen.raw)
                except (TypeError, ValueError) as error:  # operators of no PDF
                    raise Mismatch from error
                if removal.removed < len(owners):
                    raise Mismatch
                data = _saved(document)
    with SeenPage(data) as seen:
        if found_in(seen.rows(), seen.size[0]):
            raise Mismatch
    return data, areas


def _area(one: Found, *, reach: float = _OVERHANG) -> Box:
    """Return where a text may have left a mark, *reach* sizes beyond its letters."""
    reach *= one.look.size
    return (
        min(letter.x0 for letter in one.letters) - reach,
        min(letter.top for letter in one.letters) - reach,
        max(letter.x1 for letter in one.letters) + reach,
        max(letter.bottom for letter in one.letters) + reach,
    )


def _check_unchanged(
    before: Image.Image, after: Image.Image, taken: Sequence[Box], scale: float
) -> None:
    """
    Compare the page with and without its fields, outside of where they stood.

    Raises:
        Refusal: `import_changed`.
    """
    difference = ImageChops.difference(before, after)
    pen = ImageDraw.Draw(difference)
    for box in taken:
        left, top, right, bottom = (round(side * scale) for side in box)
        pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=(0, 0, 0))
    bands: Any = difference.getextrema()
    if any(high > _SAME for _, high in bands):
        refuse(
            "import_changed",
            "Taking the fields out of this PDF would change other parts of its page. "
            "Take off effects of the texts with fields (shadow, outline, clipping), or "
            "use the page without them as the background of a template.json that says "
            "where texts go.",
        )


def _check_no_ghost(
    before: Image.Image, after: Image.Image, one: Found, scale: float
) -> None:
    """
    Know that no shadow of a text is left: tools draw blurred ones as pictures.

    Raises:
        Refusal: `import_effects`.
    """
    left, top, right, bottom = (round(side * scale) for side in _area(one, reach=0.1))
    box = (
        max(left, 0),
        max(top, 0),
        min(right, after.width),
        min(bottom, after.height),
    )
    if box[2] - box[0] < 3 or box[3] - box[1] < 3:
        return
    now = after.crop(box).convert("L")
    letters = ImageChops.difference(before.crop(box).convert("L"), now)
    letters = letters.point(lambda level: 255 if level > _INK else 0)
    letters = letters.filter(ImageFilter.MaxFilter(5))
    contrasts = []
    for row in range(now.height):
        strip = (0, row, now.width, row + 1)
        line, under = now.crop(strip), letters.crop(strip)
        beside = ImageChops.invert(under)
        if under.getbbox() and beside.getbbox():
            means = (ImageStat.Stat(line, mask).mean[0] for mask in (under, beside))
            contrasts.append(abs(next(means) - next(means)))
    # Of most lines: what is underlined or framed is so in a few.
    if contrasts and median(contrasts) > _GHOST:
        refuse(
            "import_effects",
            f'"{one.text}" has a shadow or a glow that stays behind as a picture. Take '
            "off its effects in the design tool, and export it again.",
        )


def _warnings(
    found: Sequence[Found], background: bytes, *, had_links: bool
) -> tuple[str, ...]:
    """Return what the owner of the template should look at."""
    said: list[str] = []
    texts = " ".join(one.text for one in found)
    if "{{recipientName" not in texts:
        said.append(
            "There is no {{recipientName}}, so no certificate would say whose it is."
            + (
                " {{name}} is the name of the certificate, such as a course."
                if "{{name}}" in texts
                else ""
            )
        )
    if QR not in texts:
        said.append(
            f"There is no code to verify by. Write {QR} where it goes (20 mm or more "
            "of free room), or add an item of type qr."
        )
    for one in found:
        if one.text == QR:
            continue
        substitute = substitute_for(one.look)
        if not substitute.is_same:
            said.append(
                f"{one.look.font or 'A font of the PDF'} is not here (a PDF has only "
                f"those letters that it shows), so its fields are set in "
                f"{substitute.family}. Put the font's file into the package (fonts) to "
                "keep it."
            )
        if not one.look.is_plain:
            said.append(
                f"{one.text} has a gradient or pattern for a colour, and is black now."
            )
        if one.is_mixed:
            said.append(
                f'All of "{one.text}" looks as most of it does: a text has one look.'
            )
    if had_links:
        said.append("Links and notes of the PDF are left out.")
    if len(background) > _HEAVY:
        said.append(
            f"The background has {len(background) / 2**20:.1f} MiB, and every "
            "certificate is as large. Make its pictures smaller."
        )
    return tuple(dict.fromkeys(said))
