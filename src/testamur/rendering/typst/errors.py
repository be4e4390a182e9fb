"""What Typst says is wrong, for the person who can mend it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath

import typst

from testamur.core.refusals import Kind, Reason, Refusal
from testamur.core.text import quoted

from ..assets.wrong import wrong

_MISSING = re.compile(r"the text `?\"(.+?)\"`? could not be displayed", re.DOTALL)
#: Where: a file, a line and a column.
_PLACE = re.compile(r"┌─ (.*?):(\d+):(\d+)")
_SVG = re.compile(r"failed to parse SVG \((.*)\)", re.DOTALL)
#: Where something lies on this machine is nobody's business.
_SEARCHED = re.compile(r"\s*\(searched at [^)]*\)")
_HOST_PATH = re.compile(r"(?:/[\w.+-]+)*/testamur-press-[^\s\"'`)]*")
#: How Typst spells characters that cannot be printed.
_SPELT = re.compile(r"\\u\{([0-9a-f]{1,6})\}")
_PACKAGES = ("failed to download package", "package not found", "failed to load pack")

MAX_MESSAGE = 300


def missing_glyph(error: typst.TypstError) -> Reason | None:
    """Return why a row fails for which no font has a letter, if that is why."""
    found = _MISSING.search(error.message)
    if found is None:
        return None
    letters = _SPELT.sub(lambda spelt: chr(int(spelt[1], 16)), found[1])
    codes = " ".join(f"U+{ord(letter):04X}" for letter in letters)
    return Reason(
        "glyph_missing",
        f"No font has {quoted(letters)} ({codes}). Write it in other letters, or add "
        "a font that has it to the template.",
    )


def wrong_source(error: typst.TypstError, source: str) -> Refusal:
    """Return what is wrong with the template's *source*, and on which line."""
    places = _PLACE.findall(error.diagnostic or "")
    at = source
    for file, line, column in places:
        if file.endswith(source):
            at = f"{source}, line {line}, column {column}"
            break
    hints = [hint for hint in error.hints if "--root" not in hint]
    said = ". ".join(clean(text).rstrip(".") for text in (error.message, *hints))
    if error.message.startswith(_PACKAGES):
        said = (
            "packages cannot be imported: templates have no network. Put what it needs "
            "into files of the template"
        )
    return Refusal(
        Kind.INVALID,
        "template_source",
        f"{at}: {said[:MAX_MESSAGE]}.",
        at=at,
    )


def wrong_picture(error: typst.TypstError, files: Mapping[str, str]) -> Refusal | None:
    """Return which of the package's *files*, by Typst's names, cannot be drawn."""
    found = _SVG.match(error.message)
    places = [
        PurePath(file).name for file, _, _ in _PLACE.findall(error.diagnostic or "")
    ]
    for name, drawn in files.items():
        if found and drawn in places:
            if "limit" in found[1]:
                return wrong(
                    name,
                    "svg_too_complex",
                    "it draws too much, or itself. Simplify it, or save it as PNG",
                )
            return wrong(
                name,
                "svg_corrupt",
                f"it is no picture ({clean(found[1])}). Export it again",
            )
    return None


def wrong_font(error: typst.TypstError, fonts: Iterable[str]) -> Refusal | None:
    """Return that one of the package's *fonts* is damaged, if that is what is wrong."""
    files = list(fonts)
    if not files or not error.message.startswith("failed to process font"):
        return None
    return wrong(
        files[0],
        "template_font",
        "it, or another font of the package, is damaged. Export it again, or use "
        "another file of it",
    )


def clean(text: str) -> str:
    """Return *text* on one line, without any path of this machine."""
    text = _HOST_PATH.sub("…", _SEARCHED.sub("", text))
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
