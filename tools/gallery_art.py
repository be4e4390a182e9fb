"""
Draw the backgrounds of the built-in templates: `python tools/gallery_art.py`.

Everything is mathematics and a few curves of our own, in millimetres. Run again it
writes the same bytes. Nothing in them is text, so that a screen reader meets none.
"""

import math
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

GALLERY = Path(__file__).parents[1] / "src/testamur/rendering/gallery"

Point = tuple[float, float]


def n(value: float) -> str:
    """Spell a number shortly: two decimals, no zeros that say nothing."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def p(*values: float) -> str:
    """Spell numbers as path data."""
    return " ".join(map(n, values)).replace(" -", "-")


def svg(width: float, height: float, *parts: str) -> str:
    """Put the parts on a page."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{n(width)}mm" '
        f'height="{n(height)}mm" viewBox="0 0 {n(width)} {n(height)}">'
        + "".join(parts)
        + "</svg>\n"
    )


def path(data: str, **looks: object) -> str:
    """Draw a path; underscores in names are hyphens."""
    return f'<path d="{data}"{attributes(looks)}/>'


def rect(x: float, y: float, w: float, h: float, **looks: object) -> str:
    """Draw a rectangle."""
    return (
        f'<rect x="{n(x)}" y="{n(y)}" width="{n(w)}" height="{n(h)}"'
        f"{attributes(looks)}/>"
    )


def circle(x: float, y: float, r: float, **looks: object) -> str:
    """Draw a circle."""
    return f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(r)}"{attributes(looks)}/>'


def group(*parts: str, **looks: object) -> str:
    """Draw the parts with the same looks."""
    return f"<g{attributes(looks)}>" + "".join(parts) + "</g>"


def attributes(looks: dict[str, object]) -> str:
    """Spell attributes."""
    return "".join(
        f' {name.replace("_", "-")}="{n(value) if isinstance(value, float) else value}"'
        for name, value in looks.items()
    )


def again(part: str, *transforms: str) -> str:
    """Draw the part once under each transform, and spell it once."""
    name = f"i{zlib.crc32(part.encode()):x}"
    return f'<defs><g id="{name}">{part}</g></defs>' + "".join(
        f'<use href="#{name}" transform="{transform}"/>' for transform in transforms
    )


def line(stroke: str, width: float) -> dict[str, object]:
    """Give the looks of what is only stroked."""
    return {"fill": "none", "stroke": stroke, "stroke_width": f"{width:g}"}


def closed(points: list[Point]) -> str:
    """Draw a smooth closed curve through the points (Catmull-Rom as cubics)."""
    count = len(points)
    data = "M" + p(*points[0])
    for i in range(count):
        (ax, ay), (bx, by), (cx, cy), (dx, dy) = (
            points[(i + k) % count] for k in (-1, 0, 1, 2)
        )
        data += "c" + p(
            (cx - ax) / 6,
            (cy - ay) / 6,
            cx - bx - (dx - bx) / 6,
            cy - by - (dy - by) / 6,
            cx - bx,
            cy - by,
        )
    return data + "z"


def polar(
    radius: Callable[[float], float], count: int, x: float = 0, y: float = 0
) -> str:
    """Draw a smooth closed curve by its radius at each angle."""
    angles = [2 * math.pi * i / count for i in range(count)]
    return closed(
        [(x + radius(a) * math.cos(a), y + radius(a) * math.sin(a)) for a in angles]
    )


def wave(length: float, halves: int, height: float) -> str:
    """Draw a sine of so many half waves along x, from (0, 0)."""
    step = length / halves
    reach, peak = step * 4 / (3 * math.pi), height * 4 / 3
    data = f"M0 0c{p(reach, -peak, step - reach, -peak, step, 0)}"
    sign = 1
    for _ in range(halves - 1):
        data += f"s{p(step - reach, sign * peak, step, 0)}"
        sign = -sign
    return data


def braid(
    length: float, halves: int, height: float, strands: int, **looks: object
) -> str:
    """Draw sines of the same nodes and falling heights: a chain of lenses."""
    heights = [height * math.cos(math.pi * k / strands) for k in range(strands)]
    return group(*(path(wave(length, halves, h)) for h in heights), **looks)


