"""
The constant prefix: all that the files of one template have in common.

    header
    the art, a form                       (drawn as decoration: /Artifact)
    the profile of its colours            (the output intent that PDF/A wants)
    fonts with what any certificate needs (never a letter of another recipient)
    the constant texts, as content
    elements of structure

Whatever depends on the certificate is in the tail, under numbers that the prefix
knows beforehand.
"""

from collections.abc import Sequence

from PIL import ImageCms

from ..design import Design, Picture, Text
from ..laid import Laid
from ..prepared import RESERVED, PlacedFont, Plan
from ..text.fonts import Fonts
from .file import HEADER, TIGHT, Objects
from .fonts import Written, write_font
from .language import Spoken
from .letters import Letters
from .structure import corners, figure_element, tagged, text_element
from .text import Script, Widths

#: Where an ICC profile says when it was made (ICC.1:2010, 7.2.1): replaced, so that
#: it is the same whenever it is made.
_MADE_AT = slice(24, 36)
_A_DAY = bytes.fromhex("07ea 0001 0001 0000 0000 0000")


def build_prefix(
    design: Design, fonts: Fonts, art: bytes, static: Laid
) -> tuple[bytes, Plan]:
    """
    Return the constant beginning of every certificate, and where tails go on.

    *art* is a PDF of one page with all that is no text, QR code or row's picture;
    *static* are the texts without fields.

    Raises:
        ValueError: *art* is no such PDF.
    """
    # Whoever draws from a prefix that is there need not have pikepdf's 10 MiB.
    from .art import write_art

    page = design.page
    objects = Objects(len(HEADER), 1, level=TIGHT)
    form = write_art(objects, art, page.width, page.height)
    profile = objects.write_stream(b"/N 3", _srgb())
    intent = objects.pack(
        b"<</Type/OutputIntent/S/GTS_PDFA1/OutputConditionIdentifier(sRGB)"
        b"/RegistryName(http://www.color.org)/Info(sRGB IEC61966-2.1)"
        b"/DestOutputProfile %d 0 R>>" % profile
    )
    letters = _letters(design, fonts, static)
    placed = [
        _place(key, each, write_font(objects, each)) for key, each in letters.items()
    ]
    art_content = objects.write(_plain(b"/Artifact BMC q /Art Do Q EMC\n"))
    text_content = objects.write_stream(
        b"", _static_content(design, fonts, static, letters, placed)
    )

    # Elements name objects of the tail, whose numbers follow the prefix's last one:
    # that of the object stream, which is given when it is sealed.
    items = tagged(design)
    elements = [
        objects.reserve() if isinstance(item, Text) or _is_constant(item) else 0
        for item in items
    ]
    catalog = objects.size + 1
    its_page, structure, document = range(catalog + 1, catalog + RESERVED)
    for mark, (item, element) in enumerate(zip(items, elements, strict=True)):
        if isinstance(item, Text):
            body = text_element(item.role.value, mark, document=document, page=its_page)
            objects.pack(body, element)
        elif isinstance(item, Picture) and element:
            body = figure_element(
                mark, item.alt, item.box, page.height, parent=document, page=its_page
            )
            objects.pack(body, element)
    objects.seal()
    assert objects.size == catalog, "the tail's numbers follow the prefix's"

    plan = Plan(
        rows=objects.rows(0),
        catalog=catalog,
        page=its_page,
        structure=structure,
        document=document,
        art_content=art_content,
        text_content=text_content,
        art=form,
        intent=intent,
        fonts=tuple(placed),
        elements=tuple(
            (item.id, element) for item, element in zip(items, elements, strict=True)
        ),
    )
    return HEADER + objects.to_bytes(), plan


def _place(face: str, letters: Letters, font: Written) -> PlacedFont:
    widths = tuple(font.widths.items())
    return PlacedFont(face, font.number, tuple(letters.items()), widths)


def _is_constant(item: object) -> bool:
    return isinstance(item, Picture) and item.asset is not None


def _plain(content: bytes) -> bytes:
    return b"<</Length %d>>stream\n%s\nendstream" % (len(content), content)


def _srgb() -> bytes:
    """Return the profile of sRGB."""
    profile = bytearray(
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    profile[_MADE_AT] = _A_DAY
    return bytes(profile)


def _letters(design: Design, fonts: Fonts, static: Laid) -> dict[str, Letters]:
    """Return the prefix's fonts: those of constant texts, and for any text's Latin."""
    found: dict[str, Letters] = {}
    for text in design.texts:
        if text.fields:
            face = fonts.face_of(text.style)
            if face.key not in found:
                found[face.key] = Letters(face)
                found[face.key].learn_latin()
    for laid in static.texts:
        for line in laid.lines:
            for run in line.runs:
                if run.face not in found:
                    found[run.face] = Letters(fonts.face(run.face))
                found[run.face].learn(run)
    return {key: letters for key, letters in found.items() if letters.items()}


def _static_content(
    design: Design,
    fonts: Fonts,
    static: Laid,
    letters: dict[str, Letters],
    fonts_placed: Sequence[PlacedFont],
) -> bytes:
    """Return the constant texts as content, and marks for the art's pictures."""
    page = design.page
    named = {key: (f"F{at}", each) for at, (key, each) in enumerate(letters.items())}
    widths = {
        font.face: Widths(fonts.face(font.face), font.widths) for font in fonts_placed
    }
    script = Script(fonts, {}, widths, Spoken(design.language), page.height)
    # They have learnt these very texts, and are in the file: nothing is new to them.
    script.own.update(named)
    sizes = [len(each.items()) for each in letters.values()]
    laid = {text.id: text for text in static.texts}
    parts = []
    for mark, item in enumerate(tagged(design)):
        if isinstance(item, Text) and item.id in laid:
            parts.append(script.write(laid[item.id], item.role.value, mark))
        elif isinstance(item, Picture) and _is_constant(item):
            # It is drawn with the art. This draws nothing, and says where it is.
            x, y, right, top = map(float, corners(item.box, page.height).split())
            parts.append(
                f"/Figure<</MCID {mark}>>BDC"
                f" {x:.2f} {y:.2f} {right - x:.2f} {top - y:.2f} re n EMC\n"
            )
    assert sizes == [len(each.items()) for _, each in script.own.values()]
    return "".join(parts).encode()
