"""Addresses that a tenant's mails do not go to any more, and why."""

from dataclasses import dataclass
from enum import StrEnum


class SuppressionReason(StrEnum):
    """Why an address is not written to. The words are the wire's."""

    #: Who reads there asked for it.
    UNSUBSCRIBED = "unsubscribed"
    #: There is no such mailbox.
    BOUNCED = "bounced"
    #: Who reads there called a mail junk.
    COMPLAINED = "complained"
    #: Somebody of the tenant's put it on the list.
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One reason not to write to an address. There may be more for the same one."""

    seq: int
    id: str
    tenant_id: str
    #: None once its person was erased: a keyed hash is all that is left.
    address: str | None
    reason: SuppressionReason
    created_at: int


#: Addresses that one file may bring, and letters that one may have.
MAX_IMPORTED = 1_000_000
MAX_ADDRESS_CHARACTERS = 320
