"""
Fetching what a row's URL points at, so that it can harm nobody.

The wall (OWASP API7:2023, server-side request forgery), in the order it stands:
one reading of the URL; one lookup of the name; every address judged; a connection
to the judged address only; TLS verified against the name; redirects followed by
hand, each through the same wall. Proxies in the environment, cookies, referers
and compressed answers do not exist here.
"""

import contextlib
import io
import random
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import httpcore

from testamur.core.policy import MIB
from testamur.core.refusals import Reason

from .addresses import Network
from .dial import Dialler, NotTrusted, Resolver, system_resolver, trust
from .hosts import Hosts, LeftAlone
from .lines import IDLE_SECONDS, Lines
from .redirects import REDIRECTS, Elsewhere, follow
from .trouble import Trouble
from .urls import Target, read_url, shown
from .wall import Wall

#: What is asked for unless somebody wants something else.
PICTURES = "image/png, image/jpeg, image/webp, */*;q=0.1"


@dataclass(slots=True)
class Time:
    """Until when, on the monotonic clock. Queueing for a host is not counted."""

    row_until: float  #: all tries
    try_until: float = 0.0  #: this one

    def begin_try(self, seconds: float) -> None:
        """Give the try that begins now *seconds*, or what is left for the row."""
        self.try_until = min(self.row_until, time.monotonic() + seconds)

    def stood_still(self, since: float) -> None:
        """Take the time from *since* until now back."""
        queued = time.monotonic() - since
        self.row_until += queued
        self.try_until += queued