def rosette(
    x: float,
    y: float,
    outer: float,
    inner: float,
    lobes: int,
    turns: int,
    **looks: object,
) -> str:
    """Draw a flower of *turns* equal curves, each with so many lobes."""
    middle, swing = (outer + inner) / 2, (outer - inner) / 2
    curve = polar(lambda a: middle + swing * math.cos(lobes * a), lobes * 6)
    step = 360 / lobes / turns
    return group(
        again(path(curve), *(f"rotate({step * k:.3f})" for k in range(turns))),
        transform=f"translate({n(x)} {n(y)})",
        **looks,
    )


def frame(
    x: float,
    y: float,
    w: float,
    h: float,
    halves: tuple[int, int],
    height: float,
    strands: int,
    **looks: object,
) -> str:
    """Draw a braid along each side of a rectangle."""
    return group(
        again(
            braid(w, halves[0], height, strands),
            f"translate({n(x)} {n(y)})",
            f"translate({n(x)} {n(y + h)})",
        ),
        again(
            braid(h, halves[1], height, strands),
            f"translate({n(x)} {n(y)})rotate(90)",
            f"translate({n(x + w)} {n(y)})rotate(90)",
        ),
        **looks,
    )


def gradient(name: str, stops: Iterable[tuple[int, str]], angle: float = 45) -> str:
    """Define a linear gradient."""
    return (
        f'<linearGradient id="{name}" gradientTransform="rotate({angle:g} .5 .5)">'
        + "".join(
            f'<stop offset="{at}%" stop-color="{colour}"/>' for at, colour in stops
        )
        + "</linearGradient>"
    )


GOLD = (
    (0, "#f4e2a6"),
    (28, "#c9a048"),
    (50, "#f1dc9a"),
    (74, "#b88a34"),
    (100, "#e3c676"),
)

LEAF = "M0 0C.9-1.5 3.2-2.1 5.4-1C4.1.7 1.6 1.2 0 0z"


def laurel(x: float, y: float, radius: float, size: float, **looks: object) -> str:
    """Draw two branches that meet below and nearly meet above."""
    branch = path(
        f"M0 {n(radius)}A{n(radius)} {n(radius)} 0 0 0 {n(radius * 0.5)} {n(-radius * 0.866)}",
        fill="none",
        stroke="currentColor",
        stroke_width=f"{size * 0.14:.2f}",
    )
    for k in range(11):
        angle = math.radians(80 - k * 13.2)
        px, py = radius * math.cos(angle), radius * math.sin(angle)
        along = math.degrees(angle) - 90
        scale = size / 5 * (1.12 - 0.035 * k)
        for side in (-38, 38):
            flip = 1 if side > 0 else -1
            branch += path(
                LEAF,
                transform=f"translate({p(px, py)})rotate({n(along + side)})"
                f"scale({n(scale)} {n(scale * flip)})",
            )
    branch = group(branch)
    return group(
        branch,
        group(branch, transform="scale(-1 1)"),
        transform=f"translate({n(x)} {n(y)})",
        **looks,
    )


def star(x: float, y: float, outer: float, inner: float, points: int = 5) -> str:
    """Give the path of a star that stands on two feet."""
    corners = []
    for k in range(points * 2):
        radius = inner if k % 2 else outer
        angle = math.pi * k / points - math.pi / 2
        corners.append(p(x + radius * math.cos(angle), y + radius * math.sin(angle)))
    return "M" + "L".join(corners) + "z"


def scallop(x: float, y: float, radius: float, depth: float, lobes: int) -> str:
    """Give the path of a disc whose edge is cut in waves."""
    return polar(lambda a: radius + depth * math.cos(lobes * a), lobes * 4, x, y)


