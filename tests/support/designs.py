"""Designs of one line, for tests of rendering."""

from collections.abc import Mapping

from testamur.core.words import Facts
from testamur.rendering.design import Box, Design, Item, Page, Style, Text
from testamur.rendering.values import parts_of

A4 = Page(width=842, height=595)

BOX = Box(100, 200, 640, 60)

STYLE = {"family", "size", "min_size", "weight", "is_italic", "colour", "tracking"}
STYLE |= {"leading", "is_upper"}

FACTS = Facts(
    name="Web Development",
    description="Built a shop.",
    category="Course",
    recipient_email="ana@example.org",
    recipient_name="Ana Souza",
    attributes=(("hours", "40"), ("Grade", "A+")),
    expiry_days=None,
    image="",
)


def text(
    said: str = "{{recipientName}}",
    *,
    box: Box = BOX,
    id: str = "one",
    **rest: object,
) -> Text:
    """Return a text that says *said*, in EB Garamond of 24 points unless told."""
    style: Mapping[str, object] = {
        "family": "EB Garamond",
        "size": 24.0,
        "min_size": 12.0,
        **{name: rest.pop(name) for name in list(rest) if name in STYLE},
    }
    return Text(id, box, parts_of(said), Style(**style), **rest)


def design(*items: Item, language: str = "en", **rest: object) -> Design:
    """Return a design with *items*; without any, with a recipient's name."""
    return Design(
        name="test", language=language, page=A4, items=items or (text(),), **rest
    )
