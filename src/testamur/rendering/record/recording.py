"""
The house's end: signature records are made in a child, one at a time.

The child starts with the first record and ends when it has had nothing to do for a
while, has made many, or has taken too long over one.
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

from .record_child import ANSWER, QUESTION

CHILD = "testamur.rendering.record.record_child"

#: Of its processor. Measured: the first record takes 3 seconds, most of them to read
#: what it is made with, and any other 0.1.
SECONDS = 20
#: How much longer it may take on a machine that is busy with others.
SECONDS_OF_OTHERS = 40
IDLE_SECONDS = 20.0
RECORDS_PER_CHILD = 500

MAX_ANSWER_BYTES = 256 * 1024 * 1024

#: What is said, and the document's bytes: none where nothing may be added to them.
Asked = tuple[Mapping[str, Any], bytes]


class Recording:
    """Makes signature records. Threads may share it; they take turns."""

    def __init__(
        self, fonts: Path | None = None, *, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._child = Child(CHILD, what="recorder of signatures")
        self._fonts = os.fsencode(fonts) if fonts else b""
        self._idle_seconds = idle_seconds
        self._waiting: queue.Queue[tuple[Asked, Future[tuple[bytes, bytes]]]]
        self._waiting = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def record(
        self, said: Mapping[str, Any], document: bytes
    ) -> tuple[bytes, bytes | None]:
        """
        Return the record as a PDF, and *document* with it behind its own pages.

        There is no second one where *document* is empty, brings a signature of its
        own, or cannot be read.

        Raises:
            Fault: the child cannot be started (passing), or cannot draw the record.
        """
        future: Future[tuple[bytes, bytes]] = Future()
        # Under the lock, or the thread could end between its last look and ours.
        with self._lock:
            self._waiting.put(((said, document), future))
            if self._thread is None:
                # A thread of its own: the kernel ends the child with the thread
                # that started it.
                self._thread = threading.Thread(
                    target=self._work, name="recorder", daemon=True
                )
                self._thread.start()
        record, whole = future.result()
        return record, whole or None

    def _work(self) -> None:
        count = 0
        while True:
            try:
                asked, future = self._waiting.get(timeout=self._idle_seconds)
            except queue.Empty:
                with self._lock:
                    if not self._waiting.empty():
                        continue
                    self._thread = None
                    self._child.close()
                    return
            try:
                future.set_result(self._made(*asked))
            except BaseException as error:
                future.set_exception(error)
            count += 1
            if count % RECORDS_PER_CHILD == 0:
                self._child.close()

    def _made(self, said: Mapping[str, Any], document: bytes) -> tuple[bytes, bytes]:
        try:
            return self._asked(said, document)
        except (TimeoutError, EOFError, OSError, ValueError):
            self._child.close()
            if not document:
                raise Fault("a signature record took too long", passing=True) from None
        # It was the document that did it: the record stands alone.
        try:
            return self._asked(said, b"")
        except (TimeoutError, EOFError, OSError, ValueError):
            self._child.close()
            raise Fault("a signature record took too long", passing=True) from None

    def _asked(self, said: Mapping[str, Any], document: bytes) -> tuple[bytes, bytes]:
        self._child.start()
        text = json.dumps(said).encode()
        deadline = time.monotonic() + SECONDS + SECONDS_OF_OTHERS
        head = QUESTION.pack(SECONDS, len(text), len(self._fonts), len(document))
        self._child.send(head, deadline)
        self._child.send(text + self._fonts, deadline)
        self._child.send(document, deadline)
        sizes = ANSWER.unpack(self._child.receive(ANSWER.size, deadline))
        if sum(sizes) > MAX_ANSWER_BYTES:
            raise ValueError("no record is that large")
        record = self._child.receive(sizes[0], deadline)
        whole = self._child.receive(sizes[1], deadline)
        if not record:
            raise Fault("a signature record cannot be drawn", passing=False)
        return record, whole
