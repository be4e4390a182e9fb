"""
The suppression list: addresses that a tenant's mails do not go to.

What is compared is a hash under a key of the operator's, and another one for each
tenant: the list outlives an erased person's address, and who has the tables and not
the secret cannot ask it for an address.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import cached_property

from testamur.core.clock import Clock
from testamur.core.refusals import Kind, Refusal
from testamur.core.suppressions import Suppression, SuppressionReason

from .ports import Entry, SuppressionStore, comparable

#: What the operator secret is asked for.
PURPOSE = "suppression list"

#: What could be an address (RFC 5321 4.1.2, RFC 6531), more being for mail servers.
_ADDRESS = re.compile(r"(?=.{1,64}@)[^\s\x00-\x20\x7f@<>()\[\],;:\\\"]+@[\w.-]{1,253}")


class Suppressions:
    """The lists in *store*; *key* returns 32 bytes, the same ones for ever."""

    def __init__(
        self, store: SuppressionStore, key: Callable[[], bytes], clock: Clock
    ) -> None:
        self._store = store
        self._key_of = key
        self._clock = clock

    def add(
        self,
        tenant_id: str,
        address: str,
        reason: SuppressionReason = SuppressionReason.MANUAL,
        *,
        by: str | None,
    ) -> tuple[Suppression, bool]:
        """
        Write to *address* no more; return the entry, and whether it is new.

        Raises:
            Refusal: INVALID `address`.
        """
        entry = self._entry(tenant_id, address, reason)
        return self._store.add(tenant_id, entry, self._clock(), by=by)

    def add_all(
        self,
        tenant_id: str,
        entries: Iterable[tuple[str, SuppressionReason]],
        *,
        by: str,
    ) -> int:
        """
        Write to these addresses no more; return how many are new.

        After a crash some are on the list: run it again.

        Raises:
            Refusal: INVALID `address`; then none was added.
        """
        read = [self._entry(tenant_id, *one) for one in entries]
        return self._store.add_all(tenant_id, read, self._clock(), by=by)

    def remove(self, tenant_id: str, name: str, *, by: str) -> None:
        """
        Take the entry with this id off the list.

        Raises:
            Refusal: NOT_FOUND `suppression_not_found`.
        """
        if not self._store.remove(tenant_id, name, self._clock(), by=by):
            raise _not_found()

    def remove_address(self, tenant_id: str, address: str, *, by: str) -> int:
        """
        Take *address* off the list, whatever it was there for; return the entries.

        Raises:
            Refusal: NOT_FOUND `suppression_not_found`; INVALID `address`.
        """
        digest = self._entry(tenant_id, address, SuppressionReason.MANUAL).digest
        done = self._store.remove_digest(
            tenant_id, digest, self._clock(), reason=None, by=by
        )
        if not done:
            raise _not_found()
        return done

    def page(
        self,
        tenant_id: str,
        *,
        address: str | None = None,
        reason: SuppressionReason | None = None,
        after: str | None = None,
        limit: int,
    ) -> tuple[Sequence[Suppression], str | None]:
        """
        Return entries, the newest first, and what to say as *after* for the next.

        Raises:
            Refusal: INVALID, when *after* is nothing that was returned.
        """
        before = None if after is None else _number(after)
        digest = None if address is None else self.digest(tenant_id, address)
        found = self._store.page(
            tenant_id, digest=digest, reason=reason, before=before, limit=limit + 1
        )
        more = str(found[limit - 1].seq) if len(found) > limit else None
        return found[:limit], more

    def is_suppressed(self, tenant_id: str, address: str) -> bool:
        """Say whether the tenant is not to write to *address*."""
        return bool(self.reasons([(tenant_id, address)]))

    def reasons(
        self, wanted: Iterable[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Set[SuppressionReason]]:
        """
        Return those pairs of a tenant's id and an address that are on its list, and
        for which reasons.

        One look-up for a whole round of mails.

        Raises:
            Fault: passing, when the list cannot be reached: then write to nobody.
        """
        by_digest: dict[str, list[tuple[str, str]]] = {}
        for pair in wanted:
            by_digest.setdefault(self.digest(*pair), []).append(pair)
        if not by_digest:
            return {}
        return {
            pair: reasons
            for digest, reasons in self._store.among(by_digest).items()
            for pair in by_digest[digest]
        }

    def digest(self, tenant_id: str, address: str) -> str:
        """Return what the list knows *address* by: the same for all its spellings."""
        said = f"{tenant_id}\n{comparable(address)}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, said, "sha256").hex()

    @cached_property
    def _key(self) -> bytes:
        return self._key_of()

    def _entry(self, tenant_id: str, address: str, reason: SuppressionReason) -> Entry:
        plain = comparable(address)
        if not is_address(plain):
            raise Refusal(
                Kind.INVALID,
                "address",
                "This is no e-mail address; write it like ada@example.org.",
                at="address",
            )
        return Entry(self.digest(tenant_id, plain), plain, reason)


def is_address(text: str) -> bool:
    """
    Say whether *text* has the form of an address.

    >>> is_address("ada@example.org"), is_address("Ada <ada@example.org>")
    (True, False)
    """
    return _ADDRESS.fullmatch(text) is not None


def _number(after: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", after):
        raise Refusal(
            Kind.INVALID,
            "after",
            "Send as after what the page before called next.",
            at="after",
        )
    return int(after)


def _not_found() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND,
        "suppression_not_found",
        "There is no such entry on the suppression list. List it to see what is.",
        at="id",
    )
