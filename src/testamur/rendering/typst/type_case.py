"""The fonts that Typst is given, and by which names it calls them."""

import hashlib
import struct
from collections.abc import Iterable
from pathlib import Path

import typst

from ..text.face import Face
from ..text.font_house import House
from .source import TypstFace

#: Copies of larger fonts take more time than there is.
MAX_COPIED = 4 * 1024 * 1024


class TypeCase:
    """
    One font file per face, made when a text first needs it, each a family of its own.

    Typst does not move kerning along the axes of variable fonts, as HarfBuzz does:
    so it gets every face as a static font. And it finds fonts by family, weight and
    style, of which there may be several alike: so families are called after faces.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the files in *folder*, which is ours alone."""
        self._folder = folder
        folder.mkdir(parents=True)
        self._known: dict[str, TypstFace] = {}
        #: Made anew with every face that comes: whoever has an older one, renews it.
        self.fonts = fonts_in([folder])

    def face(self, face: Face) -> TypstFace:
        """Return how Typst calls *face*; `fonts` has it from now on."""
        name = face.key if face.path else hashlib.sha256(face.data).hexdigest()
        if name not in self._known:
            self._known[name] = self._added(face, f"Testamur {len(self._known)}")
        return self._known[name]

    def _added(self, face: Face, family: str) -> TypstFace:
        path = self._folder / f"{len(self._known)}{'.otf' if face.is_cff else '.ttf'}"
        if face.path and not face.axes and face.path.stat().st_size > MAX_COPIED:
            path.symlink_to(face.path)
        else:
            path.write_bytes(called(face.instance(), family, face.postscript_name))
        self.fonts = fonts_in([self._folder])
        for font in self.fonts.fonts():
            if font.path and Path(font.path).resolve() == path.resolve():
                return TypstFace(font.family, font.weight, font.style)
        raise ValueError(f"Typst does not read the font {face.key}")


def fonts_in(folders: Iterable[Path]) -> typst.Fonts:
    """Return the fonts in *folders*, and no others."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in folders],
    )


def links_to(house: House, folder: Path) -> Path:
    """Return *folder* with a link to every font file of the house."""
    folder.mkdir(parents=True)
    files = {
        source.path
        for family in house.families()
        for source in house.sources(family)
        if source.path is not None
    }
    for number, path in enumerate(sorted(files)):
        (folder / f"{number:03}{path.suffix}").symlink_to(path)
    return folder


def called(font: bytes, family: str, name: str) -> bytes:
    """Return a font file (OpenType, one font) as the only one of *family*."""
    version, count = struct.unpack_from(">4sH", font)
    tables = {}
    for number in range(count):
        tag, _, at, length = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        tables[tag] = font[at : at + length]
    tables[b"name"] = _names(family, name)
    head = struct.pack(">4sHHHH", version, len(tables), 0, 0, 0)
    rows, body = [], b""
    start = len(head) + 16 * len(tables)
    for tag, data in sorted(tables.items()):
        rows.append(struct.pack(">4sIII", tag, 0, start + len(body), len(data)))
        body += data + bytes(-len(data) % 4)
    return b"".join((head, *rows, body))


def _names(family: str, name: str) -> bytes:
    """Return a table `name` (OpenType) with what fonts are found by: ids 1, 2, 4, 6."""
    strings = {1: family, 2: "Regular", 4: family, 6: name}
    rows, text = [], b""
    for number, string in strings.items():
        data = string.encode("utf-16-be")
        rows.append(
            struct.pack(">6H", 3, 1, 0x0409, number, len(data), len(text)),
        )
        text += data
    return b"".join(
        (struct.pack(">HHH", 0, len(rows), 6 + 12 * len(rows)), *rows, text)
    )
