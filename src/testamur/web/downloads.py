"""Streamed downloads: exact length, resumable, memory flat."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import anyio
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from testamur.core.download import Download
from testamur.core.failpoints import fp
from testamur.core.refusals import Kind, Refusal

from .answers import refusal

#: One range from an offset on is all a resuming client asks for (RFC 9110, 14.2).
RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")

#: A tag of If-None-Match.
TAG = re.compile(r'"[^"]*"')


def download_answer(request: Request, download: Download) -> Response:
    """
    Return *download* as a stream, from the offset that a Range header asks for.

    A Range we do not serve (several ranges, a suffix, a changed file) is ignored,
    as RFC 9110 allows: the whole file comes with 200.

    A range that begins behind the end is answered 416. Who has the file already
    (If-None-Match, RFC 9110 section 13.1.2) is told so, with 304.
    """
    if _is_held(request, download):
        return Response(status_code=304, headers={"ETag": download.etag or ""})
    start, end = _range(request, download)
    if start and start >= end:
        return _behind_the_end(request, end)
    headers = {
        "Content-Disposition": _disposition(download.filename),
        "Cache-Control": "private, no-store",
    }
    status = 200
    if download.etag is not None:
        headers["ETag"] = download.etag
        headers["Accept-Ranges"] = "bytes"
    if download.size is not None:
        headers["Content-Length"] = str(end - start)
        if (start, end) != (0, download.size):
            status = 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{download.size}"
    if request.method == "HEAD":
        # Not a Response: that would name the length 0 where it is not known.
        return StreamingResponse(
            _nothing(), status, headers, media_type=download.media_type
        )
    length = end - start if status == 206 else None
    return StreamingResponse(
        _stream(download, start, length),
        status_code=status,
        headers=headers,
        media_type=download.media_type,
    )


def _is_held(request: Request, download: Download) -> bool:
    """Say whether the caller holds the very file."""
    held = request.headers.get("if-none-match", "")
    return download.etag is not None and download.etag in TAG.findall(held)


async def _stream(
    download: Download, start: int, length: int | None
) -> AsyncIterator[bytes]:
    """Give *length* bytes from *start* on; all of them when *length* is None."""
    chunks = download.chunks(start)
    try:
        async for chunk in iterate_in_threadpool(chunks):
            fp("download.mid")
            if length is None:
                yield chunk
                continue
            yield chunk[:length]
            length -= len(chunk[:length])
            if not length:
                return
    finally:  # a generator holds a file open until it is closed
        close = getattr(chunks, "close", None)
        if close is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(close)


def _range(request: Request, download: Download) -> tuple[int, int]:
    """
    Return from where to where: all of it unless one good range is asked for.

    Where it begins behind the end, so does what is returned.
    """
    size = download.size
    if size is None:
        return 0, 0
    wanted = RANGE.fullmatch(request.headers.get("range", ""))
    if_range = request.headers.get("if-range")
    is_same = if_range is None or if_range == download.etag
    if wanted is None or download.etag is None or not is_same:
        return 0, size
    start = int(wanted[1])
    if start >= size:
        return start, size
    end = min(int(wanted[2]) + 1, size) if wanted[2] else size
    return (start, end) if start < end else (0, size)


def _behind_the_end(request: Request, size: int) -> Response:
    answer = refusal(
        request,
        Refusal(
            Kind.INVALID,
            "range_not_satisfiable",
            f"The file has {size} bytes; ask for a range inside it.",
            at="Range",
        ),
        status=416,
    )
    answer.headers["Content-Range"] = f"bytes */{size}"
    return answer


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def _disposition(filename: str) -> str:
    """Name the file for every client (RFC 6266, section 5)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename)}"
