"""How much the streams of a PDF unpack to, without keeping any of it."""

import zlib
from typing import Any

import pikepdf
from pikepdf import Array, Name, StreamDecodeLevel

from .facts import MAX_PIXELS, MAX_UNPACKED, refusal

#: What qpdf says when there was no more memory to be had.
OUT_OF_MEMORY = "bad_alloc"

#: What it unpacks at once.
_STEP = 1024 * 1024

#: The most that a byte comes to, where nothing but unpacking would tell
#: (ISO 32000-1, 7.4): such streams are unpacked whole if they could be large.
_MOST = {
    "/LZWDecode": 1_370,
    "/LZW": 1_370,
    "/ASCIIHexDecode": 1,
    "/AHx": 1,
    "/ASCII85Decode": 4,
    "/A85": 4,
}
_RUNS = {"/RunLengthDecode", "/RL"}
_FLATE = {"/FlateDecode", "/Fl"}
MAX_FILTERS = 4


class Meter:
    """Counts what all streams of one file come to."""

    def __init__(self, most: int = MAX_UNPACKED) -> None:
        self._left = most

    def add(self, stream: Any, entries: Any) -> None:
        """
        Count *stream*, whose dictionary is *entries*.

        Raises:
            Refusal: INVALID `pdf_too_complex` or `pdf_corrupt`.
        """
        _check_pixels(entries)
        filters = _filters_of(entries)
        if not filters:
            return
        if len(filters) > MAX_FILTERS:
            raise refusal("pdf_too_complex", "something is packed many times over.")
        if filters[0] in _FLATE:
            data = stream.read_raw_bytes()
            for place, name in enumerate(filters, 1):
                is_last = place == len(filters)
                if name not in _FLATE:
                    self._count_other(stream, name, len(data), is_last)
                    return
                data = self._unpacked(data, is_last=is_last)
            return
        self._count_other(
            stream, filters[0], len(stream.read_raw_bytes()), len(filters) == 1
        )

    def _unpacked(self, data: bytes, *, is_last: bool) -> bytes:
        """Unpack *data*, and keep it unless it *is_last*."""
        unpacker, parts = zlib.decompressobj(), []
        try:
            part = unpacker.decompress(data, _STEP)
            while part:
                self._take(len(part))
                if not is_last:
                    parts.append(part)
                part = unpacker.decompress(unpacker.unconsumed_tail, _STEP)
        except zlib.error:
            # Readers show what they get; more than that it does not come to.
            pass
        return b"".join(parts)

    def _count_other(self, stream: Any, name: str, length: int, is_alone: bool) -> None:
        if name in _RUNS and is_alone:
            self._take_runs(stream.read_raw_bytes())
            return
        # Pictures (`_check_pixels`), and what nobody unpacks.
        if name not in _MOST:
            return
        if is_alone and length * _MOST[name] <= _STEP:
            self._take(length * _MOST[name])
            return
        # Only as much as this process may have: with more, it ends.
        try:
            self._take(len(stream.read_bytes(StreamDecodeLevel.specialized)))
        except pikepdf.PdfError as trouble:
            if OUT_OF_MEMORY in str(trouble):
                raise _bomb() from None

    def _take_runs(self, data: bytes) -> None:
        """Count what run lengths come to (7.4.5)."""
        at, count = 0, 0
        while at < len(data) and (length := data[at]) != 128:
            at += length + 2 if length < 128 else 2
            count += length + 1 if length < 128 else 257 - length
            if count > self._left:
                break
        self._take(count)

    def _take(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _bomb()


def _bomb() -> Exception:
    return refusal(
        "pdf_too_complex",
        f"unpacked, it is larger than {MAX_UNPACKED // 1024 // 1024} MB.",
    )


def _filters_of(entries: Any) -> list[str]:
    found = entries.get("/Filter")
    if isinstance(found, Name):
        return [str(found)]
    if isinstance(found, Array):
        return [str(each) for each in found]
    return []


def _check_pixels(entries: Any) -> None:
    if entries.get("/Subtype") != Name.Image:
        return
    width, height = entries.get("/Width", 0), entries.get("/Height", 0)
    if not isinstance(width, int) or not isinstance(height, int):
        raise refusal("pdf_corrupt", "a picture in it has no size.")
    if width * height > MAX_PIXELS:
        raise refusal("pdf_too_complex", "a picture in it has too many pixels.")
