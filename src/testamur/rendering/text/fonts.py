"""
The fonts of one template: its own, then the installation's, and which letter gets
which.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb

from ..design import FontFile, Style
from .face import Face
from .font_house import EMOJI, HAN, House, Kind, Source, face_from, sources_of
from .font_house import house as default_house
from .scripts import (
    COMMON,
    IDEOGRAPHIC,
    Cluster,
    clusters_of,
    is_ignored,
    script_of,
)

__all__ = ["Chosen", "Face", "Fonts", "House"]

#: What has the letters of a script that the families for Latin do not have; the
#: first is for serif and script families, the second for the others.
_FOR_SCRIPT: Mapping[str, tuple[str, str]] = {
    "Arab": ("Amiri", "Noto Sans Arabic"),
    "Hebr": ("Noto Sans Hebrew",) * 2,
    "Deva": ("Noto Sans Devanagari",) * 2,
    "Beng": ("Noto Sans Bengali",) * 2,
    "Taml": ("Noto Sans Tamil",) * 2,
    "Telu": ("Noto Sans Telugu",) * 2,
    "Thai": ("Noto Sans Thai",) * 2,
    "Laoo": ("Noto Sans Lao",) * 2,
    "Khmr": ("Noto Sans Khmer",) * 2,
    "Mymr": ("Noto Sans Myanmar",) * 2,
    **dict.fromkeys(IDEOGRAPHIC, (HAN,) * 2),
}

#: Then whatever else has the character, symbols above all.
_LAST = ("Noto Sans", "Noto Sans Arabic", HAN, "Inter")

#: Below it nothing is an emoji without a selector, which is above it.
_FIRST_EMOJI = "\u2300"


#: As `font_house.Source.face` spells it.
_KEY = re.compile(r"(.+)/(\d{1,4})/(italic|upright)(?:/([\d.]{1,6}))?")


class Chosen(NamedTuple):
    """A stretch of text that one font draws in one direction."""

    #: Where in the text it begins and ends.
    start: int
    end: int
    #: None when no font has one of its characters.
    face: Face | None
    #: ISO 15924, such as `Latn`; `Zyyy` when it has no letters.
    script: str
    #: The embedding level of UAX #9: odd is right to left.
    level: int
    #: BCP 47, for the forms that letters take in it.
    language: str


class Fonts:
    """
    The fonts of a template: those of its package, then those of the house.

    *package_fonts* are pairs of what the design says of a font and its bytes (or
    file). Texts are drawn with the same fonts wherever the same files are.
    """

    def __init__(
        self,
        package_fonts: Sequence[tuple[FontFile, bytes | Path]] = (),
        *,
        house: House | None = None,
    ) -> None:
        self._house = house or default_house()
        self._package: dict[str, list[Source]] = {}
        self._faces: dict[str, Face] = {}
        self._chains: dict[tuple[object, ...], list[Face]] = {}
        for font, data in package_fonts:
            self._package.setdefault(font.family.casefold(), []).extend(
                _declared(font, data)
            )

    def families(self) -> list[str]:
        """Return the names that a style may use, sorted."""
        own = [sources[0].family for sources in self._package.values() if sources]
        names = {name.casefold(): name for name in (*self._house.families(), *own)}
        return sorted(names.values(), key=str.casefold)

    def face(self, key: str) -> Face:
        """
        Return the face of *key*, as a `Run` names it.

        Raises:
            KeyError: there is no such font here.
        """
        if key not in self._faces:
            parts = _KEY.fullmatch(key)
            found = parts and self._find(
                parts[1], int(parts[2]), parts[3] == "italic", float(parts[4] or 0)
            )
            if not found or found.key != key:
                raise KeyError(key)
        return self._faces[key]

    def face_of(self, style: Style) -> Face:
        """Return the face that *style* asks for: the first of its chain."""
        return self.chain(style, COMMON)[0]

    def chain(self, style: Style, script: str = COMMON) -> Sequence[Face]:
        """
        Return the faces that letters of *script* may come from, the best first.

        The style's own; the one of its kind with most letters; the script's own;
        then others, for symbols.
        """
        key = (style.family, style.weight, style.is_italic, style.size, script)
        if key not in self._chains:
            found = dict.fromkeys(self._links(style, script))
            self._chains[key] = [face for face in found if face is not None]
        return self._chains[key]

    def _links(self, style: Style, script: str) -> Iterator[Face | None]:
        kind = self._kind_of(style.family)

        # Slanted letters are a custom of few scripts, and of none that has a font of
        # its own here.
        is_italic = script not in _FOR_SCRIPT and (
            style.is_italic or kind is Kind.SCRIPT
        )

        def link(family: str) -> Face | None:
            return self._find(family, style.weight, is_italic, style.size)

        yield self._find(style.family, style.weight, style.is_italic, style.size)
        yield link("Noto Sans" if kind is Kind.SANS else "Noto Serif")
        if script in _FOR_SCRIPT:
            yield link(_FOR_SCRIPT[script][kind is Kind.SANS])
        for family in (*_LAST, *self._house.own, EMOJI):
            yield link(family)

    def _kind_of(self, family: str) -> Kind:
        sources = self._package.get(family.casefold()) or self._house.sources(family)
        return sources[0].kind if sources else Kind.SERIF

    def _find(
        self, family: str, weight: int, is_italic: bool, size: float
    ) -> Face | None:
        own = self._package.get(family.casefold())
        if own:
            return face_from(own, weight, is_italic, size, self._faces)
        found = self._house.face(family, weight, is_italic, size)
        if found is not None:
            self._faces[found.key] = found
        return found

    # Which letter gets which font. ----------------------------------------------

    def choose(
        self,
        style: Style,
        text: str,
        language: str,
        levels: Sequence[int] | None = None,
    ) -> list[Chosen]:
        """
        Cut *text* (one paragraph, as it is read) into stretches of one font.

        Letters of one script that stand together come from one font if any has them
        all, else each word does; marks come from the font of their letter, and
        digits, punctuation and spaces from that of the letters before them.
        *levels* are those of UAX #9, one per character; None: all 0.
        """
        if not text:
            return []
        # Most texts: Latin letters that the style's own font has, and no emoji.
        own = self.face_of(style)
        if levels is None and max(text) < _FIRST_EMOJI and own.covers(text):
            scripts = {*map(script_of, text)} - {COMMON}
            if scripts <= {"Latn"}:
                script = "Latn" if scripts else COMMON
                return [Chosen(0, len(text), own, script, 0, language)]
        han = _language_of_han(text, language)
        clusters = _with_scripts(text, list(clusters_of(text)), levels)
        chosen: list[Chosen] = []
        start = 0
        for end in range(1, len(clusters) + 1):
            if end < len(clusters) and _go_together(clusters[start], clusters[end]):
                continue
            chosen += self._choose_for_run(
                style,
                text,
                clusters[start:end],
                han if clusters[start][0].script in IDEOGRAPHIC else language,
            )
            start = end
        return _joined(chosen)

    def _choose_for_run(
        self,
        style: Style,
        text: str,
        run: "Sequence[_Placed]",
        language: str,
    ) -> list[Chosen]:
        script, level = run[0][0].script, run[0][1]
        chain = self.chain(style, script)
        if run[0][0].is_emoji:
            emoji = [face for face in chain if face.is_colour]
            chain = [*emoji, *(face for face in chain if face not in emoji)]
        faces: list[Face | None] = [None] * len(run)

        def needed(places: Sequence[int]) -> str:
            return "".join(
                character
                for at in places
                for character in text[run[at][0].start : run[at][0].end]
                if not is_ignored(character)
            )

        def first(places: Sequence[int]) -> Face | None:
            wanted = needed(places)
            return next((face for face in chain if face.covers(wanted)), None)

        # 1. All letters of the run; else of each word; else each letter by itself.
        letters = [at for at in range(len(run)) if run[at][2] or run[at][0].is_emoji]
        whole = first(letters) if letters else None
        for word in [letters] if whole else _words(text, run, letters):
            face = whole or first(word)
            for at in word:
                faces[at] = face or first([at])
        # 2. What is between them, from the font that stands before it if it can.
        before = next((face for face in faces if face is not None), None)
        is_letter = set(letters)
        for at in range(len(run)):
            if at not in is_letter:
                wanted = needed([at])
                faces[at] = before if before and before.covers(wanted) else first([at])
            else:
                before = faces[at] or before
        return [
            Chosen(placed[0].start, placed[0].end, face, script, level, language)
            for placed, face in zip(run, faces, strict=True)
        ]


#: A cluster with the script of its run, its level, and whether that script is its
#: own.
_Placed = tuple[Cluster, int, bool]


def _declared(font: FontFile, data: bytes | Path) -> Iterator[Source]:
    """Give the fonts of a package's font file, as the design calls them."""
    path = data if isinstance(data, Path) else None
    blob = hb.Blob.from_file_path(str(path)) if path else hb.Blob(data)
    for source in sources_of(blob, path, family=font.family):
        yield Source(
            family=font.family,
            kind=source.kind,
            is_italic=font.is_italic,
            weights=(font.weight, font.weight),
            axes=source.axes,
            blob=blob,
            path=source.path,
            index=source.index,
        )
        return


