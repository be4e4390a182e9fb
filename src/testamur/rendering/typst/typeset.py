"""
The typesetter: a page drawn by Typst, every line where the layout put it.

It draws what the stamp does not (emoji, mixed directions, templates that are Typst
source), the art that stamped pages lie on, and whatever the stamp is compared with.
Strangers' templates are only ever drawn in `press_child`.
"""

import json
import re
import shutil
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

from testamur.core.refusals import Reason

from ..laid import Laid
from ..package.package import Package
from ..pdf.stamp import Extras
from ..text.font_house import house as default_house
from ..text.fonts import Fonts, House
from ..values import FIELDS
from .errors import clean, missing_glyph, wrong_font, wrong_picture, wrong_source
from .letters import readable
from .pages import has_one_page, laid_over, too_many_pages
from .source import Page, about, qr_svg, row_picture
from .type_case import TypeCase, fonts_in, links_to

#: Both at once: what is archived can be read aloud, and what no font has is an error.
STANDARDS = ["a-3a", "ua-1"]

#: What pictures begin with, and how Typst tells them apart.
KINDS = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8", ".jpg"),
    (b"%PDF", ".pdf"),
    (b"RIFF", ".webp"),
)
#: Files of a template that is source keep their names: these, and no folders.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")

#: Fonts in which source is set that names none; the first that has a letter.
FAMILIES = ("Noto Sans", "Noto Sans CJK JP", "Noto Sans Arabic", "Noto Color Emoji")


class Typesetter:
    """
    Draws pages of templates, one at a time; one per process.

    Every file that Typst may read lies in *folder*, which is empty and private.
    """

    def __init__(self, folder: Path, *, house: House | None = None) -> None:
        self._house = house or default_house()
        self._folder = folder
        self._root = folder / "page"
        self._root.mkdir(parents=True)
        self._house_fonts = links_to(self._house, folder / "house")
        self._case = TypeCase(folder / "faces")
        self._compiler: typst.Compiler | None = None
        #: The fonts that the compiler has.
        self._fonts: typst.Fonts | None = None
        self._desk: _Desk | None = None
        #: What Typst said of the last page that it drew.
        self.doubts: list[str] = []

    def pdf(
        self,
        package: Package,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None = None,
    ) -> bytes | Reason:
        """
        Return the whole file of a certificate: PDF/A-3a, tagged, credential attached.

        *values* (see `values.values_of`) are what a template's own source is given.
        Returns a `Reason` `glyph_missing` when no font has a character; the same
        arguments give the same bytes.

        Raises:
            Refusal: INVALID `template_source`, what is wrong with that source.
        """
        desk = self._at(package)
        under = desk.pdf_background
        inputs = desk.inputs(laid, extras, values, is_over=under is not None)
        drawn = self._drawn(
            desk,
            inputs,
            extras,
            format="pdf",
            pdf_standards=STANDARDS,
            timestamp=extras.issued_at // 1000,
        )
        if isinstance(drawn, Reason):
            return drawn
        if package.design.source:
            page = package.design.page
            has_one_page(drawn, page.width, page.height, package.design.source)
        if laid.is_unusual or package.design.source or _has_marks(laid):
            drawn = readable(drawn)
        if under is not None:
            drawn = laid_over(drawn, under, package.design.page.colour)
        return drawn

    def png(
        self,
        package: Package,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None = None,
        *,
        ppi: float,
    ) -> bytes | Reason:
        """Return the page as a PNG of *ppi* pixels per inch; as `pdf` otherwise."""
        desk = self._at(package)
        inputs = desk.inputs(laid, extras, values, is_over=False)
        moment = extras.issued_at // 1000
        return self._drawn(
            desk, inputs, extras, format="png", ppi=ppi, timestamp=moment
        )

    def art(self, package: Package) -> bytes:
        """Return a PDF of the page without text, QR code and the row's picture."""
        desk = self._at(package)
        art = self._drawn(
            desk, desk.art(), None, format="pdf", pdf_tags=False, timestamp=0
        )
        assert isinstance(art, bytes)
        return art

    def art_png(self, package: Package, *, ppi: float) -> bytes:
        """Return what `art` draws as a PNG."""
        desk = self._at(package)
        art = self._drawn(desk, desk.art(), None, format="png", ppi=ppi)
        assert isinstance(art, bytes)
        return art

    def fonts(self, package: Package) -> Fonts:
        """Return the fonts of a package, those that its texts are laid out with."""
        return self._at(package).fonts

    def _at(self, package: Package) -> "_Desk":
        """Have the files of *package*, and no other's, where Typst looks."""
        if self._desk is None or self._desk.package is not package:
            self._desk = None
            shutil.rmtree(self._root, ignore_errors=True)
            self._desk = _Desk(package, self._root, self._house, self._case)
        return self._desk

    def _compiler_for(self, desk: "_Desk") -> typst.Compiler:
        """Return a compiler with the fonts of *desk*: nearly always the last one."""
        fonts = self._case.fonts if desk.source is None else desk.source_fonts
        if fonts is None:
            fonts = desk.source_fonts = fonts_in([self._house_fonts, desk.own])
        if self._compiler is None or self._fonts is not fonts:
            nowhere = str(self._folder / "nowhere")
            self._compiler = typst.Compiler(
                root=str(self._root),
                font_paths=fonts,
                ignore_system_fonts=True,
                package_path=nowhere,
                package_cache_path=nowhere,
            )
            self._fonts = fonts
        return self._compiler

    def _drawn(
        self,
        desk: "_Desk",
        inputs: Mapping[str, str],
        extras: Extras | None,
        **how: Any,
    ) -> bytes | Reason:
        """Have Typst draw the page once; its files are there, and the row's picture."""
        picture = None
        if extras and extras.picture:
            picture = self._root / row_picture(extras)
            picture.write_bytes(extras.picture.data)
        try:
            drawn, doubts = self._compiler_for(desk).compile_with_warnings(
                input=str(self._root / desk.main), sys_inputs=dict(inputs), **how
            )
        except typst.TypstError as error:
            missing = missing_glyph(error)
            if missing is not None:
                return missing
            if desk.package.design.source:
                raise wrong_source(error, desk.package.design.source) from None
            fonts = [font.asset for font in desk.package.design.fonts]
            refusal = wrong_picture(error, desk.files) or wrong_font(error, fonts)
            raise refusal or wrong_source(error, "template.json") from None
        finally:
            if picture is not None:
                picture.unlink()
        self.doubts = [clean(doubt.message) for doubt in doubts]
        if isinstance(drawn, list):
            raise too_many_pages(desk.package.design.source or "", len(drawn))
        assert isinstance(drawn, bytes)
        return drawn


