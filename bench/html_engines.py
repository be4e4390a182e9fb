"""Pages of HTML to PDF, by WeasyPrint and by Chromium: what others build upon."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psutil

#: The one that figures are given for; installed on first use, and kept in a cache.
WEASYPRINT = "weasyprint==70.0"
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Cost(NamedTuple):
    """What one page takes."""

    seconds: float
    size: float


def weasyprint(pages: list[str], **options: object) -> Cost | str:
    """
    Return what a page costs with WeasyPrint, or why that is not known.

    *options* are those of its `write_pdf`, such as `pdf_variant`.
    """
    python = _environment()
    if isinstance(python, str):
        return python
    script = Path(__file__).parent / "by_weasyprint.py"
    done = subprocess.run(
        [python, script],
        input=json.dumps({"pages": pages, "options": options}).encode(),
        capture_output=True,
        timeout=600,
    )
    if done.returncode:
        return "it does not run here (it needs Pango)"
    found = json.loads(done.stdout)
    count = len(pages) - 1
    return Cost(found["seconds"] / count, found["bytes"] / count)


def _environment() -> Path | str:
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "testamur-peers" / WEASYPRINT.replace("==", "-")
    python = folder / "bin" / "python"
    ready = folder / "ready"
    if not ready.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            venv.create(folder, with_pip=True, clear=True)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", WEASYPRINT],
                check=True,
                capture_output=True,
                timeout=300,
            )
        except (subprocess.SubprocessError, OSError):
            return "pip cannot install it"
        ready.touch()
    return python


def chromium(pages: list[str]) -> Cost | str:
    """Return what a page costs with Chromium, its processes together, or why not."""
    program = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    if program is None:
        return "it is not installed"
    with _browser(program) as browser:
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)
        browser.session = session["sessionId"]
        frame = browser.ask("Page.getFrameTree")["frameTree"]["frame"]["id"]
        size, before = 0, 0.0
        for number, page in enumerate(pages):
            if number == 1:
                size, before = 0, browser.processor_seconds()
            browser.ask("Page.setDocumentContent", frameId=frame, html=page)
            browser.ask("Runtime.evaluate", expression=_READY, awaitPromise=True)
            printed = browser.ask(
                "Page.printToPDF", printBackground=True, preferCSSPageSize=True
            )
            size += len(base64.b64decode(printed["data"]))
        seconds = browser.processor_seconds() - before
    return Cost(seconds / (len(pages) - 1), size / (len(pages) - 1))


#: Fonts and pictures are there before it prints.
_READY = """Promise.all([document.fonts.ready,
  ...[...document.images].map(image => image.decode())]).then(() => 1)"""


class _Browser:
    """The DevTools protocol through a pair of pipes: JSON, each ended by a zero."""

    def __init__(self, process: subprocess.Popen[bytes], out: Any, back: Any) -> None:
        self._process, self._out, self._back = process, out, back
        self._number = 0
        self.session: str | None = None

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """Return what *method* answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self._out.write(json.dumps(message).encode() + b"\0")
        self._out.flush()
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                return dict(answer["result"])

    def _next(self) -> bytes:
        parts = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            if not byte:
                raise EOFError("Chromium has ended")
            parts += byte
        return bytes(parts)

    def processor_seconds(self) -> float:
        """Return the processor time that all its processes have taken."""
        first = psutil.Process(self._process.pid)
        return sum(
            sum(process.cpu_times()[:2])
            for process in [first, *first.children(recursive=True)]
        )


@contextmanager
def _browser(program: str) -> Iterator[_Browser]:
    (their_in, our_out), (our_back, their_out) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # It reads from descriptor 3 and writes to 4.
        command = f'exec 3<&{their_in} 4>&{their_out}; exec "$@"'
        process = subprocess.Popen(
            [
                *("sh", "-c", command, "sh", program),
                *("--headless", "--remote-debugging-pipe", "--no-sandbox"),
                *("--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
                *("--allow-file-access-from-files", f"--user-data-dir={profile}"),
                "about:blank",
            ],
            pass_fds=(their_in, their_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(their_in)
        os.close(their_out)
        try:
            with os.fdopen(our_out, "wb") as out, os.fdopen(our_back, "rb") as back:
                yield _Browser(process, out, back)
        finally:
            process.terminate()
            process.wait(10)
