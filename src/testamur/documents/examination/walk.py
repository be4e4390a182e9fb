"""Going through what lies in an object of a PDF."""

from collections.abc import Iterator
from typing import Any

from pikepdf import Array, Dictionary

from .facts import refusal

MAX_DEPTH = 100


def dictionaries_in(thing: Any) -> Iterator[Any]:
    """Go through *thing* and whatever lies in it, but not what it refers to."""
    waiting = [(thing, 0)]
    while waiting:
        each, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise refusal("pdf_too_complex", "its parts are nested too deeply.")
        if isinstance(each, Dictionary):
            yield each
            inner = each.values()
        elif isinstance(each, Array):
            inner = iter(each)
        else:
            continue
        waiting += [
            (one, depth + 1)
            for one in inner
            if isinstance(one, Dictionary | Array) and not one.is_indirect
        ]
