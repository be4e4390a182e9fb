"""Certificate pictures for the samples: ornament from curves, drawn with Pillow."""

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFont

#: Everything is drawn this many times larger, then reduced: smooth edges.
FINE = 2

Point = tuple[float, float]
Canvas = ImageDraw.ImageDraw


@dataclass(frozen=True)
class Look:
    """One certificate's colours, ornament and words."""

    paper: str
    ink: str
    accent: str
    gold: str
    ornament: str
    institution: str
    title: str
    #: Two lines below the title: what for, and of what. The second may break.
    words: tuple[str, str]
    is_portrait: bool = False


def draw(look: Look, *, media: str = "PNG") -> bytes:
    """Return the picture of *look*, the same bytes each time, as *media*."""
    size = (1130, 1600) if look.is_portrait else (1600, 1130)
    width, height = (side * FINE for side in size)
    image = Image.new("RGB", (width, height), look.paper)
    canvas = ImageDraw.Draw(image)

    _wash(image, look)
    ORNAMENTS[look.ornament](canvas, look, width, height)
    _words(canvas, look, width, height)
    _seal(canvas, look, width / 2, height * (0.74 if look.is_portrait else 0.705))

    small = image.resize(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if media == "JPEG":
        small.save(out, "JPEG", quality=88, optimize=True)
    else:
        few = small.quantize(128, method=Image.Quantize.MEDIANCUT, dither=0)
        few.save(out, "PNG", optimize=True)
    return out.getvalue()


def mixed(first: str, second: str, share: float) -> str:
    """Return *first* with *share* (0 to 1) of *second* in it, as #rrggbb."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


# --- what every look shares ---------------------------------------------------


def _wash(image: Image.Image, look: Look) -> None:
    """Let the paper be a little lighter in the middle."""
    light = Image.radial_gradient("L").resize(image.size, Image.Resampling.BICUBIC)
    shade = Image.new("RGB", image.size, mixed(look.paper, look.accent, 0.08))
    image.paste(shade, mask=ImageChops.multiply(light, light))


def _rosette(
    canvas: Canvas, at: Point, radius: float, petals: int, colour: str, lines: int = 7
) -> None:
    """Draw a guilloche: one wavy ring, again and again, each turned a little."""
    for turn in range(lines):
        shift = 2 * math.pi * turn / lines
        points = []
        for step in range(721):
            angle = math.radians(step / 2)
            wave = 0.74 + 0.26 * math.cos(petals * angle + shift)
            points.append(
                (
                    at[0] + radius * wave * math.cos(angle),
                    at[1] + radius * wave * math.sin(angle),
                )
            )
        canvas.line(points, fill=colour, width=FINE, joint="curve")


def _seal(canvas: Canvas, look: Look, x: float, y: float) -> None:
    radius = 88 * FINE
    for side in (-1, 1):
        tail = [(12, 40), (62, 30), (98, 168), (66, 150), (40, 178)]
        canvas.polygon(
            [(x + side * a * FINE, y + b * FINE) for a, b in tail],
            fill=mixed(look.accent, look.ink, 0.25 if side < 0 else 0),
        )
    points = []
    for step in range(72):
        reach = radius * (1 if step % 2 else 0.93)
        angle = math.pi * step / 36
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    canvas.polygon(points, fill=look.gold)
    _ring(canvas, x, y, radius * 0.84, mixed(look.gold, look.ink, 0.45))
    _rosette(canvas, (x, y), radius * 0.8, 12, mixed(look.gold, look.ink, 0.35))
    canvas.ellipse(
        [x - radius * 0.4, y - radius * 0.4, x + radius * 0.4, y + radius * 0.4],
        fill=look.gold,
    )
    canvas.polygon(
        list(_star(x, y, radius * 0.3)), fill=mixed(look.gold, look.ink, 0.6)
    )


def _ring(canvas: Canvas, x: float, y: float, radius: float, colour: str) -> None:
    box = [x - radius, y - radius, x + radius, y + radius]
    canvas.ellipse(box, outline=colour, width=2 * FINE)


def _star(x: float, y: float, radius: float) -> Iterator[Point]:
    for step in range(10):
        reach = radius * (0.42 if step % 2 else 1)
        angle = math.pi * (step / 5 - 0.5)
        yield x + reach * math.cos(angle), y + reach * math.sin(angle)


def _words(canvas: Canvas, look: Look, width: int, height: int) -> None:
    middle = width / 2
    top = height * (0.15 if look.is_portrait else 0.165)
    faint = mixed(look.ink, look.paper, 0.3)
    _spaced(canvas, look.institution.upper(), middle, top, 25, 7, look.accent)
    _spaced(canvas, look.title.upper(), middle, top + 92 * FINE, 76, 13, look.ink)
    _flourish(canvas, middle, top + 172 * FINE, look.gold)
    line = top + (300 if look.is_portrait else 226) * FINE
    _spaced(canvas, look.words[0], middle, line, 30, 1, faint)
    for part in look.words[1].split("\n"):
        line += 74 * FINE
        _spaced(canvas, part, middle, line, 54, 1, look.accent)


def _spaced(
    canvas: Canvas,
    text: str,
    middle: float,
    y: float,
    size: int,
    gap: int,
    colour: str,
) -> None:
    """Write *text* centred on *middle*, its letters *gap* pixels further apart."""
    font = ImageFont.load_default(size * FINE)
    whole = canvas.textlength(text, font) + gap * FINE * (len(text) - 1)
    x = middle - whole / 2
    for at, letter in enumerate(text):
        canvas.text((x, y), letter, fill=colour, font=font, anchor="lm")
        pair = text[at : at + 2]
        kerned = canvas.textlength(pair, font) - canvas.textlength(pair[1:], font)
        x += kerned + gap * FINE


def _flourish(canvas: Canvas, x: float, y: float, colour: str) -> None:
    for side in (-1, 1):
        points = [
            (x + side * (26 + 210 * t) * FINE, y + 9 * FINE * math.sin(6 * t) * (1 - t))
            for t in (step / 60 for step in range(61))
        ]
        canvas.line(points, fill=colour, width=3 * FINE, joint="curve")
    half = 9 * FINE
    canvas.polygon([(x, y - half), (x + half, y), (x, y + half), (x - half, y)], colour)


# --- borders ------------------------------------------------------------------


def _frame(
    canvas: Canvas, look: Look, width: int, height: int, inset: int, line: int = 2
) -> None:
    edge = inset * FINE
    canvas.rectangle(
        [edge, edge, width - edge, height - edge],
        outline=look.accent,
        width=line * FINE,
    )


def _along(width: int, height: int, inset: float, steps: int) -> Iterator[Point]:
    """Walk around the sheet; give points and, through order, their direction."""
    w, h = width - 2 * inset, height - 2 * inset
    around = 2 * (w + h)
    for step in range(steps + 1):
        way = around * step / steps
        if way <= w:
            yield inset + way, inset
        elif way <= w + h:
            yield inset + w, inset + way - w
        elif way <= 2 * w + h:
            yield inset + 2 * w + h - way, inset + h
        else:
            yield inset, inset + max(0.0, around - way)


def _guilloche(canvas: Canvas, look: Look, width: int, height: int) -> None:
    """Interwoven waves between two frames."""
    centre, reach = 62 * FINE, 24 * FINE
    for strand in range(6):
        shift = math.pi * strand / 3
        colour = mixed(look.accent, look.gold, strand / 6)
        for start, end, is_level in (
            ((centre, centre), (width - centre, centre), True),
            ((centre, height - centre), (width - centre, height - centre), True),
            ((centre, centre), (centre, height - centre), False),
            ((width - centre, centre), (width - centre, height - centre), False),
        ):
            length = (end[0] - start[0]) if is_level else (end[1] - start[1])
            waves = max(1, round(length / (74 * FINE)))
            points = []
            for step in range(waves * 24 + 1):
                t = step / (waves * 24)
                off = reach * math.sin(2 * math.pi * waves * t + shift)
                along = length * t
                points.append(
                    (start[0] + along, start[1] + off)
                    if is_level
                    else (start[0] + off, start[1] + along)
                )
            canvas.line(points, fill=colour, width=FINE, joint="curve")
    for x in (centre, width - centre):
        for y in (centre, height - centre):
            size = 40 * FINE
            canvas.rectangle([x - size, y - size, x + size, y + size], look.paper)
            _rosette(canvas, (x, y), 38 * FINE, 8, look.accent)
    _frame(canvas, look, width, height, 22)
    _frame(canvas, look, width, height, 104)


def _deco(canvas: Canvas, look: Look, width: int, height: int) -> None:
    """Fans in the corners."""
    _frame(canvas, look, width, height, 34, 5)
    _frame(canvas, look, width, height, 50)
    for x, turn in ((50 * FINE, 0), (width - 50 * FINE, 90)):
        for y, flip in ((50 * FINE, 0), (height - 50 * FINE, 1)):
            start = {(0, 0): 0, (90, 0): 90, (90, 1): 180, (0, 1): 270}[turn, flip]
            for ring in range(7, 0, -1):
                r = ring * 30 * FINE
                shade = look.gold if ring % 2 else mixed(look.accent, look.paper, 0.15)
                box = [x - r, y - r, x + r, y + r]
                canvas.pieslice(box, start, start + 90, fill=shade)
                canvas.arc(box, start, start + 90, fill=look.paper, width=3 * FINE)


def _ribbons(canvas: Canvas, look: Look, width: int, height: int) -> None:
    """Diagonal bands across two corners."""
    for band, share in ((330, 0), (300, 0.35), (262, 1), (250, 0.6), (190, 0.15)):
        reach = band * FINE
        colour = look.gold if share == 1 else mixed(look.accent, look.paper, share)
        canvas.polygon([(0, 0), (reach * 1.5, 0), (0, reach)], fill=colour)
        canvas.polygon(
            [(width, height), (width - reach * 1.5, height), (width, height - reach)],
            fill=colour,
        )
    _frame(canvas, look, width, height, 40)


def _contours(canvas: Canvas, look: Look, width: int, height: int) -> None:
    """Lines as of a map, fading to the middle."""
    for hill, (cx, cy) in enumerate(((0, height), (width, 0))):
        for ring in range(26):
            base = (60 + 21 * ring) * FINE
            points = []
            for step in range(361):
                angle = math.radians(step)
                wobble = (
                    1
                    + 0.1 * math.sin(3 * angle + ring / 7 + hill)
                    + 0.05 * math.sin(7 * angle - ring / 5)
                )
                points.append(
                    (
                        cx + base * 1.25 * wobble * math.cos(angle),
                        cy + base * wobble * math.sin(angle),
                    )
                )
            colour = mixed(look.accent, look.paper, min(0.94, 0.3 + ring / 38))
            canvas.line(points, fill=colour, width=2 * FINE, joint="curve")
    _frame(canvas, look, width, height, 36, 3)


def _laurel(canvas: Canvas, look: Look, width: int, height: int) -> None:
    """Leaves along a frame."""
    _frame(canvas, look, width, height, 58, 2)
    inset = 58 * FINE
    steps = 2 * (width + height - 4 * inset) // (46 * FINE)
    walk = list(_along(width, height, inset, steps))
    for here, ahead in pairwise(walk):
        heading = math.atan2(ahead[1] - here[1], ahead[0] - here[0])
        for side in (-1, 1):
            colour = look.accent if side < 0 else mixed(look.accent, look.gold, 0.55)
            canvas.polygon(
                list(_leaf(here, heading + side * 0.75, 33 * FINE)), fill=colour
            )
    _frame(canvas, look, width, height, 20, 1)


def _leaf(at: Point, heading: float, length: float) -> Iterator[Point]:
    for step in range(24):
        t = step / 12
        along = length * (t if t <= 1 else 2 - t)
        swell = 0.2 * length * math.sin(math.pi * along / length)
        off = swell if t <= 1 else -swell
        yield (
            at[0] + along * math.cos(heading) - off * math.sin(heading),
            at[1] + along * math.sin(heading) + off * math.cos(heading),
        )


def _tiles(canvas: Canvas, look: Look, width: int, height: int) -> None:
    """A band of eight-pointed stars."""
    across = 18 if width > height else 12
    pitch = (width - 72 * FINE) / across
    down = round((height - 72 * FINE) / pitch)
    fall = (height - 72 * FINE) / down
    for row in range(down):
        for column in range(across):
            if 0 < row < down - 1 and 0 < column < across - 1:
                continue
            x = 36 * FINE + pitch * (column + 0.5)
            y = 36 * FINE + fall * (row + 0.5)
            half = min(pitch, fall) * 0.47
            colour = look.accent if (row + column) % 2 else look.gold
            inner = half * 0.72
            canvas.rectangle([x - inner, y - inner, x + inner, y + inner], colour)
            canvas.polygon(
                [(x, y - half), (x + half, y), (x, y + half), (x - half, y)], colour
            )
            r = half * 0.34
            canvas.ellipse([x - r, y - r, x + r, y + r], fill=look.paper)
    _frame(canvas, look, width, height, 24, 3)
    _frame(canvas, look, width, height, round(pitch / FINE) + 48, 2)


ORNAMENTS: dict[str, Callable[[Canvas, Look, int, int], None]] = {
    "guilloche": _guilloche,
    "deco": _deco,
    "ribbons": _ribbons,
    "contours": _contours,
    "laurel": _laurel,
    "tiles": _tiles,
}
