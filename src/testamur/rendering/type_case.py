"""The fonts that Typst is given for a template, and by which names it calls them."""

from collections.abc import Iterable
from pathlib import Path

import typst

from .face import Face
from .font_house import House
from .typst_source import TypstFace


class TypeCase:
    """
    The fonts of the house, and those in *own*: a folder with a package's files.

    *folder* gets links to the house's fonts: Typst looks through folders, and must
    not see what else lies where a font does.
    """

    def __init__(self, folder: Path, house: House, own: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        taken = _families(_listed([own])) if own else set()
        files = {
            source.path
            for family in house.families()
            if family.casefold() not in taken
            for source in house.sources(family)
            if source.path is not None
        }
        for number, path in enumerate(sorted(files)):
            (folder / f"{number:03}{path.suffix}").symlink_to(path)
        self.fonts = _listed([folder, own] if own else [folder])
        #: By file and index: family and weight, as Typst reads them.
        self._known = {
            (Path(font.path).resolve(), font.index): font
            for font in self.fonts.fonts()
            if font.path
        }

    def face(self, face: Face, path: Path | None = None) -> TypstFace:
        """
        Return how Typst calls *face*; *path* is the file of one of the package.

        Raises `KeyError` if Typst does not know it.
        """
        path = face.path or path
        if path is None:
            raise KeyError(face.key)
        font = self._known[path.resolve(), face.index]
        weight = face.weight if face.axes else font.weight
        return TypstFace(font.family, weight, font.style, face.axes)


def _listed(folders: Iterable[Path | None]) -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in folders if folder],
    )


def _families(fonts: typst.Fonts) -> set[str]:
    return {font.family.casefold() for font in fonts.fonts()}