def seal(
    x: float, y: float, r: float, dark: str, ribbon: tuple[str, str] | None
) -> str:
    """Draw a seal of gold, with two tails of ribbon behind it."""
    parts = []
    if ribbon:
        tail = f"M0 0L{p(-r * 0.34, r * 1.72)}L{p(0, r * 1.52)}L{p(r * 0.34, r * 1.72)}L{p(r * 0.5, 0)}z"
        parts += [
            path(
                tail,
                fill=ribbon[0],
                transform=f"translate({p(x - r * 0.22, y)})rotate(17)",
            ),
            path(
                tail,
                fill=ribbon[1],
                transform=f"translate({p(x - r * 0.18, y)})rotate(-15)",
            ),
        ]
    parts += [
        path(
            scallop(x, y, r, r * 0.035, 36),
            fill="url(#gold)",
            stroke=dark,
            stroke_width="0.15",
        ),
        circle(
            x,
            y,
            r * 0.86,
            fill="none",
            stroke=dark,
            stroke_width="0.22",
            opacity="0.75",
        ),
        circle(
            x,
            y,
            r * 0.82,
            fill="none",
            stroke="#fff6d8",
            stroke_width="0.22",
            opacity="0.8",
        ),
        rosette(x, y, r * 0.8, r * 0.56, 24, 5, **line(dark, 0.09), opacity="0.8"),
        circle(x, y, r * 0.54, fill="url(#gold)", stroke=dark, stroke_width="0.2"),
        laurel(
            x, y + r * 0.01, r * 0.36, r * 0.155, fill=dark, color=dark, opacity="0.9"
        ),
        path(star(x, y, r * 0.2, r * 0.082), fill=dark, opacity="0.9"),
    ]
    return "".join(parts)


def classic_diploma() -> str:
    """Draw an engraved frame, a watermark and a seal: A4, landscape."""
    navy, gold, paper = "#1d3a5c", "#a8843c", "#fdfaf1"
    w, h, inset = 297.0, 210.0, 14.0
    corners = [
        (inset, inset),
        (w - inset, inset),
        (inset, h - inset),
        (w - inset, h - inset),
    ]
    return svg(
        w,
        h,
        "<defs>", gradient("gold", GOLD), "</defs>",
        rect(0, 0, w, h, fill=paper),
        rosette(w / 2, 104, 62, 12, 30, 3, **line("#efe6cf", 0.22)),
        rosette(w / 2, 104, 70, 60, 60, 3, **line("#efe6cf", 0.2)),
        rect(7, 7, w - 14, h - 14, **line(navy, 0.9)),
        rect(8.4, 8.4, w - 16.8, h - 16.8, **line(gold, 0.25)),
        frame(inset, inset, w - 28, h - 28, (54, 36), 4.3, 9, **line(navy, 0.16)),
        frame(inset, inset, w - 28, h - 28, (81, 54), 2.5, 5, **line(gold, 0.14)),
        rect(19.6, 19.6, w - 39.2, h - 39.2, **line(gold, 0.25)),
        rect(20.8, 20.8, w - 41.6, h - 41.6, **line(navy, 0.45)),
        again(
            circle(0, 0, 8.6, fill=paper, stroke=navy, stroke_width="0.5")
            + rosette(0, 0, 8.1, 3.2, 16, 5, **line(navy, 0.14))
            + rosette(0, 0, 4.0, 1.0, 10, 3, **line(gold, 0.16))
            + circle(0, 0, 1.1, fill="url(#gold)", stroke=navy, stroke_width="0.2"),
            *(f"translate({n(x)} {n(y)})" for x, y in corners),
        ),
        seal(w / 2, 156, 14.5, "#6f4f12", ("#1d3a5c", "#284d78")),
    )  # fmt: skip


def book(x: float, y: float, s: float, **looks: object) -> str:
    """Draw an open book, *s* wide on each side."""
    page = (
        f"M0 {n(-s * 0.5)}C{p(-s * 0.3, -s * 0.78, -s * 0.75, -s * 0.72, -s, -s * 0.58)}"
        f"V{n(s * 0.34)}C{p(-s * 0.75, s * 0.2, -s * 0.3, s * 0.16, 0, s * 0.42)}z"
    )
    lines = "".join(
        path(
            f"M{p(-s * 0.84, -s * 0.4 + k * s * 0.17)}"
            f"C{p(-s * 0.6, -s * 0.5 + k * s * 0.17, -s * 0.34, -s * 0.48 + k * s * 0.17, -s * 0.14, -s * 0.32 + k * s * 0.17)}",
            fill="none",
            stroke="#fff",
            stroke_width=f"{s * 0.05:.2f}",
        )
        for k in range(4)
    )
    half = path(page) + lines
    return group(
        half,
        group(half, transform="scale(-1 1)"),
        transform=f"translate({n(x)} {n(y)})",
        **looks,
    )


