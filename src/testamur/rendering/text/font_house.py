"""
The fonts of the installation: which families there are, and where their files lie.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

import uharfbuzz as hb

from .face import Face

EMOJI = "Noto Color Emoji"
HAN = "Noto Sans CJK"

#: Where `make install` puts the emoji, for which no Python package exists.
SHARE = Path("share/testamur/fonts")

#: Where systems keep fonts. Only the emoji are looked for there: what else a
#: certificate looks like must not depend on the machine that drew it.
_SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_EMOJI_FILES = "NotoColorEmoji*.ttf"

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")


class Kind(StrEnum):
    """What letters look like, which decides what stands in for those missing."""

    SERIF = auto()
    SANS = auto()
    SCRIPT = auto()


@dataclass(frozen=True, slots=True)
class Source:
    """One font in a file: static, or a variable one for many weights."""

    family: str
    kind: Kind
    is_italic: bool
    #: The lightest and the heaviest that it has.
    weights: tuple[int, int]
    #: Its axes: tag, least, default and greatest value.
    axes: tuple[tuple[str, float, float, float], ...]
    blob: "hb.Blob"
    path: Path | None
    index: int = 0

    def weight(self, wanted: int) -> int:
        """Return the weight that it has nearest to *wanted*."""
        least, greatest = self.weights
        return min(max(wanted, least), greatest)

    def face(self, weight: int, size: float) -> tuple[str, dict[str, float]]:
        """Return the key, and the pinned axes, of its face for letters of *size*."""
        pins = {}
        key = f"{self.family}/{weight}/{'italic' if self.is_italic else 'upright'}"
        for tag, least, default, greatest in self.axes:
            asked = {"wght": float(weight), "wdth": 100.0, "opsz": float(round(size))}
            pins[tag] = min(max(asked.get(tag, default), least), greatest)
            if tag == "opsz":
                key += f"/{pins[tag]:g}"
        return key, pins


def sources_of(
    blob: "hb.Blob", path: Path | None, *, family: str = "", kind: Kind | None = None
) -> Iterator[Source]:
    """Give the fonts in a font file; none if it is no font."""
    for index in range(max(1, hb.Face(blob, 0).count)):
        face = hb.Face(blob, index)
        if not face.glyph_count or "cmap" not in face.table_tags:
            continue
        name = family or _family_of(face)
        axes = tuple(
            (axis.tag, axis.min_value, axis.default_value, axis.max_value)
            for axis in face.axis_infos
        )
        weight = round(hb.Font(face).get_style_value(hb.StyleTag.WEIGHT)) or 400
        weights = (weight, weight)
        for tag, least, _, greatest in axes:
            if tag == "wght":
                weights = (round(least), round(greatest))
        if name:
            yield Source(
                family=name,
                kind=kind or _kind_of(face, name),
                is_italic=hb.Font(face).get_style_value(hb.StyleTag.ITALIC) > 0.5,
                weights=weights,
                axes=axes,
                blob=blob,
                path=path,
                index=index,
            )


def nearest(sources: Sequence[Source], weight: int, is_italic: bool) -> Source:
    """Return the one of a family's *sources* that is most like what is asked for."""
    return min(
        sources,
        key=lambda source: (
            source.is_italic != is_italic,
            abs(source.weight(weight) - weight),
            source.weights,
            str(source.path),
        ),
    )


def _family_of(face: "hb.Face") -> str:
    names = hb.OTNameIdPredefined
    return (
        face.get_name(names.TYPOGRAPHIC_FAMILY)
        or face.get_name(names.FONT_FAMILY)
        or ""
    ).strip()


def _kind_of(face: "hb.Face", name: str) -> Kind:
    """Read what letters look like from PANOSE (OpenType, OS/2), else from the name."""
    table = bytes(face.reference_table("OS/2").data)
    if len(table) >= 42:
        if table[32] == 3:
            return Kind.SCRIPT
        if table[32] == 2 and table[33] > 1:
            return Kind.SANS if 11 <= table[33] <= 15 else Kind.SERIF
    return Kind.SERIF if "serif" in name.casefold() else Kind.SANS


@dataclass(frozen=True)
class _Brought:
    """A family that an installed package brings along."""

    name: str
    kind: Kind
    module: str
    files: str

    @cached_property
    def sources(self) -> list[Source]:
        return list(self._open())

    def _open(self) -> Iterator[Source]:
        spec = find_spec(self.module)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).glob(self.files)):
                blob = hb.Blob.from_file_path(str(path))
                yield from sources_of(blob, path, family=self.name, kind=self.kind)


def _noto(script: str, area: str) -> _Brought:
    return _Brought(
        f"Noto Sans {script}",
        Kind.SANS,
        f"justmytype_intl_{area}",
        f"fonts/ofl/notosans{script.casefold()}/*.ttf",
    )


