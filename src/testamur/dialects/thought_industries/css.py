"""
The part of `customCss` that means something on a certificate.

Rules of simple selectors (`.nameLabel`, `#some-label`, `*`) with properties of text.
Whatever else is there, is left out with a warning: it never makes a template fail.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from testamur.core.text import quoted

MAX_CHARACTERS = 20_000
MAX_RULES = 200

#: The families of the installation.
FAMILIES = (
    *("Amiri", "Cinzel", "Cormorant Garamond", "EB Garamond", "Great Vibes", "Inter"),
    *("Noto Sans", "Noto Serif", "Playfair Display"),
)

#: What style sheets ask for, and what comes nearest.
_NEAREST = {
    **{family.lower(): family for family in FAMILIES},
    **dict.fromkeys(
        ("serif", "times", "times new roman", "georgia", "cambria"), "Noto Serif"
    ),
    **dict.fromkeys(("garamond", "adobe garamond pro"), "EB Garamond"),
    **dict.fromkeys(("didot", "bodoni", "bodoni mt"), "Playfair Display"),
    **dict.fromkeys(("cursive", "brush script mt", "script"), "Great Vibes"),
    **dict.fromkeys(
        ("sans-serif", "system-ui", "arial", "helvetica", "helvetica neue"), "Inter"
    ),
    **dict.fromkeys(
        ("open sans", "roboto", "lato", "verdana", "tahoma", "calibri"), "Noto Sans"
    ),
}

_COLOURS = {
    "black": "#000000",
    "white": "#ffffff",
    "gray": "#808080",
    "grey": "#808080",
    "silver": "#c0c0c0",
    "red": "#ff0000",
    "maroon": "#800000",
    "green": "#008000",
    "blue": "#0000ff",
    "navy": "#000080",
    "gold": "#ffd700",
    "purple": "#800080",
    "teal": "#008080",
}

_COMMENT = re.compile(r"/\*.*?(\*/|$)", re.DOTALL)
_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}?")
_AT_RULE = re.compile(r"\s*(@[^{};]*)(\{(?:[^{}]*\{[^{}]*\}?)*[^{}]*\}?|;|$)")
_SELECTOR = re.compile(r"\*|[.#][A-Za-z0-9_-]{1,64}|body|span|div|p|label")
_ELEMENTS = frozenset(("*", "body", "span", "div", "p", "label"))
_LENGTH = re.compile(r"(-?[0-9]{0,4}(?:\.[0-9]{1,4})?)(px|pt)?")
_EMS = re.compile(r"(-?[0-9]{0,2}(?:\.[0-9]{1,4})?)em")
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})")
_RGB = re.compile(
    r"rgb\(\s*([0-9]{1,3})\s*[, ]\s*([0-9]{1,3})\s*[, ]\s*([0-9]{1,3})\s*\)"
)

_IMPORTANT = re.compile(r"!\s*important\s*\Z", re.IGNORECASE)

POINTS_PER_PIXEL = 0.75


@dataclass(frozen=True, slots=True)
class Rule:
    """What the labels that *selector* means look like: our words to values."""

    selector: str
    style: Mapping[str, str | float | bool]


def read(text: str) -> tuple[list[Rule], list[str]]:
    """Return the rules that mean something, in order, and what does not."""
    rules: list[Rule] = []
    warnings: list[str] = []
    for selectors, declarations in _blocks(_COMMENT.sub(" ", text), warnings):
        style: dict[str, str | float | bool] = {}
        for declaration in declarations.split(";"):
            if declaration.strip():
                style.update(_declared(declaration, warnings))
        for selector in selectors.split(","):
            selector = selector.strip()
            if not _SELECTOR.fullmatch(selector):
                warnings.append(
                    f"the selector {quoted(selector)} is left out; use one class, "
                    "one #id of a label, or *"
                )
            elif style:
                rules.append(Rule(selector, style))
    if len(rules) > MAX_RULES:
        warnings.append(f"only the first {MAX_RULES} rules are used")
    return rules[:MAX_RULES], warnings


def style_of(
    rules: Sequence[Rule], kind: str, names: Iterable[str]
) -> dict[str, str | float | bool]:
    """Return how a label looks: what is said of it alone wins over its class."""
    ids = {f"#{name}" for name in names}
    classes = {f".{kind}", f".{_dashed(kind)}", ".label", ".certificate-label"}
    found: dict[str, str | float | bool] = {}
    # As a browser would: an id wins over a class, a class over an element.
    for meant in (_ELEMENTS, classes, ids):
        for rule in rules:
            if rule.selector in meant:
                found.update(rule.style)
    return found


def _blocks(text: str, warnings: list[str]) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(text) and text[place:].strip():
        if at_rule := _AT_RULE.match(text, place):
            warnings.append(f"{quoted(at_rule[1].strip())} is left out")
            place = at_rule.end()
        elif rule := _RULE.match(text, place):
            yield rule[1].strip(), rule[2]
            place = rule.end()
        else:
            warnings.append(f"{quoted(text[place:].strip())} is left out")
            return


def _declared(
    declaration: str, warnings: list[str]
) -> Mapping[str, str | float | bool]:
    name, _, value = declaration.partition(":")
    name = name.strip().lower()
    value = " ".join(_IMPORTANT.sub("", value).split())
    read_value = _PROPERTIES.get(name)
    found = read_value(value) if read_value else None
    if found is None:
        warnings.append(f"{quoted(declaration.strip())} is left out")
        return {}
    return found


def _dashed(kind: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", kind).lower()


def _points(value: str) -> float | None:
    found = _LENGTH.fullmatch(value)
    if found is None or not found[1].strip("-."):
        return None
    return float(found[1]) * (1.0 if found[2] == "pt" else POINTS_PER_PIXEL)


def _family(value: str) -> Mapping[str, str] | None:
    for name in value.split(","):
        family = _NEAREST.get(name.strip().strip("\"'").strip().lower())
        if family:
            return {"font": family}
    return None


def _size(value: str) -> Mapping[str, float] | None:
    points = _points(value)
    return {"points": points} if points and 3 <= points <= 300 else None


def _colour(value: str) -> Mapping[str, str] | None:
    value = value.lower()
    if found := _HEX.fullmatch(value):
        digits = found[1]
        if len(digits) == 3:
            digits = "".join(2 * one for one in digits)
        return {"colour": f"#{digits}"}
    if found := _RGB.fullmatch(value):
        parts = [int(one) for one in found.groups()]
        if max(parts) <= 255:
            return {"colour": "#" + "".join(f"{one:02x}" for one in parts)}
    return {"colour": _COLOURS[value]} if value in _COLOURS else None


def _align(value: str) -> Mapping[str, str] | None:
    return {"align": value} if value in ("left", "center", "right") else None


def _weight(value: str) -> Mapping[str, float] | None:
    words = {"normal": 400, "bold": 700, "bolder": 700, "lighter": 300}
    weight = words.get(value)
    if weight is None and re.fullmatch("[1-9]00", value):
        weight = int(value)
    return None if weight is None else {"weight": weight}


def _slant(value: str) -> Mapping[str, bool] | None:
    slants = {"normal": False, "italic": True, "oblique": True}
    return {"italic": slants[value]} if value in slants else None


def _case(value: str) -> Mapping[str, bool] | None:
    cases = {"uppercase": True, "none": False}
    return {"upper": cases[value]} if value in cases else None


def _spacing(value: str) -> Mapping[str, float] | None:
    if value == "normal":
        return {"tracking": 0.0}
    if (found := _EMS.fullmatch(value)) and found[1].strip("-."):
        ems = float(found[1])
        return {"tracking_ems": ems} if -0.2 <= ems <= 2 else None
    points = _points(value)
    ok = points is not None and -5 <= points <= 50
    return {"tracking": points} if ok and points is not None else None


_PROPERTIES: Mapping[str, Callable[[str], Mapping[str, str | float | bool] | None]] = {
    "font-family": _family,
    "font-size": _size,
    "color": _colour,
    "text-align": _align,
    "font-weight": _weight,
    "font-style": _slant,
    "text-transform": _case,
    "letter-spacing": _spacing,
}
