"""
Which of our families comes nearest to a font that a PDF names.

A PDF has only those letters of its fonts that stand on its page: names need others.
"""

import re
from dataclasses import dataclass

from .letters import Look

#: Our families by parts of names, in the order in which they are tried.
FAMILIES: tuple[tuple[str, str], ...] = (
    ("ebgaramond", "EB Garamond"),
    ("cormorant", "Cormorant Garamond"),
    ("cinzel|trajan", "Cinzel"),
    ("greatvibes", "Great Vibes"),
    ("playfair|bodoni|didot|abril|dmserif", "Playfair Display"),
    ("amiri", "Amiri"),
    ("notoserif", "Noto Serif"),
    ("notosans", "Noto Sans"),
    (
        "script|brush|calligra|handwrit|pacifico|dancing|allura|alexbrush|parisienne"
        "|sacramento|satisfy|zapfino|edwardian|pinyon|tangerine|italianno|signature"
        "|chancery|kuenstler|vladimir",
        "Great Vibes",
    ),
    (
        "garamond|baskerville|caslon|palatino|palladio|minion|sabon|jenson|bembo"
        "|bookantiqua|crimson|libertin|goudy|perpetua",
        "EB Garamond",
    ),
    (
        "times|georgia|cambria|century|bookman|merriweather|lora(?!n)|tinos|nimbusrom"
        "|liberationserif|dejavuserif|sourceserif|ptserif|robotoslab|rockwell|slab"
        "|(?<!sans)serif|roman|constantia|charter",
        "Noto Serif",
    ),
    (
        "inter(?!nat)|helvetica|arial|roboto|sfpro|liberationsans|arimo|montserrat"
        "|poppins|lato|opensans|nunito|raleway|worksans|futura|avenir|gotham|sans",
        "Inter",
    ),
)

WEIGHTS: tuple[tuple[str, int], ...] = (
    ("extralight|ultralight", 200),
    ("semibold|demibold|demi", 600),
    ("extrabold|ultrabold", 800),
    ("black|heavy", 900),
    ("thin|hairline", 100),
    ("light", 300),
    ("medium", 500),
    ("bold", 700),
)

#: Of ISO 32000-1, table 123.
_SERIF, _SCRIPT, _BOLD = 1 << 1, 1 << 3, 1 << 18

#: Families that have no italic of their own, and one weight or no light one.
UPRIGHT = ("Cinzel", "Great Vibes")

#: How high capitals are, in sizes: so that a line stands where it stood.
CAPITALS = {
    "Amiri": 0.63,
    "Cinzel": 0.7,
    "Cormorant Garamond": 0.63,
    "EB Garamond": 0.65,
    "Great Vibes": 0.7,
    "Inter": 0.727,
    "Noto Sans": 0.714,
    "Noto Serif": 0.714,
    "Playfair Display": 0.708,
}


@dataclass(frozen=True, slots=True)
class Substitute:
    """One of our fonts, in the place of another."""

    family: str
    weight: int
    is_italic: bool
    #: Whether the file's own font is of this family.
    is_same: bool


def substitute_for(look: Look) -> Substitute:
    """Return the font of ours that comes nearest to *look*."""
    name = re.sub(r"[^a-z]", "", look.font.lower())
    family = next(
        (ours for parts, ours in FAMILIES if re.search(parts, name)),
        None,
    )
    if family is None:
        if look.flags & _SCRIPT:
            family = "Great Vibes"
        elif look.flags & _SERIF:
            family = "Noto Serif"
        else:
            family = "Noto Sans"
    weight = next((weight for parts, weight in WEIGHTS if re.search(parts, name)), 0)
    if not weight:
        weight = 700 if look.flags & _BOLD else 400
    is_italic = look.is_italic or bool(re.search("italic|oblique", name))
    return Substitute(
        family,
        400 if family == "Great Vibes" else weight,
        is_italic and family not in UPRIGHT,
        is_same=family.replace(" ", "").lower() in name,
    )
