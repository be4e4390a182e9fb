"""
Visible stamps of signatures: lines in any script and a QR code, as a form of a PDF.

With the fonts of the house, laid out and shaped as certificates are, so that a name
comes out right or not at all. It fits `documents.ports.Draws`.
"""

from collections.abc import Sequence

from testamur.core.refusals import Kind, Reason, Refusal

from .design import Align, Box, Design, Page, Qr, Style, Text
from .laid import Laid
from .pdf.draw import draw_qr
from .pdf.file import Objects
from .pdf.fonts import write_font
from .pdf.language import Spoken
from .pdf.text import Script
from .text.fonts import Fonts
from .text.layout import Layout

#: The look of the lines: as large as they can be, up to this.
FAMILY, MAX_SIZE, MIN_SIZE = "Noto Sans", 9.0, 3.5
GAP = 3.0
MAX_LINES = 12

#: What a stamp's content is marked with is no number of the page it lies on.
_MARK = "<</MCID 0"


class Stamper:
    """Draws stamps. For one thread at a time: it keeps fonts open."""

    def __init__(self, language: str = "en") -> None:
        """Take the *language* that lines are in, unless their letters tell another."""
        self._fonts = Fonts()
        self._language = language

    def __call__(
        self, lines: Sequence[str], url: str, size: tuple[float, float], first: int
    ) -> list[bytes]:
        """
        Return objects of a PDF, numbered from *first* on; the last is the stamp.

        Raises:
            Refusal: INVALID `stamp_undrawable`, when no font has a letter of *lines*,
                or they do not fit.
        """
        design = self._design([each for each in lines if each.strip()], url, size)
        laid = Layout(design, self._fonts).lay_out({})
        if isinstance(laid, Reason):
            raise _undrawable(laid.message)
        if laid.is_unusual:
            raise _undrawable(
                "a line has colour emoji, or letters of both directions at once."
            )
        return self._drawn(design, laid, url, first)

    def _design(
        self, lines: Sequence[str], url: str, size: tuple[float, float]
    ) -> Design:
        width, height = size
        if not lines or len(lines) > MAX_LINES or width <= 0 or height <= 0:
            raise _undrawable(f"it has no lines or size, or over {MAX_LINES} lines.")
        side = min(height, width / 2) if url else 0.0
        left = side + GAP if url else 0.0
        step = height / len(lines)
        style = Style(FAMILY, min(MAX_SIZE, step * 0.75), MIN_SIZE)
        texts = [
            Text(
                f"line{at}",
                Box(left, at * step, max(width - left, 1.0), step),
                (line,),
                style,
                align=Align.START,
            )
            for at, line in enumerate(lines)
        ]
        codes = [Qr("qr", Box(0, (height - side) / 2, side, side))] if url else []
        return Design(
            name="Stamp",
            language=self._language,
            page=Page(width, height),
            items=(*texts, *codes),
        )

    def _drawn(self, design: Design, laid: Laid, url: str, first: int) -> list[bytes]:
        page, objects = design.page, _Bodies(first)
        script = Script(self._fonts, {}, {}, Spoken(design.language), page.height)
        parts = [
            script.write(text, "Span", 0).replace(_MARK, "<<", 1) for text in laid.texts
        ]
        parts += [
            draw_qr(item, url, 0, page.height).replace("/Figure" + _MARK, "/Span<<", 1)
            for item in design.items
            if isinstance(item, Qr)
        ]
        fonts = b"".join(
            b"/%s %d 0 R" % (name.encode(), write_font(objects, letters).number)
            for name, letters in script.own.values()
        )
        objects.write_stream(
            b"/Type/XObject/Subtype/Form/BBox[0 0 %.3f %.3f]/Resources<</Font<<%s>>>>"
            % (page.width, page.height, fonts),
            "".join(parts).encode(),
        )
        return objects.bodies()


class _Bodies(Objects):
    """Objects that somebody else will put into a file."""

    def __init__(self, first: int) -> None:
        super().__init__(0, first)
        self._first = first
        self._bodies: dict[int, bytes] = {}

    def write(self, body: bytes, number: int | None = None) -> int:
        """Take an object; return its number."""
        if number is None:
            number = self.reserve()
        self._bodies[number] = body
        return number

    def pack(self, body: bytes, number: int | None = None) -> int:
        """Take an object, which is not packed here; return its number."""
        return self.write(body, number)

    def bodies(self) -> list[bytes]:
        """Return what was taken, by number."""
        return [self._bodies[number] for number in range(self._first, self.size)]


def _undrawable(why: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "stamp_undrawable",
        f"The visible signature cannot be drawn: {why} Change its text or its size, "
        "or sign invisibly.",
    )
