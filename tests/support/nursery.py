"""
Processes of `testamur` that start at once: as `subprocess`, for what it starts.

Importing the command line takes a second of a processor, and tests start it more than
a thousand times. Here one process per test process imports it once, and each command
is a fork of that, with the arguments, environment, folder and streams that were asked
for. What a test must see begin with an empty interpreter it starts with `subprocess`.
"""

import atexit
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from testamur.core import failpoints

TESTS = Path(__file__).resolve().parents[1]

#: What is imported before anything is asked for: all that commands and servers need.
IMPORTED = (
    "testamur.wiring.house",
    "testamur.wiring.serving",
    "testamur.wiring.signers",
    "testamur.wiring.people",
    "testamur.wiring.template_desk",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "sqlalchemy.dialects.postgresql.psycopg",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.off",
    "uvicorn.lifespan.on",
    "encodings.idna",
)

# A message: its length in as many bytes, then JSON; a request has streams with it.
_LENGTH = 4


class Popen(subprocess.Popen):
    """A `testamur` that was forked: `subprocess.Popen` otherwise."""

    def __init__(self, args: Sequence[str | Path], **options: Any) -> None:
        assert Path(args[0]).name == "testamur", args
        self._ends = -1
        super().__init__([str(one) for one in args], **options)

    def _execute_child(  # type: ignore[override]
        self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *more
    ) -> None:
        assert not any((executable, preexec_fn, pass_fds))
        _, _, _, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *rest = more
        assert not rest[-2], "a session of its own is not to be had here"
        self._ends, ended = os.pipe()
        streams = [
            number if number >= 0 else ours
            for ours, number in enumerate((p2cread, c2pwrite, errwrite))
        ]
        try:
            self.pid = _ask(
                {
                    "args": args,
                    "cwd": str(cwd or Path.cwd()),
                    "env": dict(os.environ if env is None else env),
                },
                [*streams, ended],
            )
        finally:
            os.close(ended)
            self._close_pipe_fds(
                p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite
            )
        self._child_created = True

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ends, selectors.EVENT_READ)
            if not selector.select(0 if wait_flags & os.WNOHANG else None):
                return 0, 0
        told = os.read(self._ends, _LENGTH)
        os.close(self._ends)
        assert len(told) == _LENGTH, "the nursery died"
        return self.pid, int.from_bytes(told)

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                if self.returncode is None:
                    pid, status = self._try_wait(os.WNOHANG)
                    if pid == self.pid:
                        self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def run(
    args: Sequence[str | Path],
    *,
    input: Any = None,
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    **options: Any,
) -> "subprocess.CompletedProcess[Any]":
    """Run a command to its end, as `subprocess.run` does."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options["stdout"] = options["stderr"] = subprocess.PIPE
    with Popen(args, **options) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


# In the test process


_lock = threading.Lock()
_nursery: socket.socket | None = None


def _ask(request: dict[str, Any], streams: list[int]) -> int:
    """Have a process be forked; return its id."""
    global _nursery
    with _lock:
        if _nursery is None:
            _nursery = _started()
        socket.send_fds(_nursery, [b"."], streams)
        _send(_nursery, request)
        return int(_receive(_nursery)["pid"])


def _started() -> socket.socket:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "support.nursery", str(theirs.fileno())],
            env={
                **{
                    name: value
                    for name, value in os.environ.items()
                    if not name.startswith("TESTAMUR_")
                },
                "PYTHONPATH": os.pathsep.join(
                    filter(None, (str(TESTS), os.environ.get("PYTHONPATH")))
                ),
            },
            pass_fds=[theirs.fileno()],
            cwd="/",
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _send(to: socket.socket, message: dict[str, Any]) -> None:
    data = json.dumps(message).encode()
    to.sendall(len(data).to_bytes(_LENGTH) + data)


def _receive(of: socket.socket) -> dict[str, Any]:
    size = int.from_bytes(_exactly(of, _LENGTH))
    received: dict[str, Any] = json.loads(_exactly(of, size))
    return received


def _exactly(of: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = of.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


# In the process that has everything imported


def _serve(number: int) -> None:
    """Fork what is asked for until nobody can ask any more."""
    for name in IMPORTED:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a fork would lose these threads"
    gc.collect()
    gc.freeze()
    asked = socket.socket(fileno=number)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the test run's
    running: dict[int, int] = {}
    selector = selectors.DefaultSelector()
    selector.register(asked, selectors.EVENT_READ)
    selector.register(woken, selectors.EVENT_READ)
    while True:
        ready = [key.fileobj for key, _ in selector.select()]
        if woken in ready:
            os.read(woken, 4096)
            _tell(running)
        if asked in ready:
            first, streams, _, _ = socket.recv_fds(asked, 1, 4)
            if not first:
                return
            request = _receive(asked)
            pid = os.fork()
            if not pid:
                signal.set_wakeup_fd(-1)
                for one in (asked.detach(), woken, wakes, *running.values()):
                    os.close(one)
                selector.close()
                _become(request, streams)
            *closed, running[pid] = streams
            for one in closed:
                os.close(one)
            _send(asked, {"pid": pid})


def _tell(running: dict[int, int]) -> None:
    """Tell of processes that ended how they did."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        number = running.pop(pid)
        with open(number, "wb") as pipe:
            try:
                pipe.write(status.to_bytes(_LENGTH))
                pipe.flush()
            except BrokenPipeError:
                pass  # who asked for it is not there any more


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the command line, from its start to its end. Does not return."""
    status = 1
    try:
        *three, ended = streams
        os.close(ended)
        for place, number in enumerate(three):
            os.dup2(number, place)
            os.close(number)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(request["env"])
        os.chdir(request["cwd"])
        sys.argv = request["args"]
        sys.path = [one for one in sys.path if one != str(TESTS)]
        sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
        sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
        sys.stderr = sys.__stderr__ = os.fdopen(
            2, "w", 1, errors="backslashreplace", closefd=False
        )
        _begin_anew()
        from testamur.wiring import main

        main()
        status = 0
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            status = int(end.code or 0)
        else:
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        _end(status)


def _begin_anew() -> None:
    """Have what was read or drawn at the import be as it is at a start."""
    random.seed()
    tempfile.tempdir = None
    sys.modules["__main__"].__package__ = None  # by which Click would call us
    failpoints.arm(os.environ.get("TESTAMUR_FAILPOINTS", ""))


def _end(status: int) -> None:
    """End as an interpreter does."""
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        for one in (sys.stdout, sys.stderr):
            one.flush()
    except BrokenPipeError:
        status = 120
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
