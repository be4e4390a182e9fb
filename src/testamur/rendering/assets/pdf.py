"""
A background that is a PDF, as a new file with one page that only draws.

Of the stranger's file its first page's drawing is taken and nothing else: no
actions, notes, forms, layers, metadata. Only in `press_child`.
"""

import math
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name

from .wrong import wrong

MAX_PAGES = 100
MAX_OBJECTS = 50_000
#: In points: 100 inches.
MAX_SIDE = 7_200.0
MIN_SIDE = 36.0
#: Of all its streams together, unpacked.
MAX_UNPACKED = 128 * 1024 * 1024

#: Actions that do more than show another place of the same file (ISO 32000-1, 12.6).
ACTIVE = frozenset(
    [
        "/JavaScript",
        "/Launch",
        "/URI",
        "/SubmitForm",
        "/ResetForm",
        "/ImportData",
        "/GoToR",
        "/GoToE",
        "/Thread",
        "/Sound",
        "/Movie",
        "/Rendition",
        "/RichMediaExecute",
        "/SetOCGState",
        "/Hide",
    ]
)
#: A link that a reader may click: it is left out, and harms nobody.
LINKED = frozenset({"/URI", "/GoToR"})


def safe_pdf(
    name: str, data: bytes, width: float, height: float
) -> tuple[bytes, list[str]]:
    """
    Return the first page of *data*, *width* by *height* points, as a PDF of its own;
    and what its owner may want to change.

    Raises:
        Refusal: INVALID or TOO_LARGE, with the code of what is wrong with it.
    """
    _check_shape(name, data)
    try:
        with pikepdf.open(BytesIO(data)) as file:
            if file.is_encrypted:
                raise _encrypted(name)
            said = _check(name, file)
            return _first_page(file, width, height), said
    except pikepdf.PasswordError:
        raise _encrypted(name) from None
    except (
        *(pikepdf.PdfError, pikepdf.DataDecodingError, pikepdf.DependencyError),
        *(ValueError, TypeError, LookupError, AttributeError, RuntimeError),
        OverflowError,
    ):
        raise wrong(
            name, "pdf_corrupt", "it is damaged. Open it and save it again as PDF"
        ) from None


def _check_shape(name: str, data: bytes) -> None:
    """Know that it is a PDF from its first byte to its last, and nothing else too."""
    end = data.rfind(b"%%EOF")
    rest = data[end + 5 :] if end >= 0 else b""
    is_two = not data.startswith(b"%PDF-") or b"PK\x05\x06" in data[-66_000:]
    if is_two or len(rest.strip()) > 64 or b"<html" in data[:1024].lower():
        raise wrong(
            name,
            "pdf_ambiguous",
            "it can be read as something else than a PDF. Save it again as PDF",
        )


def _check(name: str, file: pikepdf.Pdf) -> list[str]:
    said = []
    if len(file.objects) > MAX_OBJECTS:
        raise wrong(
            name,
            "pdf_too_complex",
            f"it has more than {MAX_OBJECTS} objects. Simplify the drawing, or export "
            "it as PNG",
        )
    count = len(file.pages)
    if count > MAX_PAGES:
        raise wrong(
            name, "pdf_too_large", f"it has {count} pages, and one is drawn. Export one"
        )
    if count == 0:
        raise wrong(name, "pdf_corrupt", "it has no page")
    if count > 1:
        said.append(f"assets/{name} has {count} pages; the first one is drawn.")
    _check_actions(name, file)
    _check_layers(name, file)
    _check_streams(name, file)
    _check_size(name, file.pages[0])
    resources = file.pages[0].obj.get("/Resources")
    said += _about_fonts(name, resources)
    return said


def _check_actions(name: str, file: pikepdf.Pdf) -> None:
    def refuse(what: str) -> None:
        raise wrong(
            name,
            "pdf_active_content",
            f"it has {what}; templates only draw. Print it to a new PDF",
        )

    root = file.Root
    names = root.get("/Names", Dictionary())
    if "/JavaScript" in names:
        refuse("scripts")
    if "/EmbeddedFiles" in names or "/AF" in root:
        refuse("files attached to it")
    if "/XFA" in root.get("/AcroForm", Dictionary()):
        refuse("an XFA form")
    opens = root.get("/OpenAction")
    if isinstance(opens, Dictionary) and opens.get("/S") != Name.GoTo:
        refuse("an action that runs when it is opened")
    for found in _dictionaries(file):
        kind = str(found.get("/S", ""))
        if "/JS" in found or (kind in ACTIVE - LINKED and _is_action(found)):
            refuse(f"an action ({kind.lstrip('/') or 'JavaScript'})")
        if found.get("/Subtype") in (Name.RichMedia, Name.Movie, Name.Screen):
            refuse("film or sound")
        if found.get("/Type") == Name.EmbeddedFile:
            refuse("files attached to it")


def _dictionaries(file: pikepdf.Pdf) -> Iterator[Any]:
    """Give every dictionary of a file: those that lie in others, too."""
    waiting = list(file.objects)
    while waiting:
        found = waiting.pop()
        if isinstance(found, pikepdf.Array):
            inside = list(found)
        elif isinstance(found, Dictionary | pikepdf.Stream):
            yield found
            inside = list(found.values())
        else:
            continue
        waiting += [
            each
            for each in inside
            if isinstance(each, Dictionary | pikepdf.Array) and not each.is_indirect
        ]


