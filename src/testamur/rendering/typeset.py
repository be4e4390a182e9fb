"""
The typesetter: a page drawn by Typst, every line where the layout put it.

It draws what the stamp does not (emoji, mixed directions, templates that are Typst
source), the art that stamped pages lie on, and whatever the stamp is compared with.
Strangers' templates are only ever drawn in `press_child`.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

from testamur.core.refusals import Reason

from .face import Face
from .fonts import Fonts, House
from .laid import Laid
from .package import Package
from .stamp import Extras
from .type_case import TypeCase
from .typeset_pages import has_one_page, laid_over, too_many_pages
from .typst_errors import missing_glyph, wrong_source
from .typst_source import Page, TypstFace, about, qr_svg, row_picture

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
        self._house = house or House()
        self._folder = folder
        self._root = folder / "page"
        self._of_house = TypeCase(folder / "fonts", self._house)
        self._compiler = self._made(self._of_house)
        self._desk: _Desk | None = None

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
        return self._drawn(desk, inputs, extras, format="png", ppi=ppi)

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
            self._desk = _Desk(package, self._root, self._house, self._of_house)
        return self._desk

    def _made(self, case: TypeCase) -> typst.Compiler:
        nowhere = str(self._folder / "nowhere")
        return typst.Compiler(
            root=str(self._root),
            font_paths=case.fonts,
            ignore_system_fonts=True,
            package_path=nowhere,
            package_cache_path=nowhere,
        )

    def _drawn(
        self,
        desk: "_Desk",
        inputs: Mapping[str, str],
        extras: Extras | None,
        **how: Any,
    ) -> bytes | Reason:
        """Have Typst draw the page once; its files are there, and the row's picture."""
        if desk.case is self._of_house:
            compiler = self._compiler
        else:
            compiler = desk.compiler = desk.compiler or self._made(desk.case)
        picture = None
        if extras and extras.picture:
            picture = self._root / row_picture(extras)
            picture.write_bytes(extras.picture.data)
        try:
            drawn = compiler.compile(
                input=str(self._root / desk.main), sys_inputs=dict(inputs), **how
            )
        except typst.TypstError as error:
            missing = missing_glyph(error)
            if missing is not None:
                return missing
            if desk.package.design.source:
                raise wrong_source(error, desk.package.design.source) from None
            raise wrong_source(error, "template.json") from None
        finally:
            if picture is not None:
                picture.unlink()
        if isinstance(drawn, list):
            raise too_many_pages(desk.package.design.source or "", len(drawn))
        assert isinstance(drawn, bytes)
        return drawn


class _Desk:
    """One template with its files laid out for Typst."""

    def __init__(
        self, package: Package, root: Path, house: House, of_house: TypeCase
    ) -> None:
        self.package = package
        self.compiler: typst.Compiler | None = None
        design = package.design
        root.mkdir(parents=True)
        here = Path(__file__).parent
        self.main = "expert.typ" if design.source else "page.typ"
        if design.source:
            # Names of our own cannot be in its way: it is in a folder of its own.
            self._lay_out_source(root)
        self.files = {} if design.source else self._lay_out(root)
        shutil.copyfile(here / self.main, root / self.main)
        self.fonts = Fonts(
            [(font, package.assets[font.asset]) for font in design.fonts], house=house
        )
        self._own = self._lay_out_fonts(root.parent / "own")
        self.case = (
            TypeCase(_empty(root.parent / "both"), house, root.parent / "own")
            if self._own
            else of_house
        )
        self._page = Page(design, files=self.files, fonts=self.fonts, named=self._named)

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
        given = dict(values or {}) | {
            "language": design.language,
            "qr": qr_svg(extras.url),
            "picture": f"/{row_picture(extras)}" if extras.picture else None,
        }
        return {"data": _spelt(given), "about": _spelt(said), **credential}

    def art(self) -> dict[str, str]:
        """Return what Typst is told of the page that all certificates lie on."""
        return {"data": _spelt(self._page.art()), "credential": ""}

    def _named(self, face: Face) -> TypstFace:
        path = None if face.path else self._own.get(_digest(face.data))
        return self.case.face(face, path)

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

    def _lay_out_source(self, root: Path) -> None:
        """Write all files under the names by which the source asks for them."""
        (root / "source").mkdir()
        for name, data in self.package.assets.items():
            if NAME.fullmatch(name):
                (root / "source" / name).write_bytes(data)

    def _lay_out_fonts(self, folder: Path) -> dict[str, Path]:
        """Write the package's fonts; return where each is, by its digest."""
        _empty(folder)
        files = {}
        for number, font in enumerate(self.package.design.fonts):
            data = self.package.assets[font.asset]
            suffix = ".otf" if data.startswith(b"OTTO") else ".ttf"
            path = folder / f"{number}{suffix}"
            path.write_bytes(data)
            files[_digest(data)] = path
        return files


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _suffix(data: bytes) -> str:
    for start, suffix in KINDS:
        if data.startswith(start):
            return suffix
    return ".svg"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _spelt(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