class Fetcher:
    """
    Fetches files, for as many threads as care to share it.

    `https` on port 443 is always fetched; `http` on port 80 only with *allow_http*.
    A host all of whose addresses lie in *allow* (the operator's
    TESTAMUR_FETCH_ALLOW) is fetched from by both and on any port: that is how
    intranets serve pictures. *own_hosts* ("certs.example.org", or with a port to
    mean only that one) are this service and never fetched from.

    A try has *total_seconds*, redirects included, and may spend *connect_seconds*
    on the lookup and as much again on TCP and TLS. After a failure that may pass
    there are up to *retries* more, all within *row_seconds*. Time spent queueing
    for one of a host's *per_host* places is not counted.

    After *breaker_misses* failures in a row a host is left alone for
    *breaker_seconds*. A failure to connect counts each time, since it concerns
    the host; a stalled, cut or 5xx answer counts once for a file's last try.

    *accept* is the header of that name. A file larger than *max_bytes* is refused
    as soon as that is known. While one is read it takes up to its own size in memory.
    """

    def __init__(
        self,
        *,
        allow: Sequence[Network] = (),
        allow_http: bool = False,
        own_hosts: Collection[str] = (),
        max_bytes: int = 10 * MIB,
        max_redirects: int = 3,
        connect_seconds: float = 5.0,
        total_seconds: float = 20.0,
        row_seconds: float = 60.0,
        retries: int = 2,
        backoff_seconds: float = 0.5,
        per_host: int = 4,
        breaker_misses: int = 5,
        breaker_seconds: float = 30.0,
        extra_authorities: str = "",
        user_agent: str = "",
        accept: str = PICTURES,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._wall = Wall(
            allow=allow,
            allow_http=allow_http,
            own_hosts=own_hosts,
            resolver=resolver,
        )
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._row_seconds = row_seconds
        self._retries = retries
        self._backoff_seconds = backoff_seconds
        self._tls = trust(extra_authorities)
        self._user_agent = user_agent or _user_agent()
        self._accept = accept
        self._lines = Lines()
        self._left_alone = (
            f"its host failed {breaker_misses} times in a row and is left alone for "
            f"{breaker_seconds:.0f} seconds; retry the row later"
        )
        self._hosts = Hosts(
            per_host=per_host,
            misses=breaker_misses,
            rest_seconds=breaker_seconds,
            monotonic=time.monotonic,
        )

    def fetch(self, url: str) -> bytes | Reason:
        """
        Return the file that *url* leads to, or why there is none.

        Nothing of the answer but its status gets into a Reason: no body, header,
        address or duration.
        """
        start = read_url(url)
        if isinstance(start, Reason):
            return start
        clock = Time(row_until=time.monotonic() + self._row_seconds)
        tried = 0
        while True:
            clock.begin_try(self._total_seconds)
            here, hops = start, 0
            try:
                while isinstance(answer := self._ask(here, clock), Elsewhere):
                    if hops == self._max_redirects:
                        raise Trouble(
                            "url_redirects",
                            f"it redirects more than {self._max_redirects} times; "
                            "give the address where it ends",
                        )
                    hops += 1
                    here = follow(here, answer)
                return answer
            except Trouble as trouble:
                pause = self._backoff_seconds * 2**tried * random.uniform(0.5, 1.5)  # noqa: S311
                tried += 1
                if (
                    trouble.passing
                    and tried <= self._retries
                    and time.monotonic() + pause < clock.row_until
                ):
                    time.sleep(pause)
                    continue
                if trouble.passing and not trouble.host_wide:
                    self._hosts.missed(_name(here))
                if not hops:
                    how = "cannot be used"
                else:
                    how = "leads on to another one, which cannot be used"
                return Reason(trouble.code, f"{shown(url)} {how}: {trouble.clause}.")

    def close(self) -> None:
        """Close what connections are open and idle."""
        self._lines.close()

    def _ask(self, target: Target, clock: Time) -> bytes | Elsewhere:
        """Ask *target* once, when it is our turn there."""
        queued_since = time.monotonic()
        try:
            with self._hosts.turn(_name(target)):
                clock.stood_still(queued_since)
                try:
                    answer = self._ask_now(target, clock)
                except Trouble as trouble:
                    if trouble.host_wide:
                        self._hosts.missed(_name(target))
                    elif not trouble.passing:
                        self._hosts.answered(_name(target))
                    raise
                self._hosts.answered(_name(target))
                return answer
        except LeftAlone:
            raise Trouble("url_timeout", self._left_alone) from None

    def _ask_now(self, target: Target, clock: Time) -> bytes | Elsewhere:
        """
        Ask *target* over a connection that still stands, or else over a new one.

        A server may close an old one at the very moment we use it: then the
        request is sent again at once, which a GET allows (RFC 9110 section 9.2.2).
        """
        cut_off = (httpcore.NetworkError, httpcore.RemoteProtocolError)
        try:
            if line := self._lines.take(target):
                with contextlib.suppress(*cut_off):
                    return self._exchange(line, target, clock)
            return self._exchange(self._new_line(target, clock), target, clock)
        except NotTrusted:
            raise Trouble("url_tls") from None
        except (httpcore.ConnectError, httpcore.ConnectTimeout):
            raise Trouble("url_timeout", passing=True, host_wide=True) from None
        except (httpcore.TimeoutException, *cut_off):
            raise Trouble("url_timeout", passing=True) from None

    def _new_line(self, target: Target, clock: Time) -> httpcore.HTTPConnection:
        until = min(clock.try_until, time.monotonic() + self._connect_seconds)
        return httpcore.HTTPConnection(
            httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port),
            ssl_context=self._tls,
            network_backend=Dialler(self._wall.admit(target, until)),
            keepalive_expiry=IDLE_SECONDS,
        )

    def _exchange(
        self, line: httpcore.HTTPConnection, target: Target, clock: Time
    ) -> bytes | Elsewhere:
        """Send the request over *line* and read the answer."""
        connect_until = min(clock.try_until, time.monotonic() + self._connect_seconds)
        try:
            with line.stream(
                "GET",
                httpcore.URL(
                    scheme=target.scheme.encode(),
                    host=target.host.encode(),
                    port=target.port,
                    target=target.path.encode(),
                ),
                headers={
                    "Host": target.authority,
                    "User-Agent": self._user_agent,
                    "Accept": self._accept,
                    "Accept-Encoding": "identity",
                },
                extensions={
                    "timeout": {
                        "connect": connect_until,
                        "read": clock.try_until,
                        "write": clock.try_until,
                    }
                },
            ) as answer:
                return self._read(answer)
        finally:
            self._lines.give_back(target, line)

    def _read(self, answer: httpcore.Response) -> bytes | Elsewhere:
        headers = _headers(answer)
        location = headers.get("location")
        if answer.status in REDIRECTS and location is not None:
            return Elsewhere(location)
        if answer.status != 200:
            raise Trouble(
                "url_status",
                f"its host answers with status {answer.status} instead of the file; "
                "open it in a browser where you are not logged in",
                passing=answer.status >= 500 or answer.status == 429,
            )
        if headers.get("content-encoding", "").lower() not in ("", "identity"):
            raise Trouble("url_encoding")
        # h11 has checked that the length is a number.
        if int(headers.get("content-length", "0")) > self._max_bytes:
            raise self._too_large()
        body = io.BytesIO()
        for part in answer.iter_stream():
            if body.tell() + len(part) > self._max_bytes:
                raise self._too_large()
            body.write(part)
        return body.getvalue()

    def _too_large(self) -> Trouble:
        return Trouble(
            "url_too_large",
            f"the file is larger than {self._max_bytes / MIB:g} MiB; make it smaller",
        )


def _headers(answer: httpcore.Response) -> Mapping[str, str]:
    """Return the headers, names in lower case; of equals the last."""
    return {
        name.decode("ascii").lower(): value.decode("utf-8", "replace")
        for name, value in answer.headers
    }


def _user_agent() -> str:
    from importlib.metadata import version  # drags in a mail parser

    return f"Testamur/{version('testamur')}"


def _name(target: Target) -> str:
    return f"{target.host}:{target.port}"
