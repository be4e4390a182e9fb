"""
The house's end: verified documents are made in a child, one at a time.

The child starts with the first and ends when it has had nothing to do for a while, has
made many, or has taken too long over one.
"""

import json
import os
import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from testamur.core.child import Child
from testamur.core.refusals import Fault

from .verified_child import ANSWER, QUESTION

CHILD = "testamur.rendering.verified.verified_child"

#: Of its processor. Measured: the first takes 3 seconds, most of them to read fonts,
#: any other 0.2.
SECONDS = 25
#: How much longer it may take on a machine that is busy with others.
SECONDS_OF_OTHERS = 40
IDLE_SECONDS = 20.0
FILES_PER_CHILD = 500
MAX_ANSWER_BYTES = 256 * 1024 * 1024


class Verifying:
    """Makes verified documents. Threads may share it; they take turns."""

    def __init__(
        self, fonts: Path | None = None, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._child = Child(CHILD, what="maker of verified documents")
        self._fonts = os.fsencode(fonts) if fonts else b""
        self._idle_seconds = idle_seconds
        self._waiting: queue.Queue[tuple[list[bytes], Future[bytes]]] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def verified(
        self, said: Mapping[str, Any], data: bytes, pdf: bytes, credential: bytes
    ) -> bytes:
        """
        Return what was uploaded (*data*, shown as *pdf*) as a verified document.

        The same arguments give the same bytes.

        Raises:
            Fault: it cannot be made; passing, when that took too long.
        """
        shown = b"" if pdf == data else pdf
        made = self._ask([_json(said), self._fonts, data, shown, credential])
        if not made:
            raise Fault("a verified document cannot be made", passing=False)
        return made

    def paged(self, data: bytes, name: str, media_type: str) -> bytes | None:
        """Return a picture as a PDF of one page; None when it cannot be read."""
        said = {"file": name, "media_type": media_type}
        try:
            made = self._ask([_json(said), b"", data, b"", b""])
        except Fault as trouble:
            if "too long" in str(trouble):
                return None
            raise
        return made or None

    def _ask(self, parts: list[bytes]) -> bytes:
        future: Future[bytes] = Future()
        # Under the lock, or the thread could end between its last look and ours.
        with self._lock:
            self._waiting.put((parts, future))
            if self._thread is None:
                # A thread of its own: the kernel ends the child with the thread
                # that started it.
                self._thread = threading.Thread(
                    target=self._work, name="verified-documents", daemon=True
                )
                self._thread.start()
        return future.result()

    def _work(self) -> None:
        count = 0
        while True:
            try:
                parts, future = self._waiting.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    if not self._waiting.empty():
                        continue
                    self._thread = None
                    self._child.close()
                    return
            try:
                future.set_result(self._made(parts))
            except BaseException as error:
                future.set_exception(error)
            count += 1
            if count % FILES_PER_CHILD == 0:
                self._child.close()

    def _made(self, parts: list[bytes]) -> bytes:
        self._child.start()
        deadline = time.monotonic() + SECONDS + SECONDS_OF_OTHERS
        try:
            head = QUESTION.pack(SECONDS, *(len(one) for one in parts))
            for part in (head, *parts):
                self._child.send(part, deadline)
            (length,) = ANSWER.unpack(self._child.receive(ANSWER.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise ValueError("no document is that large")
            return self._child.receive(length, deadline)
        except (TimeoutError, EOFError, OSError, ValueError):
            self._child.close()
            raise Fault("a verified document took too long", passing=True) from None


def _json(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode()
