"""What a client may take of us: time, bytes, and connections."""

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one connection, and of all of them together."""

    #: Simultaneous connections; one more is told 503. Each costs a descriptor.
    connections: int = 3_000

    #: From accepting, or from a later request's first byte, to its blank line.
    head_seconds: float = 10
    head_bytes: int = 16 * KIB
    header_lines: int = 64

    #: How long a connection may be kept alive without a request.
    idle_seconds: float = 10

    #: How long the application may wait, in all, for a body that is no upload.
    body_seconds: float = 15
    #: The same for an upload (multipart/form-data), which also has to keep up
    #: `upload_floor` bytes per second in every `upload_window_seconds`.
    upload_seconds: float = 300
    upload_window_seconds: float = 10
    upload_floor: int = 16 * KIB

    #: A client that takes nothing of an answer for this long is cut off.
    stall_seconds: float = 60

    #: How long we go on discarding what a refused client is still sending. To
    #: close at once would make its system throw away our answer unread.
    linger_seconds: float = 10

    #: How long requests in progress may go on once we are asked to stop.
    shutdown_seconds: float = 15
