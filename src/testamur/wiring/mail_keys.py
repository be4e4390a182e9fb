"""Keys that mails are signed with, as the command line uses them."""

from collections.abc import Sequence
from dataclasses import dataclass

from testamur.core.mail_keys import DkimAlgorithm, DkimKey

from .office import Office


@dataclass(frozen=True)
class OfficeDkim:
    """`cli.house.DkimDesk` on an open office."""

    office: Office
    by: str

    def add(
        self, domain: str, selector: str | None, algorithm: DkimAlgorithm
    ) -> DkimKey:
        """Make a key, or refuse."""
        return self.office.dkim.add(domain, selector, algorithm, by=self.by)

    def listing(self) -> Sequence[DkimKey]:
        """Return the keys of all domains."""
        return self.office.dkim.keys()

    def remove(self, domain: str, selector: str) -> None:
        """Forget a key for ever, or refuse."""
        self.office.dkim.remove(domain, selector, by=self.by)
