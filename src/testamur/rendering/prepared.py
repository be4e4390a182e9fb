"""
A template made ready for drawing in bulk.

What every certificate of one version of a template has in common, as bytes: it is
made once, kept by its SHA-256, and a certificate's file is its prefix and a tail.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from .design import Design
from .laid import Laid
from .plain import from_plain, to_plain

#: Raised whenever what is kept, or how a tail goes on from a prefix, is changed.
VERSION = 1

#: How many numbers follow the prefix's that it refers to (see `Plan`).
RESERVED = 4

_MAGIC = b"testamur prepared template\n"


@dataclass(frozen=True, slots=True)
class PlacedFont:
    """A font in the prefix, with the glyphs that any certificate may need."""

    #: As `fonts.Fonts.face` takes it.
    face: str
    #: The number of its object.
    number: int
    #: Its glyphs and what each says when it is read back; sorted.
    letters: tuple[tuple[int, str], ...]
    #: How wide glyphs are in it, in thousandths of the size, where it differs from
    #: the face (see `pdf_fonts.Written`).
    widths: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Where a tail goes on: numbers of objects, and where they stand."""

    #: The cross-reference rows of the prefix, from object 0 on (see `pdf_file`).
    rows: bytes
    #: Numbers that the prefix refers to, and that a tail has the objects of: the
    #: four that follow the prefix's own.
    catalog: int
    page: int
    structure: int
    document: int
    #: The content stream with the page's art, and the one with the constant texts.
    art_content: int
    text_content: int
    #: The art, a form, and the output intent.
    art: int
    intent: int
    fonts: tuple[PlacedFont, ...]
    #: Whatever is read aloud, in the design's order: its id, and the number of its
    #: structure element, 0 if a tail has it. Its place here is its mark (MCID).
    elements: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared template; `from_bytes` gives back what `to_bytes` was given."""

    design: Design
    #: The package's files that drawing needs later: fonts, pictures, Typst source.
    assets: Mapping[str, bytes]
    #: A PDF of one page with all that is no text, no QR code and no row's picture.
    art: bytes
    #: The texts without fields, as they stand in the prefix.
    static: Laid
    #: What the file of every certificate begins with; empty where only the
    #: typesetter draws (`Design.source`).
    prefix: bytes
    #: None where there is no prefix.
    plan: Plan | None

    def to_bytes(self) -> bytes:
        """Return it as bytes: the same ones for the same template."""
        blobs = {"art": self.art, "prefix": self.prefix}
        blobs |= {f"assets/{name}": self.assets[name] for name in sorted(self.assets)}
        head = {
            "version": VERSION,
            "design": to_plain(self.design),
            "static": to_plain(self.static),
            "plan": to_plain(self.plan),
            "blobs": [[name, len(data)] for name, data in blobs.items()],
        }
        line = orjson.dumps(head)
        return b"".join((_MAGIC, b"%d\n" % len(line), line, *blobs.values()))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Prepared":
        """
        Return the template that *data* was made from.

        Raises:
            ValueError: it is something else, or of another version.
        """
        if not data.startswith(_MAGIC):
            raise ValueError("this is no prepared template")
        start = data.index(b"\n", len(_MAGIC)) + 1
        end = start + int(data[len(_MAGIC) : start])
        head = orjson.loads(data[start:end])
        if head["version"] != VERSION:
            raise ValueError("this template was prepared by another version")
        blobs = {}
        for name, size in head["blobs"]:
            blobs[name] = data[end : end + size]
            end += size
        return cls(
            design=from_plain(Design, head["design"]),
            assets={
                name.removeprefix("assets/"): blob
                for name, blob in blobs.items()
                if name.startswith("assets/")
            },
            art=blobs["art"],
            static=from_plain(Laid, head["static"]),
            prefix=blobs["prefix"],
            plan=from_plain(Plan, head["plan"]) if head["plan"] else None,
        )
