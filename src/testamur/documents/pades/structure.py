"""
What has to change in a PDF for a signature field to be in it.

qpdf reads; what is written is what it read, entry by entry, with one thing added. The
file's own bytes are not touched: changed objects come again, after them.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pikepdf
from pikepdf import Array, Dictionary

from testamur.core.refusals import Kind, Refusal

from .slot import text_string

#: The end of a file: where its newest cross-reference stands.
_END = re.compile(
    rb"startxref[\0\t\n\f\r ]+(\d{1,10})[\0\t\n\f\r ]+%%EOF[\0\t\n\f\r ]*\Z"
)
_END_BYTES = 2_048
_STREAM = re.compile(rb"[\0\t\n\f\r ]*\d+[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+obj")

#: What qpdf says of a file that counts its objects wrongly: that can be helped.
_MISCOUNTED = "reported number of objects"

#: Whoever nests pages deeper means no good.
MAX_DEPTH = 64
MAX_PAGES = 100_000

SIGNATURES_EXIST, APPEND_ONLY = 1, 2


class Declined(Exception):
    """This file is unusual in a way that is left to the reference signer."""


@dataclass(frozen=True, slots=True)
class PageShape:
    """How a page is shown."""

    #: Left, bottom, right, top.
    box: tuple[float, float, float, float]
    #: Clockwise: 0, 90, 180 or 270.
    turned: int


@dataclass(frozen=True, slots=True)
class _Numbered:
    """An object that is new."""

    objgen: tuple[int, int]


class Structure:
    """A PDF that is open for reading, and the objects that have to be written anew."""

    def __init__(self, data: bytes) -> None:
        """
        Open *data*.

        Raises:
            Refusal: INVALID `pdf_corrupt` or `pdf_encrypted`.
            Declined: it is readable, but not as it should be.
        """
        found = _END.search(data, max(0, len(data) - _END_BYTES))
        if found is None:
            raise corrupt()
        self.start = int(found[1])
        head = data[self.start : self.start + 64]
        #: Whether its newest cross-reference is a stream (7.5.8).
        self.is_stream = not head.lstrip(b"\0\t\n\f\r ").startswith(b"xref")
        if self.is_stream and not _STREAM.match(head):
            raise corrupt()
        try:
            # What pages inherit stays where it is: they are written as they were.
            self._pdf = pikepdf.open(
                io.BytesIO(data),
                attempt_recovery=False,
                inherit_page_attributes=False,
                suppress_warnings=True,
            )
        except pikepdf.PasswordError:
            raise encrypted() from None
        except (pikepdf.PdfError, ValueError, RuntimeError):
            raise corrupt() from None
        try:
            if self._pdf.is_encrypted:
                raise encrypted()
            self.trailer: Any = self._pdf.trailer
            self._next = self._size()
            self._root = self._pdf.Root
        except BaseException:
            self._pdf.close()
            raise
        #: By number and generation: the objects as they are from now on.
        self.changed: dict[tuple[int, int], bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pdf.close()

    @property
    def size(self) -> int:
        """One more than the highest number in use."""
        return self._next

    def reserve(self) -> int:
        """Return a number that no object has."""
        self._next += 1
        return self._next - 1

    def page(self, wanted: int) -> Any:
        """
        Return page *wanted*, counted from 0.

        Raises:
            Refusal: INVALID `no_such_page`.
            Declined: its tree is not as it should be.
        """
        for count, page in enumerate(_leaves(self._root.get("/Pages"))):
            if count == wanted:
                return page
        raise Refusal(
            Kind.INVALID,
            "no_such_page",
            "The document has no such page for a visible signature; name one that it "
            "has, the first is 0.",
        )

    def field_name(self, base: str) -> str:
        """Return *base* with the first number that no field has."""
        names = {
            str(each.get("/T", ""))
            for each in self._fields()
            if isinstance(each, Dictionary)
        }
        number = 1
        while f"{base}{number}" in names:
            number += 1
        return f"{base}{number}"

    def add_annotation(self, page: Any, number: int) -> None:
        """Put the annotation *number* onto *page*."""
        annotations = page.get("/Annots")
        if annotations is None:
            self._rewrite(page, b"/Annots[%d 0 R]" % number)
            return
        if not isinstance(annotations, Array):
            raise Declined("annotations that are no array")
        longer = b"[%s%d 0 R]" % (
            b"".join(reference(self._apart(each)) + b" " for each in annotations),
            number,
        )
        if annotations.is_indirect:
            self._write(annotations, longer)
        else:
            del page["/Annots"]
            self._rewrite(page, b"/Annots" + longer)

    def _apart(self, annotation: Any) -> Any:
        """
        Return *annotation* as an object of its own, which it may not have been.

        Whoever compares revisions later on (pyHanko does) compares objects.
        """
        if not isinstance(annotation, Dictionary):
            raise Declined("an annotation that is none")
        if annotation.is_indirect:
            return annotation
        own = self.reserve()
        self.changed[own, 0] = annotation.unparse(resolved=True)
        return _Numbered((own, 0))

    def add_field(self, number: int) -> None:
        """Put the field *number* into the form; there is one from now on."""
        form = self._root.get("/AcroForm")
        if form is None:
            own = self.reserve()
            self.changed[own, 0] = b"<</Fields[%d 0 R]/SigFlags %d>>" % (
                number,
                SIGNATURES_EXIST | APPEND_ONLY,
            )
            self._rewrite(self._root, b"/AcroForm %d 0 R" % own)
            return
        fields, flags = form.get("/Fields"), form.get("/SigFlags", 0)
        if not isinstance(flags, int):
            raise Declined("a form with odd flags")
        wanted = flags | SIGNATURES_EXIST | APPEND_ONLY
        if fields is None:
            entries = b"/Fields[%d 0 R]" % number
        elif fields.is_indirect:
            self._write(fields, _longer(fields, number))
            if flags == wanted:
                return
            entries = b""
        else:
            entries = b"/Fields" + _longer(fields, number)
            del form["/Fields"]
        if "/SigFlags" in form:
            del form["/SigFlags"]
        entries += b"/SigFlags %d" % wanted
        if form.is_indirect:
            self._rewrite(form, entries)
        else:
            body = _with(form, entries)
            del self._root["/AcroForm"]
            self._rewrite(self._root, b"/AcroForm" + body)

    def _fields(self) -> Any:
        form = self._root.get("/AcroForm")
        if form is None:
            return ()
        if not isinstance(form, Dictionary):
            raise Declined("a form that is no dictionary")
        fields = form.get("/Fields", Array())
        if not isinstance(fields, Array):
            raise Declined("fields that are no array")
        return fields

    def _size(self) -> int:
        """Return one more than the highest number; warnings are asked for first."""
        size = self.trailer.get("/Size")
        warnings = self._pdf.get_warnings()
        if any(_MISCOUNTED not in str(each) for each in warnings):
            raise Declined("qpdf has doubts")
        if not isinstance(size, int):
            raise corrupt()
        if warnings:
            objects = list(self._pdf.objects)
            if None in objects:  # it does not say its number
                raise Declined("an object that is none")
            return max(size, *(each.objgen[0] + 1 for each in objects))
        return size

    def _rewrite(self, dictionary: Any, entries: bytes) -> None:
        self._write(dictionary, _with(dictionary, entries))

    def _write(self, thing: Any, body: bytes) -> None:
        if not thing.is_indirect:
            raise Declined("an object that should stand by itself")
        self.changed[thing.objgen] = body


def reference(thing: Any) -> bytes:
    """Return what refers to *thing*."""
    return b"%d %d R" % thing.objgen


def shape_of(page: Any) -> PageShape:
    """Return how *page* is shown. Raises Declined when it does not say."""
    box = _inherited(page, "/CropBox") or _inherited(page, "/MediaBox")
    try:
        a, b, c, d = (float(each) for each in box)
        turned = int(_inherited(page, "/Rotate") or 0) % 360
    except (TypeError, ValueError):
        raise Declined("a page of no size") from None
    return PageShape((min(a, c), min(b, d), max(a, c), max(b, d)), turned)


def text_entry(key: bytes, text: str) -> bytes:
    """Return an entry of a dictionary."""
    return key + text_string(text)


def corrupt() -> Refusal:
    """Return what is said of a file that cannot be read."""
    return Refusal(
        Kind.INVALID,
        "pdf_corrupt",
        "The PDF is damaged or cut off: its own table of contents does not lead to "
        "its parts. Open it in a reader, save it anew, and upload that.",
    )


def encrypted() -> Refusal:
    """Return what is said of an encrypted file."""
    return Refusal(
        Kind.INVALID,
        "pdf_encrypted",
        "The PDF is encrypted, or protected by a password. Save it without "
        "protection and upload that: a signature protects it from changes.",
    )


def _longer(array: Any, number: int) -> bytes:
    whole: bytes = array.unparse(resolved=True)
    return whole[:-1] + b"%d 0 R ]" % number


def _with(dictionary: Any, entries: bytes) -> bytes:
    whole: bytes = dictionary.unparse(resolved=True)
    return b"<<" + entries + whole[2:]


def _leaves(top: Any) -> Iterator[Any]:
    """Go through the leaves of a tree of pages (7.7.3), however it is made."""
    waiting: list[tuple[Any, int]] = [(top, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if not isinstance(node, Dictionary) or depth > MAX_DEPTH or seen > MAX_PAGES:
            raise Declined("a tree of pages that is none")
        kids = node.get("/Kids")
        if kids is None:
            yield node
        elif isinstance(kids, Array):
            waiting += [(each, depth + 1) for each in reversed(list(kids))]
        else:
            raise Declined("a tree of pages that is none")


def _inherited(page: Any, key: str) -> Any:
    node = page
    for _ in range(MAX_DEPTH):
        if not isinstance(node, Dictionary):
            return None
        if key in node:
            return node[key]
        node = node.get("/Parent")
    return None
