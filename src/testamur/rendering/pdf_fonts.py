"""
Fonts in a PDF (ISO 32000-1, 9.7): subsets whose codes are the glyphs' own ids.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, product
from typing import NamedTuple

import uharfbuzz as hb

from .face import Face
from .laid import Glyph, Run
from .pdf_file import Objects, number
from .pdf_shifted import Shifted, with_shifted

#: What any certificate may need: Basic Latin, Latin-1, Extended-A, what Romanian,
#: Welsh and Vietnamese have beyond it, and general punctuation.
LATIN = "".join(
    chr(code)
    for start, end in (
        (0x20, 0x7E),
        (0xA0, 0x17F),
        (0x1A0, 0x1A1),
        (0x1AF, 0x1B0),
        (0x218, 0x21B),
        (0x300, 0x303),
        (0x309, 0x309),
        (0x323, 0x323),
        (0x1E80, 0x1E85),
        (0x1E9E, 0x1E9E),
        (0x1EA0, 0x1EF9),
        (0x2010, 0x2027),
        (0x2030, 0x203A),
        (0x20AC, 0x20AC),
    )
    for code in range(start, end + 1)
)

#: Letters that fonts join or change beside one another.
_JOINED = "".join(chr(code) for code in (*range(0x41, 0x5B), *range(0x61, 0x7B)))
_TRIPLES = ("ffi", "ffl", "fft", "ffb", "ffh", "ffk", "ffj")

#: Stands for a glyph that adds no letter of its own; never alone in a file, since
#: whatever has it gets its words by ActualText.
_SILENT = "\u200b"


class Letters:
    """
    What each glyph of one font in one file says when it is read back.

    A code is a glyph's id. From right to left, a glyph beside its place gets a code
    of its own, and is moved in the font (see `pdf_shifted`).
    """

    def __init__(self, face: Face, known: Mapping[int, str] | None = None) -> None:
        self.face = face
        self._words = dict(known or {})
        #: Where codes of shifted glyphs begin: behind the face's own.
        self.first: int = face.hb_face.glyph_count
        self._shifted: dict[Shifted, int] = {}

    def get(self, code: int) -> str | None:
        """Return what *code* says, None when it is not in the font."""
        return self._words.get(code)

    def items(self) -> list[tuple[int, str]]:
        """Return codes and what they say, by code."""
        return sorted(self._words.items())

    @property
    def shifted(self) -> list[Shifted]:
        """The glyphs that were added to the face's, in the order of their codes."""
        return list(self._shifted)

    def glyph_of(self, code: int) -> int:
        """Return the glyph of the face that *code* shows."""
        if code < self.first:
            return code
        return self.shifted[code - self.first].glyph

    def known(self, run: Run) -> Run | None:
        """Return *run* with codes for glyphs; None when it needs one that is new."""
        try:
            coded = self._coded(run, self._shifted.__getitem__)
        except KeyError:
            return None
        return coded if all(each.id in self._words for each in coded.glyphs) else None

    def learn(self, run: Run) -> Run:
        """Add the glyphs of *run*; return it with codes. What is known stays."""
        coded = self._coded(run, self._shift)
        for words, glyphs in clusters(coded):
            self._learn(words, [glyph.id for glyph in glyphs])
        return coded

    def learn_letter(self, letter: str) -> None:
        """Add the glyph of *letter*, if the font has one."""
        glyph = self.face.hb_font.get_nominal_glyph(ord(letter))
        if glyph:
            self._words.setdefault(glyph, letter)

    def _coded(self, run: Run, code_of: Callable[[Shifted], int]) -> Run:
        if not run.is_rtl or self.face.is_cff:
            return run
        if not any(glyph.dx or glyph.dy for glyph in run.glyphs):
            return run
        glyphs = tuple(
            Glyph(code_of(Shifted(id_, dx, dy)), cluster, advance, 0, 0)
            if dx or dy
            else Glyph(id_, cluster, advance, 0, 0)
            for id_, cluster, advance, dx, dy in run.glyphs
        )
        return replace(run, glyphs=glyphs)

    def _shift(self, wanted: Shifted) -> int:
        return self._shifted.setdefault(wanted, self.first + len(self._shifted))

    def _learn(self, words: str, codes: Sequence[int]) -> None:
        left, unknown = list(words), []
        for code in codes:
            glyph = self.glyph_of(code)
            for letter in left:
                if self.face.hb_font.get_nominal_glyph(ord(letter)) == glyph:
                    self._words.setdefault(code, letter)
                    left.remove(letter)
                    break
            else:
                unknown.append(code)
        if len(unknown) == len(left):
            for code, letter in zip(unknown, left, strict=True):
                self._words.setdefault(code, letter)
            return
        # Marks go to what takes no room, letters to what does.
        marks = [letter for letter in left if unicodedata.combining(letter)]
        letters = [letter for letter in left if not unicodedata.combining(letter)]
        thin = [code for code in unknown if not width(self.face, self.glyph_of(code))]
        wide = [code for code in unknown if code not in thin]
        if bool(marks) != bool(thin) or bool(letters) != bool(wide):
            letters, wide, marks, thin = left, unknown, [], []
        for said, group in ((letters, wide), (marks, thin)):
            for place, code in enumerate(group):
                words = "" if place else "".join(said)
                self._words.setdefault(code, words or _SILENT)

    def learn_latin(self) -> None:
        """Add every glyph that text in Latin letters is likely to be drawn with."""
        for letter in LATIN:
            self.learn_letter(letter)
        letters = [letter for letter in LATIN if self.face.has(letter)]
        pairs = ["".join(pair) for pair in product(_JOINED, repeat=2)]
        for text in (*letters, *_TRIPLES, *pairs):
            self.learn(_shaped(self.face, text))


