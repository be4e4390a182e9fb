"""
Pictures made safe: decoded in a child process, drawn again by our encoder.

The child is a small program of its own, so a decoder that crashes, hangs or is
taken over costs one row its picture, and nobody else anything.
"""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from testamur.core.child import Child
from testamur.core.refusals import Reason

from .picture_child import ANSWER, FORMATS, QUESTION
from .picture_formats import MAX_BYTES, MAX_PIXELS, Wrong, check

#: The module that the child runs.
CHILD = "testamur.intake.picture_child"

#: No picture takes longer; measured: 25 megapixels take about 2.
SECONDS_PER_PICTURE = 10.0

MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}

#: The child may be in a stranger's hands: only these answers are believed.
CODES = frozenset(
    {
        "bad_image",
        "image_animated",
        "image_format",
        "image_pixels",
        "image_too_large",
        "image_too_small",
        "image_truncated",
    }
)
MAX_ANSWER_BYTES = 4 * MAX_PIXELS + MAX_BYTES


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as we keep it: sRGB, upright, without a word about its origin."""

    data: bytes
    media_type: str  #: image/jpeg or image/png
    width: int  #: in pixels
    height: int
    thumbnail: bytes  #: fits 480 x 480 pixels
    thumbnail_media_type: str


class Decoder:
    """
    Makes pictures safe, one at a time. One thread uses it, and closes it.

    The child starts with the first picture and dies with the thread that sent
    it. It holds about 25 MB between pictures.
    """

    def __init__(self, *, seconds_per_picture: float = SECONDS_PER_PICTURE) -> None:
        self._seconds = seconds_per_picture
        self._child = Child(CHILD, what="picture decoder")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child. Closing twice is fine; another picture starts another."""
        self._child.close()

    def start(self) -> None:
        """
        Have the child ready, so that the first picture does not wait for it.

        Raises:
            Fault: passing, when the child cannot be started.
        """
        self._child.start()

    def normalise(self, data: bytes) -> Picture | Reason:
        """
        Return the picture that *data* shows, drawn anew, or what is wrong with it.

        The same bytes give the same picture, always. What a header can tell is
        answered here, without the child.

        Raises:
            Fault: passing, when the child cannot be started.
        """
        try:
            check(data)
        except Wrong as wrong:
            return Reason(wrong.code, wrong.message)
        self._child.start()
        try:
            return _ask(self._child, data, time.monotonic() + self._seconds)
        except TimeoutError:
            self.close()
            return Reason(
                "image_decoder_crash",
                f"The image takes longer than {self._seconds:g} seconds to decode. "
                "Save it again with another program, or scale it down.",
            )
        except (EOFError, OSError, ValueError):
            self.close()
            return Reason(
                "image_decoder_crash",
                "The decoder stopped while it read the image. Try again; if that "
                "does not help, save the image with another program and send that.",
            )
        except BaseException:
            # The child may be halfway through an answer that nobody will read.
            self.close()
            raise


def _ask(child: Child, data: bytes, deadline: float) -> Picture | Reason:
    """
    Send one picture, return the answer, and believe nothing that cannot be.

    Raises:
        TimeoutError, EOFError, OSError, ValueError: the child is of no more use.
    """
    child.send(QUESTION.pack(len(data)), deadline)
    child.send(data, deadline)
    head = child.receive(ANSWER.size, deadline)
    kind, width, height, form, small_form, length, small_length = ANSWER.unpack(head)
    if length > MAX_ANSWER_BYTES or small_length > MAX_BYTES:
        raise ValueError("no picture is that large")
    body = child.receive(length, deadline)
    small = child.receive(small_length, deadline)
    if kind == b"P" and body and small and max(form, small_form) < len(FORMATS):
        return Picture(
            body,
            MEDIA_TYPES[FORMATS[form]],
            width,
            height,
            small,
            MEDIA_TYPES[FORMATS[small_form]],
        )
    code, message = body.decode(), small.decode()
    if kind != b"R" or code not in CODES or not message.isprintable():
        raise ValueError("not an answer")
    return Reason(code, message)
