"""
The house's end of the press: a child in which strangers' templates are drawn.

Whatever a template does, it does in there (`press_child`): without network, with
little memory and time, and with no file to read but its own.
"""

import contextlib
import json
import os
import pickle
import queue
import re
import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testamur.core.child import Child
from testamur.core.refusals import Fault, Kind, Reason, Refusal

from ..laid import Laid
from ..pdf.stamp import Extras
from ..preparation import Preparation
from ..prepared import Prepared
from ..text.font_house import folder_in_use
from .press_child import ANSWER, DRAW, IMPORT, KEEP, PREPARE, QUESTION, SIT

#: The module that the child runs.
CHILD = "testamur.rendering.typst.press_child"

#: Of its processor. Measured: preparing takes 0.3 seconds, 4 with a picture of 35
#: megapixels, and a page 10 ms.
SECONDS_TO_PREPARE = 15
SECONDS_TO_DRAW = 5
#: How much longer a question may take on a machine that is busy with others.
SECONDS_OF_OTHERS = 20
SECONDS_TO_SIT = 20
#: What memory it takes, it gives back when nobody asked for so long.
IDLE_SECONDS = 20.0
#: Whatever a template left behind in the child ends with it.
PIECES_PER_CHILD = 5_000

MAX_ANSWER_BYTES = 128 * 1024 * 1024

#: Folders are called after the process that made them, so that what one left behind
#: that was killed can be told from what another uses.
FOLDER = "testamur-press-"

TOO_COMPLEX = "template_too_complex"

_CODE = re.compile(r"[a-z][a-z0-9_]{1,60}")


class Typesetting:
    """
    Prepares and typesets in a child process. Threads may share it; they take turns.

    The child starts when it is first needed, ends when it has been idle for a
    while, and is replaced when it has died or run late.
    """

    def __init__(
        self,
        *,
        seconds_to_prepare: int = SECONDS_TO_PREPARE,
        seconds_to_draw: int = SECONDS_TO_DRAW,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._seconds_to_prepare = seconds_to_prepare
        self._seconds_to_draw = seconds_to_draw
        self._idle_seconds = idle_seconds
        self._booth: _Booth | None = None
        self._waiting: queue.Queue[tuple[Callable[[_Booth], Any], Future[Any]] | None]
        self._waiting = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def package_of(self, pdf: bytes, name: str) -> tuple[bytes, Sequence[str]]:
        """
        Return the package that a PDF with `{{placeholders}}` comes to, and warnings.

        Raises:
            Refusal: what to change in the PDF (see `import_pdf.import_pdf`).
            Fault: passing, when the child cannot be started.
        """

        def work(booth: _Booth) -> tuple[bytes, Sequence[str]]:
            named = name.replace("\0", " ").encode()
            head, parts = booth.ask(
                IMPORT, named + b"\0" + pdf, self._seconds_to_prepare
            )
            (package,) = parts
            return package, [str(warning) for warning in head["warnings"]]

        made: tuple[bytes, Sequence[str]] = self._done(work)
        return made

    def prepare(self, package: bytes) -> Preparation:
        """
        Return a package made ready (see `prepare.prepare`).

        Raises:
            Refusal: INVALID, what to change in it; `template_too_complex` when it
                takes too long, or too much memory.
            Fault: passing, when the child cannot be started.
        """

        def work(booth: _Booth) -> Preparation:
            head, parts = booth.ask(PREPARE, package, self._seconds_to_prepare)
            prepared, sample = parts
            return Preparation(
                Prepared.from_bytes(prepared),
                sample,
                tuple(str(warning) for warning in head["warnings"]),
            )

        made: Preparation = self._done(work)
        return made

    def pdf(
        self,
        prepared: bytes,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None = None,
    ) -> bytes | Reason:
        """
        Return a certificate's whole file, or why this row cannot be drawn.

        *prepared* are the bytes of the prepared template; the child keeps the last
        one. *values* are needed where the template is Typst source.

        Raises:
            Fault: passing, when the child cannot be started.
        """
        return self._draw(prepared, laid, extras, values, None)

    def png(
        self,
        prepared: bytes,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None = None,
        *,
        ppi: float,
    ) -> bytes | Reason:
        """Return a certificate as a PNG of *ppi* pixels per inch; else as `pdf`."""
        return self._draw(prepared, laid, extras, values, ppi)

    def _draw(
        self,
        prepared: bytes,
        laid: Laid,
        extras: Extras,
        values: Mapping[str, str] | None,
        ppi: float | None,
    ) -> bytes | Reason:
        question = pickle.dumps((laid, extras, dict(values or {}), ppi))

        def work(booth: _Booth) -> bytes | Reason:
            booth.keep(prepared, self._seconds_to_draw)
            head, parts = booth.ask(DRAW, question, self._seconds_to_draw)
            if "reason" in head:
                code, message = map(_sentence, head["reason"])
                code = _code(code)
                return Reason(code, message)
            (drawn,) = parts
            return drawn

        try:
            drawn: bytes | Reason = self._done(work)
        except Refusal as refusal:
            # What is wrong with the template only shows with this row's words.
            if refusal.code == TOO_COMPLEX:
                return Reason("template_too_complex", refusal.detail)
            return Reason("template_source", refusal.detail)
        return drawn

    def close(self) -> None:
        """End the child. Closing twice is fine; it starts again when needed."""
        with self._lock:
            thread = self._thread
            if thread is None:
                return
            self._waiting.put(None)
        thread.join()

    # One thread, for the kernel ends a child with the thread that started it. ------

    def _done(self, work: "Callable[[_Booth], Any]") -> Any:
        future: Future[Any] = Future()
        # Under the lock, or the thread could end between its last look and ours.
        with self._lock:
            self._waiting.put((work, future))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="typesetting", daemon=True
                )
                self._thread.start()
        return future.result()

    def _work(self) -> None:
        booth = _Booth()
        try:
            while True:
                try:
                    asked = self._waiting.get(timeout=self._idle_seconds)
                except queue.Empty:
                    asked = None
                if asked is None:
                    with self._lock:
                        if not self._waiting.empty():
                            continue
                        self._thread = None
                        return
                work, future = asked
                try:
                    future.set_result(work(booth))
                except BaseException as error:
                    future.set_exception(error)
        finally:
            booth.close()


