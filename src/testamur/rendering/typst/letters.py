"""
Typeset files as readers other than pdfium take them: what a letter says, and how
large an emoji is.
"""

import re
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

#: A line of a CMap: a glyph, and what it says in UTF-16.
_SAID = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")

#: How wide an m is, in ems: from it poppler guesses how large such a font is.
_M_WIDTH = 0.6


def readable(pdf: bytes) -> bytes:
    """
    Return a typeset file with the same page, in which letters and emoji are read
    where they stand, and once.
    """
    with pikepdf.open(BytesIO(pdf)) as file:
        fonts = file.pages[0].get("/Resources", Dictionary()).get("/Font", Dictionary())
        for _, font in sorted(fonts.items()):
            if font.get("/Subtype") == Name.Type3:
                _give_measure(file, font)
            if "/ToUnicode" in font:
                told = font.ToUnicode.read_bytes()
                font.ToUnicode.write(_told_once(told))
        written = BytesIO()
        file.save(written, deterministic_id=True)
        return written.getvalue()


def _give_measure(file: pikepdf.Pdf, font: Any) -> None:
    """
    Add a letter m to a font of pictures, where none of its codes is taken.

    poppler knows no other way to tell how large such a font is, and puts letters of
    other sizes on other lines.
    """
    code = int(font.LastChar) + 1
    differences = font.get("/Encoding", Dictionary()).get("/Differences")
    if code > 255 or differences is None or "/m" in font.CharProcs:
        return
    width = _M_WIDTH / float(font.FontMatrix[0])
    font.CharProcs.m = file.make_stream(f"{width:.2f} 0 d0".encode())
    font.Encoding.Differences = Array([*differences, code, Name.m])
    font.Widths = Array([*font.Widths, round(width, 2)])
    font.LastChar = code


def _told_once(told: bytes) -> bytes:
    """
    Return a CMap in which a letter and its marks say themselves.

    Typst has each of them say all of the cluster, so that it is read several times.
    """
    by_words: dict[bytes, list[bytes]] = {}
    for glyph, words in _SAID.findall(told):
        by_words.setdefault(words, []).append(glyph)
    alone = {}
    for words, glyphs in by_words.items():
        letters = bytes.fromhex(words.decode()).decode("utf-16-be", "replace")
        if len(glyphs) == len(letters) > 1:
            for glyph, letter in zip(sorted(glyphs), letters, strict=True):
                alone[glyph] = letter.encode("utf-16-be").hex().upper().encode()
    return _SAID.sub(
        lambda said: b"<%s> <%s>" % (said[1], alone.get(said[1], said[2])), told
    )
