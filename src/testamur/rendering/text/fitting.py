"""
How large a text can be in its box, and where its lines end.

All widths here are in multiples of the size: shaping does not depend on it, so a
text is shaped once, whatever size it ends up with.
"""

from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from ..design import Fit, Style, Text
from .bidi import levels_of, may_mix
from .breaking import syllables_of, words_of
from .fonts import Chosen, Fonts
from .scripts import is_ignored
from .shaping import Shaped, shaped

#: Sizes between the designed one and the smallest go in steps of this, in points.
STEP = 0.25

#: What a line may be wider than its box, in points: less than anybody can see, and
#: more than rounding and the kerning of a space at a line's end come to.
_SLACK = 0.05


class Span(NamedTuple):
    """A line of a paragraph: from where to where in its text."""

    start: int
    end: int


class Paragraph:
    """A text without line breaks, shaped, and ready to be measured and cut."""

    def __init__(
        self,
        text: str,
        fonts: Fonts,
        style: Style,
        language: str,
        rtl: bool,
        tracking: float,
    ) -> None:
        levels = levels_of(text, int(rtl)) if rtl or may_mix(text) else None
        # Marks that only order what is read have done so now; nobody prints them.
        if any(map(_is_control, text)):
            kept = [at for at, letter in enumerate(text) if not _is_control(letter)]
            text = "".join(text[at] for at in kept)
            levels = levels and [levels[at] for at in kept]
        self.text = text
        #: Between letters, in multiples of the size.
        self.tracking = tracking
        self._chosen = fonts.choose(style, text, language, levels)
        self._runs: list[Shaped] = []
        #: The first character that no font has.
        self.missing = self._first_missing(fonts, style)
        if self.missing is None:
            self._runs = [self._shape(chosen) for chosen in self._chosen]
            self.missing = self._first_undrawn()

    def _first_missing(self, fonts: Fonts, style: Style) -> str | None:
        for chosen in self._chosen:
            if chosen.face is None:
                part = self.text[chosen.start : chosen.end]
                faces = fonts.chain(style, chosen.script)
                for letter in part:
                    if not is_ignored(letter) and not any(
                        face.has(letter) for face in faces
                    ):
                        return letter
                return next((c for c in part if not is_ignored(c)), part[0])
        return None

    def _first_undrawn(self) -> str | None:
        for run in self._runs:
            for glyph in run.glyphs:
                if glyph.id == 0:
                    return run.text[glyph.cluster]
        return None

    def _shape(self, chosen: Chosen) -> Shaped:
        if chosen.face is None:
            raise AssertionError("shaped without a font")
        return shaped(self.text, chosen, chosen.face, is_apart=bool(self.tracking))

    @property
    def scripts(self) -> set[str]:
        """The scripts in it."""
        return {chosen.script for chosen in self._chosen}

    @property
    def is_colour(self) -> bool:
        """Whether any of its glyphs has colours of its own."""
        return any(run.face.is_colour for run in self._runs)

    @property
    def whole(self) -> Span:
        """All of it, as one line."""
        return Span(0, len(self.text))

    @cached_property
    def _ends(self) -> list[float]:
        """How wide the text is up to each of its characters, as it is read."""
        widths = [0.0] * len(self.text)
        for run in self._runs:
            last = None
            for glyph in run.glyphs:
                at = run.chosen.start + glyph.cluster
                widths[at] += glyph.advance / run.face.upem
                if at != last:
                    widths[at] += self.tracking
                last = at
        return [0.0, *accumulate(widths)]

    @cached_property
    def width(self) -> float:
        """How wide it is on one line."""
        gaps = sum([run.gaps for run in self._runs])
        return sum([run.width for run in self._runs]) + self.tracking * max(0, gaps - 1)

    def width_of(self, start: int, end: int) -> float:
        """Return how wide the text is from *start* to *end*."""
        return max(0.0, self._ends[end] - self._ends[start] - self.tracking)

    @cached_property
    def words(self) -> list[tuple[int, int]]:
        """What stays on one line if it can."""
        return list(words_of(self.text))

    @cached_property
    def widest(self) -> float:
        """How wide a line must be that has room for each of its pieces."""
        return max(
            (
                self.width_of(*piece)
                for word in self.words
                for piece in syllables_of(self.text, *word)
            ),
            default=0.0,
        )

    def shaped(self, span: Span) -> list[Shaped]:
        """Return the runs of one line, in the order in which they are read."""
        if span == self.whole:
            return self._runs
        return [
            self._shape(
                chosen._replace(
                    start=max(chosen.start, span.start), end=min(chosen.end, span.end)
                )
            )
            for chosen in self._chosen
            if chosen.start < span.end and span.start < chosen.end
        ]


