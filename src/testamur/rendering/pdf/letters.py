"""
What the glyphs of a font in a file say: the codes they get, and the letters of each.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate, groupby

import uharfbuzz as hb

from ..laid import Glyph, Run
from ..text.face import Face
from .merged import Merged, Part

#: What any certificate may need: Basic Latin, Latin-1, Extended-A, what Romanian,
#: Welsh and Vietnamese have beyond it, and general punctuation.
LATIN = "".join(
    chr(code)
    for start, end in (
        (0x20, 0x7E),
        (0xA0, 0xAC),
        (0xAE, 0x17F),
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

#: How many codes of two bytes there are; how far a part of a glyph can be moved.
_CODES, _FARTHEST = 0x10000, 0x7FFF


class Letters:
    """
    What each glyph of one font in one file says when it is read back.

    A code is a glyph's id. Whatever does not say its words so, since it is several
    glyphs or beside its place, becomes one glyph behind the font's own: where that
    can be made (TrueType), every code says exactly what it is.
    """

    def __init__(self, face: Face, known: Mapping[int, str] | None = None) -> None:
        self.face = face
        self._words = dict(known or {})
        #: Where codes of merged glyphs begin: behind the face's own.
        self.first: int = face.hb_face.glyph_count
        self._codes: dict[Merged, int] = {}
        self.merged: list[Merged] = []

    def get(self, code: int) -> str | None:
        """Return what *code* says, None when it is not in the font."""
        return self._words.get(code)

    def items(self) -> list[tuple[int, str]]:
        """Return codes and what they say, by code."""
        return sorted(self._words.items())

    def width(self, code: int) -> float:
        """Return how far *code* moves the pen, in thousandths of the size."""
        if code < self.first:
            return width(self.face, code)
        return round(self.merged[code - self.first].advance * 1000 / self.face.upem, 2)

    def glyphs(self) -> set[int]:
        """Return the face's glyphs that are in the font."""
        found = {code for code in self._words if code < self.first}
        found.update(part.glyph for merged in self.merged for part in merged.parts)
        return found

    def known(self, run: Run) -> Run | None:
        """Return *run* as it is when all its glyphs are known and in their places."""
        for code, _, _, dx, dy in run.glyphs:
            if dx or dy or code not in self._words:
                return None
        return run

    def learn(self, run: Run) -> Run:
        """Add the glyphs of *run*; return it with codes. What is known stays."""
        glyphs: list[Glyph] = []
        for words, group in clusters(run):
            glyphs += self._learn(words, group, is_rtl=run.is_rtl)
        return replace(run, glyphs=tuple(glyphs))

    def learn_letter(self, letter: str) -> None:
        """Add the glyph of *letter*, if the font has one."""
        glyph = self.face.hb_font.get_nominal_glyph(ord(letter))
        if glyph:
            self._words.setdefault(glyph, letter)

    def _learn(self, words: str, glyphs: list[Glyph], *, is_rtl: bool) -> list[Glyph]:
        """Return the glyphs of one cluster with codes."""
        glyph = glyphs[0]
        is_plain = len(glyphs) == 1 and not (glyph.dx or glyph.dy)
        if is_plain and self._words.setdefault(glyph.id, words) == words:
            return glyphs
        if not self._can_merge(glyphs):
            for place, glyph in enumerate(glyphs):
                self._words.setdefault(glyph.id, _SILENT if place else words)
            return glyphs
        if not is_rtl:
            pens = accumulate([each.advance for each in glyphs], initial=0)
            parts = [
                Part(each.id, pen + each.dx, each.dy)
                for each, pen in zip(glyphs, pens, strict=False)
            ]
            pen = sum(each.advance for each in glyphs)
            return [self._merge(parts, pen, words, glyph.cluster)]
        return self._apart(words, glyphs)

    def _can_merge(self, glyphs: list[Glyph]) -> bool:
        """Say whether the font, which is TrueType, has room for one glyph more each."""
        if self.face.is_cff or self.first + len(self.merged) + len(glyphs) > _CODES:
            return False
        most = max(max(abs(each.dx), abs(each.dy)) for each in glyphs)
        return sum(abs(each.advance) for each in glyphs) + most <= _FARTHEST

    def _apart(self, words: str, glyphs: list[Glyph]) -> list[Glyph]:
        """
        Return the glyphs of a cluster from right to left, each with its own words.

        Readers turn round what they read from left to right, and with it what one
        glyph says: so a letter and its vowels stay apart. What says nothing of its
        own is drawn with the letter.
        """
        said = self._shared_out(words, glyphs)
        # From right to left, a letter comes after its vowels.
        base = max(at for at, own in enumerate(said) if own)
        pens = list(accumulate([each.advance for each in glyphs], initial=0))
        coded = []
        moved = 0
        for at, (glyph, own) in enumerate(zip(glyphs, said, strict=True)):
            if not own:
                continue
            drawn = {at}
            if at == base:
                drawn.update(n for n, each in enumerate(said) if not each)
            parts = [
                Part(each.id, pens[n] - moved + each.dx, each.dy)
                for n, each in enumerate(glyphs)
                if n in drawn
            ]
            advance = sum(glyphs[n].advance for n in drawn)
            coded.append(self._merge(parts, advance, own, glyph.cluster))
            moved += advance
        return coded

    def _merge(
        self, parts: list[Part], advance: int, words: str, cluster: int
    ) -> Glyph:
        merged = Merged(tuple(parts), max(advance, 0), words)
        code = self._codes.get(merged)
        if code is None:
            code = self._codes[merged] = self.first + len(self.merged)
            self.merged.append(merged)
            self._words[code] = words
        return Glyph(code, cluster, advance, 0, 0)

    def _shared_out(self, words: str, glyphs: list[Glyph]) -> list[str]:
        """Return which of *words* each of the *glyphs* says: every letter one does."""
        said = [""] * len(glyphs)
        left = list(words)
        for at in reversed(range(len(glyphs))):
            for letter in left:
                if self.face.hb_font.get_nominal_glyph(ord(letter)) == glyphs[at].id:
                    said[at] = letter
                    left.remove(letter)
                    break
        rest = [at for at in reversed(range(len(glyphs))) if not said[at]]
        wide = [at for at in rest if width(self.face, glyphs[at].id)]
        thin = [at for at in rest if at not in wide]
        marks = [letter for letter in left if unicodedata.combining(letter)]
        letters = [letter for letter in left if not unicodedata.combining(letter)]
        for own, places in ((letters, wide or rest), (marks, thin or rest)):
            if len(own) == len(places):
                for at, letter in zip(places, own, strict=True):
                    said[at] += letter
            elif places:
                said[places[0]] += "".join(own)
        if "".join(sorted("".join(said))) != "".join(sorted(words)):
            said = [""] * len(glyphs)
            said[-1] = words
        return said

    def learn_latin(self) -> None:
        """Add every glyph that text in Latin letters is likely to be drawn with."""
        for letter in LATIN:
            self.learn_letter(letter)
        letters = [
            letter
            for letter in LATIN
            if self.face.has(letter) and not unicodedata.combining(letter)
        ]
        pairs = ["".join([a + b for b in _JOINED]) for a in _JOINED]
        for text in (*letters, *_TRIPLES, *pairs):
            self.learn(_shaped(self.face, text))


def clusters(run: Run) -> Iterator[tuple[str, list[Glyph]]]:
    """Give the clusters of *run* from left to right: their words and glyphs."""
    starts = sorted({glyph.cluster for glyph in run.glyphs})
    ends = dict(zip(starts, [*starts[1:], len(run.text)], strict=False))
    # Should letters before the first cluster have no glyph, they go with it.
    first = starts[0] if starts else 0
    for start, group in groupby(run.glyphs, lambda glyph: glyph.cluster):
        yield run.text[0 if start == first else start : ends[start]], list(group)


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


def width(face: Face, glyph: int) -> float:
    """Return how far *glyph* moves the pen by itself, in thousandths of the size."""
    advance: int = face.hb_font.get_glyph_h_advance(glyph)
    return round(advance * 1000 / face.upem, 2)
