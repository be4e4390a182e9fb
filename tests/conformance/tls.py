"""TLS in front of a server: the suites speak HTTPS only."""

import asyncio
import contextlib
import ssl
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import trustme


class Front:
    """Takes TLS on a port of this machine, and hands on what is inside."""

    def __init__(self, ca_file: Path, context: ssl.SSLContext) -> None:
        self.ca_file = ca_file
        self._context = context
        self._to: int | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "localhost", 0, ssl=context), self._loop
        ).result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        """Where it is."""
        return f"https://localhost:{self.port}"

    def forward_to(self, port: int) -> None:
        """Hand on to *port* from now on."""
        self._to = port

    def close(self) -> None:
        """Take nothing any more."""
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            inner, outer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, outer), _pump(inner, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()


@contextlib.contextmanager
def tls_in_front_of() -> Iterator[Front]:
    """Take TLS as `localhost`, by a certificate of an authority made for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with tempfile.TemporaryDirectory() as folder:
        ca_file = Path(folder) / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        front = Front(ca_file, context)
        try:
            yield front
        finally:
            front.close()
