"""
Pictures made safe: decoded in a child process, drawn again by our encoder.

The child is a small program of its own, so a decoder that crashes, hangs or is
taken over costs one row its picture, and nobody else anything.
"""

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from testamur.core.refusals import Fault, Reason

from .picture_child import ANSWER, FORMATS, QUESTION, READY
from .picture_formats import MAX_BYTES, MAX_PIXELS, Wrong, check

#: The module that the child runs.
CHILD = "testamur.intake.picture_child"

#: No picture takes longer; measured: 25 megapixels take about 2.
SECONDS_PER_PICTURE = 10.0

SECONDS_TO_START = 20.0

#: The most that a pipe holds without privileges (pipe(7)): fewer turns to wait.
PIPE_BYTES = 1024 * 1024

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}

#: The child may be in a stranger's hands: only these answers are believed.
CODES = frozenset(
    {
        "bad_image",
        "image_animated",
        "image_format",
        "image_pixels",
        "image_too_large",
        "image_too_small",
        "image_truncated",
    }
)
MAX_ANSWER_BYTES = 4 * MAX_PIXELS + MAX_BYTES


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as we keep it: sRGB, upright, without a word about its origin."""

    data: bytes
    media_type: str  #: image/jpeg or image/png
    width: int  #: in pixels
    height: int
    thumbnail: bytes  #: fits 480 x 480 pixels
    thumbnail_media_type: str


class Decoder:
    """
    Makes pictures safe, one at a time. One thread uses it, and closes it.

    The child starts with the first picture and dies with the thread that sent
    it. It holds about 25 MB between pictures.
    """

    def __init__(self, *, seconds_per_picture: float = SECONDS_PER_PICTURE) -> None:
        self._seconds = seconds_per_picture
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child. Closing twice is fine; another picture starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    # What was not sent is not wanted any more.
                    with contextlib.suppress(OSError):
                        pipe.close()
            child.wait()

    def start(self) -> None:
        """
        Have the child ready, so that the first picture does not wait for it.

        Raises:
            Fault: passing, when the child cannot be started.
        """
        self._started()

    def normalise(self, data: bytes) -> Picture | Reason:
        """
        Return the picture that *data* shows, drawn anew, or what is wrong with it.

        The same bytes give the same picture, always. What a header can tell is
        answered here, without the child.

        Raises:
            Fault: passing, when the child cannot be started.
        """
        try:
            check(data)
        except Wrong as wrong:
            return Reason(wrong.code, wrong.message)
        child = self._started()
        try:
            return _ask(child, data, time.monotonic() + self._seconds)
        except TimeoutError:
            self.close()
            return Reason(
                "image_decoder_crash",
                f"The image takes longer than {self._seconds:g} seconds to decode. "
                "Save it again with another program, or scale it down.",
            )
        except (EOFError, OSError, ValueError):
            self.close()
            return Reason(
                "image_decoder_crash",
                "The decoder stopped while it read the image. Try again; if that "
                "does not help, save the image with another program and send that.",
            )
        except BaseException:
            # The child may be halfway through an answer that nobody will read.
            self.close()
            raise

    def _started(self) -> subprocess.Popen[bytes]:
        """Return a child that is ready for a picture."""
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        try:
            self._child = subprocess.Popen(
                # Isolated: neither the environment nor the folder we are in can
                # change what is imported.
                [sys.executable, "-I", "-m", CHILD, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={},
            )
            for pipe in _pipes(self._child):
                os.set_blocking(pipe, False)
                with contextlib.suppress(OSError, AttributeError):
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            deadline = time.monotonic() + SECONDS_TO_START
            if _receive(_pipes(self._child)[1], 1, deadline) != READY:
                raise ValueError("not the answer of a decoder")
        except (OSError, EOFError, ValueError) as trouble:
            self.close()
            raise Fault(
                f"the picture decoder did not start: {trouble!r}", passing=True
            ) from trouble
        return self._child


def _pipes(child: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Return where to write to the child, and where to read from it."""
    assert child.stdin is not None
    assert child.stdout is not None
    return child.stdin.fileno(), child.stdout.fileno()


def _ask(
    child: subprocess.Popen[bytes], data: bytes, deadline: float
) -> Picture | Reason:
    """
    Send one picture, return the answer, and believe nothing that cannot be.

    Raises:
        TimeoutError, EOFError, OSError, ValueError: the child is of no more use.
    """
    to_child, from_child = _pipes(child)
    _send(to_child, QUESTION.pack(len(data)), deadline)
    _send(to_child, data, deadline)
    head = _receive(from_child, ANSWER.size, deadline)
    kind, width, height, form, small_form, length, small_length = ANSWER.unpack(head)
    if length > MAX_ANSWER_BYTES or small_length > MAX_BYTES:
        raise ValueError("no picture is that large")
    body = _receive(from_child, length, deadline)
    small = _receive(from_child, small_length, deadline)
    if kind == b"P" and body and small and max(form, small_form) < len(FORMATS):
        return Picture(
            body,
            MEDIA_TYPES[FORMATS[form]],
            width,
            height,
            small,
            MEDIA_TYPES[FORMATS[small_form]],
        )
    code, message = body.decode(), small.decode()
    if kind != b"R" or code not in CODES or not message.isprintable():
        raise ValueError("not an answer")
    return Reason(code, message)


def _send(pipe: int, data: bytes, deadline: float) -> None:
    """Write all of *data* before *deadline*."""
    view = memoryview(data)
    while view:
        _wait(pipe, select.POLLOUT, deadline)
        with contextlib.suppress(BlockingIOError):
            view = view[os.write(pipe, view) :]


def _receive(pipe: int, length: int, deadline: float) -> bytes:
    """Read exactly *length* bytes before *deadline*."""
    data = bytearray(length)
    view = memoryview(data)
    while view:
        _wait(pipe, select.POLLIN, deadline)
        with contextlib.suppress(BlockingIOError):
            count = os.readv(pipe, [view])
            if not count:
                raise EOFError
            view = view[count:]
    return bytes(data)


def _wait(pipe: int, event: int, deadline: float) -> None:
    """Wait until a pipe is ready, or broken."""
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(pipe, event)
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError
