"""Where what comes back is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from testamur.core.mail_returns import Returned, ReturnOutcome

from ..suppression.ports import Entry


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail of ours, as far as it matters when something comes back."""

    id: str
    tenant_id: str
    #: Empty once its person was erased.
    recipient: str


#: Says what is to be put on the suppression list, if anything.
Listed = Callable[[SentMail], Entry | None]


class ReturnStore(Protocol):
    """The mails that were sent. Every method is one transaction."""

    def find(self, mail_id: str) -> SentMail | None:
        """Return a mail; None when there is none."""
        ...

    def by_message_id(self, tenant_id: str, message_id: str) -> SentMail | None:
        """Return the tenant's mail with this Message-ID; None when there is none."""
        ...

    def apply(
        self, mail: SentMail, said: Returned, entry: Entry | None, now: int
    ) -> ReturnOutcome:
        """
        Keep with a mail what came back of it: its state, its event and *entry*, or
        none of them. Once a mail bounced, nothing but a complaint is news.
        """
        ...

    def suppress(self, tenant_id: str, entry: Entry, now: int) -> None:
        """Put an address on the suppression list."""
        ...

    def count(self, outcome: ReturnOutcome) -> None:
        """Count one more."""
        ...
