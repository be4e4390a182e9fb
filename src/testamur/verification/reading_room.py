"""
Where strangers' documents are read: in one child, one at a time, a few waiting.

The child starts with the first document and ends when it has had nothing to do for
a while, has read many, or has taken too long over one.
"""

import json
import queue
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

from testamur.core.child import Child
from testamur.core.refusals import Kind, Refusal

from .child import ANSWER, QUESTION

#: Measured: a certificate takes about 20 ms, and 5 MB of plain text half a second.
SECONDS_PER_DOCUMENT = 10.0
IDLE_SECONDS = 60.0

#: So many may wait for the one being read.
MAX_WAITING = 16
#: Whatever a document left behind in the child ends with it.
DOCUMENTS_PER_CHILD = 2_000

MAX_ANSWER_BYTES = 64 * 1024 * 1024


class ReadingRoom:
    """
    Reads documents in a child that runs *module*. Threads may share it.

    `ports.Reader` for the server and for the command line.
    """

    def __init__(
        self,
        module: str,
        *,
        seconds_per_document: float = SECONDS_PER_DOCUMENT,
        idle_seconds: float = IDLE_SECONDS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._child = Child(module, what="reader of credentials")
        self._seconds = seconds_per_document
        self._idle_seconds = idle_seconds
        self._waiting: queue.Queue[
            tuple[bytes, str, Future[Mapping[str, Any]]] | None
        ] = queue.Queue(max_waiting)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def read(self, data: bytes, media_type: str = "") -> Mapping[str, Any]:
        """
        Return the examination of *data* (see `examine`); trouble is one as well.

        Raises:
            Refusal: TOO_OFTEN `verifier_busy`, when too many wait already.
            Fault: passing, when the child cannot be started.
        """
        future: Future[Mapping[str, Any]] = Future()
        try:
            # Under the lock, or the thread could end between its last look and ours.
            with self._lock:
                self._waiting.put_nowait((data, media_type, future))
                if self._thread is None:
                    # A thread of its own: the kernel ends the child with the
                    # thread that started it.
                    self._thread = threading.Thread(
                        target=self._work, name="reading room", daemon=True
                    )
                    self._thread.start()
        except queue.Full:
            raise busy() from None
        return future.result()

    def close(self) -> None:
        """End the child and whoever waits for it."""
        with self._lock:
            thread = self._thread
            if thread is None:
                return
        self._waiting.put(None)
        thread.join()

    def _work(self) -> None:
        count = 0
        while True:
            try:
                asked = self._waiting.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    if not self._waiting.empty():
                        continue
                    self._thread = None
                    self._child.close()
                    return
            if asked is None:
                with self._lock:
                    self._thread = None
                    self._child.close()
                return
            data, media_type, future = asked
            try:
                future.set_result(self._ask(data, media_type))
            except BaseException as error:
                future.set_exception(error)
            count += 1
            if count % DOCUMENTS_PER_CHILD == 0:
                self._child.close()

    def _ask(self, data: bytes, media_type: str) -> Mapping[str, Any]:
        self._child.start()
        named = media_type.encode("ascii", "replace")[:100]
        deadline = time.monotonic() + self._seconds
        try:
            self._child.send(QUESTION.pack(len(named), len(data)), deadline)
            self._child.send(named + data, deadline)
            (length,) = ANSWER.unpack(self._child.receive(ANSWER.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise ValueError("no examination is that long")
            found = json.loads(self._child.receive(length, deadline))
            if not isinstance(found, dict):
                raise ValueError("not an examination")
            return found
        except (TimeoutError, EOFError, OSError, ValueError, RecursionError):
            self._child.close()
            return {
                "trouble": [
                    "too_hard",
                    "It takes too long, or too much memory, to read. Certificates do "
                    "not: this document was made to be hard.",
                ]
            }
        except BaseException:
            self._child.close()
            raise


def busy() -> Refusal:
    """Return what is said to who comes when too many are here."""
    return Refusal(
        Kind.TOO_OFTEN,
        "verifier_busy",
        "Too many credentials are being checked at this moment. Try again shortly.",
        retry_after_seconds=2,
    )
