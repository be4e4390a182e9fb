"""
The parent's end of a leash: a program of ours that does what is dangerous.

What a decoder or parser does wrong, it does wrong in there (`core.leash`), and
costs nobody else anything.
"""

import contextlib
import fcntl
import os
import select
import subprocess
import sys
import time

from .leash import READY
from .refusals import Fault

SECONDS_TO_START = 20.0

#: The most that a pipe holds without privileges (pipe(7)): fewer turns to wait.
PIPE_BYTES = 1024 * 1024


class Child:
    """
    Runs the module *module*, which is called *what* in faults.

    It starts when it is first needed and dies with the thread that started it.
    One thread uses it at a time.
    """

    def __init__(self, module: str, *, what: str) -> None:
        self._module = module
        self._what = what
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process that answers."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End the process. Closing twice is fine; it starts again when needed."""
        child, self._process = self._process, None
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
        Have the process ready for a question.

        Raises:
            Fault: passing, when it cannot be started.
        """
        if self.is_running:
            return
        self.close()
        try:
            self._process = subprocess.Popen(
                # Isolated: neither the environment nor the folder we are in can
                # change what is imported.
                [sys.executable, "-I", "-m", self._module, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                cwd="/",
                env={},
            )
            for pipe in self._pipes():
                os.set_blocking(pipe, False)
                with contextlib.suppress(OSError, AttributeError):
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            if self.receive(1, time.monotonic() + SECONDS_TO_START) != READY:
                raise ValueError(f"not the answer of a {self._what}")
        except (OSError, EOFError, ValueError) as trouble:
            self.close()
            raise Fault(
                f"the {self._what} did not start: {trouble!r}", passing=True
            ) from trouble

    def send(self, data: bytes, deadline: float) -> None:
        """
        Write all of *data* before *deadline* (on the monotonic clock).

        Raises:
            TimeoutError, OSError: the process is of no more use; close it.
        """
        to_child, _ = self._pipes()
        view = memoryview(data)
        while view:
            _wait(to_child, select.POLLOUT, deadline)
            with contextlib.suppress(BlockingIOError):
                view = view[os.write(to_child, view) :]

    def receive(self, length: int, deadline: float) -> bytes:
        """
        Read exactly *length* bytes before *deadline*.

        Raises:
            TimeoutError, EOFError, OSError: the process is of no more use; close it.
        """
        _, from_child = self._pipes()
        data = bytearray(length)
        view = memoryview(data)
        while view:
            _wait(from_child, select.POLLIN, deadline)
            with contextlib.suppress(BlockingIOError):
                count = os.readv(from_child, [view])
                if not count:
                    raise EOFError
                view = view[count:]
        return bytes(data)

    def _pipes(self) -> tuple[int, int]:
        """Return where to write to the process, and where to read from it."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin.fileno(), self._process.stdout.fileno()


def _wait(pipe: int, event: int, deadline: float) -> None:
    """Wait until a pipe is ready, or broken."""
    left = deadline - time.monotonic()
    poll = select.poll()
    poll.register(pipe, event)
    if left <= 0 or not poll.poll(left * 1000):
        raise TimeoutError
