"""
Fonts in a PDF (ISO 32000-1, 9.7): subsets whose codes are the glyphs' own ids.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import uharfbuzz as hb

from ..text.face import Face
from .file import Objects, number
from .letters import Letters
from .merged import with_merged


class Written(NamedTuple):
    """A font that was written."""

    number: int
    #: How wide glyphs are in it, where that is not what the face says (`width`): in
    #: some variable fonts two tables differ, and a subset has the other one's word.
    widths: dict[int, float]


def write_font(objects: Objects, letters: Letters) -> Written:
    """Write a font with the glyphs of *letters*."""
    face = letters.face
    items = letters.items()
    name = f"{_tag(letters)}+{face.postscript_name}".encode()
    glyphs = letters.glyphs()
    program = face.subset(sorted(glyphs))
    others = _other_widths(face, program, glyphs)
    if letters.merged:
        program = with_merged(program, letters.first, letters.merged)
    if face.is_cff:
        kind, key = b"/CIDFontType0", b"/FontFile3"
        entries, mapping = b"/Subtype/CIDFontType0C", b""
    else:
        kind, key = b"/CIDFontType2", b"/FontFile2"
        entries, mapping = b"/Length1 %d" % len(program), b"/CIDToGIDMap/Identity"
    file = objects.write_stream(entries, program)
    unicode = objects.write_stream(b"", _to_unicode(items))
    descriptor = objects.pack(_descriptor(face, name, b"%s %d 0 R" % (key, file)))
    descendant = objects.pack(
        b"<</Type/Font/Subtype%s/BaseFont/%s/CIDSystemInfo"
        b"<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
        b"/FontDescriptor %d 0 R/DW 0/W[%s]%s>>"
        % (kind, name, descriptor, _widths(letters, others), mapping)
    )
    number = objects.pack(
        b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H"
        b"/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>" % (name, descendant, unicode)
    )
    return Written(number, others)


def _other_widths(
    face: Face, program: bytes, glyphs: Iterable[int]
) -> dict[int, float]:
    """Return the widths that *program* has and *face* has not."""
    if face.is_cff or not face.axes:
        return {}
    drawn = hb.Font(hb.Face(program))
    return {
        glyph: round(advance * 1000 / face.upem, 2)
        for glyph in glyphs
        if (advance := drawn.get_glyph_h_advance(glyph))
        != face.hb_font.get_glyph_h_advance(glyph)
    }


def _widths(letters: Letters, others: Mapping[int, float]) -> bytes:
    """Return the array W (9.7.4.3): neighbours share a list."""
    parts: list[str] = []
    last = -2
    for code, _ in letters.items():
        if code != last + 1:
            parts.append(f"]{code}[" if parts else f"{code}[")
        elif parts:
            parts.append(" ")
        parts.append(number(others[code] if code in others else letters.width(code)))
        last = code
    return "".join([*parts, "]"] if parts else parts).encode()


def _descriptor(face: Face, name: bytes, program: bytes) -> bytes:
    scale = 1000 / face.upem
    box = b" ".join(b"%d" % round(value * scale) for value in face.bbox)
    return (
        b"<</Type/FontDescriptor/FontName/%s/Flags %d/FontBBox[%s]/ItalicAngle %d"
        b"/Ascent %d/Descent %d/CapHeight %d/StemV %d%s>>"
        % (
            name,
            4 | (64 if face.is_italic else 0),
            box,
            -12 if face.is_italic else 0,
            round(face.ascent * scale),
            round(face.descent * scale),
            round(face.cap_height * scale),
            # What hosts without the font go by; nothing says it, weight comes near.
            round(50 + (face.weight / 65) ** 2),
            program,
        )
    )


def _tag(letters: Letters) -> str:
    """Return six letters for a subset (9.6.4): the same for the same glyphs."""
    codes = [code for code, _ in letters.items()]
    said = f"{letters.face.key} {codes} {letters.merged}"
    digest = hashlib.sha256(said.encode()).digest()
    return "".join(chr(65 + byte % 26) for byte in digest[:6])


def _to_unicode(items: Iterable[tuple[int, str]]) -> bytes:
    """Return the CMap that says what each code means (9.10.3)."""
    lines = [
        f"<{glyph:04X}><{words.encode('utf-16-be').hex().upper()}>"
        for glyph, words in items
    ]
    blocks = [lines[at : at + 100] for at in range(0, len(lines), 100)]
    body = "\n".join(
        "\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"])
        for block in blocks
    )
    return (
        "/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(UCS)/Supplement 0>>def\n"
        "/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n"
        "1 begincodespacerange<0000><FFFF>endcodespacerange\n"
        f"{body}\n"
        "endcmap CMapName currentdict/CMap defineresource pop end end"
    ).encode()
