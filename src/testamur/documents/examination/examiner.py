"""
Where uploaded PDFs are examined: in one child, one at a time, others waiting.

The child starts with the first PDF and ends when it has had nothing to do for a
while, has read many, or has broken off over one.
"""

import json
import queue
import threading
import time
from concurrent.futures import Future

from testamur.core.child import Child
from testamur.core.refusals import Kind, Refusal

from .child import ANSWER, CPU_SECONDS, QUESTION
from .facts import MAX_BYTES, Facts, refusal

MODULE = "testamur.documents.examination.child"

#: Measured: a diploma takes 3 ms, and 15 when it is signed already.
SECONDS_PER_FILE = CPU_SECONDS + 2.0
IDLE_SECONDS = 60.0
#: Whatever a file left behind in the child ends with it.
FILES_PER_CHILD = 2_000
MAX_ANSWER_BYTES = 1024 * 1024
#: So many may wait for the one that is read.
MAX_WAITING = 64


class Examiner:
    """Examines PDFs that strangers sent. Threads may share it."""

    def __init__(
        self,
        *,
        seconds_per_file: float = SECONDS_PER_FILE,
        idle_seconds: float = IDLE_SECONDS,
        files_per_child: int = FILES_PER_CHILD,
    ) -> None:
        self._child = Child(MODULE, what="examiner of PDFs")
        self._seconds = seconds_per_file
        self._idle_seconds = idle_seconds
        self._files_per_child = files_per_child
        self._waiting: queue.Queue[tuple[bytes, Future[Facts]] | None] = queue.Queue(
            MAX_WAITING
        )
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def examine(self, data: bytes) -> Facts:
        """
        Return what *data* is, if it may be signed.

        Raises:
            Refusal: INVALID, `pdf_...` (see `facts.DETAILS`); TOO_OFTEN
                `examiner_busy`, when too many wait already.
            Fault: passing, when the child cannot be started.
        """
        if len(data) > MAX_BYTES:
            raise refusal(
                "pdf_too_large", f"it has more than {MAX_BYTES // 1024 // 1024} MB."
            )
        future: Future[Facts] = Future()
        try:
            # Under the lock, or the thread could end between its last look and ours.
            with self._lock:
                self._waiting.put_nowait((data, future))
                if self._thread is None:
                    # A thread of its own: the kernel ends the child with the
                    # thread that started it.
                    self._thread = threading.Thread(
                        target=self._work, name="examiner", daemon=True
                    )
                    self._thread.start()
        except queue.Full:
            raise Refusal(
                Kind.TOO_OFTEN,
                "examiner_busy",
                "Too many PDFs are being examined at this moment. Try again shortly.",
                retry_after_seconds=2,
            ) from None
        return future.result()

    def close(self) -> None:
        """End the child and whoever waits for it."""
        with self._lock:
            thread = self._thread
        if thread is not None:
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
                    self._end()
                    return
            if asked is None:
                with self._lock:
                    self._end()
                return
            data, future = asked
            try:
                future.set_result(self._ask(data))
            except BaseException as error:
                future.set_exception(error)
            count += 1
            if count % self._files_per_child == 0:
                self._child.close()

    def _end(self) -> None:
        self._thread = None
        self._child.close()

    def _ask(self, data: bytes) -> Facts:
        self._child.start()
        deadline = time.monotonic() + self._seconds
        try:
            self._child.send(QUESTION.pack(len(data)), deadline)
            self._child.send(data, deadline)
            (length,) = ANSWER.unpack(self._child.receive(ANSWER.size, deadline))
            if length > MAX_ANSWER_BYTES:
                raise ValueError("no answer is that long")
            found = json.loads(self._child.receive(length, deadline))
        except (TimeoutError, EOFError, OSError, ValueError):
            self._child.close()
            raise refusal("pdf_too_complex", "reading it was broken off.") from None
        except BaseException:
            self._child.close()
            raise
        if "refusal" in found:
            code, detail = found["refusal"]
            raise Refusal(Kind.INVALID, code, detail)
        return Facts(
            page_sizes=tuple((width, height) for width, height in found["page_sizes"]),
            signatures=found["signatures"],
            docmdp=found["docmdp"],
            has_form=found["has_form"],
        )
