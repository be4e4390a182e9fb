"""
Plans, limits and prices, each number with its reason.

Limits are refused before work is done. Money is whole minor units (cents).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto

MIB = 1024 * 1024
GIB = 1024 * MIB


class Metered(StrEnum):
    """What is rate limited. The Pocketbook wire documents the first four."""

    CREATE = auto()
    POLL = auto()
    DOWNLOAD = auto()
    RETRY = auto()
    SECURE = auto()  #: credentials that callers wrote themselves
    TI = auto()  #: everything that Thought Industries' clients ask
    REHEARSE = auto()  #: rehearsals
    DOKSTAMP = auto()  #: everything that DokStamp's clients ask
    VEC = auto()  #: everything that VEC's clients ask


@dataclass(frozen=True, slots=True)
class Rate:
    """*burst* at once, refilled evenly over *period_seconds*."""

    burst: int
    period_seconds: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many requests there may be, and are left until all may be made again."""

    limit: int
    remaining: int
    #: In milliseconds.
    resets_at: int


#: What Thought Industries documents for its two plans, requests in a minute. The
#: second is what tenants are told whom nothing is counted for.
TI_STANDARD = Rate(120, 60)
TI_ENTERPRISE = Rate(600, 60)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a tenant may ask for."""

    name: str
    max_rows: int
    max_csv_bytes: int
    max_zip_bytes: int
    max_zip_entries: int
    max_unpacked_bytes: int
    rates: Mapping[Metered, Rate]


PLANS: Mapping[str, Plan] = {
    "standard": Plan(
        name="standard",
        max_rows=1_000,  # the Pocketbook wire's documented maximum
        max_csv_bytes=10 * MIB,  # likewise
        max_zip_bytes=100 * MIB,
        max_zip_entries=2_000,
        max_unpacked_bytes=1 * GIB,
        rates={
            Metered.CREATE: Rate(10, 3600),
            Metered.POLL: Rate(100, 900),
            Metered.DOWNLOAD: Rate(50, 3600),
            Metered.RETRY: Rate(5, 3600),
            Metered.SECURE: Rate(600, 3600),
            Metered.TI: TI_STANDARD,
            Metered.REHEARSE: Rate(30, 3600),  # a job is mended more than once
            # One certificate a call, and as many calls at once as there are students.
            Metered.DOKSTAMP: Rate(6_000, 60),
            Metered.VEC: Rate(6_000, 60),  # one upload for each certificate
        },
    ),
    # No limits but the machine's safety bounds.
    "unlimited": Plan(
        name="unlimited",
        max_rows=1_000_000,
        max_csv_bytes=1 * GIB,
        max_zip_bytes=8 * GIB,
        max_zip_entries=200_000,
        max_unpacked_bytes=16 * GIB,
        rates={},
    ),
}

#: A cell longer than this is refused: no field of a certificate is longer.
MAX_CELL_CHARACTERS = 4_096
MAX_NAME_CHARACTERS = 255
MAX_COLUMNS = 64

#: Voucher lifetime in days.
DEFAULT_EXPIRY_DAYS = 30
MAX_EXPIRY_DAYS = 3_650

#: For how many days a job may say that its certificates are valid: a century.
MAX_VALID_DAYS = 36_500

#: Certificates in one status list: the least that W3C Bitstring Status List v1.0
#: allows (section 3.1), so that nobody can tell whose entry is looked at.
STATUS_LIST_PLACES = 131_072

#: How many certificates one call may name one by one. Whole jobs and batches are
#: not counted.
MAX_NAMED_CERTIFICATES = 10_000

#: Why something was done to a certificate, in people's words.
MAX_ACT_REASON_CHARACTERS = 500

#: A chunk is tried this often before it is parked: twice may be bad luck.
MAX_CHUNK_ATTEMPTS = 3

#: How many rows one worker leases. Large enough that its transaction's fixed
#: cost is spread thin, small enough that progress moves and cancelling is quick.
CHUNK_ROWS = 500

#: When most rows bring a picture of their own, a row costs a hundred times more.
CHUNK_ROWS_WITH_PICTURES = 50


@dataclass(frozen=True, slots=True)
class Tier:
    """Certificates from number *start* on cost *unit_price* each."""

    start: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """
    What certificates cost: graduated tiers over the certificates of one job.

    A job freezes the version when it is accepted, so what was previewed is what
    is billed.
    """

    version: str
    currency: str
    tiers: Sequence[Tier]

    def cost(self, count: int) -> int:
        """
        Return what *count* certificates cost, in minor units.

        >>> PRICES["2026-11"].cost(1_000)
        10000
        """
        return sum(quantity * tier.unit_price for tier, quantity in self.split(count))

    def split(self, count: int) -> list[tuple[Tier, int]]:
        """Return how many of *count* certificates fall into each tier."""
        ends = [tier.start - 1 for tier in self.tiers[1:]] + [count]
        return [
            (tier, min(count, end) - tier.start + 1)
            for tier, end in zip(self.tiers, ends, strict=True)
            if count >= tier.start
        ]


CURRENT_PRICES = "2026-11"

#: Every version ever used stays here: old jobs are billed by theirs.
PRICES: Mapping[str, PriceList] = {
    "2026-11": PriceList(
        version="2026-11",
        currency="USD",
        tiers=(Tier(1, 10), Tier(1_001, 8), Tier(10_001, 5)),
    ),
}

#: Largest count a cost preview answers for: the largest job there is.
MAX_PREVIEW = 1_000_000


#: How long mails of a job may wait after their certificates, in minutes: a week.
MAX_HOLD_MINUTES = 7 * 24 * 60


class Scope(StrEnum):
    """What a key or token may do. A route without one of these cannot be built."""

    BULK_MINT = "bulk:mint"
    BULK_RETRY = "bulk:retry"
    BILLING_READ = "billing:read"
    CERTIFICATES_READ = "certificates:read"
    CREDENTIALS_ISSUE = "credentials:issue"
    CERTIFICATES_REVOKE = "certificates:revoke"
    CERTIFICATES_ERASE = "certificates:erase"
    KEYS_MANAGE = "keys:manage"
    AUDIT_READ = "audit:read"
    TEMPLATES_MANAGE = "templates:manage"
    MAIL_READ = "mail:read"
    MAIL_MANAGE = "mail:manage"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_MANAGE = "documents:manage"
    DOCUMENTS_SIGN = "documents:sign"
    VAULT_LIST = "certificate-vault:list"
    VAULT_VIEW = "certificate-vault:view"
    VAULT_CREATE = "certificate-vault:create"
    VAULT_DOWNLOAD = "certificate-vault:download"
    VAULT_UPDATE = "certificate-vault:update"
    BATCHES_VIEW = "batches:view"
    BATCHES_CREATE = "batches:create"
    CERTIFICATES_LIST = "certificates:list"
    CERTIFICATE_TEMPLATES_LIST = "certificate-templates:list"
