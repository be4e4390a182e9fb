"""
Posting to webhooks: `delivery.webhooks.ports.Caller`, behind the wall of fetching.

The address is judged each time, since what its name leads to may change. Nobody is
followed elsewhere, and of the answer little is read.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpcore

from testamur.core.clock import SECOND, Clock
from testamur.core.refusals import Reason
from testamur.delivery.webhooks.ports import Answer

from .addresses import Network
from .dial import Dialler, NotTrusted, Resolver, system_resolver, trust
from .redirects import REDIRECTS
from .trouble import Trouble
from .urls import Target, read_url
from .wall import Wall

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0

#: How much of an answer is read, and how much of that is kept.
MAX_READ_BYTES, MAX_KEPT_BYTES = 16 * 1024, 1024

#: What is wrong with an address, and what to do.
CLAUSES = {
    "url_scheme": "only addresses that begin with https:// are called",
    "url_port": "only port 443 is called; leave the port out",
    "url_forbidden_address": "its host is not on the public internet; the operator can "
    "open that network to it (TESTAMUR_FETCH_ALLOW)",
    "url_self": "it is an address of this service",
}


class HookCaller:
    """Posts to addresses, for as many threads as care to share it."""

    def __init__(
        self,
        *,
        allow: Sequence[Network] = (),
        own_hosts: Collection[str] = (),
        user_agent: str,
        clock: Clock,
        extra_authorities: str = "",
        resolver: Resolver = system_resolver,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        """As `Fetcher`; *clock* is for dates in Retry-After."""
        self._wall = Wall(
            allow=allow, allow_http=False, own_hosts=own_hosts, resolver=resolver
        )
        self._tls = trust(extra_authorities)
        self._user_agent = user_agent
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    def problem_with(self, url: str) -> str | None:
        """Say what is wrong with *url* whatever its host says, or None."""
        target = read_url(url)
        if isinstance(target, Reason):
            return target.message.rstrip(".")
        code = self._wall.problem_with(target)
        return None if code is None else CLAUSES.get(code, code)

    def host_of(self, url: str) -> str:
        """Return host and port of *url*."""
        target = read_url(url)
        return "" if isinstance(target, Reason) else f"{target.host}:{target.port}"

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post *body* once."""
        target = read_url(url)
        if isinstance(target, Reason):
            return Answer(None, target.code)
        until = time.monotonic() + self._total_seconds
        connect_until = min(until, time.monotonic() + self._connect_seconds)
        try:
            addresses = self._wall.admit(target, connect_until)
            line = httpcore.HTTPConnection(
                httpcore.Origin(
                    target.scheme.encode(), target.host.encode(), target.port
                ),
                ssl_context=self._tls,
                network_backend=Dialler(addresses),
            )
            with line:
                return self._exchange(line, target, body, headers, until)
        except Trouble as trouble:
            return Answer(None, trouble.code)
        except NotTrusted:
            return Answer(None, "url_tls")
        except httpcore.TimeoutException:
            return Answer(None, "url_timeout")
        except (httpcore.NetworkError, httpcore.ProtocolError):
            return Answer(None, "url_broken_off")

    def _exchange(
        self,
        line: httpcore.HTTPConnection,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
        until: float,
    ) -> Answer:
        connect_until = min(until, time.monotonic() + self._connect_seconds)
        with line.stream(
            "POST",
            httpcore.URL(
                scheme=target.scheme.encode(),
                host=target.host.encode(),
                port=target.port,
                target=target.path.encode(),
            ),
            headers={
                **dict(headers.items()),
                "Host": target.authority,
                "User-Agent": self._user_agent,
                "Accept-Encoding": "identity",
                "Content-Length": str(len(body)),
                "Connection": "close",
            },
            content=body,
            extensions={
                "timeout": {"connect": connect_until, "read": until, "write": until}
            },
        ) as answer:
            said = {
                name.decode("ascii").lower(): value.decode("latin-1")
                for name, value in answer.headers
            }
            return Answer(
                answer.status,
                "redirect" if answer.status in REDIRECTS else None,
                _beginning(answer),
                self._retry_after(said.get("retry-after")),
            )

    def _retry_after(self, said: str | None) -> int | None:
        """Read Retry-After (RFC 9110, 10.2.3), in milliseconds."""
        if said is None:
            return None
        if said.strip().isascii() and said.strip().isdigit():
            return int(said.strip()[:12]) * SECOND
        try:
            at = parsedate_to_datetime(said)
        except (ValueError, OverflowError):
            return None
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        now = datetime.fromtimestamp(self._clock() / 1000, UTC)
        return max(0, int((at - now).total_seconds() * SECOND))


def _beginning(answer: httpcore.Response) -> str:
    """Return the beginning of the body as one printable text."""
    read = b""
    for part in answer.iter_stream():
        read += part[: MAX_READ_BYTES - len(read)]
        if len(read) >= MAX_READ_BYTES:
            break
    text = read[:MAX_KEPT_BYTES].decode("utf-8", "replace")
    return "".join(one if one.isprintable() else " " for one in text).strip()
