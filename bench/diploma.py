"""
The certificate that every engine of `rendering` draws.

A4 landscape: border art (engraved waves, 150 KB of SVG), a logo, a title, name,
course, date, number and QR code. As a package of ours, as HTML, and as Typst.
"""

import base64
import io
import math
import random
import string
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

import fontpkg_noto_serif
import zxingcpp
from PIL import Image, ImageDraw

from testamur.rendering.package.package import pack

#: A4 landscape, in points and millimetres.
WIDTH, HEIGHT = 841.89, 595.28
FONT = Path(fontpkg_noto_serif.__file__).parent / "files" / "NotoSerif[wdth,wght].ttf"

_FIRST = "Ana Bruno Carla Diego Elena Håkon Inês João Łukasz María Ngọc Óscar Søren Zoë"
_LAST = "Andrade Björk Ćosić García Kowalski Lindström Müller Nguyễn O’Connor Yılmaz"
DID = "has successfully completed the course"
COURSE = "Advanced Data Protection & Privacy Engineering"


class Person(NamedTuple):
    """Whom a certificate is for, and what differs on it."""

    name: str
    reference: str
    hours: str
    url: str


def people(count: int) -> list[Person]:
    """Return *count* people, the same every time."""
    dice = random.Random(7)
    first, last = _FIRST.split(), _LAST.split()
    return [
        Person(
            f"{dice.choice(first)} {dice.choice(string.ascii_uppercase)}. "
            f"{dice.choice(last)} {dice.choice(last)}",
            f"{dice.randrange(10**8):08d}",
            str(dice.randint(8, 80)),
            f"https://certificates.example.org/c/{dice.randrange(10**16):016d}",
        )
        for _ in range(count)
    ]


def package() -> bytes:
    """Return it as a package that can be uploaded."""
    name = {"size": 40, "minSize": 12}
    course = {"size": 24, "minSize": 12, "weight": 700}
    title = {"size": 30, "weight": 700, "colour": "#1f4e79", "tracking": 2}
    done = "with a workload of {{attribute_hours}} hours, on {{issuedAt|long}}."
    rule = {"type": "line", "from": [58.5, 92], "to": [238.5, 92]}
    return pack(
        {
            "testamur": 1,
            "name": "Bench",
            "language": "en",
            "page": {"size": "A4", "orientation": "landscape"},
            "background": "border.svg",
            "items": [
                {"type": "image", "box": [40, 26, 26, 26], "asset": "logo.png"},
                _text([68, 30, 161, 12], "CERTIFICATE", title),
                _text([40, 45, 217, 8], "This is to certify that", {"size": 14}),
                _text([38.5, 66, 220, 20], "{{recipientName}}", name),
                rule | {"width": 0.6, "colour": "#8a6d1f"},
                _text([40, 97, 217, 8], DID, {"size": 13}),
                _text([38.5, 108, 220, 14], "{{name}}", course),
                _text([40, 128, 217, 8], done, {"size": 13}),
                _text([40, 176, 70, 6], "Prof. A. Director", {"size": 11}),
                _text([120, 176, 60, 6], "{{reference}}", {"size": 9}),
                {"type": "qr", "box": [231, 158, 26, 26]},
            ],
        },
        {"border.svg": border_svg().encode(), "logo.png": logo_png()},
    )


def _text(box: list[float], text: str, style: dict[str, object]) -> dict[str, object]:
    return {"type": "text", "font": "Noto Serif", "box": box, "text": text, **style}


def html(person: Person) -> str:
    """Return it as a page of HTML that needs no other file but the font."""
    border = base64.b64encode(border_svg().encode()).decode()
    logo = base64.b64encode(logo_png()).decode()
    code = zxingcpp.create_barcode(
        person.url, zxingcpp.BarcodeFormat.QRCode, ec_level="M"
    ).to_svg(add_quiet_zones=True)
    qr = base64.b64encode(code.encode()).decode()

    def line(top: float, size: float, text: str, more: str = "") -> str:
        style = f"top:{top}mm;font-size:{size}pt;{more}"
        return f'<div class="c" style="{style}">{escape(text)}</div>'

    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{escape(person.name)}</title><style>
@font-face {{ font-family: Serif; src: url("{FONT.as_uri()}"); font-weight: 100 900 }}
@page {{ size: 297mm 210mm; margin: 0 }} * {{ margin: 0; padding: 0 }}
body {{ width: 297mm; height: 210mm; position: relative; font-family: Serif }}
body > * {{ position: absolute }}
.c {{ left: 0; width: 297mm; text-align: center; white-space: nowrap }}</style></head>
<body><img style="left:0;top:0;width:297mm;height:210mm" alt=""
 src="data:image/svg+xml;base64,{border}">
<img style="left:40mm;top:26mm;width:26mm" alt="" src="data:image/png;base64,{logo}">
{line(30, 30, "CERTIFICATE", "font-weight:700;color:#1f4e79;letter-spacing:2pt")}
{line(45, 14, "This is to certify that")}
{line(68, 40, person.name)}
<div style="left:58.5mm;top:92mm;width:180mm;border-top:.6pt solid #8a6d1f"></div>
{line(97, 13, DID)}
{line(108, 24, COURSE, "font-weight:700")}
{line(128, 13, f"with a workload of {person.hours} hours, on November 22, 2026.")}
{line(176, 11, "Prof. A. Director", "width:150mm")}
{line(176, 9, person.reference)}
<img style="left:231mm;top:158mm;width:26mm" alt=""
 src="data:image/svg+xml;base64,{qr}"></body></html>"""


#: As somebody would write it who knows Typst; border, logo and QR code are files.
TYPST = """
#let d = json(bytes(sys.inputs.data))
#set document(title: d.name)
#set page(width: 297mm, height: 210mm, margin: 0pt,
  background: image("border.svg", width: 100%, height: 100%, alt: "border"))