def university_degree() -> str:
    """Draw a fine frame in oxblood, an emblem above: A4, portrait."""
    red, gold, paper = "#6b1f2a", "#b08d4a", "#fffdf8"
    w, h = 210.0, 297.0
    ear = "M0 9A9 9 0 0 0 9 0"
    ears = "".join(
        group(
            path(ear) + path("M0 11.2A11.2 11.2 0 0 0 11.2 0", stroke_width="0.22")
            + circle(4.1, 4.1, 0.9, fill=gold, stroke="none"),
            transform=f"translate({x} {y})scale({sx} {sy})",
        )
        for x, y, sx, sy in ((12, 12, 1, 1), (198, 12, -1, 1), (12, 285, 1, -1), (198, 285, -1, -1))
    )  # fmt: skip
    # The frame turns inward around the quarter circles.
    cut = "M21 12H189A9 9 0 0 0 198 21V276A9 9 0 0 0 189 285H21A9 9 0 0 0 12 276V21A9 9 0 0 0 21 12z"
    inner = (
        "M24.4 14.4H185.6A10.6 10.6 0 0 0 195.6 24.4V272.6A10.6 10.6 0 0 0 185.6 282.6"
        "H24.4A10.6 10.6 0 0 0 14.4 272.6V24.4A10.6 10.6 0 0 0 24.4 14.4z"
    )
    rule = path("M0 0H38", **line(gold, 0.25)) + path(
        "M-4 0L-2-1.1L0 0L-2 1.1z", fill=gold
    )
    return svg(
        w,
        h,
        rect(0, 0, w, h, fill=paper),
        rosette(w / 2, 158, 66, 30, 36, 3, **line("#f3ead9", 0.2)),
        rosette(w / 2, 158, 34, 8, 24, 3, **line("#f3ead9", 0.2)),
        rect(8, 8, 194, 281, **line(red, 0.3)),
        path(cut, **line(red, 1.1)),
        path(inner, **line(gold, 0.3)),
        group(ears, **line(gold, 0.4)),
        laurel(w / 2, 45, 14.5, 5.0, fill=gold, color=gold),
        book(w / 2, 45.6, 7.6, fill=red),
        path(star(w / 2, 35.6, 1.9, 0.8), fill=red),
        group(rule, transform="translate(111 82)"),
        group(rule, transform="translate(99 82)scale(-1 1)"),
        path("M105 80.2L107.2 82L105 83.8L102.8 82z", fill=red),
        seal(w / 2, 243, 13.5, "#6f4f12", ("#6b1f2a", "#84303c")),
        "<defs>", gradient("gold", GOLD), "</defs>",
    )  # fmt: skip


def modern_training() -> str:
    """Draw a panel of deep indigo with arcs, all else white: A4, landscape."""
    w, h = 297.0, 210.0
    arcs = "".join(
        circle(0, 210, r, fill="none", stroke=c, stroke_width=f"{s}", opacity=o)
        for r, c, s, o in (
            (30, "#22d3a6", 10, "1"),
            (46, "#4f6df5", 8, "0.9"),
            (61, "#3b49c4", 8, "0.75"),
            (77, "#323da3", 9, "0.6"),
            (97, "#2c3590", 12, "0.5"),
        )
    )
    dots = "".join(
        circle(57 + 5.2 * i, 62 + 5.2 * j, 0.62) for i in range(4) for j in range(5)
    )
    return svg(
        w,
        h,
        "<defs>",
        gradient("panel", ((0, "#232a72"), (100, "#191d4f")), 90),
        '<clipPath id="p"><path d="M0 0H84V210H0z"/></clipPath></defs>',
        rect(0, 0, w, h, fill="#fff"),
        rect(0, 0, 84, h, fill="url(#panel)"),
        group(arcs, clip_path="url(#p)"),
        group(dots, fill="#5b6ae0", opacity="0.7"),
        rect(84, 0, 2.4, h, fill="#22d3a6"),
        rect(104, 44.5, 22, 1.6, fill="#22d3a6", rx="0.8"),
    )


