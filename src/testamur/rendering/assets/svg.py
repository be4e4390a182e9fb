"""
An SVG of a package: looked through before Typst draws it, and kept as it is.

Whatever would act, or fetch something, or stand for something else is refused.
"""

import re
from xml.parsers import expat

from .wrong import wrong

MAX_BYTES = 8 * 1024 * 1024
MAX_ELEMENTS = 200_000
MAX_DEPTH = 200

#: What acts, embeds, or draws by other rules than those of SVG.
ACTIVE = frozenset(
    [
        "script",
        "handler",
        "listener",
        "foreignobject",
        "iframe",
        "embed",
        "object",
        "audio",
        "video",
        "canvas",
        "set",
        "animate",
        "animatemotion",
        "animatetransform",
        "animatecolor",
        "discard",
    ]
)
#: What a reference may be: a part of the same file, or a picture in it.
SAFE_REFERENCE = re.compile(r"#|data:image/(?:png|jpeg|jpg|gif|webp);base64,", re.I)
_URL = re.compile(r"url\s*\(\s*['\"]?\s*([^'\")\s]{0,200})", re.I)
_IMPORT = re.compile(r"@import|expression\s*\(|\\[0-9a-f]", re.I)


def check_svg(name: str, data: bytes) -> list[str]:
    """
    Know that an SVG only draws; return what its owner may want to change.

    Raises:
        Refusal: INVALID or TOO_LARGE, with the code of what is wrong with it.
    """
    if len(data) > MAX_BYTES:
        raise wrong(
            name,
            "svg_too_complex",
            f"it has more than {MAX_BYTES // 1024 // 1024} MB. Simplify its paths, or "
            "save it as PNG",
        )
    look = _Look(name)
    # Typst reads UTF-8, whatever the file says that it is: so does who looks first.
    parser = expat.ParserCreate("UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = look.begin
    parser.EndElementHandler = look.end
    parser.CharacterDataHandler = look.words
    parser.EntityDeclHandler = look.entity
    parser.ProcessingInstructionHandler = look.instruction
    try:
        parser.Parse(data, True)
    except expat.ExpatError as trouble:
        raise wrong(
            name,
            "svg_corrupt",
            f"it is not well-formed XML in UTF-8 (line {trouble.lineno}). Export it "
            "again",
        ) from None
    if look.root != "svg":
        raise wrong(name, "svg_corrupt", "its first element is not svg")
    return look.warnings


class _Look:
    """What was seen of a file so far."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.root: str | None = None
        self.warnings: list[str] = []
        self._count = 0
        self._path: list[str] = []

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, local = tag.rpartition(" ")
        local = local.casefold()
        if self.root is None:
            self.root = local
        self._count += 1
        self._path.append(local)
        if self._count > MAX_ELEMENTS or len(self._path) > MAX_DEPTH:
            raise wrong(
                self._name,
                "svg_too_complex",
                f"it has more than {MAX_ELEMENTS} elements, or they are nested more "
                f"than {MAX_DEPTH} deep. Simplify it, or save it as PNG",
            )
        if local in ACTIVE and space in ("", "http://www.w3.org/2000/svg"):
            raise wrong(
                self._name,
                "svg_active_content",
                f"it has the element {local}; templates only draw. Remove it, or save "
                "it as plain SVG",
            )
        if local == "text" and not self.warnings:
            self.warnings.append(
                f"assets/{self._name} has text, which is drawn with the fonts of this "
                "installation or left out. Convert it to paths."
            )
        for attribute, value in attributes.items():
            self._attribute(attribute.rpartition(" ")[2].casefold(), value)

    def _attribute(self, attribute: str, value: str) -> None:
        if attribute.startswith("on"):
            raise wrong(
                self._name,
                "svg_active_content",
                f"it has the attribute {attribute[:40]}; templates only draw. Save it "
                "as plain SVG",
            )
        # A link of the letters "a" draws nothing from where it leads.
        is_link = self._path[-1] == "a"
        if attribute in ("href", "src") and value and not is_link:
            self._reference(value.strip())
        else:
            self._style(value)

    def words(self, text: str) -> None:
        if self._path and self._path[-1] == "style":
            self._style(text)

    def end(self, tag: str) -> None:
        self._path.pop()

    def entity(self, *_: object) -> None:
        raise wrong(
            self._name,
            "svg_entity",
            "it declares entities, which could stand for anything. Save it as plain "
            "SVG",
        )

    def instruction(self, target: str, data: str) -> None:
        if target.casefold() == "xml-stylesheet":
            self._reference(data)

    def _style(self, text: str) -> None:
        for reference in _URL.findall(text):
            self._reference(reference)
        if _IMPORT.search(text) and self._path[-1] == "style":
            self._reference(text)

    def _reference(self, value: str) -> None:
        if not SAFE_REFERENCE.match(value):
            raise wrong(
                self._name,
                "svg_external_reference",
                f"it refers to {value[:80]!r}; nothing is fetched. Embed what it needs",
            )
