"""A real SMTP server on loopback that does what a test says."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


@dataclass
class Taken:
    """What the server was given, and what it says to each step."""

    #: (sender, recipient, bytes) of each mail, also of those that were not answered.
    mails: list[tuple[str, str, bytes]] = field(default_factory=list)
    connections: int = 0
    #: The replies to RCPT and to DATA, the first to the first; afterwards it takes all.
    to_rcpt: list[str] = field(default_factory=list)
    #: `drop`: it has the mail, and hangs up without a word. `hang`: it says nothing.
    to_data: list[str] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        """Take a recipient, or not."""
        if self.to_rcpt:
            return self.to_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        """Take a mail, or not."""
        body = envelope.original_content or envelope.content
        self.mails.append((envelope.mail_from, envelope.rcpt_tos[0], body))
        how = self.to_data.pop(0) if self.to_data else "250 taken"
        if how == "drop":
            server.transport.abort()
            return "250 never heard"
        if how == "hang":
            await asyncio.sleep(30)
        return how


class _Counting(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler.connections += 1
        super().connection_made(transport)


@contextlib.contextmanager
def mail_server(
    *, utf8: bool = True, login: bool = False, tls: Any = None, **options: Any
) -> Iterator[Taken]:
    """
    Run a server; it knows SMTPUTF8 only with *utf8*, and wants a *login*.

    With *tls*, a context, it is encrypted from the first byte.
    """
    taken = Taken()

    def check(server, session, envelope, mechanism, auth_data):
        taken.logins.append((auth_data.login, auth_data.password))
        return AuthResult(success=auth_data.password == b"right")

    class _Controller(Controller):
        def factory(self) -> SMTP:
            return _Counting(
                self.handler,
                enable_SMTPUTF8=utf8,
                authenticator=check if login else None,
                auth_required=False,
                auth_require_tls=False,
                hostname="mail.example",
                **options,
            )

    with socket.create_server(("127.0.0.1", 0)) as free:
        taken.port = free.getsockname()[1]
    controller = _Controller(
        taken, hostname="127.0.0.1", port=taken.port, ssl_context=tls
    )
    controller.start()
    taken.connections = 0  # it looked whether it is there
    try:
        yield taken
    finally:
        controller.stop(no_assert=True)


def until(is_so: Callable[[], Any], seconds: float = 10) -> Any:
    """Return what *is_so* says once it says anything."""
    end = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found
