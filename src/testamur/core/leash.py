"""
A program that reads what strangers sent runs on a short leash: this is put on first.

It dies with its parent, may not write files or start programs, has bounded memory
and time, and talks to nobody but its parent, by frames on standard input and
output. The other end of the leash is `core.child`.
"""

import ctypes
import math
import os
import resource
import signal
import sys

from .parent import die_with

READY = b"+"

#: prctl(2): no program started from here gains anything.
PR_SET_NO_NEW_PRIVS = 38


def take_leash(
    parent: int, *, memory_bytes: int, file_bytes: int = 0, has_threads: bool = False
) -> None:
    """
    Bound this process for good; its parent has the id *parent*.

    Files that it writes may have *file_bytes*. One that *has_threads* says with
    `start_nothing_more` when it needs no others.
    """
    die_with(parent)
    # Ctrl-C is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        resource.setrlimit(what, (most, most))
    if not has_threads:
        start_nothing_more()


def start_nothing_more() -> None:
    """Let this process start no thread and no process from now on."""
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def open_nothing_more() -> None:
    """
    Let this process open no file and no socket from now on.

    Descriptors 0 to 2 are taken, and no higher one may be had. Whatever is
    imported on use must have been imported before.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def limit_own(memory_bytes: int) -> None:
    """Bound the memory that is this process's own: not what it maps from files."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


def allow_time(seconds: int) -> None:
    """Allow so many *seconds* of processor from now on; SIGXCPU after that."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = math.ceil(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + seconds, hard))


def give_back() -> None:
    """Return memory that something large needed to the machine at once."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def read(length: int) -> bytes | None:
    """Read exactly *length* bytes; nothing when the other side has gone."""
    data = sys.stdin.buffer.read(length)
    return data if len(data) == length else None


def write(data: bytes) -> None:
    """Write all of *data*."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
