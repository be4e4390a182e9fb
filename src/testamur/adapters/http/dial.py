"""
From a name to a connection, by way of the wall.

`lookup` asks the resolver once. `Dialler` can connect to the addresses it was
given and to nothing else, so what was judged is what is reached, whatever the
resolver says the next time (DNS rebinding).

httpcore hands a request's timeouts through to its network backend untouched. Here
each is not a duration but a moment on the monotonic clock: a server that sends
one byte a second would never exceed a duration.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import certifi
import httpcore

from .addresses import Address, read_address

#: The addresses of a host name, as text. Raises OSError when there are none.
Resolver = Callable[[str], Sequence[str]]

#: getaddrinfo's ways to say that the name does not exist, rather than "not now".
NO_SUCH_NAME = {
    getattr(socket, name)
    for name in ("EAI_NONAME", "EAI_NODATA")
    if hasattr(socket, name)
}

#: More addresses of one host than this are not tried.
MAX_TRIED = 4


class NotTrusted(Exception):
    """The TLS handshake failed: nobody knows who is at the other end."""


class NoSuchName(Exception):
    """The resolver says that there is no such host."""


def system_resolver(host: str) -> Sequence[str]:
    """Return what this machine's resolver says, in its order of preference."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(where[0]) for *_, where in found]


def trust(extra_authorities: str = "") -> ssl.SSLContext:
    """
    Return what makes TLS connections verified against this machine's authorities.

    Where the machine has none (slim containers), against certifi's.
    *extra_authorities* (PEM) are trusted besides. Verification has no switch.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # RFC 8996
    if ssl.get_default_verify_paths().cafile is None:
        context.load_verify_locations(certifi.where())
    if extra_authorities:
        context.load_verify_locations(cadata=extra_authorities)
    return context


def lookup(resolver: Resolver, host: str, until: float) -> Sequence[Address | None]:
    """
    Return every distinct address of *host*; None stands for one we cannot read.

    A resolver cannot be interrupted, so it is asked in a thread of its own, which
    is left behind when it is not back by the moment *until*.

    Raises:
        NoSuchName: when there is no such host.
        TimeoutError: when no answer came in time.
        OSError: when the resolver failed.
    """
    outcome: list[Sequence[str] | Exception] = []
    done = threading.Event()

    def ask() -> None:
        try:
            outcome.append(resolver(host))
        except Exception as trouble:
            outcome.append(trouble)
        done.set()

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    if not done.wait(max(0.0, until - time.monotonic())):
        raise TimeoutError
    match outcome[0]:
        case socket.gaierror(errno=number) if number in NO_SUCH_NAME:
            raise NoSuchName
        case UnicodeError():  # a name that no resolver can be asked for
            raise NoSuchName
        case Exception() as trouble:
            raise trouble
        case answers:
            return list(dict.fromkeys(read_address(text) for text in answers))


@contextmanager
def _as_httpcore(
    timeout: type[httpcore.TimeoutException], failure: type[httpcore.NetworkError]
) -> Iterator[None]:
    """Turn the system's errors into httpcore's, as its backends must."""
    try:
        yield
    except TimeoutError:
        raise timeout from None
    except OSError:
        raise failure from None


def _wait_until(moment: float | None, line: socket.socket) -> None:
    """Let the next operation on *line* wait until *moment* and no longer."""
    left = (moment or 0.0) - time.monotonic()
    if left <= 0:
        raise TimeoutError
    line.settimeout(left)


class Stream(httpcore.NetworkStream):
    """One connection. Every timeout is a moment on the monotonic clock."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what has come, at most *max_bytes*; nothing at the end."""
        with _as_httpcore(httpcore.ReadTimeout, httpcore.ReadError):
            _wait_until(timeout, self._line)
            return self._line.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of *buffer*."""
        if buffer:
            with _as_httpcore(httpcore.WriteTimeout, httpcore.WriteError):
                _wait_until(timeout, self._line)
                self._line.sendall(buffer)

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(OSError):
            self._line.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """
        Return the same connection inside TLS, with the other end verified.

        Raises:
            NotTrusted: when it could not be.
        """
        try:
            with _as_httpcore(httpcore.ConnectTimeout, httpcore.ConnectError):
                _wait_until(timeout, self._line)
                try:
                    return Stream(
                        ssl_context.wrap_socket(
                            self._line, server_hostname=server_hostname
                        )
                    )
                except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
                    raise httpcore.ConnectError from None  # hung up on us
                except (ssl.SSLError, ssl.CertificateError):
                    raise NotTrusted from None
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Answer the two questions that httpcore has."""
        if info == "ssl_object":
            return self._line if isinstance(self._line, ssl.SSLSocket) else None
        if info == "is_readable":
            # A quiet connection that has something to read has been closed.
            waiting = select.poll()
            try:
                waiting.register(self._line, select.POLLIN)
            except ValueError:
                return True
            return bool(waiting.poll(0))
        return None


class Dialler(httpcore.NetworkBackend):
    """Connects to *addresses* in their order, and to nothing else."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses[:MAX_TRIED]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Return a connection to the first address that takes one; not to *host*."""
        trouble: Exception = httpcore.ConnectError()
        for tried, address in enumerate(self._addresses):
            # What is left of the time is shared by those still to be tried.
            left = ((timeout or 0.0) - time.monotonic()) / (
                len(self._addresses) - tried
            )
            try:
                with _as_httpcore(httpcore.ConnectTimeout, httpcore.ConnectError):
                    return self._connect(address, port, left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as one:
                trouble = one
        raise trouble

    def _connect(self, address: Address, port: int, seconds: float) -> Stream:
        if seconds <= 0:
            raise TimeoutError
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            line.settimeout(seconds)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # AF_INET and AF_INET6 with a numeric address: no resolver is asked.
            line.connect((str(address), port))
        except BaseException:
            line.close()
            raise
        return Stream(line)
