"""
The HTTP server: uvicorn with `EdgeProtocol`, one process, one event loop.

No header says what runs here. `X-Forwarded-*` is not believed. WebSockets are
not spoken. Logs are the application's business: uvicorn configures none.
"""

import resource
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from testamur.core.refusals import Fault

from .limits import KIB, Limits
from .protocol import EdgeProtocol

#: How much of an answer the kernel may hold that is not yet on its way. Without
#: it a client that reads nothing holds megabytes of our memory (tcp(7)).
UNSENT_BYTES = 128 * KIB

#: Descriptors for everything that is not a connection.
SPARE_DESCRIPTORS = 256


def listen(host: str, port: int) -> socket.socket:
    """
    Return a listening socket; port 0 takes a free one.

    Raises:
        Fault: the address is in use, not ours, or not an address.
    """
    try:
        family, *_, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as trouble:
        text = f"cannot listen on {host} port {port}: {trouble.strerror or trouble}"
        raise Fault(text, passing=False) from trouble
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    return listener


class Server(uvicorn.Server):
    """Serves *app* on *listener* until `stop()`, SIGTERM or SIGINT."""

    def __init__(
        self,
        app: Callable[..., Any],
        listener: socket.socket,
        *,
        limits: Limits | None = None,
        on_ready: Callable[[str, int], None] | None = None,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        """*on_stop* ends answers that would go on for ever."""
        limits = limits or Limits()
        self.on_stop = on_stop
        self.listener = listener
        self.on_ready = on_ready
        protocol: Any = partial(EdgeProtocol, limits=limits)
        shutdown_seconds: Any = limits.shutdown_seconds
        config = uvicorn.Config(
            app,
            http=protocol,
            loop="uvloop",
            ws="none",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=shutdown_seconds,
        )
        super().__init__(config)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.listener.getsockname()[1])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then accept, then say so."""
        await super().startup(sockets=[self.listener])
        if self.started and self.on_ready is not None:
            self.on_ready(self.listener.getsockname()[0], self.port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more, finish what is in progress, stop the application."""
        if self.on_stop is not None:
            self.on_stop()
        await super().shutdown(sockets=[self.listener])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """
        Stop; a second SIGINT stops without waiting.

        uvicorn would raise the signal again afterwards, and so end the process
        before whoever called us could tidy up.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True

    def stop(self) -> None:
        """Ask the server to stop; any thread may ask."""
        self.should_exit = True


def run(
    app: Callable[..., Any],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    on_ready: Callable[[str, int], None] | None = None,
) -> None:
    """
    Serve *app* until SIGTERM or SIGINT, then return.

    *on_ready* is told host and port once connections are accepted.

    Raises:
        Fault: the address cannot be listened on.
        SystemExit: the application's own start-up failed (uvicorn logged why).
    """
    limits = limits or Limits()
    allow_descriptors(limits.connections + SPARE_DESCRIPTORS)
    Server(app, listen(host, port), limits=limits, on_ready=on_ready).run()


def allow_descriptors(wanted: int) -> None:
    """Raise this process's soft limit of open files to *wanted*, if it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
