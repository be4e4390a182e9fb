"""
Which encoding a file of rows is in: by its byte order mark, else UTF-8, else refuse.

Nothing is guessed. A file that is not UTF-8 is read only when the caller names its
encoding; a message may suggest one.
"""

import codecs
import re
from pathlib import Path

from testamur.core.refusals import Kind, Refusal
from testamur.core.text import quoted

SAVE_AS_UTF8 = (
    'In a spreadsheet program choose "Save as" and "CSV UTF-8 (comma delimited)".'
)

#: Encodings a caller may name, as Python calls them. Left out: those that can
#: hide other text (UTF-7, escapes) and those that are no encoding of text.
NAMEABLE = frozenset(
    (
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be"),
        *(f"iso8859-{part}" for part in range(1, 17) if part != 12),
        *(f"cp{page}" for page in range(1250, 1259)),
        *("cp437", "cp850", "cp852", "cp855", "cp857", "cp858", "cp866", "cp874"),
        *("koi8-r", "koi8-u", "mac-roman", "tis-620"),
        *("gb18030", "gbk", "gb2312", "big5", "big5hkscs"),
        *("shift_jis", "cp932", "euc_jp", "euc_kr", "cp949"),
    )
)

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "compressed with gzip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document, such as XLS"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard"),
    (b"{\\rtf", "an RTF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
#: Read from the start of the file to tell what it is; an XLSX names its parts there.
HEAD_BYTES = 4_096


def refuse_other_formats(head: bytes) -> None:
    """
    Return if the first bytes of a file may be those of a CSV.

    Raises:
        Refusal: `not_csv`, when they are the signature of another format.
    """
    for signature, what in _SIGNATURES:
        if not head.startswith(signature):
            continue
        remedy = "Send the rows as a CSV file."
        if what == "a ZIP archive" and (b"[Content_Types]" in head or b"xl/" in head):
            what, remedy = "an Excel workbook (XLSX)", SAVE_AS_UTF8
        elif b"opendocument.spreadsheet" in head[:200]:
            what, remedy = "a spreadsheet (ODS)", SAVE_AS_UTF8
        elif what == "a ZIP archive":
            remedy = "Send the rows as a CSV file, and a ZIP only for the images."
        raise not_csv(what, remedy)

    text = head.replace(b"\x00", b"")
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        text = text.removeprefix(mark)
    text = text.lstrip()
    if text[:1] == b"<":
        raise not_csv("an HTML or XML page", "Send the CSV file itself, not a page.")
    if re.match(rb'(\{|\[\s*\{)\s*"', text):
        raise not_csv("JSON", "Send the rows as a CSV file.")


def not_csv(what: str, remedy: str) -> Refusal:
    """Return the refusal of a file that is something else."""
    return Refusal(
        Kind.UNSUPPORTED, "not_csv", f"This file is {what}, no CSV. {remedy}"
    )


def codec_of(head: bytes, named: str | None) -> str:
    """
    Return the codec that reads a file which begins with *head*.

    A byte order mark decides; else the encoding that the caller *named*; else
    the file has to be UTF-8.

    Raises:
        Refusal: `encoding`, when *named* is none that can be read; `not_utf8`,
            when the bytes are UTF-16 without a mark, or UTF-32.
    """
    chosen = _named(named) if named is not None else None
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise Refusal(
            Kind.INVALID, "not_utf8", f"This file is UTF-32 (byte 0). {SAVE_AS_UTF8}"
        )
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if chosen == "utf-16":
        raise Refusal(
            Kind.INVALID,
            "encoding",
            "This file has no byte order mark, so it does not say which UTF-16 it is. "
            "Name utf-16-le, which Windows writes, or utf-16-be.",
        )
    if chosen is not None:
        return chosen
    first = head[:200]
    if first.count(0) * 3 > len(first) and len(first) > 3:
        raise Refusal(
            Kind.INVALID,
            "not_utf8",
            "This file looks like UTF-16 without a byte order mark: the byte at offset "
            f"{first.index(0)} is 0. {SAVE_AS_UTF8}",
        )
    return "utf-8"


def _named(name: str) -> str:
    try:
        codec = codecs.lookup(name).name if len(name) <= 40 else ""
    except (LookupError, ValueError):
        codec = ""
    if codec not in NAMEABLE:
        raise Refusal(
            Kind.INVALID,
            "encoding",
            f"Rows cannot be read in the encoding {quoted(name)}. Name one such as "
            "utf-8, utf-16, windows-1252, iso-8859-1 or shift_jis.",
        )
    return codec


def undecodable(path: Path, codec: str) -> Refusal:
    """Return the refusal of a file that *codec* cannot read: where, and what to do."""
    decoder = codecs.getincrementaldecoder("utf-8" if codec == "utf-8-sig" else codec)()
    offset = -1
    with path.open("rb") as file:
        fed = 0
        while offset < 0:
            block = file.read(1 << 16)
            pending = decoder.getstate()[0]
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                offset = fed - len(pending) + error.start
            fed += len(block)
            if not block:
                break
        offset = max(offset, 0)
        file.seek(max(offset - 40, 0))
        around = file.read(min(offset, 40) + 40)
    byte = around[min(offset, 40) : min(offset, 40) + 1]
    which = f"The byte at offset {offset}" + (
        f" (0x{byte.hex().upper()})" if byte else ""
    )

    if codec == "utf-16":
        detail = f"{which} is not valid UTF-16. {SAVE_AS_UTF8}"
    elif codec == "utf-8":
        suggestion = _suggestion(around, min(offset, 40))
        detail = f"{which} is not valid UTF-8. {suggestion}{SAVE_AS_UTF8}"
    else:
        return Refusal(
            Kind.INVALID,
            "encoding",
            f"{which} is not valid {codec}, the encoding you named. Name the one the "
            f"file was saved in, or save it as UTF-8. {SAVE_AS_UTF8}",
        )
    return Refusal(Kind.INVALID, "not_utf8", detail, at=f"byte {offset}")


def _suggestion(around: bytes, at: int) -> str:
    """Say how the word at *at* reads in the encoding of most such files."""
    before = re.split(rb'[,;\t\r\n"]', around[:at])[-1]
    after = re.split(rb'[,;\t\r\n"]', around[at:])[0]
    try:
        word = (before + after).decode("cp1252")
    except UnicodeDecodeError:
        return ""
    if not word.isprintable():
        return ""
    return f"Read as Windows-1252 (Latin-1) the cell there says {quoted(word)}. "