def bold_event() -> str:
    """Draw quarter circles in bright colours on night blue: A4, landscape."""
    w, h = 297.0, 210.0
    night, coral, sun, teal, sky, violet = (
        "#14123a", "#ff5d5d", "#ffc83d", "#19c8b4", "#4aa8ff", "#8a5cff",
    )  # fmt: skip
    s = 52.5

    def tile(i: int, j: int, turn: int, ground: str, *rings: tuple[float, str]) -> str:
        return group(
            rect(0, 0, s + 0.3, s + 0.3, fill=ground),
            group(
                *(
                    path(f"M0 0H{n(s * r)}A{n(s * r)} {n(s * r)} 0 0 1 0 {n(s * r)}z", fill=c)
                    for r, c in rings
                ),
                transform=f"rotate({turn} {s / 2} {s / 2})",
            ),
            transform=f"translate({n(w - s * (2 - i))} {n(s * j)})",
        )  # fmt: skip

    return svg(
        w,
        h,
        rect(0, 0, w, h, fill=night),
        tile(0, 0, 0, coral, (1, sun), (0.62, coral), (0.3, night)),
        tile(1, 0, 90, violet, (1, sky), (0.5, night)),
        tile(0, 1, 180, night, (1, teal), (0.66, night), (0.36, sun)),
        tile(1, 1, 270, sun, (1, coral), (0.5, sun)),
        tile(0, 2, 270, sky, (1, night), (0.62, violet), (0.3, "#fff")),
        tile(1, 2, 0, teal, (1, night), (0.64, teal), (0.3, coral)),
        tile(0, 3, 90, violet, (1, coral), (0.5, violet)),
        rect(w - s, 3 * s, s, s, fill="#fff"),
        rect(20, 21, 15, 3.2, fill=coral),
        rect(35, 21, 15, 3.2, fill=sun),
        rect(50, 21, 15, 3.2, fill=teal),
        rect(65, 21, 15, 3.2, fill=sky),
    )


def compliance_record() -> str:
    """Draw a header bar and the grid of a form: A4, portrait."""
    w, h, slate, hair = 210.0, 297.0, "#22384a", "#b9c4cc"
    grid = "".join(
        path(f"M20 {n(y)}H190", **line(hair, 0.2)) for y in (152, 168, 184, 200)
    )
    check = path(
        "M-4.2 .3L-1.3 3.2L4.4-3.4",
        fill="none", stroke="#fff", stroke_width="1.5",
        stroke_linecap="round", stroke_linejoin="round",
        transform="translate(181.5 22)",
    )  # fmt: skip
    shield = path(
        "M0-9.6C3-7.6 6-6.8 8.4-6.8V.4C8.4 5.4 4.6 8.6 0 10.4C-4.6 8.6-8.4 5.4-8.4 .4V-6.8C-6-6.8-3-7.6 0-9.6z",
        transform="translate(181.5 21.6)",
        fill="#2f8f6b",
    )
    return svg(
        w,
        h,
        rect(0, 0, w, h, fill="#fff"),
        rect(0, 0, w, 42, fill=slate),
        rect(0, 42, w, 1.6, fill="#2f8f6b"),
        shield,
        check,
        rect(20, 136, 170, 64, fill="#f5f8f9"),
        path("M20 136H190", **line(slate, 0.5)),
        grid,
        path("M105 136V200", **line(hair, 0.2)),
        path("M20 200H190", **line(slate, 0.5)),
        path("M20 279H190", **line(hair, 0.2)),
    )


