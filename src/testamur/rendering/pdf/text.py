"""
Texts as content of a page (ISO 32000-1, 9.4), marked for readers (14.6, 14.9).

Glyphs are shown one by one where `Laid` has them, so no viewer breaks, shapes or
justifies anything. What a glyph does not say by itself is said by ActualText, but
never from right to left: readers put such words into order themselves, and would
turn them round twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ..laid import Glyph, LaidText, Line, Run
from ..text.face import Face
from ..text.fonts import Fonts
from .draw import colour
from .file import number, text_string
from .language import Spoken
from .letters import Letters, clusters, width

#: How far apart letters may be, in thousandths of the size, and be one word: less
#: than half a space, which pdfium takes for one.
_GAP = 70

#: What the pen may be off, in thousandths of the size, before it is put right.
_OFF = 0.5


class Widths(dict[int, float]):
    """How far each glyph of a face moves the pen, in thousandths of the size."""

    def __init__(self, face: Face, known: Iterable[tuple[int, float]] = ()) -> None:
        super().__init__(known)
        self.face = face

    def __missing__(self, glyph: int) -> float:
        found = self[glyph] = width(self.face, glyph)
        return found


class Script:
    """
    Writes texts of one page, and notes which letters its fonts must have.

    *placed* are fonts that are in the file already: a run takes one of them when
    that has all its glyphs, else one of *own*, which the caller has to write.
    """

    def __init__(
        self,
        fonts: Fonts,
        placed: Mapping[str, tuple[str, Letters]],
        widths: dict[str, Widths],
        spoken: Spoken,
        page_height: float,
    ) -> None:
        self._fonts = fonts
        self._placed = placed
        self._widths = widths
        self._spoken = spoken
        self._height = page_height
        #: By the key of their face: names among the page's resources, and letters.
        self.own: dict[str, tuple[str, Letters]] = {}

    def write(self, text: LaidText, role: str, mark: int) -> str:
        """Return the content of *text*, marked as number *mark* of the page."""
        pieces = [
            piece
            for line in text.lines
            for run in line.runs
            for piece in self._run(text, line, run)
        ]
        # A language of all of it is said once, where its mark is: not every reader
        # follows marks within marks. ActualText they follow only in a Span.
        languages = {piece.language for piece in pieces}
        common = languages.pop() if len(languages) == 1 else None
        tracking = number(text.tracking)
        spaced = "" if tracking == "0" else f" {tracking} Tc"
        parts = [
            f"/{role}<</MCID {mark}{_said(common, None)}>>BDC"
            f" BT {colour(text.colour)} rg{spaced}"
        ]
        for piece in pieces:
            language = piece.language if piece.language != common else None
            own = _said(language, piece.words)
            parts.append(f"/Span<<{own}>>BDC {piece.shown} EMC" if own else piece.shown)
        parts.append("0 Tc ET EMC\n" if spaced else "ET EMC\n")
        return " ".join(parts)

    def _run(self, text: LaidText, line: Line, run: Run) -> Iterator["_Piece"]:
        name, letters, run = self._font(run)
        language = self._spoken.otherwise(run.text)
        pen = _Pen(self._width_of(letters.face), letters, text)
        before = (
            f"/{name} {number(text.size)} Tf 1 0 0 1 {number(line.x + run.x)}"
            f" {number(self._height - line.baseline)} Tm "
        )
        spans: list[tuple[str | None, Sequence[Glyph]]] = list(_spans(run, letters))
        if not run.is_rtl and spans[0][0] is None and pen.leaves_gaps(run.glyphs):
            spans = [(run.text, run.glyphs)]
        for words, glyphs in spans:
            shown = before + pen.show(glyphs, is_last=glyphs is spans[-1][1])
            yield _Piece(language, words, shown)
            before = ""

    def _width_of(self, face: Face) -> Widths:
        found = self._widths.get(face.key)
        if found is None:
            found = self._widths[face.key] = Widths(face)
        return found

    def _font(self, run: Run) -> tuple[str, Letters, Run]:
        """Return a font's name and letters, and *run* with the codes that it has."""
        placed = self._placed.get(run.face)
        if placed:
            known = placed[1].known(run)
            if known:
                return *placed, known
        own = self.own.get(run.face)
        if own is None:
            letters = Letters(self._fonts.face(run.face))
            own = self.own[run.face] = f"G{len(self.own)}", letters
        return *own, own[1].learn(run)


