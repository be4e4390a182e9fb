"""What making documents last needs of the outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from testamur.core.papers import Version


@dataclass(frozen=True, slots=True)
class Due:
    """A document that is to be made to last, and ours for a while."""

    document_id: int
    tenant_id: str
    #: The signed file.
    version: Version
    #: This one included.
    attempts: int
    #: What says that it is ours.
    token: int


class LastingStore(Protocol):
    """Documents that are to be made to last. Every method is one transaction."""

    def is_due(self, now: int) -> bool:
        """Say whether anything may be."""
        ...

    def lease(self, now: int, until: int, most: int) -> Due | None:
        """
        Take a document that is due, until then, and count an attempt.

        What had *most* attempts and whose taker never came back is given up.
        """
        ...

    def chains(self, document_id: int) -> Sequence[bytes]:
        """Return the certificates (DER) of the signers that signed it."""
        ...

    def keep(self, due: Due, digest: str, size: int, now: int) -> bool:
        """
        Give the document its lasting file; False, changing nothing: it is no longer
        ours, or was signed again meanwhile.
        """
        ...

    def later(self, due: Due, at: int, error: str) -> None:
        """Have it be tried again from the moment *at* on."""
        ...

    def give_up(self, due: Due, error: str) -> None:
        """Have it stay as it is."""
        ...