def sprig(count: int, length: float) -> str:
    """Draw a stem with leaves in pairs and buds, growing along x from (0, 0)."""
    bend = length * 0.12
    parts = [
        path(
            f"M0 0C{p(length * 0.3, -bend, length * 0.7, -bend, length, bend * 0.6)}",
            fill="none",
            stroke="currentColor",
            stroke_width="0.35",
        )
    ]
    for k in range(count):
        t = (k + 0.6) / count
        x = length * (3 * t * (1 - t) ** 2 * 0.3 + 3 * t * t * (1 - t) * 0.7 + t**3)
        y = (
            -3 * bend * t * (1 - t) ** 2
            - 3 * bend * t * t * (1 - t)
            + bend * 0.6 * t**3
        )
        tilt = -22 + 44 * t
        scale = 1.5 - 0.75 * t
        for side in (1, -1):
            parts.append(
                path(
                    LEAF,
                    transform=f"translate({p(x, y)})rotate({n(tilt - side * 48)})"
                    f"scale({n(scale)} {n(scale * side)})",
                )
            )
    parts.append(
        path(LEAF, transform=f"translate({p(length, bend * 0.6)})rotate(22)scale(.8)")
    )
    return "".join(parts)


def script_award() -> str:
    """Draw sprigs in two corners on blush paper, an oval line: A4, landscape."""
    w, h, sage, rose, gold = 297.0, 210.0, "#8fa58c", "#d9a79c", "#b58b4c"
    bunch = "".join(
        group(
            sprig(leaves, length),
            transform=f"rotate({angle})",
            fill=colour,
            color=colour,
            opacity=opacity,
        )
        for angle, leaves, length, colour, opacity in (
            (4, 9, 92, sage, "0.95"),
            (86, 7, 70, sage, "0.95"),
            (24, 7, 62, rose, "0.85"),
            (66, 6, 50, rose, "0.85"),
            (45, 6, 46, gold, "0.9"),
            (14, 6, 40, "#b9c7b5", "0.9"),
            (76, 5, 34, "#b9c7b5", "0.9"),
        )
    )
    flower = "".join(
        path(
            "M0 0C2.2-2.4 5.2-1.8 5.4 0C5.2 1.8 2.2 2.4 0 0z",
            transform=f"rotate({72 * k})",
        )
        for k in range(5)
    )
    blooms = "".join(
        group(
            group(flower, fill=colour, opacity="0.95"),
            circle(0, 0, 1.1, fill=gold),
            transform=f"translate({x} {y})rotate({turn})scale({size})",
        )
        for x, y, turn, size, colour in (
            (9, 8, 10, 1.5, "#e5bdb3"),
            (24, 10, 40, 1.0, rose),
            (11, 23, 70, 1.05, "#eccfc7"),
        )
    )
    corner = group(bunch, blooms)
    return svg(
        w,
        h,
        rect(0, 0, w, h, fill="#fffaf5"),
        rect(11, 11, w - 22, h - 22, **line(gold, 0.35), rx="3"),
        rect(12.6, 12.6, w - 25.2, h - 25.2, **line(gold, 0.15), rx="2.2"),
        group(corner, transform="translate(6 6)"),
        group(corner, transform=f"translate({w - 6} {h - 6})rotate(180)"),
    )


def minimal() -> str:
    """Draw next to nothing, at its place: A4, landscape."""
    return svg(
        297,
        210,
        rect(0, 0, 297, 210, fill="#fff"),
        rect(24, 24, 9, 9, fill="#e4572e"),
        circle(42.5, 28.5, 4.5, fill="#111"),
        path("M52 33L57 24L62 33z", fill="#111"),
        path("M24 159H273", **line("#111", 0.35)),
    )


def professional_licence() -> str:
    """Draw fine security lines, a place for a photograph: A4, portrait."""
    w, h, teal, deep, ink = 210.0, 297.0, "#cfe3e1", "#0f4c4a", "#0f4c4a"
    lines = "".join(
        path(wave(210, 6, 5.0 + 2.2 * math.sin(k / 3)), transform=f"translate(0 {n(72 + k * 2.9)})")
        for k in range(62)
    )  # fmt: skip
    return svg(
        w,
        h,
        "<defs>", gradient("gold", GOLD, 0),
        '<clipPath id="c"><path d="M0 66H210V262H0z"/></clipPath></defs>',
        rect(0, 0, w, h, fill="#fbfdfc"),
        group(lines, **line("#e3efed", 0.22), clip_path="url(#c)"),
        rosette(105, 164, 58, 22, 40, 3, **line("#d9e9e7", 0.18)),
        rect(0, 0, w, 62, fill=deep),
        group(
            rosette(184, 31, 44, 14, 36, 4, **line("#2d6f6c", 0.2)),
            clip_path="url(#h)",
        ),
        '<clipPath id="h"><path d="M0 0H210V62H0z"/></clipPath>',
        rect(0, 62, w, 1.8, fill="url(#gold)"),
        rect(0, 264, w, 33, fill="#f0f6f5"),
        path("M0 264H210", **line(teal, 0.4)),
        rect(22, 80, 42, 52, fill="#fff", stroke=ink, stroke_width="0.35"),
        circle(43, 100, 8.2, fill="#dbe8e6"),
        '<clipPath id="f"><path d="M23.2 81.2H62.8V130.8H23.2z"/></clipPath>',
        group(
            path("M27 131C27 117 34 111.5 43 111.5S59 117 59 131z", fill="#dbe8e6"),
            clip_path="url(#f)",
        ),
    )  # fmt: skip


