"""A real server in a thread, and clients that speak bytes."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from testamur.web.limits import Limits
from testamur.web.server import Server, listen


@dataclass(frozen=True)
class Answer:
    """What came back on a connection until it was closed."""

    raw: bytes
    #: Seconds from the first wait to the end.
    seconds: float
    was_reset: bool

    @property
    def status(self) -> int:
        """The status of the first answer; 0 where there was none."""
        return int(self.raw[9:12]) if self.raw.startswith(b"HTTP/1.1 ") else 0

    @property
    def head(self) -> bytes:
        """The first answer's head, in lower case."""
        return self.raw.partition(b"\r\n\r\n")[0].lower()

    @property
    def json(self) -> Any:
        """The first answer's body."""
        return json.loads(self.raw.partition(b"\r\n\r\n")[2])


class Client:
    """A connection on which a test says exactly what it wants."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(10)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, data: bytes) -> bool:
        """Send *data*; say whether it was taken without a reset."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def drip(self, data: bytes, every: float, *, for_seconds: float = 3) -> None:
        """Send *data* a byte at a time until the server has had enough of it."""
        end = time.monotonic() + for_seconds
        self.socket.settimeout(every)
        try:
            for byte in data:
                self.socket.sendall(bytes([byte]))
                with contextlib.suppress(TimeoutError):
                    if self.socket.recv(1, socket.MSG_PEEK) is not None:
                        break  # it has answered, or closed
                if time.monotonic() > end:
                    break
        except OSError:
            pass
        self.socket.settimeout(10)

    def hear(self, count: int) -> bytes:
        """Return the next bytes, *count* at most."""
        return self.socket.recv(count)

    def hear_all(self) -> Answer:
        """Listen until the server closes."""
        parts, reset, start = [], False, time.monotonic()
        try:
            while part := self.socket.recv(1 << 20):
                parts.append(part)
        except ConnectionError:
            reset = True
        return Answer(b"".join(parts), time.monotonic() - start, reset)

    def ask(self, data: bytes) -> Answer:
        """Send *data*, listen until the server closes."""
        self.say(data)
        return self.hear_all()


@contextlib.contextmanager
def serving(app: Callable[..., Any], limits: Limits | None = None) -> Iterator[int]:
    """Serve *app* on a free port, and yield the port."""
    ready = threading.Event()
    server = Server(
        app, listen("127.0.0.1", 0), limits=limits, on_ready=lambda *_: ready.set()
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert ready.wait(10)
        yield server.port
    finally:
        server.stop()
        thread.join(20)
        assert not thread.is_alive()