def clusters(run: Run) -> Iterator[tuple[str, list[Glyph]]]:
    """Give the clusters of *run* as drawn: their words, glyphs in reading order."""
    starts = sorted({glyph.cluster for glyph in run.glyphs})
    ends = dict(zip(starts, [*starts[1:], len(run.text)], strict=True))
    if starts:
        # Should letters before the first cluster have no glyph, they go with it.
        first = starts[0]
    for start, group in groupby(run.glyphs, lambda glyph: glyph.cluster):
        glyphs = list(group)
        if run.is_rtl:
            glyphs.reverse()
        yield run.text[0 if start == first else start : ends[start]], glyphs


def _shaped(face: Face, text: str) -> Run:
    """Return *text* in Latin letters as the font joins them, without places."""
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    hb.shape(face.hb_font, buffer)
    glyphs = tuple(
        Glyph(info.codepoint, info.cluster, 0, 0, 0)
        for info in buffer.glyph_infos
        if info.codepoint
    )
    return Run(face.key, text, False, glyphs, 0, 0)


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
    glyphs = {code: letters.glyph_of(code) for code, _ in items}
    name = f"{_tag(letters)}+{face.postscript_name}".encode()
    program = face.subset(glyphs.values())
    if letters.shifted:
        program = with_shifted(program, letters.first, letters.shifted)
    others = _other_widths(face, program, glyphs)
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
        % (kind, name, descriptor, _widths(face, glyphs, others), mapping)
    )
    number = objects.pack(
        b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H"
        b"/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>" % (name, descendant, unicode)
    )
    return Written(number, others)


def width(face: Face, glyph: int) -> float:
    """Return how far *glyph* moves the pen by itself, in thousandths of the size."""
    advance: int = face.hb_font.get_glyph_h_advance(glyph)
    return round(advance * 1000 / face.upem, 2)


def _other_widths(
    face: Face, program: bytes, glyphs: Mapping[int, int]
) -> dict[int, float]:
    """Return the widths that *program* has and *face* has not."""
    if face.is_cff or not face.axes:
        return {}
    drawn = hb.Font(hb.Face(program))
    return {
        code: round(advance * 1000 / face.upem, 2)
        for code, glyph in glyphs.items()
        if (advance := drawn.get_glyph_h_advance(code))
        != face.hb_font.get_glyph_h_advance(glyph)
    }


def _widths(
    face: Face, glyphs: Mapping[int, int], others: Mapping[int, float]
) -> bytes:
    """Return the array W (9.7.4.3): neighbours share a list."""
    parts: list[str] = []
    last = -2
    for code, glyph in glyphs.items():
        if code != last + 1:
            parts.append(f"]{code}[" if parts else f"{code}[")
        elif parts:
            parts.append(" ")
        parts.append(number(others[code] if code in others else width(face, glyph)))
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
    said = f"{letters.face.key} {codes} {letters.shifted}"
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
