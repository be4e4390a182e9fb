"""
What a PDF must not be, so that a page of it may become a template's background.
"""

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any, Never

import pikepdf

from testamur.core.refusals import Kind, Refusal

#: An export of a design tool; a picture in it larger than print needs fills more.
MAX_PDF_BYTES = 20 * 1024 * 1024
#: Pages in inches: what `package_items` allows.
SMALLEST_PAGE, LARGEST_PAGE = 72.0, 4_000.0
#: Objects that are looked through.
MAX_OBJECTS = 50_000
#: All that is packed in it, unpacked; pictures by their pixels.
MAX_UNPACKED_BYTES = 128 * 1024 * 1024

_REMEDY = "Export the page again from the tool it was designed in, as a plain PDF."

#: What does something, or carries something along, when a PDF is opened.
_ACTIVE = ("/JS", "/JavaScript", "/AA", "/XFA", "/RichMediaContent", "/EmbeddedFiles")
_ACTIONS = ("/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Movie", "/Sound")
_ANNOTATIONS = (
    *("/Widget", "/FileAttachment", "/RichMedia", "/Screen", "/Movie", "/Sound"),
    *("/3D", "/Projection"),
)

_END = re.compile(rb"%%EOF[\x00\t\n\x0c\r ]*")


def refuse(code: str, detail: str, *, kind: Kind = Kind.INVALID) -> Never:
    """
    Say no.

    Raises:
        Refusal: always.
    """
    raise Refusal(kind, code, detail)


def check_bytes(data: bytes) -> None:
    """
    Refuse what is no PDF, or something else as well.

    Raises:
        Refusal: `pdf_too_large`, `pdf_corrupt` or `pdf_ambiguous`.
    """
    if len(data) > MAX_PDF_BYTES:
        refuse(
            "pdf_too_large",
            f"The PDF has more than {MAX_PDF_BYTES // 2**20} MiB. Make its pictures "
            "smaller; 300 dots per inch are enough for print.",
            kind=Kind.TOO_LARGE,
        )
    if not data.startswith(b"%PDF-"):
        if b"%PDF-" in data[:1024]:
            refuse(
                "pdf_ambiguous",
                f"There is something before the beginning of the PDF. {_REMEDY}",
            )
        refuse("pdf_corrupt", f"This is no PDF. {_REMEDY}")
    ends = list(_END.finditer(data))
    if not ends:
        refuse("pdf_corrupt", f"The PDF is cut off: it has no end. {_REMEDY}")
    start = data[:1024].lower()
    if ends[-1].end() != len(data) or b"<html" in start or b"<script" in start:
        refuse(
            "pdf_ambiguous",
            f"There is something in the file besides the PDF. {_REMEDY}",
        )


def opened(data: bytes) -> pikepdf.Pdf:
    """
    Return the PDF in *data*, of one page that only shows something.

    Raises:
        Refusal: with one of the codes that begin with `pdf_`.
    """
    check_bytes(data)
    try:
        document = pikepdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        _encrypted()
    except (pikepdf.PdfError, RuntimeError, ValueError):
        refuse("pdf_corrupt", f"The PDF is damaged and cannot be read. {_REMEDY}")
    if document.is_encrypted:
        _encrypted()
    try:
        _check_pages(document)
        _check_objects(document)
        _check_layers(document)
        _check_streams(document)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, AttributeError):
        refuse("pdf_corrupt", f"The PDF is damaged and cannot be read. {_REMEDY}")
    return document


def _encrypted() -> Never:
    refuse(
        "pdf_encrypted",
        "The PDF is protected by a password or against changes. Export it without.",
    )


