"""Servers that a test may kill."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

from support.server import Server, start


@contextlib.contextmanager
def served(folder: Path, **settings: str) -> Iterator[Server]:
    """Run a server that may be killed; nothing of it stays behind."""
    folder.mkdir(exist_ok=True)
    server = start(folder, **settings)
    try:
        yield server
    finally:
        family = family_of(server)
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        server.process.wait()
        psutil.wait_procs(family, timeout=20)
        server.office.close()


def family_of(server: Server) -> list[psutil.Process]:
    """Return the server's process and all below it."""
    try:
        head = psutil.Process(server.process.pid)
        return [head, *head.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
