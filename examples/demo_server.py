"""A Testamur server of our own: started, found, and ended with us."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue

from testamur.config import setting_fields

#: What the first start may take on a slow or busy machine.
SECONDS_TO_START = 60

#: What the server may take to finish what it has in hand.
SECONDS_TO_END = 30

READY = "Testamur is ready at "


class Differs(Exception):
    """Something is not as it should be; the text is one line for a person."""


@dataclass(frozen=True)
class House:
    """A folder with a data directory, a secret and settings of its own."""

    folder: Path
    command: Path

    def prepare(self) -> None:
        """Write the settings, so that every `testamur` started here finds them."""
        settings = 'data = "data"\nsecret_file = "secret"\n'
        (self.folder / "testamur.toml").write_text(settings)

    @property
    def environment(self) -> dict[str, str]:
        """Ours, without settings that would lead to somebody's real data."""
        settings = {name for name, _, _ in setting_fields()}
        return {k: v for k, v in os.environ.items() if k not in settings}

    def run(self, *arguments: str) -> str:
        """Run a command to its end; return what it printed."""
        done = subprocess.run(
            [self.command, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:] or [""]
            raise Differs(
                f"`testamur {' '.join(arguments)}` ended with status "
                f"{done.returncode}: {said[0]}"
            )
        return done.stdout

    def status_of(self, *arguments: object) -> int:
        """Run a command to its end; return its exit status."""
        return subprocess.run(
            [self.command, *map(str, arguments)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
        ).returncode

    @contextmanager
    def serving(self, port: int = 0) -> Iterator["Server"]:
        """Run a server meanwhile; it ends with the block, whatever happens there."""
        log = self.folder / "server.log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [self.command, "serve", "--port", str(port)],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        server = Server(process, log)
        try:
            server.wait_until_ready()
            yield server
        finally:
            server.end()


class Server:
    """A running `testamur serve`."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log
        self.url = ""

    def wait_until_ready(self) -> None:
        """Return once requests are answered at `url`."""
        lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, args=(lines,), daemon=True).start()
        try:
            line = lines.get(timeout=SECONDS_TO_START)
        except Empty:
            raise Differs(
                f"the server was not ready after {SECONDS_TO_START} seconds; its log "
                f"is {self._log}"
            ) from None
        if not line.startswith(READY):
            raise Differs(self.obituary())
        self.url = line.removeprefix(READY).strip()

    def wait(self) -> None:
        """Return when the server has ended by itself."""
        self._process.wait()

    def is_running(self) -> bool:
        """Say whether the server is still there."""
        return self._process.poll() is None

    def obituary(self) -> str:
        """Say how the server ended."""
        self._process.wait()
        last = self._log.read_text().strip().splitlines()[-1:]
        said = f": {last[0]}" if last else ""
        return f"the server ended with status {self._process.returncode}{said}"

    def end(self) -> None:
        """End the server, and no other process."""
        if self.is_running():
            self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _listen(self, lines: "Queue[str]") -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            lines.put(line)
        lines.put("")


def end_like_ctrl_c() -> None:
    """Let every polite way to end us run the `finally` blocks on the way out."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)


def installed_command() -> Path:
    """Return the `testamur` beside the Python that runs us."""
    command = Path(sys.executable).with_name("testamur")
    if not command.exists():
        raise Differs(f"{command} is not there; run: make install")
    return command
