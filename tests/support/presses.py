"""Templates that are ready to stamp, made without the typesetter."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pikepdf
from PIL import Image

from support.designs import FACTS
from testamur.core.words import Facts
from testamur.rendering.design import Box, Design, Page, Picture, Qr
from testamur.rendering.laid import Laid
from testamur.rendering.pdf.stamp import Extras, Press, RowPicture, build_prefix
from testamur.rendering.pdfium.raster import Raster
from testamur.rendering.pdfium.read_back import Expected, ReadBack, texts_of
from testamur.rendering.prepared import Prepared
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.text.layout import Layout
from testamur.rendering.values import filled, values_of

from .designs import text

#: 22 November 2026.
ISSUED = 1_795_305_600_000
URL = "https://certificates.example.org/c/0123456789"
CREDENTIAL = b'{"type": ["VerifiableCredential"], "id": "one"}'
A4 = Page(width=841.89, height=595.28, colour="#fdfaf1")

#: A constant text, three of the row, and a QR code.
ITEMS = (
    text("This is to certify that", id="constant", box=Box(100, 120, 640, 40)),
    text(id="name", size=40.0),
    text("{{name}}, {{issuedAt}}", id="course", box=Box(100, 300, 640, 40)),
    text("{{attribute_hours}} hours", id="hours", box=Box(100, 360, 640, 40)),
    Qr("qr", Box(660, 440, 80, 80)),
)
DESIGN = Design(name="test", language="en", page=A4, items=ITEMS)
PHOTO = Picture("photo", Box(60, 100, 120, 120), None, "The bearer")


@dataclass(frozen=True)
class Row:
    """What one file is made of."""

    values: Mapping[str, str]
    extras: Extras
    expected: Expected


@dataclass
class Bureau:
    """A template with all that draws it and looks at it."""

    design: Design = DESIGN
    fonts: Fonts = field(default_factory=Fonts)

    @cached_property
    def prepared(self) -> Prepared:
        """The template, ready; its art is a frame on the page's colour."""
        static = self.layout.lay_out({}, only_static=True)
        assert isinstance(static, Laid)
        art = _art(self.design.page)
        prefix, plan = build_prefix(self.design, self.fonts, art, static)
        return Prepared(self.design, {}, art, static, prefix, plan)

    @cached_property
    def layout(self) -> Layout:
        """What gives texts their place."""
        return Layout(self.design, self.fonts)

    @cached_property
    def press(self) -> Press:
        """What stamps."""
        return Press(self.prepared, self.fonts)

    @cached_property
    def raster(self) -> Raster:
        """What makes pictures."""
        return Raster(self.prepared)

    @cached_property
    def reader(self) -> ReadBack:
        """What reads back."""
        return ReadBack(self.prepared)

    def row(
        self,
        facts: Facts = FACTS,
        *,
        url: str = URL,
        credential: bytes | None = CREDENTIAL,
        picture: RowPicture | None = None,
    ) -> Row:
        """Return a row that says *facts*."""
        values = values_of(
            self.design,
            facts,
            certificate_id="0123456789",
            reference="T-1",
            issued_at=ISSUED,
            valid_until=None,
            issuer_name="Example Institute",
            url=url,
        )
        title = filled(self.design.title, values)
        extras = Extras(
            title, "0123456789", ISSUED, url, credential=credential, picture=picture
        )
        texts = texts_of(self.design, values)
        expected = Expected(texts, url, title, credential, picture is not None)
        return Row(values, extras, expected)

    def laid(self, row: Row) -> Laid:
        """Return the texts of *row* with their places."""
        laid = self.layout.lay_out(row.values, only_variable=True)
        assert isinstance(laid, Laid), laid
        return laid

    def tail(self, row: Row) -> bytes:
        """Return the tail of the file of *row*."""
        return self.press.stamp(self.laid(row), row.extras)

    def file(self, row: Row) -> bytes:
        """Return the whole file of *row*."""
        return self.prepared.prefix + self.tail(row)


def photo(colour: str = "#8a2b2b") -> RowPicture:
    """Return a row's picture of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (60, 60), colour).save(data, "JPEG")
    return RowPicture(data.getvalue(), "image/jpeg", 60, 60)


def _art(page: Page) -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(page.width, page.height))
    red, green, blue = (part / 255 for part in bytes.fromhex(page.colour[1:]))
    drawn = (
        f"{red} {green} {blue} rg 0 0 {page.width} {page.height} re f "
        f"0.6 0.5 0.2 RG 4 w 30 30 {page.width - 60} {page.height - 60} re S"
    )
    pdf.pages[0].Contents = pdf.make_stream(drawn.encode())
    data = io.BytesIO()
    pdf.save(data, static_id=True)
    return data.getvalue()
