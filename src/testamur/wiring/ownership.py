"""One server per data directory, and how others find out that there is one."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testamur.config import Settings
from testamur.core.refusals import Fault

LOCK = "server.lock"

#: Who only looks holds the lock for less than this.
PATIENCE_SECONDS = 0.5


@contextmanager
def sole_owner(settings: Settings, address: str = "") -> Iterator[None]:
    """
    Hold the data directory for this process; another is refused.

    *address* is where this server is reached, for those who look.

    Raises:
        Fault: another server, or a job that was issued without one, holds it.
    """
    if not settings.is_embedded:
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(settings.data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _taken(lock, time.monotonic() + PATIENCE_SECONDS):
            raise Fault(
                f"a server already runs on {settings.data}; stop it, or set "
                "TESTAMUR_DATA to another directory",
                passing=False,
            )
        os.truncate(lock, 0)
        os.write(lock, address.encode())
        yield
    finally:
        os.close(lock)


def is_served(data: Path) -> bool:
    """Say whether a server runs on this data directory."""
    return served_at(data) is not None


def served_at(data: Path) -> str | None:
    """Return the address of the server on this data directory; None without one."""
    try:
        lock = os.open(data / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _taken(lock, 0):
            return None
        return os.read(lock, 1_000).decode()
    finally:
        os.close(lock)


def _taken(lock: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True