#set text(font: "Noto Serif", lang: "en")
#let fit(width, most, body) = context {
  let found = measure(text(size: most, body)).width
  text(size: if found > width { most * (width / found) } else { most }, body)
}
#place(top + left, dx: 40mm, dy: 26mm, image("logo.png", width: 26mm, alt: "Logo"))
#place(top + center, dy: 30mm,
  text(size: 30pt, weight: "bold", fill: rgb("#1f4e79"), tracking: 2pt)[CERTIFICATE])
#place(top + center, dy: 45mm, text(size: 14pt)[This is to certify that])
#place(top + center, dy: 66mm, fit(220mm, 40pt, d.person))
#place(top + center, dy: 92mm, line(length: 180mm, stroke: 0.6pt + rgb("#8a6d1f")))
#place(top + center, dy: 97mm, text(size: 13pt)[has successfully completed the course])
#place(top + center, dy: 108mm, fit(220mm, 24pt, strong(d.name)))
#place(top + center, dy: 128mm,
  text(size: 13pt)[with a workload of #d.hours hours, on November 22, 2026.])
#place(top + left, dx: 40mm, dy: 176mm, text(size: 11pt)[Prof. A. Director])
#place(top + center, dy: 176mm, text(size: 9pt, d.reference))
#place(top + left, dx: 231mm, dy: 158mm,
  image(bytes(d.qr), width: 26mm, alt: "QR code"))
"""


def typst_data(person: Person) -> dict[str, str]:
    """Return what `TYPST` is given."""
    code = zxingcpp.create_barcode(
        person.url, zxingcpp.BarcodeFormat.QRCode, ec_level="M"
    )
    return {
        "person": person.name,
        "name": COURSE,
        "hours": person.hours,
        "reference": person.reference,
        "qr": code.to_svg(add_quiet_zones=True),
    }


def border_svg() -> str:
    """Return the border: 96 fine waves between two frames, on a gradient."""
    frames = "".join(
        f'<rect x="{inset}" y="{inset}" width="{WIDTH - 2 * inset:.2f}" '
        f'height="{HEIGHT - 2 * inset:.2f}" fill="none" stroke="#8a6d1f" '
        f'stroke-width="{width}"/>'
        for inset, width in ((22, 2.2), (57, 0.8))
    )
    waves = "".join(
        f'<path d="{path}" fill="none" stroke="{("#b08d2e", "#1f4e79")[n % 2]}" '
        'stroke-opacity="0.55" stroke-width="0.45"/>'
        for n, path in enumerate(_waves())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}"><defs><linearGradient id="g" x1="0" y1="0" '
        'x2="1" y2="1"><stop offset="0" stop-color="#fffdf6"/><stop offset="1" '
        f'stop-color="#f3ead2"/></linearGradient></defs><rect width="{WIDTH}" '
        f'height="{HEIGHT}" fill="url(#g)"/>{frames}{waves}</svg>'
    )


def _waves(count: int = 24, inset: float = 40) -> Iterator[str]:
    right, bottom = WIDTH - inset, HEIGHT - inset
    corners = [(inset, inset), (right, inset), (right, bottom), (inset, bottom)]
    for number in range(count):
        phase = 2 * math.pi * number / count
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
            length = math.hypot(x1 - x0, y1 - y0)
            along, across = (x1 - x0) / length, (y1 - y0) / length
            points = []
            for step in range(int(length / 6) + 1):
                way = step / int(length / 6)
                turn = 2 * math.pi * way
                out = 9 * math.sin(turn * round(length / 60) + phase)
                out *= math.cos(turn + phase / 2)
                points.append(
                    f"{x0 + along * way * length - across * out:.2f} "
                    f"{y0 + across * way * length + along * out:.2f}"
                )
            yield f"M{points[0]}" + "".join(
                f"Q{points[at]} {points[at + 1]}" for at in range(1, len(points) - 1, 2)
            )


def logo_png() -> bytes:
    """Return a logo: a star in a shaded circle, 600 by 600 pixels, transparent."""
    logo = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    pen = ImageDraw.Draw(logo)
    for r in range(300, 0, -1):
        shade = 255 * r // 300
        colour = (20 + shade // 8, 60 + shade // 4, 110 + shade // 3, 255)
        pen.ellipse((300 - r, 300 - r, 300 + r, 300 + r), fill=colour)
    angles = [(-math.pi / 2 + n * math.pi / 5, (200, 85)[n % 2]) for n in range(10)]
    star = [(300 + r * math.cos(a), 300 + r * math.sin(a)) for a, r in angles]
    pen.polygon(star, fill=(240, 210, 120, 255))
    data = io.BytesIO()
    logo.save(data, "PNG", optimize=True)
    return data.getvalue()
