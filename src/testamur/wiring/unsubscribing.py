"""Who wants no more mails, from the link to the list."""

from dataclasses import dataclass

from testamur.adapters.sql.suppressions import SqlSuppressions, tenant_and_recipient
from testamur.core.suppressions import SuppressionReason
from testamur.delivery.suppression.ports import Entry, comparable
from testamur.delivery.suppression.unsubscribing import (
    PURPOSE,
    Unsubscribing,
    Wish,
    read_token,
)

from .office import Office


def unsubscribing_of(office: Office) -> Unsubscribing:
    """Return what makes the links."""
    return Unsubscribing(
        office.secret.derive(PURPOSE),
        office.public_url,
        office.settings.bounce_address,
    )


@dataclass(frozen=True)
class SiteUnsubscribing:
    """`web.routes.unsubscribing.UnsubscribingVerbs` by the delivery room."""

    office: Office

    def look(self, token: str) -> tuple[str, bool] | None:
        """Return whose mails these are, and whether they were stopped."""
        wish = self._read(token)
        found = wish and tenant_and_recipient(self.office.database, *wish[::2])
        if not wish or not found:
            return None
        listed = SqlSuppressions(self.office.database).page(
            wish.tenant_id,
            digest=wish.digest,
            reason=SuppressionReason.UNSUBSCRIBED,
            before=None,
            limit=1,
        )
        return found[0], bool(listed)

    def stop(self, token: str) -> str | None:
        """Write to who has the link no more."""
        wish = self._read(token)
        found = wish and tenant_and_recipient(self.office.database, *wish[::2])
        if not wish or not found:
            return None
        who, address = found
        # Who was erased since has no address any more, and is on the list all the same.
        known = comparable(address) if address else None
        entry = Entry(wish.digest, known, SuppressionReason.UNSUBSCRIBED)
        store = SqlSuppressions(self.office.database)
        store.add(wish.tenant_id, entry, self.office.clock(), by=None)
        return who

    def undo(self, token: str) -> str | None:
        """Take that back, and nothing else: who complained stays on the list."""
        wish = self._read(token)
        found = wish and tenant_and_recipient(self.office.database, *wish[::2])
        if not wish or not found:
            return None
        SqlSuppressions(self.office.database).remove_digest(
            wish.tenant_id,
            wish.digest,
            self.office.clock(),
            reason=SuppressionReason.UNSUBSCRIBED,
            by=None,
        )
        return found[0]

    def _read(self, token: str) -> Wish | None:
        return read_token(self.office.secret.derive(PURPOSE), token)
