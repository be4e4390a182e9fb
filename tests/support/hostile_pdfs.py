"""PDFs that must not be signed, each made by hand for one reason (P01 to P09)."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from . import pki, uploads
from .foreign_pdfs import page, show, with_hidden_layer, with_pages

CONTENT = show(100, 300, "Diploma")


def _changed(change: Callable[[pikepdf.Pdf], None]) -> Callable[[], bytes]:
    return lambda: page(CONTENT, change)


def _catalog(**entries: Any) -> Callable[[], bytes]:
    def change(pdf: pikepdf.Pdf) -> None:
        for key, value in entries.items():
            pdf.Root[f"/{key}"] = value

    return _changed(change)


def _annotated(*annotations: dict[str, Any]) -> Callable[[], bytes]:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].obj.Annots = Array(
            [
                Dictionary({"/Type": Name.Annot, "/Rect": Array([0, 0, 9, 9]), **each})
                for each in annotations
            ]
        )

    return _changed(change)


def _field(rect: list[int], name: str = "a") -> dict[str, Any]:
    return {
        "/Subtype": Name.Widget,
        "/FT": Name.Tx,
        "/T": String(name),
        "/Rect": Array(rect),
    }


def _action(kind: str, **entries: Any) -> Dictionary:
    return Dictionary(
        {"/S": Name("/" + kind), **{f"/{k}": v for k, v in entries.items()}}
    )


# P01 -------------------------------------------------------------------------------


def _before_itself() -> bytes:
    """Return a PDF whose cross-reference comes before itself."""
    data = uploads.plain()
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    return data.replace(b"trailer <<", b"trailer << /Prev %d " % start)


def _before_itself_streams() -> bytes:
    """Return the same with a cross-reference stream: the numbers fit in one line."""
    data = uploads.plain()
    start = len(data)
    row = b"\1" + start.to_bytes(4, "big") + b"\0"
    return data + (
        b"9 0 obj\n<</Type/XRef/Size 10/W[1 4 1]/Index[9 1]/Root 1 0 R/Prev %d"
        b"/Length 6>>stream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n"
        % (start, row, start)
    )


def _pages_in_a_circle() -> bytes:
    return _by_hand(
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>", b"<</Kids[2 0 R]/Parent 2 0 R>>"
    )


def _by_hand(*bodies: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF with a catalog and *bodies*, the first of which are its pages."""
    data, places = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate((b"<</Type/Catalog/Pages 2 0 R>>", *bodies), 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (
        *(len(places) + 1, trailer, start),
    )
    return bytes(data)


def _page_of(entries: bytes, *bodies: bytes) -> bytes:
    return _by_hand(
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/Resources<<>>%s>>" % entries,
        *bodies,
    )


# P02 -------------------------------------------------------------------------------


def _stream(entries: bytes, data: bytes) -> bytes:
    return _page_of(
        b"/MediaBox[0 0 99 99]/Contents 4 0 R",
        b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data),
    )


@cache
def _packed(start: bytes = b"") -> bytes:
    """Return 300 MB of nothing, after *start*, deflated."""
    packer, step = zlib.compressobj(1), bytes(1 << 20)
    parts = [packer.compress(start), *(packer.compress(step) for _ in range(300))]
    return b"".join(parts) + packer.flush()


def _flate_bomb() -> bytes:
    return _stream(b"/Filter/FlateDecode", _packed())


def _nested_bomb() -> bytes:
    packed = zlib.compress(zlib.compress(_packed(), 9), 9)
    return _stream(b"/Filter[/FlateDecode/FlateDecode/FlateDecode]", packed)


def _run_length_bomb() -> bytes:
    return _stream(b"/Filter/RunLengthDecode", b"\x81\0" * 5_000_000 + b"\x80")


def _object_stream_bomb() -> bytes:
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>",
    )
    packed = _packed(b"1 0 2 29 3 64".ljust(20) + b"".join(bodies))
    data = bytearray(b"%PDF-1.5\n")
    place = len(data)
    data += b"9 0 obj\n<</Type/ObjStm/N 3/First 20/Filter/FlateDecode/Length %d>>" % (
        len(packed)
    )
    data += b"stream\n%s\nendstream\nendobj\n" % packed
    start = len(data)
    rows = b"\0" * 6 + b"".join(b"\2\0\0\0\x09" + bytes((i,)) for i in range(3))
    rows += (
        b"\1" + place.to_bytes(4, "big") + b"\0\1" + start.to_bytes(4, "big") + b"\0"
    )
    data += (
        b"10 0 obj\n<</Type/XRef/Size 11/W[1 4 1]/Index[0 4 9 2]/Root 1 0 R/Length %d>>"
        b"stream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n"
        % (len(rows), rows, start)
    )
    return bytes(data)


