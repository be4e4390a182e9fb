"""A file that is made while it is sent."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Download:
    """
    One file for a caller to save.

    `chunks(start)` gives its bytes from *start* on. It raises when the rest cannot
    be had: whoever sends the bytes then breaks the connection, so that nobody takes
    a part for the whole. It may be called again while the download is held.
    """

    media_type: str
    #: Whatever can be seen, but no slash.
    filename: str
    #: How many bytes there are; None when nobody knows before the end.
    size: int | None
    #: Names these very bytes (RFC 9110, 8.8.3: strong, in quotation marks). None
    #: when asking again may give others: then no part of it can be asked for.
    etag: str | None
    chunks: Callable[[int], Iterator[bytes]]
