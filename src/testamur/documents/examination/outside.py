"""
Whether a file is a PDF from its first byte to its last, and nothing else as well.

A file that is a PDF to one program and something else to another (a polyglot) would
be signed as the one and used as the other.
"""

import re

from .facts import MAX_BYTES, refusal

_HEADER = re.compile(rb"%PDF-[12]\.\d[\0\t\n\f\r %]")
#: How far readers look for the header, and further.
_HEADER_BYTES = 64 * 1024
_SPACE = b"\0\t\n\f\r "

#: Where browsers look for what tells them that a file is a page (WHATWG MIME Sniffing).
_SNIFFED = 1_445
# Nothing shorter: compressed bytes have `<a ` in them by chance, once in 800 files.
_HTML = re.compile(
    rb"<(?:!doctype html|html|head|body|script|iframe|svg|img)[\s/>]", re.IGNORECASE
)

#: The end of a ZIP archive, which may be followed by a comment (APPNOTE, 4.3.16).
_ZIP_END, _ZIP_END_BYTES, _ZIP_COMMENT = b"PK\5\6", 22, 65_535


def check_outside(data: bytes) -> None:
    """
    Raise unless *data* begins and ends as a PDF does.

    Raises:
        Refusal: INVALID `pdf_too_large`, `pdf_ambiguous` or `pdf_corrupt`.
    """
    if len(data) > MAX_BYTES:
        raise refusal(
            "pdf_too_large", f"it has more than {MAX_BYTES // 1024 // 1024} MB."
        )
    if not _HEADER.match(data):
        if data.find(b"%PDF-", 0, _HEADER_BYTES) > 0:
            raise refusal("pdf_ambiguous", "something else comes before its beginning.")
        raise refusal("pdf_corrupt", "it does not begin as a PDF does.")
    end = data.rfind(b"%%EOF")
    if end < 0 or b"startxref" not in data[max(0, end - 2048) : end]:
        raise refusal("pdf_corrupt", "its end is missing.")
    if data[end + len(b"%%EOF") :].strip(_SPACE):
        raise refusal("pdf_ambiguous", "something else follows its end.")
    if _HTML.search(data, 0, _SNIFFED):
        raise refusal("pdf_ambiguous", "it begins like a web page, too.")
    if _is_archive(data):
        raise refusal("pdf_ambiguous", "it is a ZIP archive, too.")


def _is_archive(data: bytes) -> bool:
    at = len(data)
    first = max(0, len(data) - _ZIP_END_BYTES - _ZIP_COMMENT)
    while (at := data.rfind(_ZIP_END, first, at)) >= 0:
        comment = int.from_bytes(data[at + 20 : at + 22], "little")
        # Readers of archives are lenient about what follows the comment.
        if at + _ZIP_END_BYTES + comment <= len(data):
            return True
    return False
