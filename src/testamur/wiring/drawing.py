"""Pictures of PDFs that strangers made, drawn where they can do no harm."""

import threading
import time

from testamur.core.child import Child
from testamur.core.refusals import Fault

from .drawing_child import ANSWER, CARD, JPEG, MODULE, PNG, QUESTION

KINDS = {"png": PNG, "jpeg": JPEG, "card": CARD}

#: How long a picture may take, and how long it may be.
SECONDS = 20.0
MAX_BYTES = 64 * 1024 * 1024


class Drawing:
    """One child, for one picture at a time; after trouble the next one has its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def draw(self, pdf: bytes, kind: str) -> bytes:
        """
        Return the first page of *pdf* as `png`, `jpeg` or `card`.

        Raises:
            Fault: it cannot be drawn; passing, when that took too long.
        """
        # The child dies with the thread that started it, and threads come and go:
        # it is started anew for each, which takes less than drawing does.
        with self._lock:
            child = Child(MODULE, what="drawing child")
            try:
                child.start()
                deadline = time.monotonic() + SECONDS
                child.send(QUESTION.pack(KINDS[kind], len(pdf)) + pdf, deadline)
                (length,) = ANSWER.unpack(child.receive(ANSWER.size, deadline))
                if not 0 < length <= MAX_BYTES:
                    raise Fault("a document cannot be drawn", passing=False)
                return child.receive(length, deadline)
            except TimeoutError as trouble:
                raise Fault("a document took too long to draw", passing=True) from (
                    trouble
                )
            except (EOFError, OSError) as trouble:
                raise Fault("a document cannot be drawn", passing=False) from trouble
            finally:
                child.close()