def _check_pages(document: pikepdf.Pdf) -> None:
    count = len(document.pages)
    if count != 1:
        refuse(
            "pdf_too_large",
            f"The PDF has {count:,} pages, and a certificate has one. Export that page "
            "alone.",
            kind=Kind.TOO_LARGE,
        )
    box = document.pages[0].mediabox
    left, bottom, right, top = (float(one) for one in box)
    unit = float(document.pages[0].obj.get("/UserUnit", 1))
    sides = (abs(right - left) * unit, abs(top - bottom) * unit)
    if not all(SMALLEST_PAGE <= side <= LARGEST_PAGE for side in sides):
        refuse(
            "pdf_too_large",
            f"The page is {sides[0] / 72:.5g} × {sides[1] / 72:.5g} inches. Pages of "
            f"{SMALLEST_PAGE / 72:.0f} to {LARGEST_PAGE / 72:.0f} inches are read.",
            kind=Kind.TOO_LARGE,
        )


def _dictionaries(document: pikepdf.Pdf) -> Iterator[Any]:
    """Give every dictionary in the file, those inside others too."""
    for number, top in enumerate(document.objects):
        if number > MAX_OBJECTS:
            _too_complex()
        waiting = [top]
        while waiting:
            one = waiting.pop()
            if isinstance(one, pikepdf.Array):
                waiting += [
                    inner
                    for inner in one
                    if isinstance(inner, (pikepdf.Array, pikepdf.Dictionary))
                    and not inner.is_indirect
                ]
            elif isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
                yield one
                waiting += [
                    inner
                    for inner in one.values()
                    if isinstance(inner, (pikepdf.Array, pikepdf.Dictionary))
                    and not inner.is_indirect
                ]


def _check_objects(document: pikepdf.Pdf) -> None:
    """Refuse a PDF that does something, is signed, or carries files."""
    for one in _dictionaries(document):
        if one.get("/Type") == "/Sig" or "/ByteRange" in one:
            refuse(
                "pdf_locked",
                "The PDF is signed, and a template made of it would break the "
                f"signature. {_REMEDY}",
            )
        if (
            any(name in one for name in _ACTIVE)
            or one.get("/S") in _ACTIONS
            or (one.get("/Subtype") in _ANNOTATIONS and "/Rect" in one)
        ):
            _active()
    opening = document.Root.get("/OpenAction")
    # Most tools write where to look first, which is harmless: a place, or a go-to.
    if isinstance(opening, pikepdf.Dictionary) and opening.get("/S") != "/GoTo":
        _active()
    if isinstance(opening, pikepdf.Dictionary) and "/Next" in opening:
        _active()


def _active() -> Never:
    refuse(
        "pdf_active_content",
        "The PDF has form fields, scripts, media or attached files. "
        "Print it to a PDF file, and send that.",
    )


def _check_layers(document: pikepdf.Pdf) -> None:
    layers = document.Root.get("/OCProperties")
    if layers is None:
        return
    shown: Any = layers.get("/D", {})
    if len(shown.get("/OFF", [])) or shown.get("/BaseState", "/ON") != "/ON":
        refuse(
            "pdf_hidden_content",
            "The PDF has hidden layers. Delete them, or export what is visible only.",
        )


def _check_streams(document: pikepdf.Pdf) -> None:
    """Refuse a PDF that is far larger than it looks."""
    left = MAX_UNPACKED_BYTES
    for one in document.objects:
        if not isinstance(one, pikepdf.Stream):
            continue
        if one.get("/Subtype") == "/Image":
            left -= max(0, int(one.get("/Width", 0)) * int(one.get("/Height", 0)) * 4)
        filters = one.get("/Filter", pikepdf.Array())
        names = filters if isinstance(filters, pikepdf.Array) else [filters]
        if any(name == "/FlateDecode" for name in names):
            left -= _unpacked(one.read_raw_bytes(), left)
        if left < 0:
            _too_complex()


def _unpacked(data: bytes, most: int) -> int:
    """Return how long deflated *data* is, or a little more than *most*."""
    inflate = zlib.decompressobj()
    length = 0
    try:
        while length <= most and (part := inflate.decompress(data, 1 << 20)):
            length += len(part)
            data = inflate.unconsumed_tail
    except zlib.error:
        pass  # behind another filter, or damaged
    return length


def _too_complex() -> Never:
    refuse(
        "pdf_too_complex",
        "The PDF is much larger inside than it looks. Make its art simpler and its "
        "pictures smaller: 300 dots per inch are enough for print.",
    )