def _is_control(character: str) -> bool:
    return character in _CONTROLS


_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def lines_of(text: Text, paragraph: Paragraph, size: float) -> list[Span]:
    """Return the lines of a paragraph of *text* at *size*: as few as it can have."""
    if text.fit is Fit.SHRINK:
        return [paragraph.whole]
    room = (text.box.width + _SLACK) / size
    lines: list[Span] = []
    start = end = -1
    for word in paragraph.words:
        if start >= 0 and paragraph.width_of(start, word[1]) <= room:
            end = word[1]
            continue
        pieces = [word]
        if paragraph.width_of(*word) > room:
            pieces = list(syllables_of(paragraph.text, *word))
        for piece in pieces:
            if start >= 0 and paragraph.width_of(start, piece[1]) <= room:
                end = piece[1]
                continue
            if start >= 0:
                lines.append(Span(start, end))
            start, end = piece
    if start >= 0:
        lines.append(Span(start, end))
    # An empty line between others is a line as well.
    return lines or [Span(0, 0)]


def largest_size(text: Text, paragraphs: list[Paragraph], cap: float) -> float | None:
    """
    Return the size of *text*, in points; None if it fits at none that it may have.

    *cap* is how tall its capitals are. The height of a single line does not count:
    boxes are drawn tight around the letters that a designer saw.
    """
    style = text.style
    width = text.box.width + _SLACK
    smallest = min(style.size, style.min_size)
    if text.fit is Fit.SHRINK:
        widest = max(paragraph.width for paragraph in paragraphs)
        room = width / widest if widest else style.size
        if len(paragraphs) > 1:
            room = min(room, _height_room(text, len(paragraphs), cap))
        return _step_down(room, smallest, style.size)
    widest = max(paragraph.widest for paragraph in paragraphs)
    largest = _step_down(width / widest if widest else style.size, smallest, style.size)
    if largest is None or _fits(text, paragraphs, cap, largest):
        return largest
    if text.fit is Fit.WRAP or not _fits(text, paragraphs, cap, smallest):
        return None
    # Between them: what fits at one size does at every smaller one.
    low, high = 0, int((largest - smallest) / STEP) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(text, paragraphs, cap, _nth(largest, smallest, middle)):
            high = middle
        else:
            low = middle
    return _nth(largest, smallest, high)


def _nth(largest: float, smallest: float, step: int) -> float:
    return max(smallest, largest - step * STEP)


def _step_down(room: float, smallest: float, designed: float) -> float | None:
    """Return the largest size up to *room* that a text may have."""
    if room >= designed:
        return designed
    if room < smallest:
        return None
    return max(smallest, int(room / STEP) * STEP)


def _height_room(text: Text, lines: int, cap: float) -> float:
    """Return at which size *lines* are as high as the box."""
    return (text.box.height + _SLACK) / ((lines - 1) * text.style.leading + cap)


def _fits(text: Text, paragraphs: list[Paragraph], cap: float, size: float) -> bool:
    lines = sum(len(lines_of(text, paragraph, size)) for paragraph in paragraphs)
    return lines == 1 or size <= _height_room(text, lines, cap)
