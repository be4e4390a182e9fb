"""Where the keys are kept that mails are signed with."""

from collections.abc import Sequence
from typing import Protocol

from testamur.core.mail_keys import DkimKey


class DkimStore(Protocol):
    """The keys of all domains. Every change is in the audit log."""

    def add(self, key: DkimKey, *, by: str) -> bool:
        """Keep a key; False when its domain has one with the selector."""
        ...

    def all(self) -> Sequence[DkimKey]:
        """Return every key, by domain, the oldest first."""
        ...

    def remove(self, domain: str, selector: str, now: int, *, by: str) -> bool:
        """Forget a key for ever; say whether it was there."""
        ...
