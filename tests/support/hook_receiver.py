"""A system that is told of events, and does what a script says. Loopback only."""

import json
import socket
import threading
from dataclasses import dataclass
from typing import Any

from .picture_host import Call, PictureHost, Script, answer

#: What a polite system answers.
WELL = answer(b"", status="204 No Content")


def body_of(call: Call) -> bytes:
    """Return the body of a request, as it came."""
    return call.request.partition(b"\r\n\r\n")[2]


def told(call: Call) -> dict[str, Any]:
    """Return what a request tells."""
    found: dict[str, Any] = json.loads(body_of(call))
    return found


@dataclass
class HookReceiver(PictureHost):
    """A server that reads requests with a body; `address` and `script` as there."""

    script: Script = WELL
    has_bodies: bool = True

    def __enter__(self) -> "HookReceiver":
        self.came = threading.Condition()
        super().__enter__()
        return self

    def wait_for(self, count: int, *, seconds: float = 20) -> list[Call]:
        """Return the requests once there are *count* of them."""
        with self.came:
            assert self.came.wait_for(lambda: len(self.calls) >= count, seconds), [
                told(one)["type"] for one in self.calls
            ]
            return list(self.calls)

    def wait_for_type(self, type_: str, *, seconds: float = 20) -> dict[str, Any]:
        """Return what was told of an event of this type, once it was."""
        with self.came:

            def found() -> list[dict[str, Any]]:
                return [one for one in map(told, self.calls) if one["type"] == type_]

            assert self.came.wait_for(lambda: bool(found()), seconds)
            return found()[0]

    def _receive(self, line: socket.socket) -> bytes:
        request = super()._receive(line)
        if not request:
            return b""
        sizes = [
            part.partition(b":")[2]
            for part in request.split(b"\r\n")
            if part.lower().startswith(b"content-length:")
        ]
        left = int(sizes[0])
        while left:
            part = line.recv(min(left, 65_536))
            if not part:
                return b""
            request += part
            left -= len(part)
        return request

    def _note(self, call: Call) -> None:
        super()._note(call)
        with self.came:
            self.came.notify_all()
