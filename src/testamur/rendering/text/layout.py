"""
Every text of a certificate gets its font, its size, its lines and its place.
"""

from collections.abc import Mapping

from testamur.core.refusals import Reason

from ..design import Align, Design, Direction, Place, Text
from ..laid import Laid, LaidText, Line, Run
from .bidi import is_rtl, is_rtl_language
from .fitting import Paragraph, Span, largest_size, lines_of
from .fonts import Fonts
from .scripts import UNSPACED
from .shaping import Shaped, in_visual_order
from .wording import glyph_missing, text_too_long, wording

#: How many wordings of one text are remembered: names of courses recur.
_REMEMBERED = 256


class Layout:
    """
    Lays out the texts of one design, row after row. Same values, same `Laid`.

    Texts stand by their capitals and baselines, not by the invisible boxes of their
    fonts: from the top of the first line's capitals (of the style's own font) to the
    last line's baseline. That stretch is put at the top, in the middle or at the
    bottom of the box, so letters of different fonts share a baseline.
    """

    def __init__(self, design: Design, fonts: Fonts) -> None:
        self._design = design
        self._fonts = fonts
        self._remembered: dict[str, dict[str, LaidText]] = {
            text.id: {} for text in design.texts
        }

    def lay_out(
        self,
        values: Mapping[str, str],
        *,
        only_static: bool = False,
        only_variable: bool = False,
    ) -> Laid | Reason:
        """
        Give every text its place, or say why the row cannot be printed.

        *values* are those of `values.values_of`; a field without one is empty.
        Texts without fields are static: the same for every row of the design.
        """
        laid: list[LaidText] = []
        for text in self._design.texts:
            if only_variable if not text.fields else only_static:
                continue
            said = wording(text, values, self._design.language)
            if said is None:
                continue
            remembered = self._remembered[text.id]
            if said not in remembered:
                found = self._lay_out(text, said, values)
                if isinstance(found, Reason):
                    return found
                if len(remembered) >= _REMEMBERED:
                    remembered.clear()
                remembered[said] = found
            laid.append(remembered[said])
        return Laid(tuple(laid))

    def _lay_out(
        self, text: Text, said: str, values: Mapping[str, str]
    ) -> LaidText | Reason:
        style, language = text.style, self._design.language
        rtl = self._is_rtl(text, said)
        tracking = style.tracking / style.size if style.size else 0.0

        def read(tracking: float) -> list[Paragraph]:
            return [
                Paragraph(line, self._fonts, style, language, rtl, tracking)
                for line in said.split("\n")
            ]

        paragraphs = read(tracking)
        if tracking and any(part.scripts & UNSPACED for part in paragraphs):
            tracking = 0.0
            paragraphs = read(tracking)
        for paragraph in paragraphs:
            if paragraph.missing is not None:
                return glyph_missing(text, values, language, paragraph.missing)

        cap = self._cap_height(text)
        size = largest_size(text, paragraphs, cap)
        if size is None:
            smallest = min(style.size, style.min_size)
            return text_too_long(text, values, said, smallest)
        lines = [
            (paragraph, span)
            for paragraph in paragraphs
            for span in lines_of(text, paragraph, size)
        ]
        first = _first_baseline(text, len(lines), size, cap)
        return LaidText(
            id=text.id,
            size=size,
            colour=style.colour,
            tracking=round(tracking * size, 4),
            lines=tuple(
                _line(
                    text,
                    paragraph,
                    span,
                    size,
                    round(first + at * style.leading * size, 3),
                    rtl=rtl,
                )
                for at, (paragraph, span) in enumerate(lines)
                if span.end > span.start
            ),
            is_unusual=any(paragraph.is_colour for paragraph in paragraphs),
            is_rtl=rtl,
        )

    def _is_rtl(self, text: Text, said: str) -> bool:
        if text.direction is not Direction.AUTO:
            return text.direction is Direction.RTL
        found = is_rtl(said)
        if found is None:
            return is_rtl_language(self._design.language)
        return found

    def _cap_height(self, text: Text) -> float:
        face = self._fonts.face_of(text.style)
        return face.cap_height / face.upem


def _first_baseline(text: Text, lines: int, size: float, cap: float) -> float:
    """Return where the first line stands, so that all stand where they should."""
    box = text.box
    below = (lines - 1) * text.style.leading * size
    top = {
        Place.TOP: 0.0,
        Place.MIDDLE: (box.height - below - cap * size) / 2,
        Place.BOTTOM: box.height - below - cap * size,
    }[text.place]
    return box.y + top + cap * size


def _line(
    text: Text,
    paragraph: Paragraph,
    span: Span,
    size: float,
    baseline: float,
    *,
    rtl: bool,
) -> Line:
    tracking = paragraph.tracking
    shaped = in_visual_order(paragraph.shaped(span))
    runs = []
    pen = 0.0
    for run in shaped:
        width = (run.width + run.gaps * tracking) * size
        if run is shaped[-1]:
            width -= tracking * size
        runs.append(_run(run, pen, width))
        pen += width
    box = text.box
    room = box.width - pen
    left = {
        Align.START: room if rtl else 0.0,
        Align.LEFT: 0.0,
        Align.CENTER: room / 2,
        Align.RIGHT: room,
    }[text.align]
    return Line(
        x=round(box.x + left, 3),
        baseline=baseline,
        width=round(pen, 3),
        text=paragraph.text[span.start : span.end],
        runs=tuple(runs),
    )


def _run(run: Shaped, pen: float, width: float) -> Run:
    return Run(
        face=run.face.key,
        text=run.text,
        is_rtl=run.chosen.level % 2 == 1,
        glyphs=run.glyphs,
        x=round(pen, 3),
        width=round(width, 3),
        language=run.chosen.language,
    )