# P04 -------------------------------------------------------------------------------


def _spelt_otherwise() -> bytes:
    return _page_of(
        b"/MediaBox[0 0 99 99]/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]"
        b"/A<</S/#4aava#53cript/J#53(app.alert\\(1\\))>>>>]"
    )


def _attached() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["a.exe"] = b"MZ"

    return page(CONTENT, change)


# P06, P05 --------------------------------------------------------------------------


def certified(level: int) -> bytes:
    """Return a PDF that an author certified with pyHanko at *level* (DocMDP)."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    signer = signers.SimpleSigner.load_pkcs12_data(
        pki.p12(pki.signer("p256"), b"1", pki.intermediate()), [], passphrase=b"1"
    )
    out = signers.sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(uploads.plain())),
        signers.PdfSignatureMetadata(
            field_name="Author",
            certify=True,
            docmdp_permissions=fields.MDPPerm(level),
            subfilter=fields.SigSeedSubFilter.PADES,
        ),
        signer=signer,
    )
    return out.getvalue()


def _signed() -> bytes:
    from testamur.documents.pades.sign import sign_pdf
    from testamur.documents.pades.wish import SignatureWish

    return sign_pdf(uploads.plain(), pki.seal(), SignatureWish(signed_at=0))


def _changed_after_signing() -> bytes:
    """Return a signed PDF whose page shows something else in a later revision."""
    data = _signed()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        number = pdf.pages[0].obj.Contents.objgen[0]
        root, size = pdf.Root.objgen[0], int(pdf.trailer.Size)
    content = CONTENT.replace("Diploma", "Doctorate").encode()
    before = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    place = len(data)
    data += b"%d 0 obj\n<</Length %d>>stream\n%s\nendstream\nendobj\n" % (
        *(number, len(content), content),
    )
    return data + (
        b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %d 0 R/Prev %d>>\n"
        b"startxref\n%d\n%%%%EOF\n" % (number, place, size, root, before, len(data))
    )


def _changed_signed_bytes() -> bytes:
    return _signed().replace(b"MediaBox [ 0 0 800", b"MediaBox [ 0 0 900", 1)


# P07 -------------------------------------------------------------------------------


def _page_in_reserve() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        other = pdf.make_indirect(
            Dictionary(Type=Name.Page, MediaBox=Array([0, 0, 9, 9]))
        )
        pdf.Root.PieceInfo = Dictionary(X=other)

    return page(CONTENT, change)


def _layer(**default: Any) -> Callable[[], bytes]:
    def change(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Draft")))
        pdf.Root.OCProperties = Dictionary(
            OCGs=Array([layer]),
            D=Dictionary({f"/{key}": value for key, value in default.items()}),
        )

    return _changed(change)


def _shown_while_a_layer_is_not() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Draft")))
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary())
        pdf.pages[0].obj.Resources.Properties = Dictionary(
            X=Dictionary(Type=Name.OCMD, OCGs=layer, P=Name.AllOff)
        )

    return page(CONTENT, change)


# P09 -------------------------------------------------------------------------------


def _with_archive(*, inside: bool) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.html", "<p>")
    data = archive.getvalue()
    if not inside:
        return uploads.plain() + data
    # Within the file, its end said to be a comment of the archive.
    whole = _stream(b"", data)
    end = whole.rindex(b"PK\5\6") + 22
    return whole[: end - 2] + (len(whole) - end).to_bytes(2, "little") + whole[end:]


#: By code: by name, what it is.
CASES: dict[str, dict[str, Callable[[], bytes]]] = {
    "pdf_corrupt": {
        "object stream of 300 MB": _object_stream_bomb,
        "no pdf": lambda: b"GIF89a" + bytes(99),
        "empty": lambda: b"",
        "xref in a circle": _before_itself,
        "xref stream in a circle": _before_itself_streams,
        "pages in a circle": _pages_in_a_circle,
        "trailer that is its own root": lambda: _by_hand(b"1 0 R"),
        "cut off": lambda: uploads.plain()[:-300],
        "cut off in the middle": lambda: uploads.ours()[:40_000],
        "wrong start": lambda: uploads.plain().replace(b"startxref\n", b"startxref\n9"),
        "no pages": lambda: _by_hand(b"<</Type/Pages/Count 0/Kids[]>>"),
        "no tree": lambda: _by_hand(b"(hello)"),
        "object cut open": lambda: _page_of(
            b"/MediaBox[0 0 99 99]/Contents 4 0 R", b"<<"
        ),
    },
    "pdf_too_complex": {
        "flate": _flate_bomb,
        "flate in flate": _nested_bomb,
        "run length": _run_length_bomb,
        "picture": lambda: _page_of(
            b"/MediaBox[0 0 99 99]",
            b"<</Subtype/Image/Width 99999/Height 99999/Length 0>>stream\n\nendstream",
        ),
        "nested": lambda: _page_of(
            b"/MediaBox[0 0 99 99]/X " + b"[" * 200 + b"/JS" + b"]" * 200
        ),
    },
    "pdf_encrypted": {
        "owner only": lambda: page(
            CONTENT, encryption=pikepdf.Encryption(owner="o", user="")
        ),
        "password": lambda: page(
            CONTENT, encryption=pikepdf.Encryption(owner="o", user="u")
        ),
    },
    "pdf_active_content": {
        "script on opening": _catalog(
            OpenAction=_action("JavaScript", JS=String("app.alert(1)"))
        ),
        "link on opening": _catalog(
            OpenAction=_action("URI", URI=String("https://example.org"))
        ),
        "program on opening": _catalog(OpenAction=_action("Launch", F=String("a.exe"))),
        "script by name": _catalog(
            Names=Dictionary(JavaScript=Dictionary(Names=Array([])))
        ),
        "spelt otherwise": _spelt_otherwise,
        "by itself": _catalog(AA=Dictionary(WC=_action("GoTo", D=Array([])))),
        "click": _annotated({"/Subtype": Name.Link, "/A": _action("Launch")}),
        "click, called a part of the structure": _annotated(
            {
                "/Subtype": Name.Link,
                "/A": _action("Launch", Type=Name.StructElem, P=Dictionary()),
            }
        ),
        "second action": _annotated(
            {
                "/Subtype": Name.Link,
                "/A": _action("GoTo", Next=Array([_action("SubmitForm")])),
            }
        ),
        "link to a script": _annotated(
            {"/Subtype": Name.Link, "/A": _action("URI", URI=String("javascript:a"))}
        ),
        "link to a file": _annotated(
            {"/Subtype": Name.Link, "/A": _action("URI", URI=String(" FILE:///etc"))}
        ),
        "film": _annotated({"/Subtype": Name.RichMedia}),
        "attached to the page": _annotated({"/Subtype": Name.FileAttachment}),
        "attached": _attached,
        "xfa": _catalog(AcroForm=Dictionary(XFA=String("<xdp/>"), Fields=Array([]))),
        "collection": _catalog(Collection=Dictionary()),
        "in another file": lambda: _stream(b"/F(//host/share)", b""),
    },
    "pdf_locked": {
        "certified": lambda: certified(1),
        "usage rights": _catalog(Perms=Dictionary(UR3=Dictionary())),
    },
    "pdf_signature_invalid": {
        "changed": _changed_signed_bytes,
        "none at all": _catalog(
            AcroForm=Dictionary(
                Fields=Array(
                    [
                        Dictionary(
                            FT=Name.Sig,
                            T=String("x"),
                            V=Dictionary(Type=Name.Sig, ByteRange=Array([0, 1, 2, 3])),
                        )
                    ]
                )
            )
        ),
    },
    "pdf_hidden_content": {
        "layer": _changed(with_hidden_layer),
        "all layers": _layer(BaseState=Name.OFF),
        "layer on paper": _layer(AS=Array([Dictionary(Event=Name.Print)])),
        "shown while a layer is not": _shown_while_a_layer_is_not,
        "hidden note": _annotated({"/Subtype": Name.FreeText, "/F": 2}),
        "field over field": _annotated(
            _field([100, 100, 300, 120]), _field([110, 101, 290, 119], "b")
        ),
        "page in reserve": _page_in_reserve,
        "changed after signing": _changed_after_signing,
    },
    "pdf_too_large": {
        "pages": _changed(with_pages(201)),
        "wide": lambda: _page_of(b"/MediaBox[0 0 14401 99]"),
        "unit": lambda: _page_of(b"/MediaBox[0 0 99 99]/UserUnit 1000"),
        "nan": lambda: _page_of(b"/MediaBox[0 0 NaN 99]"),
        "long": lambda: _page_of(b"/MediaBox[0 0 1%s.0 99]" % (b"0" * 400)),
        "no size": lambda: _page_of(b""),
        "empty": lambda: _page_of(b"/MediaBox[0 0 0 0]"),
        "bytes": lambda: uploads.plain() + bytes(26 * 1024 * 1024),
    },
    "pdf_ambiguous": {
        "header at 900": lambda: bytes(900) + uploads.plain(),
        "page before": lambda: b"<html>" + uploads.plain(),
        "page within": lambda: uploads.plain().replace(
            b"\n%", b"\n%<script>alert(1)</script>", 1
        ),
        "archive after": lambda: _with_archive(inside=False),
        "archive within": lambda: _with_archive(inside=True),
        "something after": lambda: uploads.plain() + b"more",
    },
}

__all__ = ["CASES", "certified"]
