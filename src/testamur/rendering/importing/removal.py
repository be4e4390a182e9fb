"""
Texts are taken out of a page, and nothing else changes.

The n-th text of a page (or form) in pdfium's eyes is what its n-th operator that
shows text has shown: so the operators of certain texts are found without reading
fonts. Whether that held is checked afterwards, by looking at the page.
"""

import ctypes
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
import pypdfium2.raw as pdfium

from .letters import address

SHOWS = ("Tj", "TJ", "'", '"')
#: After these, text stands where they say, whatever stood before.
MOVES = ("Td", "TD", "Tm", "T*", "BT", "ET", "'", '"')
#: What tags text. Tags would tell a reader what the page no longer says.
OPENS, CLOSES, POINTS = ("BMC", "BDC"), ("EMC",), ("MP", "DP")

#: Operators that a page may have; more is a map, or an attack.
MAX_OPERATORS = 400_000
#: Forms inside forms.
MAX_DEPTH = 12


class Mismatch(Exception):
    """pdfium sees other texts than the page's operators show."""


class TooMuch(Exception):
    """The page has more operators than a certificate has."""


@dataclass(slots=True)
class Removal:
    """Takes the text objects at *addresses* out of one page."""

    document: pikepdf.Pdf
    addresses: Collection[int]
    removed: int = 0
    operators: int = 0

    def clean(self, page: pikepdf.Page, seen: Any) -> None:
        """
        Rewrite *page*, which pdfium has open as *seen*.

        Raises:
            Mismatch: it cannot be told which operators to take out.
            TooMuch: it is too long to be read.
        """
        objects = [
            pdfium.FPDFPage_GetObject(seen, number)
            for number in range(pdfium.FPDFPage_CountObjects(seen))
        ]
        resources = page.obj.get("/Resources", None)
        if resources is None:
            resources = page.resources if "/Resources" in page else None
        if resources is None:
            resources = page.obj["/Resources"] = pikepdf.Dictionary()
        content, resources = self._stream(page, objects, resources, 0)
        page.obj["/Contents"] = self.document.make_stream(content)
        page.obj["/Resources"] = resources

    def _stream(
        self, stream: Any, objects: list[Any], resources: Any, depth: int
    ) -> tuple[bytes, Any]:
        """Return the content without the texts, and what it then needs."""
        if depth > MAX_DEPTH:
            raise TooMuch
        operations = list(pikepdf.parse_content_stream(stream))
        self.operators += len(operations)
        if self.operators > MAX_OPERATORS:
            raise TooMuch
        texts = [one for one in objects if _kind(one) == pdfium.FPDF_PAGEOBJ_TEXT]
        forms = [one for one in objects if _kind(one) == pdfium.FPDF_PAGEOBJ_FORM]
        if sum(map(_shows, operations)) != len(texts):
            raise Mismatch
        kept: list[Any] = []
        renamed: dict[str, Any] = {}
        text_number = form_number = 0
        shown = list(_untagged(operations))
        for index, operation in enumerate(shown):
            operator = str(operation.operator)
            if _shows(operation):
                text = texts[text_number]
                text_number += 1
                if address(text) in self.addresses:
                    self.removed += 1
                    rest = texts[text_number : text_number + 1]
                    kept += _instead(shown, index, text, rest)
                    continue
            elif operator == "Do":
                form = _form(operation, resources)
                if form is not None:
                    if form_number >= len(forms):
                        raise Mismatch
                    name = self._form(
                        form, forms[form_number], resources, renamed, depth, index
                    )
                    form_number += 1
                    operation = pikepdf.ContentStreamInstruction(
                        [pikepdf.Name(name or str(operation.operands[0]))],
                        operation.operator,
                    )
            kept.append(operation)
        if form_number != len(forms):
            raise Mismatch
        if renamed:
            resources = pikepdf.Dictionary(resources)
            pictures = pikepdf.Dictionary(resources.get("/XObject", {}))
            for name, form in renamed.items():
                pictures[name] = form
            resources["/XObject"] = pictures
        return pikepdf.unparse_content_stream(kept), resources

    def _form(
        self,
        form: Any,
        seen: Any,
        around: Any,
        renamed: dict[str, Any],
        depth: int,
        index: int,
    ) -> str | None:
        """Clean a form; return its new name, or None when it stays as it is."""
        objects = [
            pdfium.FPDFFormObj_GetObject(seen, number)
            for number in range(pdfium.FPDFFormObj_CountObjects(seen))
        ]
        resources = form.get("/Resources", around)
        content, resources = self._stream(form, objects, resources, depth + 1)
        # It may be drawn in other places too, with texts that stay.
        changed = self.document.make_stream(content)
        for key, value in form.items():
            if key not in ("/Length", "/Filter", "/DecodeParms", "/StructParents"):
                changed[key] = value
        changed["/Resources"] = resources
        name = f"/Changed{depth}x{index}"
        renamed[name] = self.document.make_indirect(changed)
        return name


