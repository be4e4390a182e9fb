"""
Whether a PDF may be signed: every check, in an order in which the first to fail says
most.

Runs in a child on a short leash (`child`): qpdf and pyHanko read what strangers sent.
"""

import io
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Stream

from testamur.core.refusals import Refusal

from .active import check_active, check_opening
from .facts import MAX_OBJECTS, Facts, refusal
from .hidden import check_annotations, check_kind, check_layers
from .outside import check_outside
from .pages import pages_of, size_of
from .signatures import check_signatures, docmdp_of, signatures_of
from .streams import OUT_OF_MEMORY, Meter

#: What qpdf tells of files that many programs write, and that all of them read.
_USUAL = ("reported number of objects",)


def examine(data: bytes) -> Facts:
    """
    Return what *data* is, if it may be signed.

    Raises:
        Refusal: INVALID, with one of the codes of `facts.DETAILS`.
    """
    check_outside(data)
    try:
        with pikepdf.open(
            io.BytesIO(data),
            attempt_recovery=False,
            inherit_page_attributes=False,
            suppress_warnings=True,
        ) as pdf:
            if pdf.is_encrypted:
                raise refusal("pdf_encrypted")
            facts = _examine(pdf)
            doubts = [
                each
                for each in map(str, pdf.get_warnings())
                if not any(usual in each for usual in _USUAL)
            ]
            if any(OUT_OF_MEMORY in each for each in doubts):
                raise MemoryError
            if doubts:
                raise refusal("pdf_corrupt", "parts of it cannot be read.")
    except Refusal:
        raise
    except pikepdf.PasswordError:
        raise refusal("pdf_encrypted") from None
    except MemoryError:
        raise refusal("pdf_too_complex", "it takes too much memory.") from None
    except (
        pikepdf.PdfError,
        ValueError,
        TypeError,
        RuntimeError,
        KeyError,
    ) as trouble:
        if OUT_OF_MEMORY in str(trouble):
            raise refusal("pdf_too_complex", "it takes too much memory.") from None
        # Here qpdf has no chance, which it wants for decryption.
        if b"/Encrypt" in data:
            raise refusal("pdf_encrypted") from None
        raise refusal(
            "pdf_corrupt", "its table of contents does not lead to its parts."
        ) from None
    if facts.signatures:
        check_signatures(data, facts.signatures)
    return facts


def _examine(pdf: pikepdf.Pdf) -> Facts:
    catalog: Any = pdf.Root
    objects = pdf.objects
    if len(objects) > MAX_OBJECTS:
        raise refusal("pdf_too_complex", "it has too many parts.")
    pages, shown = pages_of(catalog)
    shown.add(catalog.objgen)
    sizes = tuple(size_of(page) for page in pages)
    check_opening(catalog)
    meter = Meter()
    for thing in objects:
        if isinstance(thing, Stream):
            entries = thing.stream_dict
            check_active(thing, entries.unparse(resolved=True))
            meter.add(thing, entries)
        elif isinstance(thing, Dictionary | Array):
            text = thing.unparse(resolved=True)
            check_active(thing, text)
            check_kind(thing, text, shown)
    check_layers(catalog)
    for page in pages:
        check_annotations(page)
    signed = signatures_of(catalog)
    return Facts(
        page_sizes=sizes,
        signatures=len(signed),
        docmdp=docmdp_of(catalog, signed),
        has_form=_has_form(catalog, len(signed)),
    )


def _has_form(catalog: Any, signed: int) -> bool:
    form = catalog.get("/AcroForm")
    fields = form.get("/Fields") if isinstance(form, Dictionary) else None
    return isinstance(fields, Array) and len(fields) > signed
