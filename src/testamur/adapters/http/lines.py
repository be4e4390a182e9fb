"""Connections kept open for the next file of the same host."""

import threading
from collections import deque

import httpcore

from .urls import Target

#: Scheme, host and port: what a connection was opened, and judged, for.
Key = tuple[str, str, int]

#: No more than this are kept, whatever the number of hosts.
MAX_IDLE = 16

#: Most servers close a quiet connection after 5 to 15 seconds.
IDLE_SECONDS = 5.0


class Lines:
    """The idle connections, the youngest last. Safe to share between threads."""

    def __init__(self) -> None:
        self._idle: deque[tuple[Key, httpcore.HTTPConnection]] = deque()
        self._lock = threading.Lock()

    def take(self, target: Target) -> httpcore.HTTPConnection | None:
        """Return a connection that still stands, for the caller alone."""
        key = key_of(target)
        while True:
            with self._lock:
                found = next((one for one in self._idle if one[0] == key), None)
                if found is None:
                    return None
                self._idle.remove(found)
            line = found[1]
            if line.is_available() and not line.has_expired():
                return line
            line.close()

    def give_back(self, target: Target, line: httpcore.HTTPConnection) -> None:
        """Keep *line* if its last answer was read to the end, else close it."""
        surplus: httpcore.HTTPConnection | None = line
        if line.is_available():
            with self._lock:
                self._idle.append((key_of(target), line))
                full = len(self._idle) > MAX_IDLE
                surplus = self._idle.popleft()[1] if full else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            idle = [line for _, line in self._idle]
            self._idle.clear()
        for line in idle:
            line.close()


def key_of(target: Target) -> Key:
    """Return what a connection to *target* can be used for."""
    return target.scheme, target.host, target.port
