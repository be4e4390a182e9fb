"""What the suppression list needs: where it is kept, and how addresses compare."""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import NamedTuple, Protocol

import idna

from testamur.core.records import folded
from testamur.core.suppressions import Suppression, SuppressionReason


class Entry(NamedTuple):
    """An address that is about to be put on the list."""

    #: Its keyed hash, in hexadecimal digits.
    digest: str
    #: As `comparable` returns it; None when it is not known (any more).
    address: str | None
    reason: SuppressionReason


class SuppressionStore(Protocol):
    """
    The lists of all tenants.

    Every method but `add_all` is one transaction. What *by* does is in the audit log;
    None is the recipient, or a mail server, who are not.
    """

    def add(
        self, tenant_id: str, entry: Entry, now: int, *, by: str | None
    ) -> tuple[Suppression, bool]:
        """Put an address on the list; say whether it was not there for this reason."""
        ...

    def add_all(
        self, tenant_id: str, entries: Iterable[Entry], now: int, *, by: str
    ) -> int:
        """
        Put addresses on the list, part by part; return how many are new.

        After a crash some are on it: run it again.
        """
        ...

    def remove(self, tenant_id: str, name: str, now: int, *, by: str) -> bool:
        """Take the entry with this id off the list; say whether it was there."""
        ...

    def remove_digest(
        self,
        tenant_id: str,
        digest: str,
        now: int,
        *,
        reason: SuppressionReason | None,
        by: str | None,
    ) -> int:
        """Take an address off, for one reason or for all; return how many entries."""
        ...

    def page(
        self,
        tenant_id: str,
        *,
        digest: str | None,
        reason: SuppressionReason | None,
        before: int | None,
        limit: int,
    ) -> Sequence[Suppression]:
        """Return entries, the newest first, with numbers below *before*."""
        ...

    def among(self, digests: Collection[str]) -> Mapping[str, Set[SuppressionReason]]:
        """Return those of *digests* that are on a list, and for which reasons."""
        ...


def comparable(address: str) -> str:
    """
    Return *address* as the list compares it: folded, its domain as the DNS has it.

    >>> comparable(" Ada@München.example")
    'ada@xn--mnchen-3ya.example'
    """
    plain = folded(address)
    local, _, domain = plain.rpartition("@")
    if domain.isascii():
        return plain
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return plain
