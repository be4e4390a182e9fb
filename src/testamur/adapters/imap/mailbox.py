"""
A mailbox at a mail server into which bounces come, and what is taken out of it.

Only what nobody has seen is looked at. What was dealt with is deleted, everything else
is marked as seen, for a person to look at.
"""

import imaplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

from testamur.core.refusals import Fault

#: For each thing that is said to the server or waited for.
TIMEOUT_SECONDS = 30.0

#: Messages that are looked at in one go.
AT_ONCE = 100

PORTS = {"imap": 143, "imaps": 993}


class ImapMailbox:
    """The mailbox at *url*: `imaps://USER:PASSWORD@HOST/INBOX`."""

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._is_encrypted = parts.scheme == "imaps"
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._folder = unquote(parts.path.strip("/")) or "INBOX"
        self._timeout = timeout_seconds
        self._context = context

    def take(self, deal: Callable[[bytes], bool], limit: int) -> int:
        """
        Hand the first *limit* bytes of each new message to *deal*; return how many.

        After a crash a message may be handed over again.

        Raises:
            Fault: passing, when the server cannot be talked to, or from *deal*: that
                message and those after it stay as they are. Without the server's words,
                which may quote the password.
        """
        try:
            with self._opened() as server:
                return self._take(server, deal, limit)
        except (imaplib.IMAP4.error, OSError, ValueError, IndexError) as trouble:
            why = type(trouble).__name__
            raise Fault(
                f"mailbox of bounces at {self._host}: {why}", passing=True
            ) from (None)

    def _take(
        self, server: imaplib.IMAP4, deal: Callable[[bytes], bool], limit: int
    ) -> int:
        _, found = server.uid("SEARCH", "UNSEEN", "UNDELETED")
        names = [one.decode("ascii") for one in (found[0] or b"").split()][:AT_ONCE]
        for name in names:
            # Looking is not seeing: should we die, it is there again.
            _, data = server.uid("FETCH", name, f"(BODY.PEEK[]<0.{limit}>)")
            message = next((one[1] for one in data if isinstance(one, tuple)), b"")
            flags = r"(\Seen \Deleted)" if deal(bytes(message)) else r"(\Seen)"
            server.uid("STORE", name, "+FLAGS.SILENT", flags)
        if names:
            server.expunge()
        return len(names)

    @contextmanager
    def _opened(self) -> Iterator[imaplib.IMAP4]:
        server: imaplib.IMAP4
        if self._is_encrypted:
            server = imaplib.IMAP4_SSL(
                self._host,
                self._port,
                ssl_context=self._context or ssl.create_default_context(),
                timeout=self._timeout,
            )
        else:
            server = imaplib.IMAP4(self._host, self._port, timeout=self._timeout)
        try:
            server.login(self._user, self._password)
            folder = self._folder.replace("\\", "\\\\").replace('"', '\\"')
            state, _ = server.select(f'"{folder}"')
            if state != "OK":
                raise imaplib.IMAP4.error("no such folder")
            yield server
        finally:
            with suppress(imaplib.IMAP4.error, OSError):
                server.logout()
