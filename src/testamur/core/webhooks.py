"""Webhooks: where other systems are told of events, and what came of telling them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .events import EventType

#: How many a tenant may have.
MAX_WEBHOOKS = 20

MAX_DESCRIPTION_CHARACTERS = 255

#: In place of names of events: all of them, also those there will be.
EVERYTHING = "*"

#: What `webhook test` sends. Nothing happened.
PING = "webhook.ping"

EVENT_NAMES = [str(one) for one in EventType]


class WebhookStyle(StrEnum):
    """Which headers are sent beside those of Standard Webhooks."""

    STANDARD = "standard"
    #: `X-Webhook-Signature`.
    POCKETBOOK = "pocketbook"
    #: The same, and `X-Webhook-Event`, `X-Webhook-ID`, `X-Webhook-Timestamp`.
    VEC = "vec"


class WebhookEnd(StrEnum):
    """Why a webhook is not told any more."""

    REMOVED = "removed"
    #: Its system answered 410.
    GONE = "gone"
    #: It failed for days.
    FAILING = "failing"
    #: Its tenant said so.
    PAUSED = "paused"


class DeliveryState(StrEnum):
    """What becomes of one event for one webhook."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    #: It had all its attempts and waits for a person.
    PARKED = "parked"
    #: Its webhook ended, or moved to another address, before it was its turn.
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that is told of events."""

    seq: int
    id: str
    tenant_id: str
    url: str
    events: Sequence[str]
    description: str
    style: WebhookStyle
    sealed: bytes
    sealed_before: bytes | None
    before_until: int | None
    ended: WebhookEnd | None
    failing_since: int | None
    last_error: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event for one webhook."""

    seq: int
    id: str
    type: str
    state: DeliveryState
    attempts: int
    next_at: int
    last_error: str | None
    created_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """What came of one attempt."""

    attempt: int
    at: int
    milliseconds: int
    #: The status that was answered, if any was.
    status: int | None
    #: Why it failed: a code, and never the other side's words.
    error: str | None
    #: The beginning of what was answered.
    answer: str | None
