"""
A mail server that takes mails (RFC 5321): `delivery.ports.Post`.

One connection serves a round of mails. What the server says is told by its code
alone: its text often has the address in it, and logs and tables must not.
"""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote, urlsplit

from testamur.core.refusals import Fault
from testamur.delivery.ports import Mail, Undeliverable, Unreachable

#: For each thing that is said to the server or waited for.
TIMEOUT_SECONDS = 30.0

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class SmtpPost:
    """
    The server at *url*: `smtp://`, `smtp+starttls://` or `smtps://`, with
    `user:password@` where it wants to know who sends.

    *hello* is the name that we introduce ourselves with.
    """

    def __init__(
        self,
        url: str,
        *,
        hello: str,
        timeout_seconds: float = TIMEOUT_SECONDS,
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._user = unquote(parts.username or "")
        self._password = unquote(parts.password or "")
        self._hello = hello
        self._timeout = timeout_seconds
        self._context = context or ssl.create_default_context()

    @contextmanager
    def round(self) -> Iterator[Callable[[Mail], None]]:
        """Lend what sends mails, all over one connection while it holds."""
        line = _Line(self._connected)
        try:
            yield line.send
        finally:
            line.close()

    def _connected(self) -> smtplib.SMTP:
        """
        Return a connection that takes mails.

        Raises:
            Unreachable: there is none to be had at present.
        """
        server: smtplib.SMTP | None = None
        step = ""
        try:
            if self._scheme == "smtps":
                server = smtplib.SMTP_SSL(
                    self._host,
                    self._port,
                    local_hostname=self._hello,
                    timeout=self._timeout,
                    context=self._context,
                )
            else:
                server = smtplib.SMTP(
                    self._host, self._port, self._hello, self._timeout
                )
            if self._scheme == "smtp+starttls":
                server.ehlo_or_helo_if_needed()
                server.starttls(context=self._context)
            server.ehlo_or_helo_if_needed()
            if self._user:
                step = "login refused: "
                server.login(self._user, self._password)
        except (smtplib.SMTPException, OSError) as trouble:
            if server is not None:
                with suppress(Exception):
                    server.close()
            # What it was raised from may quote what was said to the server.
            raise Unreachable(f"mail server: {step}{_named(trouble)}") from None
        return server


class _Line:
    """A connection, opened when it is needed and again when it broke."""

    def __init__(self, connect: Callable[[], smtplib.SMTP]) -> None:
        self._connect = connect
        self._server: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Hand over one mail. Raises as `Post.round` says."""
        if self._server is None:
            self._server = self._connect()
        options = []
        if mail.needs_utf8:
            if not self._server.has_extn("smtputf8"):
                raise Undeliverable(
                    "the mail server takes no addresses beyond ASCII (SMTPUTF8)"
                )
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        try:
            self._server.sendmail(mail.sender, [mail.recipient], mail.data, options)
        except smtplib.SMTPRecipientsRefused as refused:
            ((code, _),) = refused.recipients.values()
            self._reset()
            raise _refused(code, "RCPT", is_final=True) from None
        except smtplib.SMTPSenderRefused as refused:
            # The operator's to mend, and not this mail's fault.
            self._reset()
            raise _refused(refused.smtp_code, "MAIL", is_final=False) from None
        except smtplib.SMTPResponseException as refused:
            self._reset()
            raise _refused(refused.smtp_code, "DATA", is_final=True) from None
        except (smtplib.SMTPException, OSError, ValueError) as trouble:
            # It may have been taken before the line broke: it is sent again, and
            # its Message-ID says that it is the same.
            self._drop()
            raise Fault(f"mail server: {_named(trouble)}", passing=True) from None

    def close(self) -> None:
        """Take leave, if the server is still there."""
        if self._server is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._server.quit()
            self._drop()

    def _reset(self) -> None:
        """Have the server forget the mail that it refused."""
        assert self._server is not None
        try:
            self._server.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        if self._server is not None:
            with suppress(Exception):
                self._server.close()
            self._server = None


def _refused(code: int, verb: str, *, is_final: bool) -> Exception:
    text = f"mail server: {code} to {verb}"
    if is_final and 500 <= code < 600:
        return Undeliverable(text)
    return Fault(text, passing=True)


def _named(trouble: Exception) -> str:
    """Say what is wrong without the words of the other side."""
    if isinstance(trouble, smtplib.SMTPServerDisconnected):
        why = trouble.__context__  # the library tells of a late answer like that
        if isinstance(why, TimeoutError):
            trouble = why
    if isinstance(trouble, smtplib.SMTPResponseException):
        return f"{type(trouble).__name__} {trouble.smtp_code}"
    if isinstance(trouble, TimeoutError):
        return "no answer in time"
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {trouble.verify_message}"
    if isinstance(trouble, OSError) and trouble.strerror:
        return trouble.strerror
    return type(trouble).__name__
