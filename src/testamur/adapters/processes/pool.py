"""Worker processes of this machine: started, watched, started again, stopped."""

import itertools
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog

#: How often dead workers are looked for.
WATCH_SECONDS = 0.2

#: A worker that dies at once is not started again at once.
RESTART_SECONDS = 1.0

#: How long a worker may be stopped before it is ended.
MAX_STOPPED_SECONDS = 10.0

#: What a worker may take to finish the chunk in hand when asked to stop.
STOP_SECONDS = 20.0

log = structlog.get_logger()


class WorkerPool:
    """
    Keeps *count* workers running.

    *command* returns the argument list of a worker with the given name. When a
    worker dies, *on_death* is told its name: what it held is free again.
    """

    def __init__(
        self,
        count: int,
        command: Callable[[str], Sequence[str]],
        *,
        environment: Mapping[str, str],
        on_death: Callable[[str], None],
    ) -> None:
        self._count = count
        self._command = command
        self._environment = dict(environment)
        self._on_death = on_death
        self._names = (
            f"{os.getpid()}-{secrets.token_hex(4)}-{number}"
            for number in itertools.count(1)
        )
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped_since: dict[int, float] = {}
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="workers")

    def start(self) -> None:
        """Start every worker and begin to watch them."""
        self._watcher.start()

    def stop(self) -> None:
        """Let each worker finish its chunk, then end it; return when all are gone."""
        self._stopping.set()
        self._watcher.join()

    def pids(self) -> list[int]:
        """Return the process ids of the running workers."""
        return [process.pid for process in self._running.values()]

    def _start_one(self) -> None:
        name = next(self._names)
        self._running[name] = subprocess.Popen(
            [sys.executable, *self._command(name)],
            env=self._environment,
            stdin=subprocess.DEVNULL,
        )

    def _watch(self) -> None:
        # All children are started by this thread: the kernel ends a child that
        # asked for it when the thread that started it is gone.
        for _ in range(self._count):
            self._start_one()
        while not self._stopping.wait(WATCH_SECONDS):
            for name, process in list(self._running.items()):
                self._look_after(process)
                if process.poll() is not None:
                    self._replace(name, process)
        self._end_all()

    def _look_after(self, process: subprocess.Popen[bytes]) -> None:
        """
        End a worker that was stopped (SIGSTOP, a debugger) and does not go on.

        It may hold the lock on the database, and then nobody writes.
        """
        if not _is_stopped(process.pid):
            self._stopped_since.pop(process.pid, None)
            return
        since = self._stopped_since.setdefault(process.pid, time.monotonic())
        if time.monotonic() - since > MAX_STOPPED_SECONDS:
            process.kill()
            process.wait()

    def _replace(self, name: str, process: subprocess.Popen[bytes]) -> None:
        log.warning("worker died", worker=name, status=process.returncode)
        del self._running[name]
        self._free(name)
        if not self._stopping.wait(RESTART_SECONDS):
            self._start_one()

    def _end_all(self) -> None:
        for process in self._running.values():
            process.terminate()
        for name, process in self._running.items():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                self._free(name)

    def _free(self, name: str) -> None:
        try:
            self._on_death(name)
        except Exception:  # its leases lapse by themselves
            log.exception("leases not released", worker=name)


def _is_stopped(pid: int) -> bool:
    """Say whether the process is stopped (proc(5): state T)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] == "T"
