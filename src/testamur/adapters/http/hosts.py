"""
Being a good guest, and not waiting for the dead.

Every host (name and port) is asked for a few things at a time. One that fails
again and again is left alone for a while: its rows fail at once, and the threads
are free for the rows of other hosts.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: Above this many remembered hosts, those that may be asked again are forgotten.
MAX_REMEMBERED = 4_096


class LeftAlone(Exception):
    """The host failed too often just now; nobody asks it again yet."""


@dataclass(slots=True)
class Host:
    """What is known about one host."""

    busy: int = 0  #: how many are asking it now
    waiting: int = 0  #: how many queue for it
    misses: int = 0  #: failures since it last answered
    shut_until: float = 0.0  #: seconds on the monotonic clock


class Hosts:
    """
    Who may ask which host now. Safe to share between threads.

    At most *per_host* ask one host at a time, the others queue. After *misses*
    failures in a row nobody asks it for *rest_seconds*; then one does, and what
    that one finds decides for all who queue meanwhile.
    """

    def __init__(
        self,
        *,
        per_host: int,
        misses: int,
        rest_seconds: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._per_host = per_host
        self._misses = misses
        self._rest_seconds = rest_seconds
        self._monotonic = monotonic
        self._hosts: dict[str, Host] = {}
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """
        Hold one of the places at the host *name*, waiting for it if need be.

        Raises:
            LeftAlone: at once, or as soon as those who hold the places found
                that the host does not answer.
        """
        with self._changed:
            host = self._hosts.setdefault(name, Host())
            host.waiting += 1
            try:
                while host.busy >= self._places(host):
                    self._changed.wait()
                host.busy += 1
            finally:
                host.waiting -= 1
        try:
            yield
        finally:
            with self._changed:
                host.busy -= 1
                if not (host.busy or host.waiting or host.misses):
                    del self._hosts[name]
                self._changed.notify_all()

    def answered(self, name: str) -> None:
        """Note that *name* did what was asked, or said why not."""
        with self._changed:
            if host := self._hosts.get(name):
                host.misses, host.shut_until = 0, 0.0

    def missed(self, name: str) -> None:
        """Note that *name* failed once more."""
        with self._changed:
            host = self._hosts.setdefault(name, Host())
            host.misses += 1
            if self._is_suspect(host):
                host.shut_until = self._monotonic() + self._rest_seconds
                self._changed.notify_all()
            if len(self._hosts) > MAX_REMEMBERED:
                self._forget_the_rested()

    def _is_suspect(self, host: Host) -> bool:
        return host.misses >= self._misses

    def _places(self, host: Host) -> int:
        if not self._is_suspect(host):
            return self._per_host
        if self._monotonic() < host.shut_until:
            raise LeftAlone
        return 1

    def _forget_the_rested(self) -> None:
        now = self._monotonic()
        self._hosts = {
            name: host
            for name, host in self._hosts.items()
            if host.busy or host.waiting or now < host.shut_until
        }