def _with_scripts(
    text: str, clusters: Sequence[Cluster], levels: Sequence[int] | None
) -> list[_Placed]:
    """
    Give each cluster a script: what has none takes that of its neighbour.

    That is what stands before it, or after it if only that runs the same way; but
    what opens goes with what it opens, and what closes with what opened it (UAX 24,
    5.2).
    """
    owned = [c.script != COMMON and not c.is_emoji for c in clusters]
    level_of = [levels[c.start] if levels else 0 for c in clusters]
    following = [(COMMON, -1)] * (len(clusters) + 1)
    for at in range(len(clusters) - 1, -1, -1):
        following[at] = (
            (clusters[at].script, level_of[at]) if owned[at] else following[at + 1]
        )
    script, level = following[0]
    opened: list[str] = []
    placed = []
    for at, cluster in enumerate(clusters):
        taken = COMMON
        after, level_after = following[at]
        if owned[at]:
            taken = script = cluster.script
            level = level_of[at]
        elif not cluster.is_emoji:
            category = unicodedata.category(text[cluster.start])
            is_nearer = level != level_of[at] == level_after
            taken = after if is_nearer else script
            if category in ("Ps", "Pi"):
                taken = after if after != COMMON else script
                opened.append(taken)
            elif category in ("Pe", "Pf") and opened:
                taken = opened.pop()
        placed.append((cluster._replace(script=taken), level_of[at], owned[at]))
    return placed


