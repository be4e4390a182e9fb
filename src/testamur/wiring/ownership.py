"""One server per data directory, and how others find out that there is one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from testamur.config import Settings
from testamur.core.refusals import Fault


@contextmanager
def sole_owner(settings: Settings) -> Iterator[None]:
    """
    Hold the data directory for this server; another is refused.

    Raises:
        Fault: another server holds it.
    """
    if not settings.is_embedded:
        yield
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data / "server.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Fault(
            f"a server already runs on {settings.data}; stop it, or set "
            "TESTAMUR_DATA to another directory",
            passing=False,
        ) from None
    try:
        yield
    finally:
        os.close(lock)


def is_served(data: Path) -> bool:
    """Say whether a server runs on this data directory."""
    path = data / "server.lock"
    if not path.exists():
        return False
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
