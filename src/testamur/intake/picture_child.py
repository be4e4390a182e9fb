"""
The program in which pictures are decoded: one at a time, on a short leash.

`python -m testamur.intake.picture_child PARENT` answers frames on its standard
input with frames on its standard output until either is closed. It has no
environment, may not write files or start programs, has bounded memory and time,
and dies with its parent. Whatever a decoder does wrong, it does wrong in here.

A question is a length and a picture. An answer is a head (`ANSWER`) and two
parts: picture and thumbnail, or the code and the sentence of what is wrong.
"""

import ctypes
import math
import os
import resource
import signal
import struct
import sys

from testamur.core.parent import die_with

QUESTION = struct.Struct(">I")

#: (b"P" or b"R", width, height, formats of both parts, lengths of both parts)
ANSWER = struct.Struct(">cHHBBII")

#: Formats are sent as their place in this list.
FORMATS = ("JPEG", "PNG")

READY = b"+"

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10

#: prctl(2): no program started from here gains anything.
PR_SET_NO_NEW_PRIVS = 38


def main() -> None:
    """Answer until nobody asks any more."""
    die_with(int(sys.argv[1]))
    # Ctrl-C is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from .picture_codec import arm, normalise
    from .picture_formats import Wrong

    libc = ctypes.CDLL(None)
    _bound(libc)
    arm()
    _write(READY)
    while (head := _read(QUESTION.size)) is not None:
        (length,) = QUESTION.unpack(head)
        data = _read(length)
        if data is None:
            return
        _allow_time()
        try:
            width, height, form, image, small_form, small = normalise(data)
        except Wrong as wrong:
            code, message = wrong.code.encode(), wrong.message.encode()
            _write(ANSWER.pack(b"R", 0, 0, 0, 0, len(code), len(message)))
            _write(code + message)
            continue
        forms = FORMATS.index(form), FORMATS.index(small_form)
        _write(ANSWER.pack(b"P", width, height, *forms, len(image), len(small)))
        _write(image)
        _write(small)
        large = width * height > 4_000_000
        del data, image, small
        if large and hasattr(libc, "malloc_trim"):
            # What a large picture needed goes back to the machine at once.
            libc.malloc_trim(0)


def _bound(libc: ctypes.CDLL) -> None:
    """Bound memory, files, programs, core dumps and privileges, for good."""
    if sys.platform == "linux":
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))


def _allow_time() -> None:
    """Allow so many seconds of processor from now on; SIGXCPU after that."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = math.ceil(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used + CPU_SECONDS, hard))


def _read(length: int) -> bytes | None:
    """Read exactly *length* bytes; nothing when the other side has gone."""
    data = sys.stdin.buffer.read(length)
    return data if len(data) == length else None


def _write(data: bytes) -> None:
    """Write all of *data*."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