class _Booth:
    """The child at work, and the folder that it works in. For one thread."""

    def __init__(self) -> None:
        self._child = Child(CHILD, what="typesetter")
        #: Removes its folder; called when this process ends, too.
        self._folder: weakref.finalize[Any, Any] | None = None
        self._kept: bytes | None = None
        self._pieces = 0

    def close(self) -> None:
        """End the child, and remove what it wrote."""
        self._child.close()
        self._kept = None
        self._pieces = 0
        if self._folder is not None:
            self._folder()
            self._folder = None

    def keep(self, prepared: bytes, seconds: int) -> None:
        """Have the child work on *prepared* from now on."""
        if self._pieces >= PIECES_PER_CHILD:
            self.close()
        if not self._child.is_running or self._kept != prepared:
            self._kept = None
            self.ask(KEEP, prepared, seconds)
            self._kept = prepared

    def ask(
        self, verb: bytes, data: bytes, seconds: int
    ) -> tuple[dict[str, Any], list[bytes]]:
        """
        Return the head and the parts of the child's answer.

        Raises:
            Refusal: the child's own; `template_too_complex` if it died or is late.
            Fault: passing, when the child cannot be started.
        """
        self._start()
        self._pieces += 1
        try:
            head, parts = self._asked(verb, data, seconds, seconds + SECONDS_OF_OTHERS)
            refusal = _refusal(head["refusal"]) if "refusal" in head else None
        except (TimeoutError, EOFError, OSError, ValueError, LookupError, TypeError):
            self.close()
            raise too_complex() from None
        except BaseException:
            # It may be halfway through an answer that nobody will read.
            self.close()
            raise
        if head.get("is_large") and verb != KEEP:
            self.close()
        if verb == PREPARE:
            # The files of another template are where those of the kept one were.
            self._kept = None
        if refusal is not None:
            raise refusal
        return head, parts

    def _start(self) -> None:
        if self._child.is_running:
            return
        self.close()
        _remove_left_behind()
        self._child.start()
        folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-"))
        self._folder = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        try:
            place = bytes(folder) + b"\0" + bytes(folder_in_use() or b"")
            self._asked(SIT, place, SECONDS_TO_SIT, SECONDS_TO_SIT)
        except (TimeoutError, EOFError, OSError, ValueError, LookupError) as trouble:
            self.close()
            raise Fault(
                f"the typesetter did not start: {trouble!r}", passing=True
            ) from trouble

    def _asked(
        self, verb: bytes, data: bytes, seconds: int, wall: float
    ) -> tuple[dict[str, Any], list[bytes]]:
        deadline = time.monotonic() + wall
        self._child.send(QUESTION.pack(verb, seconds, len(data)), deadline)
        self._child.send(data, deadline)
        sizes = ANSWER.unpack(self._child.receive(ANSWER.size, deadline))
        if sum(sizes) > MAX_ANSWER_BYTES:
            raise ValueError("no page is that large")
        head = json.loads(self._child.receive(sizes[0], deadline))
        body = self._child.receive(sizes[1], deadline)
        parts, at = [], 0
        for length in head["lengths"]:
            parts.append(body[at : at + length])
            at += length
        return head, parts


def too_complex() -> Refusal:
    """Return what is said of a template that takes too long, or too much memory."""
    return Refusal(
        Kind.INVALID,
        TOO_COMPLEX,
        "The template takes too long, or too much memory, to draw. Make its pictures "
        "smaller and its drawings simpler; a template's own source must not loop.",
    )


def _refusal(plain: Sequence[Any]) -> Refusal:
    """Return the child's refusal, if it can be one."""
    kind, code, detail, at, parts = plain
    return Refusal(
        Kind(kind),
        _code(code),
        _sentence(detail),
        at=_sentence(at) if at is not None else None,
        parts=[_refusal(part) for part in parts[:100]],
    )


def _code(code: Any) -> str:
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ValueError("not a code")
    return code


def _sentence(text: Any) -> str:
    if not isinstance(text, str):
        raise ValueError("not a sentence")
    return "".join(c if c.isprintable() else " " for c in text)[:2_000]


def _remove_left_behind() -> None:
    """Remove the folders of processes that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        owner = folder.name.removeprefix(FOLDER).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            with contextlib.suppress(OSError):
                if folder.stat().st_uid == os.getuid() and Path("/proc/self").exists():
                    shutil.rmtree(folder, ignore_errors=True)
