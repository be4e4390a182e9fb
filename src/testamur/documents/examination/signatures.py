"""
The signatures that a PDF has already: whether they hold, and allow another one.

Only files that have some come here. Whether what followed a signature was allowed is
judged by pyHanko, which is what many of those who check will use.
"""

import io
from typing import Any

from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils.misc import PdfStrictReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from .facts import refusal

NO_CHANGES = 1
#: What a certification allows that does not say (ISO 32000-1, table 254).
FILLING_IN = 2
MAX_SIGNATURES = 50
MAX_FIELDS = 5_000


def signatures_of(catalog: Any) -> list[tuple[Any, Any]]:
    """
    Return the signed fields of a form, each with its signature's dictionary.

    Raises:
        Refusal: INVALID `pdf_too_complex`.
    """
    form = catalog.get("/AcroForm")
    top = form.get("/Fields") if isinstance(form, Dictionary) else None
    waiting = list(top) if isinstance(top, Array) else []
    found: list[tuple[Any, Any]] = []
    seen: set[tuple[int, int]] = set()
    while waiting:
        field = waiting.pop()
        if not isinstance(field, Dictionary) or field.objgen in seen:
            continue
        if field.is_indirect:
            seen.add(field.objgen)
        if len(seen) > MAX_FIELDS or len(waiting) > MAX_FIELDS:
            raise refusal("pdf_too_complex", "its form has too many fields.")
        kids, value = field.get("/Kids"), field.get("/V")
        if isinstance(kids, Array):
            waiting += list(kids)
        if isinstance(value, Dictionary) and "/ByteRange" in value:
            found.append((field, value))
    if len(found) > MAX_SIGNATURES:
        raise refusal("pdf_too_complex", "it has too many signatures.")
    return found


def docmdp_of(catalog: Any, signed: list[tuple[Any, Any]]) -> int | None:
    """
    Return what the file's certification allows; None when there is none.

    Raises:
        Refusal: INVALID `pdf_locked`.
    """
    rights = catalog.get("/Perms")
    if isinstance(rights, Dictionary) and {"/UR", "/UR3"} & set(rights.keys()):
        raise refusal("pdf_locked", "it gives rights that any change would end.")
    level: int | None = None
    values = [value for _, value in signed]
    if isinstance(rights, Dictionary) and isinstance(rights.get("/DocMDP"), Dictionary):
        values.append(rights.DocMDP)
    for value in values:
        found = _level(value)
        if found is not None:
            level = found if level is None else min(level, found)
    for field, _ in signed:
        lock = field.get("/Lock")
        if isinstance(lock, Dictionary) and lock.get("/P") == NO_CHANGES:
            level = NO_CHANGES
    if level == NO_CHANGES:
        raise refusal("pdf_locked", "it is certified, and no changes are allowed.")
    return level


def check_signatures(data: bytes, count: int) -> None:
    """
    Raise unless each of *count* signatures in *data* fits it, and nothing follows that
    may not.

    Raises:
        Refusal: INVALID `pdf_signature_invalid` or `pdf_hidden_content`.
    """
    try:
        judged = _all_judged(data)
    except MemoryError:
        raise
    except Exception:  # whatever pyHanko stumbles over
        raise refusal(
            "pdf_signature_invalid", "nothing can be made of a signature in it."
        ) from None
    if len(judged) < count or not all(fits for fits, _ in judged):
        raise refusal("pdf_signature_invalid", "it was changed, or is no signature.")
    if not all(is_allowed for _, is_allowed in judged):
        raise refusal("pdf_hidden_content", "it was changed after it had been signed.")


def _all_judged(data: bytes) -> list[tuple[bool, bool]]:
    """Say of every signature in *data* what `_judged` says."""
    # By itself it refuses hybrid files (ISO 32000-1, 7.5.8.4), as Word writes them, and
    # tables of contents that are odd in small ways; who signed those signed them.
    for is_strict in (b"/XRefStm" not in data, False):
        try:
            reader = PdfFileReader(io.BytesIO(data), strict=is_strict)
            return [_judged(each) for each in reader.embedded_signatures]
        except PdfStrictReadError:
            if not is_strict:
                raise
    raise AssertionError("it was not strict the second time")


def _judged(embedded: EmbeddedPdfSignature) -> tuple[bool, bool]:
    """Say whether a signature fits, and whether what follows it is allowed."""
    embedded.compute_integrity_info()  # type: ignore[no-untyped-call]
    signed = embedded.signed_data
    content = signed["encap_content_info"]
    if str(content["content_type"].native) == "tst_info":
        # A document timestamp: what it signed says what it is about.
        info = content["content"].parsed
        imprint = info["message_imprint"]["hashed_message"].native
        name = info["message_imprint"]["hash_algorithm"]["algorithm"].native
        fits = embedded.compute_digest(name) == imprint
    else:
        certificate: Any = embedded.signer_cert
        fits = all(
            validate_sig_integrity(
                embedded.signer_info,
                certificate,
                expected_content_type="data",
                actual_digest=embedded.compute_digest(),
            )
        )
    changes: Any = embedded.diff_result
    is_allowed = embedded.coverage == SignatureCoverageLevel.ENTIRE_FILE or (
        isinstance(changes, DiffResult)
        and changes.modification_level <= ModificationLevel.FORM_FILLING
    )
    return fits, is_allowed


def _level(value: Any) -> int | None:
    references = value.get("/Reference")
    for each in references if isinstance(references, Array) else ():
        if isinstance(each, Dictionary) and each.get("/TransformMethod") == Name.DocMDP:
            parameters = each.get("/TransformParams")
            level = (
                parameters.get("/P", FILLING_IN)
                if isinstance(parameters, Dictionary)
                else FILLING_IN
            )
            return level if isinstance(level, int) else NO_CHANGES
    return None
