"""A template that is ready to stamp, and certificates of it."""

import io
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pikepdf
import pypdfium2 as pdfium

from testamur.rendering.design import (
    Box,
    Cover,
    Design,
    Field,
    Fit,
    Page,
    Picture,
    Qr,
    Role,
    Style,
    Text,
)
from testamur.rendering.laid import Laid
from testamur.rendering.pdf.stamp import Extras, Press, RowPicture, build_prefix
from testamur.rendering.prepared import Prepared
from testamur.rendering.text.fonts import Fonts
from testamur.rendering.text.layout import Layout

WIDTH, HEIGHT = 841.89, 595.276

DESIGN = Design(
    name="Test",
    language="en",
    page=Page(WIDTH, HEIGHT),
    items=(
        Text(
            "heading",
            Box(40, 60, 760, 60),
            ("Certificate of Completion",),
            Style("Cinzel", 40, 12, weight=700, colour="#1a2b3c", tracking=2),
            role=Role.TITLE,
        ),
        Picture("logo", Box(380, 20, 80, 40), "logo.png", alt="Logo of Testamur"),
        Text(
            "recipient",
            Box(40, 180, 760, 60),
            (Field("recipientName"),),
            Style("EB Garamond", 36, 6),
        ),
        Text(
            "course",
            Box(40, 280, 760, 60),
            ("for ", Field("name")),
            Style("Inter", 18, 8, tracking=0.5),
            fit=Fit.BOTH,
        ),
        Text(
            "date", Box(40, 400, 300, 30), (Field("issuedAt"),), Style("Inter", 12, 8)
        ),
        Text(
            "note", Box(40, 450, 300, 30), (Field("description"),), Style("Inter", 9, 6)
        ),
        Picture("photo", Box(40, 480, 80, 80), None, alt="A badge", cover=Cover.COVER),
        Qr("qr", Box(700, 440, 110, 110)),
    ),
)


def art(
    width: float = WIDTH,
    height: float = HEIGHT,
    *,
    pages: int = 1,
    is_bare: bool = False,
) -> bytes:
    """Return a PDF with a frame, marked in a way that a form must not be."""
    pdf = pikepdf.new()
    for _ in range(pages):
        page = pdf.add_blank_page(page_size=(width, height))
        page.Contents = pdf.make_stream(
            b""
            if is_bare
            else b"/P <</MCID 0>> BDC 0.2 0.4 0.6 RG 3 w 20 20 %d %d re S EMC"
            % (width - 40, height - 40)
        )
        page.obj.StructParents = 0
    out = io.BytesIO()
    pdf.save(out, static_id=True)
    return out.getvalue()


@dataclass(frozen=True)
class Works:
    """A press with all that it takes to use it."""

    fonts: Fonts
    layout: Layout
    prepared: Prepared

    @cached_property
    def press(self) -> Press:
        """The press."""
        return Press(self.prepared, self.fonts)

    def lay_out(
        self, name: str, course: str = "Advanced Metrology", **more: str
    ) -> Laid:
        """Return the texts of a row."""
        values = {
            "recipientName": name,
            "name": course,
            "issuedAt": "22 November 2026",
            **more,
        }
        laid = self.layout.lay_out(values)
        assert isinstance(laid, Laid), laid
        return laid

    def tail(self, name: str, *, extras: Extras | None = None, **more: str) -> bytes:
        """Return the tail of a row's certificate."""
        return self.press.stamp(self.lay_out(name, **more), extras or EXTRAS)

    def file(self, name: str, *, extras: Extras | None = None, **more: str) -> bytes:
        """Return the whole file of a row's certificate."""
        return self.prepared.prefix + self.tail(name, extras=extras, **more)


CREDENTIAL = b'{"type":["VerifiableCredential"],"proof":"%s"}' % (b"0123456789" * 9)

EXTRAS = Extras(
    title="Advanced Metrology – Ada Lovelace",
    certificate_id="01932f6b-1111-7000-8000-000000000001",
    issued_at=1_795_300_000_123,
    url="https://certs.example.org/c/4fzzzxjylrx4fzzzxjylrx",
    issuer_name="University of Ω",
    qr_alt="QR code of the certificate's page",
    credential=CREDENTIAL,
)


def extras(**changed: Any) -> Extras:
    """Return `EXTRAS`, some of them *changed*."""
    return replace(EXTRAS, **changed)


def works(design: Design = DESIGN) -> Works:
    """Prepare *design*, with a frame for its art."""
    return prepared(design, Fonts(), art(design.page.width, design.page.height))


def prepared(design: Design, fonts: Fonts, drawn: bytes) -> Works:
    """Prepare *design* with *drawn* as its art."""
    layout = Layout(design, fonts)
    static = layout.lay_out({}, only_static=True)
    assert isinstance(static, Laid), static
    prefix, plan = build_prefix(design, fonts, drawn, static)
    return Works(fonts, layout, Prepared(design, {}, drawn, static, prefix, plan))


def read(pdf: bytes) -> str:
    """Return the text of *pdf* as pdfium reads it."""
    document = pdfium.PdfDocument(pdf)
    try:
        return document[0].get_textpage().get_text_range()
    finally:
        document.close()


__all__ = ["CREDENTIAL", "DESIGN", "EXTRAS", "RowPicture", "Works", "art", "works"]
