"""
A certificate template as a template of ours: the JSON of a package.

Labels are placed in pixels of the background picture, or of the page at 96 per inch
where there is none or it is a PDF. A page with a picture gets its proportions, and
its longer side is that of A4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import css
from .labels import (
    ATTRIBUTES,
    AWARD_DATES,
    DATE_FORMATS,
    DEFAULT_DATE_FORMAT,
    DEFAULT_FONT_SIZE,
    DEFAULT_IDENTIFIER_LENGTH,
    END_DATE,
    SLUGS,
)
from .values import BadItem

Item = dict[str, Any]

A4_LONG, A4_SHORT = 841.89, 595.28

#: In the package, so that templates that look alike are prepared once.
NAME = "Thought Industries certificate"

#: The attribute that says when a certificate was awarded: a date.
AWARDED = "awardedDate"
IDENTIFIER = "identifier"
RECERTIFICATION = "recertificationDate"

LANGUAGE = "en"
FONT = "Noto Sans"

#: Labels keep this far from the edges that nobody placed them at, in points.
MARGIN = 24.0
NARROWEST = 36.0
SMALLEST_TYPE = 4.0


@dataclass(frozen=True, slots=True)
class Page:
    """The page that labels stand on."""

    #: In points.
    width: float
    height: float
    #: How many points one of the client's pixels is.
    scale: float
    #: The name of the background among the package's assets.
    background: str | None = None


PLAIN = Page(A4_LONG, A4_SHORT, css.POINTS_PER_PIXEL)


def page_of_picture(width: int, height: int, background: str) -> Page:
    """Return the page that a picture of so many pixels fills."""
    scale = A4_LONG / max(width, height)
    return Page(width * scale, height * scale, scale, background)


def page_of_pdf(width: float, height: float, background: str) -> Page:
    """Return the page of a PDF of so many points."""
    return Page(width, height, css.POINTS_PER_PIXEL, background)


def document(fields: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """
    Return the `template.json` of a certificate template.

    Raises:
        BadItem: a label stands where there is no page.
    """
    labels = fields.get("labels") or []
    rules, _ = css.read(fields.get("customCss") or "")
    items = [
        _label(label, f"labels[{number}]", rules, page)
        for number, label in enumerate(labels)
    ] or _default_layout(page)
    titles = [one for one in items if one.get("text") == "{{name}}"]
    if titles:
        titles[0]["role"] = "title"
    found: dict[str, Any] = {
        "testamur": 1,
        "name": NAME,
        "language": LANGUAGE,
        "page": {
            "width": round(page.width, 2),
            "height": round(page.height, 2),
            "unit": "pt",
        },
        "items": items,
    }
    if page.background is not None:
        found["background"] = page.background
    return found


def attributes_of(fields: Mapping[str, Any]) -> Sequence[str]:
    """Return the attributes that are printed, but for those of our own."""
    found = dict.fromkeys(
        _attribute(label)
        for label in fields.get("labels") or []
        if label["type"] in ATTRIBUTES
    )
    return list(found)


def identifier_of(fields: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return prefix and length of the identifiers that are printed, if one is."""
    for label in fields.get("labels") or []:
        if label["type"] == "identifier" and _has_rules(label):
            length = label.get("identifierBodyLength", DEFAULT_IDENTIFIER_LENGTH)
            return label.get("identifierPrefix", ""), length
    return None


def _has_rules(label: Mapping[str, Any]) -> bool:
    return "identifierPrefix" in label or "identifierBodyLength" in label


def _attribute(label: Mapping[str, Any]) -> str:
    kind = label["type"]
    return str(label[SLUGS[kind]] if kind in SLUGS else ATTRIBUTES[kind])


def _words(label: Mapping[str, Any]) -> str:
    """Return what a label prints, as a text of a template."""
    kind = label["type"]
    date_format = label.get("dateFormat", DEFAULT_DATE_FORMAT)
    if kind == "textLabel":
        return str(label["text"])
    if kind in AWARD_DATES:
        return _attribute_field(f"{AWARDED}|{DATE_FORMATS[date_format]}")
    if kind == END_DATE:
        return _field(f"validUntil|{DATE_FORMATS[date_format]}")
    if kind == "identifier" and _has_rules(label):
        return _attribute_field(IDENTIFIER)
    if kind in ATTRIBUTES:
        return _attribute_field(_attribute(label))
    plain = {
        "nameLabel": "recipientName",
        "courseLabel": "name",
        "identifier": "reference",
        "viewCertificateLink": "url",
    }
    return _field(plain[kind])


def _field(name: str) -> str:
    return "{{" + name + "}}"


def _attribute_field(name: str) -> str:
    return _field(f"attribute_{name}")


