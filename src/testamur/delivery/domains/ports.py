"""Who answers what the DNS says."""

from collections.abc import Sequence
from typing import Protocol


class Unanswered(Exception):
    """The DNS did not answer in time, or that it cannot."""


class Resolver(Protocol):
    """
    Asks the DNS. What is not there is an empty answer.

    Every method raises `Unanswered`.
    """

    def txt(self, name: str) -> Sequence[str]:
        """Return the texts at *name*, the strings of each joined."""
        ...

    def mx(self, name: str) -> Sequence[str]:
        """Return the hosts that take mails for *name*; "" for one that takes none."""
        ...

    def addresses(self, name: str) -> Sequence[str]:
        """Return the addresses of a host, of either kind."""
        ...
