"""
What the typesetter is told to draw: data for `page.typ`, which is the same for all.

No value and no word of a template becomes source. Letters are named, not measured
again: their fonts, sizes and places are those that the layout found.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from .. import qr
from ..design import Design, Item, Line, Picture, Qr, Role, Shape, Text
from ..laid import LaidText, Run
from ..laid import Line as LaidLine
from ..pdf.stamp import Extras
from ..text.face import Face
from ..text.fonts import Fonts

#: Gaps that are no more than rounding, in points.
NOTHING = 0.002

#: What has a direction of its own (UAX #9), or that of the letter it stands on.
_DIRECTED = frozenset(("L", "R", "AL", "EN", "AN", "NSM"))

#: The mark that nobody sees, and that is read from right to left.
RIGHT_TO_LEFT = "\u200f"

#: Where a certificate's picture is while its page is drawn.
ROW_PICTURE = "row-picture"


@dataclass(frozen=True, slots=True)
class TypstFace:
    """How Typst is told which font to use."""

    family: str
    weight: int
    style: str


class Page:
    """What one design puts on the page, as data."""

    def __init__(
        self,
        design: Design,
        *,
        files: Mapping[str, str],
        fonts: Fonts | None = None,
        named: Callable[[Face], TypstFace] | None = None,
    ) -> None:
        """Take the names of the package's *files*, and how Typst calls its faces."""
        self._design = design
        self._files = files
        self._fonts = fonts
        self._named = named
        self._faces: dict[str, TypstFace] = {}

    def of(self, laid: Sequence[LaidText], extras: Extras) -> dict[str, Any]:
        """Return the page of one certificate."""
        texts = {text.id: text for text in laid}
        items = (self._item(item, texts, extras) for item in self._design.items)
        return self._page(items, extras)

    def art(self) -> dict[str, Any]:
        """Return the page without text, QR code and the row's picture."""
        items = (
            self._item(item, {}, None)
            for item in self._design.items
            if not isinstance(item, Qr | Text)
        )
        return self._page(items, None)

    def _page(self, items: Any, extras: Extras | None) -> dict[str, Any]:
        page = self._design.page
        return {
            **about(self._design, extras),
            "width": page.width,
            "height": page.height,
            "colour": page.colour,
            "background": self._files[page.background] if page.background else None,
            "items": [item for item in items if item],
        }

    def _item(
        self, item: Item, texts: Mapping[str, LaidText], extras: Extras | None
    ) -> dict[str, Any] | None:
        match item:
            case Text() if item.id in texts:
                return self._text(item, texts[item.id])
            case Picture():
                return self._picture(item, extras)
            case Qr() if extras:
                return _qr(item, extras)
            case Line():
                return {"kind": "line", **asdict(item)}
            case Shape():
                return {
                    "kind": "shape",
                    **asdict(item.box),
                    "fill": item.fill,
                    "stroke": item.stroke if item.stroke_width else None,
                    "stroke-width": item.stroke_width,
                    "radius": item.radius,
                    "ellipse": item.is_ellipse,
                }
        return None

    def _picture(self, item: Picture, extras: Extras | None) -> dict[str, Any] | None:
        if item.asset is not None:
            path = self._files[item.asset]
        elif extras and extras.picture:
            path = row_picture(extras)
        else:
            return None
        return {
            "kind": "picture",
            **asdict(item.box),
            "path": path,
            "fit": item.cover.value,
            "alt": item.alt,
        }

    def _text(self, item: Text, laid: LaidText) -> dict[str, Any] | None:
        if not laid.lines:
            return None
        is_rtl = _is_rtl(laid)
        right = max(self._right(line, laid) for line in laid.lines)
        left = min(line.x for line in laid.lines)
        first, last = laid.lines[0], laid.lines[-1]
        # No line is wider than the page: none that was laid out is broken again.
        wide = self._design.page.width
        steps = max(len(laid.lines) - 1, 1)
        return {
            "kind": "text",
            "role": "H1" if item.role is Role.TITLE else "P",
            "rtl": is_rtl,
            "x": right - wide if is_rtl else left,
            "y": first.baseline,
            "width": wide,
            "leading": (last.baseline - first.baseline) / steps,
            "size": laid.size,
            "colour": laid.colour,
            "tracking": laid.tracking,
            "lines": [
                {
                    "indent": (
                        right - self._right(line, laid) if is_rtl else line.x - left
                    ),
                    "runs": self._runs(line, laid),
                }
                for line in laid.lines
            ],
        }

    def _runs(self, line: LaidLine, laid: LaidText) -> list[dict[str, Any]]:
        gaps = dict.fromkeys(map(id, line.runs), 0.0)
        is_mixed = len({run.is_rtl for run in line.runs}) > 1
        if not is_mixed:
            for before, after in pairwise(line.runs):
                gap = after.x - before.x - self._width(before, laid)
                gaps[id(before if before.is_rtl else after)] = gap
        return [
            {
                "text": _held(run) if is_mixed else run.text,
                "gap": gaps[id(run)] if abs(gaps[id(run)]) > NOTHING else 0,
                **self._letters(run),
            }
            for run in in_reading_order(line)
        ]

    def _letters(self, run: Run) -> dict[str, Any]:
        face = self._faces.get(run.face)
        if face is None:
            assert self._fonts is not None
            assert self._named is not None
            face = self._faces[run.face] = self._named(self._fonts.face(run.face))
        return {
            "font": face.family,
            "weight": face.weight,
            "style": face.style,
            **_language(run.language),
        }

    def _right(self, line: LaidLine, laid: LaidText) -> float:
        """Return where the last letter of a line ends."""
        if not line.runs:
            return line.x + line.width
        return line.x + max(run.x + self._width(run, laid) for run in line.runs)

    def _width(self, run: Run, laid: LaidText) -> float:
        """Return how wide Typst draws a run: tracking stands between letters only."""
        assert self._fonts is not None
        units = sum(glyph.advance for glyph in run.glyphs)
        clusters = sum(
            before.cluster != after.cluster for before, after in pairwise(run.glyphs)
        )
        upem = self._fonts.face(run.face).upem
        return units * laid.size / upem + clusters * laid.tracking


