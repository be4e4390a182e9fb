"""
A credential inside a picture: Open Badges 3.0, 5.3 ("baked badges").

An iTXt chunk with the keyword `openbadgecredential`, uncompressed, whose text is
the credential as JSON, or as a compact JWS. Open Badges 2.0 used `openbadges`, and
many programs look for nothing else, so the credential stands under both.
PNG, third edition, sections 5.2, 5.3, 11.3.3.4.
"""

import struct
import zlib
from collections.abc import Iterator

from .strict_json import NotReadable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"openbadgecredential"
OLD_KEYWORD = b"openbadges"

#: A credential in a picture may take this much when it is inflated.
MAX_TEXT_BYTES = 5 * 1024 * 1024
MAX_CHUNKS = 100_000


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """
    Yield the type and content of every chunk of a PNG, in order.

    Raises:
        NotReadable: it is not a PNG, is cut off, goes on behind its end, or a
            chunk's checksum is wrong.
    """
    if not data.startswith(SIGNATURE):
        raise NotReadable("png_damaged", "The picture is not a PNG.")
    at = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        head = data[at : at + 8]
        if len(head) < 8:
            raise NotReadable("png_damaged", "The PNG is cut off.")
        (length,), kind = struct.unpack(">I", head[:4]), head[4:]
        content = data[at + 8 : at + 8 + length]
        crc = data[at + 8 + length : at + 12 + length]
        if len(content) != length or len(crc) != 4:
            raise NotReadable("png_damaged", "The PNG is cut off.")
        if zlib.crc32(content, zlib.crc32(kind)) != int.from_bytes(crc):
            raise NotReadable("png_damaged", "A checksum in the PNG is wrong.")
        yield kind, content
        at += 12 + length
        if kind == b"IEND":
            if at != len(data):
                raise NotReadable("png_damaged", "The PNG goes on behind its end.")
            return
    raise NotReadable("png_damaged", "The PNG has too many chunks.")


def baked(picture: bytes, credential: bytes) -> bytes:
    """
    Return the PNG *picture* with *credential* (JSON, or a compact JWS) in it.

    The same arguments give the same bytes. What was baked before is replaced; the
    picture itself is not touched.

    Raises:
        NotReadable: *picture* is not a PNG.
    """
    texts = [
        keyword + b"\0" + b"\0\0" + b"\0" + b"\0" + credential
        for keyword in (KEYWORD, OLD_KEYWORD)
    ]
    parts = [SIGNATURE]
    for kind, content in chunks(picture):
        if kind == b"iTXt" and _keyword(content) in (KEYWORD, OLD_KEYWORD):
            continue
        if kind == b"IEND":
            parts += [_chunk(b"iTXt", text) for text in texts]
        parts.append(_chunk(kind, content))
    return b"".join(parts)


def bare(picture: bytes) -> bytes:
    """
    Return the PNG *picture* as it was before a credential was baked into it.

    Raises:
        NotReadable: it is not a PNG.
    """
    return SIGNATURE + b"".join(
        _chunk(kind, content)
        for kind, content in chunks(picture)
        if kind not in (b"iTXt", b"tEXt")
        or _keyword(content) not in (KEYWORD, OLD_KEYWORD)
    )


def unbaked(picture: bytes) -> bytes:
    """
    Return the credential that is baked into *picture*.

    Raises:
        NotReadable: there is none, or several; `png_damaged`, `png_no_credential`,
            `png_several_credentials`, `open_badges_2`, `png_text`.
    """
    found, old = [], []
    for kind, content in chunks(picture):
        if kind in (b"iTXt", b"tEXt"):
            if _keyword(content) == KEYWORD:
                found.append((kind, content))
            elif _keyword(content) == OLD_KEYWORD:
                old.append((kind, content))
    # The old keyword is used for new credentials as well.
    is_old = not found
    found = found or old
    if len(found) > 1:
        raise NotReadable(
            "png_several_credentials", "The picture has several credentials in it."
        )
    if not found:
        raise NotReadable(
            "png_no_credential",
            "The picture has no credential in it. Screenshots and copies that were "
            "saved anew lose it: ask for the original file.",
        )
    text = _text(*found[0])
    if is_old and _is_open_badges_2(text):
        raise NotReadable(
            "open_badges_2",
            "This is an Open Badge of version 2. It is vouched for by a web page, not "
            "by a signature over what it says; check it where it was issued.",
        )
    return text


def _is_open_badges_2(text: bytes) -> bool:
    return (
        text.startswith(b"http")
        or b"w3id.org/openbadges/v2" in text
        or (text.startswith(b"{") and b"credentials/v" not in text)
    )


def _keyword(content: bytes) -> bytes:
    return content.partition(b"\0")[0]


def _text(kind: bytes, content: bytes) -> bytes:
    rest = content.partition(b"\0")[2]
    if kind == b"tEXt":
        return rest
    flag, method = rest[:1], rest[1:2]
    _, _, rest = rest[2:].partition(b"\0")  # the language
    _, _, text = rest.partition(b"\0")  # the translated keyword
    if flag == b"\0":
        return text
    if flag != b"\1" or method != b"\0":
        raise NotReadable("png_text", "The credential's chunk cannot be read.")
    inflater = zlib.decompressobj()
    try:
        inflated = inflater.decompress(text, MAX_TEXT_BYTES)
    except zlib.error:
        raise NotReadable(
            "png_text", "The credential in the picture is damaged."
        ) from None
    if inflater.unconsumed_tail or not inflater.eof:
        raise NotReadable("png_text", "The credential in the picture is too large.")
    return inflated


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)