def _label(
    label: Mapping[str, Any], name: str, rules: Sequence[css.Rule], page: Page
) -> Item:
    names = [label[key] for key in ("id", "certificateFieldId") if key in label]
    style = css.style_of(rules, label["type"], names)
    # As in a browser: what an element says itself wins over the style sheet.
    if "fontSize" in label:
        size = label["fontSize"] * page.scale
    elif "points" in style:
        size = float(style["points"]) * page.scale / css.POINTS_PER_PIXEL
    else:
        size = DEFAULT_FONT_SIZE * page.scale
    size = min(max(size, SMALLEST_TYPE), page.height / 2)
    align = str(label.get("textAlign") or style.get("align") or "left")
    tracking = float(style.get("tracking", 0.0)) * page.scale / css.POINTS_PER_PIXEL
    tracking += float(style.get("tracking_ems", 0.0)) * size
    item: Item = {
        "type": "text",
        "box": _box(label, name, align, size, page),
        "text": _words(label),
        "font": style.get("font", FONT),
        "size": round(size, 2),
        "minSize": round(min(size, max(SMALLEST_TYPE, size * 0.4)), 2),
        "colour": label.get("fontColor") or style.get("colour") or "#000000",
        "align": align,
    }
    for key, ours in (("weight", "weight"), ("italic", "italic"), ("upper", "upper")):
        if style.get(key):
            item[ours] = style[key]
    if tracking:
        item["tracking"] = round(tracking, 2)
    return item


def _box(
    label: Mapping[str, Any], name: str, align: str, size: float, page: Page
) -> list[float]:
    x, y = label["x"] * page.scale, label["y"] * page.scale
    if x > page.width - NARROWEST or y > page.height - SMALLEST_TYPE:
        width, height = page.width / page.scale, page.height / page.scale
        raise BadItem(
            f"{name} stands at x {label['x']}, y {label['y']}, and the page is "
            f"{width:.0f} by {height:.0f} pixels. Move it onto the page."
        )
    height = min(size * 1.4, page.height)
    right = page.width - MARGIN
    if align == "center" and MARGIN < x < page.width / 2 - NARROWEST:
        right = page.width - x  # in the middle of the page, as far in on both sides
    if align == "center" and x <= MARGIN:
        x = MARGIN
    right = max(right, x + NARROWEST)
    return [
        round(x, 2),
        round(min(y, page.height - height), 2),
        round(min(right, page.width) - x, 2),
        round(height, 2),
    ]


def _default_layout(page: Page) -> list[Item]:
    """Return a certificate that says all that there is to say."""
    width, height = page.width, page.height
    unit = min(width, height) / A4_SHORT
    inner = [0.12 * width, 0.76 * width]
    items: list[Item] = []
    if page.background is None:
        for inset, stroke in ((22, 2.5), (29, 0.75)):
            gap = inset * unit
            items.append(
                {
                    "type": "rect",
                    "box": [
                        *(round(gap, 2), round(gap, 2)),
                        *(round(width - 2 * gap, 2), round(height - 2 * gap, 2)),
                    ],
                    "stroke": "#1f3a5f",
                    "strokeWidth": round(stroke * unit, 2),
                }
            )

    def text(words: str, top: float, tall: float, size: float, **more: Any) -> None:
        items.append(
            {
                "type": "text",
                "box": [
                    *(round(inner[0], 2), round(top * height, 2)),
                    *(round(inner[1], 2), round(tall * height, 2)),
                ],
                "text": words,
                "font": "Noto Serif",
                "size": round(size * unit, 2),
                "minSize": round(max(SMALLEST_TYPE, 0.4 * size * unit), 2),
                "colour": "#1c2430",
                "align": "center",
                **more,
            }
        )

    text("{{issuerName}}", 0.11, 0.05, 14, font="Inter", colour="#1f3a5f", weight=600)
    text("Certificate", 0.19, 0.11, 44, font="Playfair Display", colour="#1f3a5f")
    text("This certificate is awarded to", 0.325, 0.05, 14)
    text("{{recipientName}}", 0.38, 0.13, 38, fit="both")
    text("for", 0.52, 0.045, 14)
    text("{{name}}", 0.57, 0.12, 24, weight=600, fit="both")
    awarded = f"{AWARDED}|{DATE_FORMATS[DEFAULT_DATE_FORMAT]}"
    text(_attribute_field(awarded), 0.70, 0.05, 14)
    text("Valid until {{validUntil|MMMM d, yyyy}}", 0.75, 0.04, 11)
    text("{{reference}}", 0.855, 0.035, 9, font="Inter", colour="#5a6472")
    text("{{url}}", 0.89, 0.03, 7, font="Inter", colour="#5a6472")
    side = max(70 * unit, 36.0)
    items.append(
        {
            "type": "qr",
            "box": [
                round(width - side - 48 * unit, 2),
                round(height - side - 48 * unit, 2),
                round(side, 2),
                round(side, 2),
            ],
            "alt": "QR code: opens the page where this certificate is verified",
        }
    )
    return items