def about(design: Design, extras: Extras | None) -> dict[str, Any]:
    """Return what a page says about itself, whoever draws it."""
    return {
        "title": (extras.title if extras else "") or design.name or "Certificate",
        "author": [extras.issuer_name] if extras and extras.issuer_name else [],
        **_language(design.language),
        "credential": bool(extras and extras.credential),
        "credential-about": "The credential that this certificate shows, as JSON",
    }


def _language(tag: str) -> dict[str, str | None]:
    """Return a language (BCP 47) as Typst takes it: for what letters look like."""
    language, *others = tag.split("-")
    regions = [part.upper() for part in others if len(part) == 2 and part.isalpha()]
    # It knows of no scripts: a region stands for how Chinese is written.
    scripts = {"hant": "TW", "hans": "CN"}
    regions += [scripts[part.lower()] for part in others if part.lower() in scripts]
    return {"lang": language.lower(), "region": regions[0] if regions else None}


def row_picture(extras: Extras) -> str:
    """Return the name of the file that a certificate's picture is in."""
    assert extras.picture is not None
    kind = extras.picture.media_type.rpartition("/")[2]
    return f"{ROW_PICTURE}.{kind if kind in ('jpeg', 'png', 'webp') else 'png'}"


def in_reading_order(line: LaidLine) -> list[Run]:
    """Return the runs of a line as they are read; Typst finds where they stand."""
    runs = list(line.runs)
    if not any(run.is_rtl for run in runs):
        return runs
    if all(run.is_rtl for run in runs):
        return runs[::-1]
    return _spelling(line.text, runs) or runs


def _spelling(text: str, runs: list[Run]) -> list[Run] | None:
    """Return *runs* in the order in which they spell *text*."""
    if not runs:
        return [] if not text else None
    for number, run in enumerate(runs):
        if run.text and text.startswith(run.text):
            others = runs[:number] + runs[number + 1 :]
            rest = _spelling(text[len(run.text) :], others)
            if rest is not None:
                return [run, *rest]
    return None


def _is_rtl(laid: LaidText) -> bool:
    """Say whether a text runs from right to left."""
    directions = {run.is_rtl for line in laid.lines for run in line.runs}
    return directions.pop() if len(directions) == 1 else laid.is_rtl


def _held(run: Run) -> str:
    """Return a run's text, held in its direction if none of its letters has one."""
    kinds = {unicodedata.bidirectional(letter) for letter in run.text}
    if run.is_rtl and not kinds & _DIRECTED:
        return f"{RIGHT_TO_LEFT}{run.text}{RIGHT_TO_LEFT}"
    return run.text


def _qr(item: Qr, extras: Extras) -> dict[str, Any]:
    side = min(item.box.width, item.box.height)
    return {
        "kind": "qr",
        "x": item.box.x + (item.box.width - side) / 2,
        "y": item.box.y + (item.box.height - side) / 2,
        "side": side,
        "background": item.background,
        "svg": qr_svg(extras.url, item.colour),
        "alt": extras.qr_alt or f"QR code: {extras.url}",
    }


def qr_svg(url: str, colour: str = "#000000") -> str:
    """Return the QR code of *url* as SVG, with its quiet zone; nothing under it."""
    size, bars = qr.bars(url)
    path = "".join(f"M{x} {y}h{length}v1h-{length}z" for x, y, length in bars)
    edge, whole = -qr.QUIET, size + 2 * qr.QUIET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{edge} {edge} {whole} '
        f'{whole}"><path fill="{colour}" d="{path}"/></svg>'
    )