def _kind(thing: Any) -> int:
    return int(pdfium.FPDFPageObj_GetType(thing))


def _shows(operation: Any) -> bool:
    """Say whether pdfium makes a text of *operation*: not of empty strings."""
    operator = str(operation.operator)
    if operator not in SHOWS or not operation.operands:
        return False
    last = operation.operands[-1]
    if operator == "TJ":
        if not isinstance(last, pikepdf.Array):
            return False
        return any(isinstance(one, pikepdf.String) and len(bytes(one)) for one in last)
    return isinstance(last, pikepdf.String) and len(bytes(last)) > 0


def _untagged(operations: list[Any]) -> Iterator[Any]:
    """Give all that draws; and of what is marked only layers."""
    is_kept: list[bool] = []
    for operation in operations:
        operator = str(operation.operator)
        if operator in OPENS:
            is_layer = bool(operation.operands) and operation.operands[0] == "/OC"
            is_kept.append(is_layer)
            if not is_layer:
                continue
        elif operator in CLOSES:
            if not is_kept or not is_kept.pop():
                continue
        elif operator in POINTS:
            continue
        yield operation


def _form(operation: Any, resources: Any) -> Any:
    """Return the form that a `Do` draws, or None when it draws a picture."""
    if not operation.operands or resources is None:
        return None
    drawn = resources.get("/XObject", {}).get(str(operation.operands[0]))
    if isinstance(drawn, pikepdf.Stream) and drawn.get("/Subtype") == "/Form":
        return drawn
    return None


def _instead(shown: list[Any], index: int, text: Any, after: list[Any]) -> list[Any]:
    """Return what does all that a removed text did but show it: it moves on."""
    operation = shown[index]
    operator = str(operation.operator)
    made: list[tuple[list[Any], str]] = []
    if operator == '"':
        made += [([operation.operands[0]], "Tw"), ([operation.operands[1]], "Tc")]
    if operator in ("'", '"'):
        made.append(([], "T*"))
    if after:
        number = _advance(shown, index, text, after[0])
        if number is not None:
            made.append(([pikepdf.Array([round(number, 3)])], "TJ"))
    return [
        pikepdf.ContentStreamInstruction(operands, pikepdf.Operator(name))
        for operands, name in made
    ]


def _advance(shown: list[Any], index: int, text: Any, after: Any) -> float | None:
    """
    Return the number for `TJ` that leads from *text* to *after*.

    Right when nothing sets the place anew in between; when something does, the number
    does nothing.
    """
    here, there = pdfium.FS_MATRIX(), pdfium.FS_MATRIX()
    size = _size(text)
    if not (
        pdfium.FPDFPageObj_GetMatrix(text, here)
        and pdfium.FPDFPageObj_GetMatrix(after, there)
        and size
    ):
        return None
    length = here.a * here.a + here.b * here.b
    if not length:
        return None
    moved = ((there.e - here.e) * here.a + (there.f - here.f) * here.b) / length
    # pdfium places a text behind the numbers it begins with; those of what was taken
    # out are lost with it, those of what follows stay.
    number = -moved * 1000 / size + _leading(shown[index])
    for operation in shown[index + 1 :]:
        if str(operation.operator) == "TJ":
            number -= _leading(operation) * _size(after) / size
        if _shows(operation):
            break
    return number if math.isfinite(number) and abs(number) < 1e6 else None


def _leading(operation: Any) -> float:
    """Return the sum of the numbers that a `TJ` has before its first text."""
    if str(operation.operator) != "TJ" or not operation.operands:
        return 0.0
    total = 0.0
    for one in operation.operands[-1]:
        if isinstance(one, pikepdf.String):
            if len(bytes(one)):
                break
        else:
            total += float(one)
    return total


def _size(text: Any) -> float:
    size = ctypes.c_float()
    return size.value if pdfium.FPDFTextObj_GetFontSize(text, size) else 0.0