def _spans(run: Run, letters: Letters) -> Iterator[tuple[str | None, Sequence[Glyph]]]:
    """Cut *run* into stretches that say themselves (None), and others' words."""
    said = [letters.get(glyph.id) for glyph in run.glyphs]
    if not run.is_rtl and said == list(run.text):
        yield None, run.glyphs
        return
    pieces = []
    for words, glyphs in clusters(run):
        read = reversed(glyphs) if run.is_rtl else glyphs
        is_said = "".join([letters.get(glyph.id) or "" for glyph in read]) == words
        pieces.append((is_said, words, glyphs))
    if all(is_said for is_said, _, _ in pieces):
        yield None, run.glyphs
        return
    for is_said, group in groupby(pieces, itemgetter(0)):
        if run.is_rtl and not is_said:
            # Letter by letter, so that a reader has nothing to turn round.
            for _, words, glyphs in group:
                yield words, glyphs
            continue
        near = list(group)
        shown = [glyph for _, _, glyphs in near for glyph in glyphs]
        yield None if is_said else "".join([words for _, words, _ in near]), shown


class _Pen:
    """Shows glyphs, and keeps its true place while the file's is rounded."""

    def __init__(self, widths: Widths, letters: Letters, text: LaidText) -> None:
        self._widths, self._letters = widths, letters
        #: From units of the font to thousandths of the size, and to points.
        self._scale = 1000 / widths.face.upem
        self._points = text.size / widths.face.upem
        #: How far the true pen is ahead of the file's, in thousandths of the size.
        self._ahead = 0.0
        self._rise = 0
        #: What Tc moves the pen by, which it does after every glyph; but letters of
        #: several glyphs are set apart from others only.
        self._tracking = 1000 * text.tracking / text.size

    def leaves_gaps(self, glyphs: Sequence[Glyph]) -> bool:
        """Say whether letters are so far apart that a reader would see spaces."""
        room = _GAP - self._tracking
        if room <= 0:
            return True
        scale, widths, first = self._scale, self._widths, self._letters.first
        return any(
            advance * scale - widths[code] > room
            for code, _, advance, _, _ in glyphs
            if code < first
        )

    def show(self, glyphs: Sequence[Glyph], *, is_last: bool) -> str:
        """Return the operators that show *glyphs* where they belong."""
        scale, widths, ahead = self._scale, self._widths, self._ahead
        first = self._letters.first
        done: list[str] = []
        shown = ""
        after = glyphs[1:]
        for place, (code, cluster, advance, dx, dy) in enumerate(glyphs):
            if dy != self._rise:
                if shown:
                    done.append(f"[<{shown}>]TJ")
                    shown = ""
                done.append(f"{number(dy * self._points)} Ts")
                self._rise = dy
            off = ahead + dx * scale
            if off >= _OFF or off <= -_OFF:
                move = round(off)
                shown += f">{-move}<"
                ahead -= move
            shown += f"{code:04X}"
            wide = widths[code] if code < first else self._letters.width(code)
            ahead += advance * scale - wide
            if self._tracking and place < len(after) and after[place][1] == cluster:
                ahead -= self._tracking
        self._ahead = ahead
        done.append(f"[<{shown}>]TJ")
        if is_last and self._rise:
            done.append("0 Ts")
        return " ".join(done).replace("<>", "")


class _Piece(NamedTuple):
    """A stretch of text as content, and what is to be said of it."""

    language: str | None
    #: None: its glyphs say it.
    words: str | None
    shown: str


def _said(language: str | None, words: str | None) -> str:
    """Return entries of marked content (14.9.2, 14.9.4)."""
    said = f"/Lang({language})" if language else ""
    return said if words is None else f"{said}/ActualText{text_string(words).decode()}"
