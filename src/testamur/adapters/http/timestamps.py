"""A timestamp authority on the network (RFC 3161, section 3.4): bytes out, bytes in."""

import io
import time
from collections.abc import Callable, Sequence

import httpcore

from testamur.core.refusals import Fault, Reason

from .addresses import Network
from .dial import Dialler, NotTrusted, Resolver, system_resolver, trust
from .trouble import Trouble
from .urls import Target, read_url
from .wall import Wall

#: A token has a signature and its authority's certificates.
MAX_BYTES = 256 * 1024

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0

QUERY = b"application/timestamp-query"
REPLY = b"application/timestamp-reply"

#: Sends a TimeStampReq (DER), and returns the TimeStampResp that came back.
Timestamps = Callable[[bytes], bytes]


class TimestampAuthority:
    """
    The authority at *url*, which the operator chose. Threads may share it.

    Most are reached by plain http: what they answer is signed, and whoever asked
    checks that. It goes through the same wall as everything that is fetched, so an
    authority in the house has to be in *allow* (TESTAMUR_FETCH_ALLOW). Redirects are
    not followed, and nothing is asked twice.
    """

    def __init__(
        self,
        url: str,
        *,
        allow: Sequence[Network] = (),
        extra_authorities: str = "",
        max_bytes: int = MAX_BYTES,
        total_seconds: float = TOTAL_SECONDS,
        resolver: Resolver = system_resolver,
    ) -> None:
        target = read_url(url)
        if isinstance(target, Reason):
            raise Fault(f"TESTAMUR_TSA_URL: {target.message}", passing=False)
        self._target: Target = target
        self._wall = Wall(allow=allow, allow_http=True, own_hosts=(), resolver=resolver)
        self._tls = trust(extra_authorities)
        self._max_bytes = max_bytes
        self._total_seconds = total_seconds

    def __call__(self, request: bytes) -> bytes:
        """
        Return what the authority answers *request* with; it is not looked at here.

        Raises:
            Fault: passing, when no answer came, or none that is one.
        """
        until = time.monotonic() + self._total_seconds
        connect_until = min(until, time.monotonic() + CONNECT_SECONDS)
        try:
            addresses = self._wall.admit(self._target, connect_until)
        except Trouble as trouble:
            raise self._fault(trouble.code, passing=trouble.passing) from None
        try:
            with httpcore.HTTPConnection(
                httpcore.Origin(
                    self._target.scheme.encode(),
                    self._target.host.encode(),
                    self._target.port,
                ),
                ssl_context=self._tls,
                network_backend=Dialler(addresses),
            ) as line:
                return self._exchange(line, request, connect_until, until)
        except NotTrusted:
            raise self._fault("it cannot prove who it is (TLS)") from None
        except httpcore.TimeoutException:
            raise self._fault("no answer in time") from None
        except (httpcore.NetworkError, httpcore.ProtocolError):
            raise self._fault("it broke off") from None

    def _exchange(
        self,
        line: httpcore.HTTPConnection,
        request: bytes,
        connect_until: float,
        until: float,
    ) -> bytes:
        target = self._target
        with line.stream(
            "POST",
            httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            ),
            headers={
                "Host": target.authority,
                "Content-Type": QUERY.decode(),
                "Content-Length": str(len(request)),
                "Accept": REPLY.decode(),
                "Accept-Encoding": "identity",
                "User-Agent": "Testamur (timestamps)",
            },
            content=request,
            # Moments on the monotonic clock: see `dial`.
            extensions={
                "timeout": {"connect": connect_until, "read": until, "write": until}
            },
        ) as answer:
            kind = next(
                (
                    value.partition(b";")[0].strip().lower()
                    for name, value in answer.headers
                    if name.lower() == b"content-type"
                ),
                b"",
            )
            if answer.status != 200:
                raise self._fault(f"it answers with status {answer.status}")
            if kind != REPLY:
                raise self._fault("what it answers is no timestamp reply")
            body = io.BytesIO()
            for part in answer.iter_stream():
                if body.tell() + len(part) > self._max_bytes:
                    raise self._fault("its answer is too large")
                body.write(part)
            return body.getvalue()

    def _fault(self, trouble: str, *, passing: bool = True) -> Fault:
        where = self._target.authority
        return Fault(f"the timestamp authority at {where}: {trouble}", passing=passing)
