"""
The house's end of the press: a child in which strangers' templates are drawn.

Whatever a template does, it does in there (`press_child`): without network, with
little memory and time, and with no file to read but its own.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from testamur.core.refusals import Reason

from .laid import Laid
from .prepare import Preparation
from .stamp import Extras


class Typesetting:
    """
    Prepares and typesets in a child process. Threads may share it; they take turns.

    The child starts when it is first needed, ends when it has been idle for a
    while, and is replaced when it has died or run late.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def prepare(self, package: bytes) -> Preparation:
        """
        Return a package made ready (see `prepare.prepare`).

        Raises:
            Refusal: INVALID, what to change in it; `template_too_complex` when it
                takes too long, or too much memory.
            Fault: passing, when the child cannot be started.
        """
        raise NotImplementedError

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
        raise NotImplementedError

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
        raise NotImplementedError

    def close(self) -> None:
        """End the child. Closing twice is fine; it starts again when needed."""
        raise NotImplementedError
