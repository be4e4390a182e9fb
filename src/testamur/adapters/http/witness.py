"""A witness somewhere on the network: `tlog.ports.Witness` (C2SP tlog-witness)."""

import http.client
import ssl
from functools import cache
from urllib.parse import urlsplit

from testamur.core.refusals import Fault
from testamur.tlog.ports import Stale

#: How long it may be silent.
SECONDS = 5.0

#: No list of signatures is longer.
MAX_BYTES = 16 * 1024

SIZE = "text/x.tlog.size"


class HttpWitness:
    """
    The witness with the key *vkey* at *url*, which the operator chose.

    Each request has a connection of its own. The caller bounds how long it waits;
    this one only ends after a silence.
    """

    def __init__(self, vkey: str, url: str) -> None:
        self.vkey = vkey
        self._url = urlsplit(url)

    def add_checkpoint(self, request: str) -> str:
        """
        Send the body of an `add-checkpoint`; return the lines.

        Raises:
            Stale: it knows another size than the request begins with.
            Fault: passing, when it did not co-sign.
        """
        connection = self._connection()
        try:
            connection.request(
                "POST",
                f"{self._url.path.rstrip('/')}/add-checkpoint",
                request.encode(),
                {"Content-Type": "text/plain; charset=utf-8"},
            )
            answer = connection.getresponse()
            body = answer.read(MAX_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._fault(str(error) or type(error).__name__) from None
        finally:
            connection.close()
        text = body.decode("utf-8", "replace")
        if answer.status == 200 and len(body) <= MAX_BYTES:
            return text
        kind = answer.headers.get_content_type()
        digits = text.removesuffix("\n")
        if answer.status == 409 and kind == SIZE and _is_size(digits):
            raise Stale(int(digits))
        raise self._fault(f"it answers {answer.status}")

    def _connection(self) -> http.client.HTTPConnection:
        host = self._url.hostname or ""
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, self._url.port, timeout=SECONDS)
        return http.client.HTTPSConnection(
            host, self._url.port, timeout=SECONDS, context=_trust()
        )

    def _fault(self, trouble: str) -> Fault:
        return Fault(f"the witness at {self._url.netloc}: {trouble}", passing=True)


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


@cache
def _trust() -> ssl.SSLContext:
    from .dial import trust  # brings more along than the sequencer needs

    return trust()
