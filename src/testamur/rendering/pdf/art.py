"""
A page of another PDF as a form that can be drawn: what stamped pages lie on.

Runs where templates are prepared, in a disposable child: what it reads was drawn
from a stranger's pictures.
"""

import io

import pikepdf
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Pdf, Stream

from .file import Objects

#: Operators that mark content. Marks of the art would mix with those of the page.
_MARKS = {"BMC", "BDC", "EMC", "MP", "DP"}

#: What a form has no use for once it is only decoration.
_DROPPED = ("/StructParents", "/StructParent", "/Metadata", "/PieceInfo", "/OC")

#: By how much, in points, a page may be off the design's size: rounding.
_OFF = 0.05


def write_art(objects: Objects, art: bytes, width: float, height: float) -> int:
    """
    Write the page of *art* as a form, *width* by *height* points; return its number.

    *objects* must be new: no number may have been given.

    Raises:
        ValueError: *art* is no PDF with one page of that size.
    """
    file = _form(art, width, height)
    skipped = {file.Root.objgen[0], file.Root.Pages.objgen[0]}
    # A file just saved counts its objects from 1 without gaps.
    for item in file.objects:
        number = objects.reserve()
        assert item.objgen == (number, 0), item.objgen
        if number in skipped:
            continue
        if isinstance(item, Stream):
            entries = Dictionary(dict(item.items()))
            del entries["/Length"]
            objects.write_stream(
                entries.unparse()[2:-2].strip(),
                item.read_raw_bytes(),
                number,
                is_packed=True,
            )
        else:
            objects.pack(item.unparse(resolved=True), number)
    return int(file.Root.Art.objgen[0])


def _form(art: bytes, width: float, height: float) -> Pdf:
    """Return a file whose `Root.Art` is the page of *art* as a form."""
    try:
        source = Pdf.open(io.BytesIO(art))
    except pikepdf.PdfError as problem:
        raise ValueError("the art is no PDF") from problem
    if len(source.pages) != 1:
        raise ValueError("the art has not one page")
    page = source.pages[0]
    left, low, right, high = (float(value) for value in page.mediabox)
    if abs(right - left - width) > _OFF or abs(high - low - height) > _OFF:
        raise ValueError("the art is not as large as the page")
    target = Pdf.new()
    form = target.copy_foreign(page.as_form_xobject())
    if left or low:
        form.Matrix = Array([1, 0, 0, 1, -left, -low])
    target.Root.Art = form
    for item in target.objects:
        if isinstance(item, Stream):
            _unmark(item)
        if isinstance(item, Dictionary | Stream):
            for key in _DROPPED:
                if key in item:
                    del item[key]
    target.remove_unreferenced_resources()
    out = io.BytesIO()
    target.save(
        out,
        object_stream_mode=ObjectStreamMode.disable,
        compress_streams=True,
        static_id=True,
    )
    return Pdf.open(out)


def _unmark(stream: Stream) -> None:
    """Take marks out of *stream* if it is a form's content."""
    if stream.get("/Subtype") != Name.Form:
        return
    instructions = pikepdf.parse_content_stream(stream)
    kept = [each for each in instructions if str(each.operator) not in _MARKS]
    if len(kept) < len(instructions):
        stream.write(pikepdf.unparse_content_stream(kept))