def gold_honors() -> str:
    """Draw fans and chevrons in gold on black: US letter, landscape."""
    w, h, gold = 279.4, 215.9, "#d6b25e"
    quarter = "".join(
        path(
            f"M{p(10 + 26 * math.cos(t), 10 + 26 * math.sin(t))}L{p(10 + 6 * math.cos(t), 10 + 6 * math.sin(t))}"
        )
        for t in (math.pi / 2 * k / 9 for k in range(10))
    )
    quarter += "".join(
        path(f"M{n(10 + r)} 10A{r} {r} 0 0 1 10 {n(10 + r)}") for r in (6, 16, 26, 28)
    )
    corners = "".join(
        group(quarter, transform=f"translate({x} {y})scale({sx} {sy})")
        for x, y, sx, sy in ((0, 0, 1, 1), (w, 0, -1, 1), (0, h, 1, -1), (w, h, -1, -1))
    )
    chevrons = "".join(
        path(
            f"M{n(w / 2 - 26 + k * 4)} 10L{n(w / 2)} {n(23 - k * 2)}L{n(w / 2 + 26 - k * 4)} 10"
        )
        for k in range(5)
    )
    return svg(
        w,
        h,
        rect(0, 0, w, h, fill="#12151c"),
        rect(6, 6, w - 12, h - 12, **line(gold, 0.9)),
        rect(10, 10, w - 20, h - 20, **line(gold, 0.3)),
        group(corners, **line(gold, 0.3)),
        group(chevrons, **line(gold, 0.35)),
        group(chevrons, **line(gold, 0.35), transform=f"translate(0 {n(h)})scale(1 -1)"),
        path(star(w / 2, 33.5, 3.6, 1.4, 8), fill=gold),
        path(f"M{n(w / 2 - 60)} 33.5H{n(w / 2 - 8)}M{n(w / 2 + 8)} 33.5H{n(w / 2 + 60)}", **line(gold, 0.3)),
    )  # fmt: skip


def membership_card() -> str:
    """Draw two fields of colour meeting in a wave: A5, landscape."""
    w, h = 210.0, 148.0
    sweep = "M0 0H210V36C170 50 130 24 86 34S22 58 0 46z"
    second = "M0 46C22 58 42 44 86 34S170 50 210 36V41C170 56 130 30 88 40S22 64 0 53z"
    return svg(
        w,
        h,
        "<defs>",
        gradient("top", ((0, "#5b2a86"), (55, "#7a3aa6"), (100, "#c2528b")), 0),
        "</defs>",
        rect(0, 0, w, h, fill="#fff"),
        path(sweep, fill="url(#top)"),
        path(second, fill="#f3b562"),
        group(
            *(circle(196, 6, r) for r in (12, 19, 26, 33)),
            **line("#fff", 0.5),
            opacity="0.28",
        ),
        rect(0, h - 3, w, 3, fill="#5b2a86"),
    )


ART = {
    "classic-diploma": classic_diploma,
    "university-degree": university_degree,
    "modern-training": modern_training,
    "bold-event": bold_event,
    "compliance-record": compliance_record,
    "script-award": script_award,
    "minimal": minimal,
    "professional-licence": professional_licence,
    "gold-honors": gold_honors,
    "membership": membership_card,
}


def main() -> None:
    """Write every background."""
    for name, draw in ART.items():
        folder = GALLERY / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "background.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