_BROUGHT = (
    _Brought("Amiri", Kind.SERIF, "fontpkg_amiri", "files/Amiri-*.ttf"),
    _Brought("Cinzel", Kind.SERIF, "fontpkg_cinzel", "files/*.ttf"),
    _Brought(
        "Cormorant Garamond", Kind.SERIF, "fontpkg_cormorant_garamond", "files/*.ttf"
    ),
    _Brought("EB Garamond", Kind.SERIF, "fontpkg_eb_garamond", "files/*.ttf"),
    _Brought("Great Vibes", Kind.SCRIPT, "fontpkg_great_vibes", "files/*.ttf"),
    _Brought("Inter", Kind.SANS, "fontpkg_inter", "files/*.ttf"),
    _Brought("Noto Sans", Kind.SANS, "fontpkg_noto_sans", "files/*.ttf"),
    _Brought("Noto Serif", Kind.SERIF, "fontpkg_noto_serif", "files/*.ttf"),
    _Brought("Playfair Display", Kind.SERIF, "fontpkg_playfair_display", "files/*.ttf"),
    _noto("Arabic", "rtl"),
    _noto("Hebrew", "rtl"),
    _noto("Devanagari", "south_asia"),
    _noto("Bengali", "south_asia"),
    _noto("Tamil", "south_asia"),
    _noto("Telugu", "south_asia"),
    _noto("Thai", "sea"),
    _noto("Lao", "sea"),
    _noto("Khmer", "sea"),
    _noto("Myanmar", "sea"),
    _Brought(HAN, Kind.SANS, "noto_cjk_sans_jp_regular", "*.otf"),
)


class House:
    """
    Every font that the installation brings along, opened when it is needed.

    Those of the installed packages; of `share/testamur/fonts` under `sys.prefix`,
    where `make install` puts the emoji; and of *folder*, the operator's own, which
    come before others of the same name.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._faces: dict[str, Face] = {}
        self._brought = {family.name.casefold(): family for family in _BROUGHT}
        self._found: dict[str, list[Source]] = {}
        share = Path(sys.prefix) / SHARE
        if folder is not None:
            self._look_in(sorted(folder.glob("**/*")))
        #: The operator's families, for letters that no other font has.
        self.own = sorted(sources[0].family for sources in self._found.values())
        self._look_in(sorted(share.glob("**/*")))
        if EMOJI.casefold() not in self._found:
            for place in _SYSTEM:
                self._look_in(sorted(place.glob(f"**/{_EMOJI_FILES}"))[:1])

    def _look_in(self, paths: Iterable[Path]) -> None:
        new: dict[str, list[Source]] = {}  # by family
        for path in paths:
            if path.suffix.casefold() not in _SUFFIXES or not path.is_file():
                continue
            try:
                blob = hb.Blob.from_file_path(str(path))
            except hb.HarfBuzzError:
                continue  # empty, or not ours to read
            for source in sources_of(blob, path):
                new.setdefault(source.family.casefold(), []).append(source)
        for family, sources in new.items():
            self._found.setdefault(family, sources)

    def families(self) -> list[str]:
        """Return the names of all families, sorted."""
        found = [sources[0].family for sources in self._found.values()]
        names = {name.casefold(): name for name in found}
        for family in _BROUGHT:
            names.setdefault(family.name.casefold(), family.name)
        return sorted(names.values(), key=str.casefold)

    def sources(self, family: str) -> Sequence[Source]:
        """Return the fonts of a family, however its name is capitalised; or none."""
        name = family.casefold()
        if name in self._found:
            return self._found[name]
        brought = self._brought.get(name)
        return brought.sources if brought else ()

    def face(
        self, family: str, weight: int, is_italic: bool, size: float
    ) -> Face | None:
        """Return the face of a family most like what is asked for; None: no family."""
        sources = self.sources(family)
        if not sources:
            return None
        return face_from(sources, weight, is_italic, size, self._faces)


#: The folder of the operator's fonts, as soon as the process knows it.
_folders: list[Path | None] = [None]


def use_folder(folder: Path | None) -> None:
    """From now on this process draws with the operator's fonts of *folder*, too."""
    _folders[:] = [folder]


def folder_in_use() -> Path | None:
    """Return the folder of the operator's fonts, if this process knows of one."""
    return _folders[0]


def house(folder: Path | None = None) -> House:
    """Return the one `House` with the operator's fonts; *folder*: see `use_folder`."""
    return _house(folder or _folders[0])


@cache
def _house(folder: Path | None) -> House:
    return House(folder)


def face_from(
    sources: Sequence[Source],
    weight: int,
    is_italic: bool,
    size: float,
    faces: dict[str, Face],
) -> Face:
    """Return the face of one family most like what is asked for, out of *faces*."""
    source = nearest(sources, weight, is_italic)
    weight = source.weight(weight)
    key, axes = source.face(weight, size)
    if key not in faces:
        faces[key] = Face(
            key,
            family=source.family,
            weight=weight,
            is_italic=source.is_italic,
            blob=source.blob,
            path=source.path,
            index=source.index,
            axes=axes,
        )
    return faces[key]
