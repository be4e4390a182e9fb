"""PDFs as institutions upload them: by several producers, in every style of file."""

import io
from collections.abc import Callable
from decimal import Decimal

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, String

from . import stamping
from .foreign_pdfs import page, show

CONTENT = show(100, 300, "Diploma of Ada Lovelace") + show(100, 200, "2026")


def plain() -> bytes:
    """Return a PDF with a cross-reference table."""
    return page(CONTENT)


def with_streams() -> bytes:
    """Return a PDF with object streams and a cross-reference stream."""
    return saved(plain(), object_stream_mode=ObjectStreamMode.generate)


def linearized() -> bytes:
    """Return a PDF whose first page comes first, with its own cross-reference."""
    return saved(plain(), linearize=True)


def linearized_streams() -> bytes:
    """Return the same with streams."""
    return saved(plain(), linearize=True, object_stream_mode=ObjectStreamMode.generate)


def typeset() -> bytes:
    """Return a PDF that Typst made, two pages."""
    made = typst.compile(b"= Diploma\nof Ada Lovelace\n#pagebreak()\nPage two")
    assert isinstance(made, bytes)
    return made


def ours() -> bytes:
    """Return a certificate of our own, with its credential attached."""
    return stamping.works().file("Ada Lovelace")


def with_form() -> bytes:
    """Return a PDF with a form of two fields, one of them filled in."""
    return page(CONTENT, _form)


def with_indirect_form() -> bytes:
    """Return the same, its fields and annotations being objects of their own."""

    def change(pdf: pikepdf.Pdf) -> None:
        _form(pdf)
        form, drawn = pdf.Root.AcroForm, pdf.pages[0].obj
        form.Fields = pdf.make_indirect(form.Fields)
        pdf.Root.AcroForm = pdf.make_indirect(form)
        drawn.Annots = pdf.make_indirect(drawn.Annots)

    return page(CONTENT, change)


def with_empty_form() -> bytes:
    """Return a PDF with a form that has no fields, as some programs write it."""

    def change(pdf: pikepdf.Pdf) -> None:
        pdf.Root.AcroForm = Dictionary(DA=String("/Helv 0 Tf 0 g"))

    return page(CONTENT, change)


def with_real_flags() -> bytes:
    """Return a PDF whose form has a number with a point where none belongs."""

    def change(pdf: pikepdf.Pdf) -> None:
        _form(pdf)
        pdf.Root.AcroForm.SigFlags = Decimal("1.0")

    return page(CONTENT, change)


def hybrid() -> bytes:
    """Return a PDF with a table for old readers and a stream for others (7.5.8.4)."""
    data = bytearray(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
    places = {}

    def write(number: int, body: bytes) -> None:
        places[number] = len(data)
        data.extend(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    write(1, b"<</Type/Catalog/Pages 2 0 R/Names 5 0 R>>")
    write(2, b"<</Type/Pages/Count 1/Kids[3 0 R]>>")
    write(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Resources<<>>>>")
    write(4, b"<</Type/ObjStm/N 1/First 4/Length 8>>stream\n5 0 <<>>\nendstream")
    stream = len(data)
    row = b"\2\0\0\0\4\0"
    write(
        6,
        b"<</Type/XRef/Size 7/W[1 4 1]/Index[5 1]/Root 1 0 R/Length 6>>stream\n"
        b"%s\nendstream" % row,
    )
    start = len(data)
    data += b"xref\n0 7\n0000000005 65535 f \n"
    for number in range(1, 7):
        place = places.get(number, 0)
        data += b"%010d %05d %s \n" % (place, 0, b"n" if place else b"f")
    data += b"trailer\n<</Size 7/Root 1 0 R/XRefStm %d>>\n" % stream
    return bytes(data + b"startxref\n%d\n%%%%EOF\n" % start)


def with_link() -> bytes:
    """Return a PDF with an annotation that is no field."""

    def change(pdf: pikepdf.Pdf) -> None:
        action = Dictionary(S=Name.URI, URI=String("https://example.org/"))
        pdf.pages[0].obj.Annots = Array(
            [
                Dictionary(
                    Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action
                )
            ]
        )

    return page(CONTENT, change)


def with_generations() -> bytes:
    """Return a PDF whose catalog and page came anew, after they had been deleted."""
    data, start = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), 0
    pages = b"<</Type/Pages/Count 1/Kids[3 %d R]>>"
    for rows in (
        [(1, 0, b"<<>>"), (2, 0, pages % 0), (3, 0, b"<<>>")],
        [(1, 1, b""), (3, 1, b"")],
        [
            (1, 1, b"<</Type/Catalog/Pages 2 0 R>>"),
            (2, 0, pages % 1),
            (3, 1, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>"),
        ],
    ):
        lines = [b"0 1\n0000000000 65535 f \n"]
        for number, generation, body in rows:
            kind = b"n" if body else b"f"
            lines.append(
                b"%d 1\n%010d %05d %s \n"
                % (number, len(data) if body else 0, generation, kind)
            )
            if body:
                data += b"%d %d obj\n%s\nendobj\n" % (number, generation, body)
        before, start = b"/Prev %d" % start if start else b"", len(data)
        root = b"/Root 1 %d R" % (1 if rows[0][1] else 0)
        data += b"xref\n%strailer\n<</Size 4%s%s>>\nstartxref\n%d\n%%%%EOF\n" % (
            *(b"".join(lines), root, before, start),
        )
    return bytes(data[:-1])


#: By what is special about it.
GOOD: dict[str, Callable[[], bytes]] = {
    "table": plain,
    "streams": with_streams,
    "linearized": linearized,
    "linearized streams": linearized_streams,
    "typst": typeset,
    "ours": ours,
    "form": with_form,
    "indirect form": with_indirect_form,
    "empty form": with_empty_form,
    "hybrid": hybrid,
    "link": with_link,
    "generations": with_generations,
}


def saved(data: bytes, **how: object) -> bytes:
    """Return a PDF as qpdf saves it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out, static_id=True, **how)
    return out.getvalue()


def _form(pdf: pikepdf.Pdf) -> None:
    drawn = pdf.pages[0].obj
    fields = [
        pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T=String(name),
                V=String(value),
                Rect=[100, place, 300, place + 20],
                F=4,
                P=drawn,
                AP=Dictionary(N=_appearance(pdf)),
            )
        )
        for name, value, place in (("Signature1", "Ada", 50), ("course", "", 100))
    ]
    drawn.Annots = Array(fields)
    pdf.Root.AcroForm = Dictionary(Fields=Array(fields), DA=String("/Helv 0 Tf 0 g"))


def _appearance(pdf: pikepdf.Pdf) -> pikepdf.Object:
    form = pdf.make_stream(b"/Tx BMC EMC")
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 200, 20])
    return form