def _is_action(found: Any) -> bool:
    # Structure elements and borders have an /S as well.
    return found.get("/Type") in (None, Name.Action)


def _check_layers(name: str, file: pikepdf.Pdf) -> None:
    """Know that no layer is hidden: what is drawn must be what its owner saw."""
    layers = file.Root.get("/OCProperties")
    if layers is None:
        return
    default = layers.get("/D", Dictionary())
    if len(default.get("/OFF", [])) or default.get("/BaseState") == Name.OFF:
        raise wrong(
            name,
            "pdf_hidden_content",
            "it has hidden layers. Delete them, or export only what is seen",
        )


def _check_streams(name: str, file: pikepdf.Pdf) -> None:
    """Know that nothing in it is far larger than it looks."""
    left = MAX_UNPACKED
    for found in file.objects:
        if not isinstance(found, pikepdf.Stream):
            continue
        if found.get("/Subtype") == Name.Image:
            pixels = int(found.get("/Width", 0)) * int(found.get("/Height", 0))
            left -= 4 * max(pixels, 0)
        filters = found.get("/Filter")
        if filters == Name.FlateDecode or (
            isinstance(filters, pikepdf.Array) and Name.FlateDecode in list(filters)
        ):
            left -= _unpacked(found.read_raw_bytes(), left)
        if left < 0:
            raise wrong(
                name,
                "pdf_too_complex",
                "unpacked, it is far larger than it looks. Export it with smaller "
                "pictures",
            )


def _unpacked(data: bytes, most: int) -> int:
    """Return how long deflated *data* is, or a little more than *most*."""
    inflate = zlib.decompressobj()
    length = 0
    try:
        part = inflate.decompress(data, 1 << 20)
        while part:
            length += len(part)
            if length > most:
                break
            part = inflate.decompress(inflate.unconsumed_tail, 1 << 20)
    except zlib.error:
        return length  # behind another filter, or damaged: not a bomb of this kind
    return length


def _check_size(name: str, page: pikepdf.Page) -> None:
    box = [float(number) for number in page.mediabox]
    sides = [abs(box[2] - box[0]), abs(box[3] - box[1])]
    unit = float(page.obj.get("/UserUnit", 1))
    if not all(map(math.isfinite, (*box, unit))) or any(
        not MIN_SIDE <= side * unit <= MAX_SIDE for side in sides
    ):
        raise wrong(
            name,
            "pdf_too_large",
            "its page is smaller than half an inch, larger than 100 inches, or has no "
            "size. Export it at the size of the template",
        )


def _about_fonts(name: str, resources: Any, depth: int = 0) -> list[str]:
    """Return a warning if letters are drawn with fonts that the file lacks."""
    if not isinstance(resources, Dictionary) or depth > 4:
        return []
    for font in resources.get("/Font", Dictionary()).values():
        parts = [font, *font.get("/DescendantFonts", [])]
        has_file = font.get("/Subtype") == Name.Type3 or any(
            key in part.get("/FontDescriptor", Dictionary())
            for part in parts
            for key in ("/FontFile", "/FontFile2", "/FontFile3")
        )
        if not has_file:
            return [
                f"assets/{name} uses the font {str(font.get('/BaseFont'))[1:60]} and "
                "does not have it: other programs may draw other letters. Export it "
                "with all fonts embedded, or with text as paths."
            ]
    for form in resources.get("/XObject", Dictionary()).values():
        said = _about_fonts(name, form.get("/Resources"), depth + 1)
        if said:
            return said
    return []


def _first_page(file: pikepdf.Pdf, width: float, height: float) -> bytes:
    """Return a new file whose page is the drawing of the first page, stretched."""
    with pikepdf.new() as new:
        page = new.add_blank_page(page_size=(width, height))
        form = new.copy_foreign(file.pages[0].as_form_xobject())
        for key in ("/StructParents", "/StructParent", "/Metadata", "/PieceInfo"):
            if key in form:
                del form[key]
        name = page.add_resource(form, Name.XObject, Name.Page)
        left, bottom, right, top = _corners(form)
        across, up = width / (right - left), height / (top - bottom)
        page.contents_add(
            f"q {across:.6f} 0 0 {up:.6f} {-left * across:.4f} {-bottom * up:.4f} cm "
            f"{name} Do Q".encode()
        )
        new.remove_unreferenced_resources()
        written = BytesIO()
        new.save(written, deterministic_id=True)
        return written.getvalue()


def _corners(form: Any) -> tuple[float, float, float, float]:
    """Return where a form's box lies once its matrix has turned it."""
    x1, y1, x2, y2 = (float(number) for number in form.BBox)
    a, b, c, d, e, f = (float(number) for number in form.get("/Matrix", _AS_IS))
    corners = [
        (a * x + c * y + e, b * x + d * y + f) for x in (x1, x2) for y in (y1, y2)
    ]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


_AS_IS = (1, 0, 0, 1, 0, 0)


def _encrypted(name: str) -> Exception:
    return wrong(
        name, "pdf_encrypted", "it is encrypted. Save it without a password or limits"
    )