def _go_together(one: _Placed, other: _Placed) -> bool:
    return (
        one[0].script == other[0].script
        and one[0].is_emoji == other[0].is_emoji
        and one[1] == other[1]
    )


def _words(
    text: str, run: Sequence[_Placed], letters: Sequence[int]
) -> Iterator[list[int]]:
    """Give the places of the letters in *run* word by word."""
    word: list[int] = []
    for at in letters:
        if word and any(
            text[run[between][0].start].isspace() for between in range(word[-1], at)
        ):
            yield word
            word = []
        word.append(at)
    if word:
        yield word


def _joined(chosen: Sequence[Chosen]) -> list[Chosen]:
    joined: list[Chosen] = []
    for stretch in chosen:
        if joined and joined[-1][2:] == stretch[2:]:
            joined[-1] = joined[-1]._replace(end=stretch.end)
        else:
            joined.append(stretch)
    return joined


def _language_of_han(text: str, language: str) -> str:
    """Return whose forms the Chinese characters of *text* take."""
    scripts = set(map(script_of, text))
    if scripts & {"Hira", "Kana"}:
        return "ja"
    if "Hang" in scripts:
        return "ko"
    primary, *others = language.casefold().split("-")
    if primary in ("ja", "ko"):
        return primary
    if "Bopo" in scripts or (
        primary == "zh" and {"hant", "tw", "hk", "mo"} & set(others)
    ):
        return "zh-Hant"
    return "zh-Hans"
