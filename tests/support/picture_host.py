"""
A web server that does what a script says, however rude. Loopback only.

A script is a function of the `Call` it answers. It writes bytes; what it leaves
out is left out.
"""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

#: What a polite host serves. Not a picture: fetching does not look inside.
PICTURE = b"\x89PNG\r\n\x1a\n and so on"


@dataclass
class Call:
    """One request, and the line to answer on."""

    line: socket.socket
    request: bytes
    ending: threading.Event  #: set when the host is closed

    @property
    def path(self) -> str:
        """Path and query, as they came."""
        return self.request.split(b" ")[1].decode()

    def headers(self) -> dict[str, str]:
        """The request's headers, names in lower case."""
        lines = self.request.decode("latin-1").split("\r\n")[1:]
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        return {name.lower(): value.strip() for name, value in pairs}

    def send(self, *parts: bytes) -> None:
        """Write bytes as they are."""
        for part in parts:
            self.line.sendall(part)

    def drip(self, parts: Iterable[bytes], every: float) -> None:
        """Write one part each *every* seconds, until the other side has gone."""
        for part in parts:
            self.line.sendall(part)
            if self.ending.wait(every):
                return

    def hang(self) -> None:
        """Say nothing until the host is closed."""
        self.ending.wait(30)

    def reset(self) -> None:
        """Cut the line with a RST."""
        self.line.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self.line.close()


Script = Callable[[Call], None]


def answer(
    body: bytes = PICTURE, *, status: str = "200 OK", headers: Iterable[str] = ()
) -> Script:
    """Return the script of an ordinary answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda call: call.send(whole)


def redirect(location: str, status: str = "302 Found") -> Script:
    """Return the script of a redirect to *location*."""
    return answer(b"", status=status, headers=[f"Location: {location}"])


@dataclass
class PictureHost:
    """
    A server on *address* and a port of its own, in its own threads.

    `calls` are the requests so far, `most_at_once` the largest number of requests
    that were being answered together.
    """

    script: Script = field(default_factory=answer)
    address: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    #: Then what follows the headers is not to be read with them.
    has_bodies: bool = False

    def __enter__(self) -> "PictureHost":
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._busy = 0
        self._listener = socket.create_server((self.address, self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def url(self, path: str = "/anna.png", host: str | None = None) -> str:
        """Return the URL of *path* here, by address unless *host* is named."""
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{host or self.address}:{self.port}{path}"

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=[line], daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self.tls:
                line = self.tls.wrap_socket(line, server_side=True)
            with line:
                while request := self._receive(line):
                    call = Call(line, request, self._ending)
                    self._note(call)
                    try:
                        self.script(call)
                    finally:
                        with self._lock:
                            self._busy -= 1

    def _note(self, call: Call) -> None:
        with self._lock:
            self.calls.append(call)
            self._busy += 1
            self.most_at_once = max(self.most_at_once, self._busy)

    def _receive(self, line: socket.socket) -> bytes:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            part = line.recv(1 if self.has_bodies else 4096)
            if not part:
                return b""
            request += part
        return request