class _Desk:
    """One template with its files laid out for Typst."""

    def __init__(
        self, package: Package, root: Path, house: House, case: TypeCase
    ) -> None:
        self.package = package
        design = package.design
        self.source = design.source
        self.main = "expert.typ" if design.source else "page.typ"
        root.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path(__file__).parent / self.main, root / self.main)
        #: The package's fonts, where its own source asks for them.
        self.own = root.parent / "own"
        shutil.rmtree(self.own, ignore_errors=True)
        self.source_fonts: typst.Fonts | None = None
        #: What source asks of a row that the row may leave empty.
        self._unsaid = {
            name: "" for name in package.about.columns if name not in FIELDS
        }
        #: The names by which Typst knows the pictures, by their own.
        self.files: dict[str, str] = {}
        if design.source:
            self._lay_out_source(root / "source")
        else:
            self.files = self._lay_out(root)
        self.fonts = Fonts(
            [(font, package.assets[font.asset]) for font in design.fonts], house=house
        )
        self._page = Page(design, files=self.files, fonts=self.fonts, named=case.face)

    @property
    def pdf_background(self) -> bytes | None:
        """The background that is a PDF: Typst embeds none in a file for archives."""
        name = self.package.design.page.background
        if name is None or self.package.design.source:
            return None
        data = self.package.assets[name]
        return data if data.startswith(b"%PDF") else None

    def inputs(
        self,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None,
        *,
        is_over: bool,
    ) -> dict[str, str]:
        """Return what Typst is told of a row; *is_over*: its background is there."""
        credential = {"credential": (extras.credential or b"").decode()}
        design = self.package.design
        if design.source is None:
            page = self._page.of(laid.texts, extras)
            if is_over:
                page |= {"colour": None, "background": None}
            return {"data": _spelt(page), **credential}
        said = about(design, extras) | {
            "width": design.page.width,
            "height": design.page.height,
            "source": f"source/{design.source}",
            "fonts": FAMILIES,
        }
        given = {**self._unsaid, **(values or {})} | {
            "language": design.language,
            "qr": qr_svg(extras.url),
            "picture": f"/{row_picture(extras)}" if extras.picture else None,
        }
        return {"data": _spelt(given), "about": _spelt(said), **credential}

    def art(self) -> dict[str, str]:
        """Return what Typst is told of the page that all certificates lie on."""
        return {"data": _spelt(self._page.art()), "credential": ""}

    def _lay_out(self, root: Path) -> dict[str, str]:
        """Write the pictures under names of our own."""
        fonts = {font.asset for font in self.package.design.fonts}
        files = {}
        for number, (name, data) in enumerate(sorted(self.package.assets.items())):
            if name in fonts:
                continue
            files[name] = f"{number}{_suffix(data)}"
            (root / files[name]).write_bytes(data)
        return files

    def _lay_out_source(self, folder: Path) -> None:
        """Write all files under the names by which the source asks for them."""
        folder.mkdir()
        for name, data in self.package.assets.items():
            if NAME.fullmatch(name):
                (folder / name).write_bytes(data)
        self.own.mkdir()
        for number, font in enumerate(self.package.design.fonts):
            (self.own / f"{number}.otf").write_bytes(self.package.assets[font.asset])


def _has_marks(laid: Laid) -> bool:
    """Say whether letters have marks, as vowels and tones are in many scripts."""
    return any(
        unicodedata.category(letter).startswith("M")
        for text in laid.texts
        if not text.text.isascii()
        for letter in text.text
    )


def _suffix(data: bytes) -> str:
    for start, suffix in KINDS:
        if data.startswith(start):
            return suffix
    return ".svg"


def _spelt(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
