"""What this room needs: somewhere to keep webhooks, and somebody who calls them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from testamur.core.webhooks import (
    DeliveryState,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEnd,
)


@dataclass(frozen=True, slots=True)
class Call:
    """An event that nobody else tells this webhook of for now."""

    seq: int
    id: str
    webhook: Webhook
    type: str
    body: bytes
    #: How often it was tried, this time included.
    attempts: int
    #: Grows with every lease: whoever has an old one can change nothing any more.
    token: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook's system answered, or why there is no answer."""

    status: int | None
    #: A code such as `url_timeout`; None when the status says it all.
    error: str | None
    #: The beginning of the body.
    beginning: str = ""
    #: How long to wait, in milliseconds, where it said so.
    retry_after: int | None = None


class Caller(Protocol):
    """Who posts to addresses, through the wall that fetching has."""

    def problem_with(self, url: str) -> str | None:
        """Say what is wrong with an address, or None: as far as it shows by now."""
        ...

    def host_of(self, url: str) -> str:
        """Return what an address is paced by."""
        ...

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post *body* once; takes 15 seconds at most, whatever the other side does."""
        ...


class WebhookStore(Protocol):
    """The webhooks."""

    def add(self, webhook: Webhook, *, most: int, by: str) -> bool:
        """Keep a webhook that is told from now on; False when there are *most*."""
        ...

    def of_tenant(self, tenant_id: str) -> Sequence[Webhook]:
        """Return a tenant's webhooks, but those removed, in the order they came."""
        ...

    def one(self, tenant_id: str, name: str) -> Webhook | None:
        """Return one of them."""
        ...

    def change(self, webhook: Webhook, *, drops: bool, by: str, what: str) -> None:
        """
        Keep what is different of *webhook*; have it be in the log of acts as *what*.

        Where it *drops*, what waits for it is told to nobody.
        """
        ...


class CallStore(Protocol):
    """What webhooks have to be told, and what came of it."""

    def fan_out(self, now: int, limit: int) -> int:
        """Make deliveries of up to *limit* events for each webhook; return how many."""
        ...

    def due(self, now: int) -> Sequence[Webhook]:
        """Return the webhooks for which something is due, each as likely first."""
        ...

    def lease(
        self, webhook: Webhook, now: int, until: int, limit: int, most: int
    ) -> Sequence[Call]:
        """
        Take up to *limit* that are due; nobody else takes them before *until*.

        Counts an attempt of each. One that had *most* already is parked.
        """
        ...

    def ping(self, webhook: Webhook, now: int) -> str:
        """Have a webhook be told that nothing happened; return the delivery's id."""
        ...

    def settle(
        self,
        call: Call,
        attempt: WebhookAttempt,
        state: DeliveryState,
        *,
        next_at: int | None = None,
        ends: WebhookEnd | None = None,
    ) -> None:
        """Note what came of an attempt: nothing is lost when it cannot be noted."""
        ...

    def free(self) -> None:
        """Give up every lease: whoever had one is dead."""
        ...

    def page(
        self, webhook: Webhook, state: DeliveryState | None, before: int, limit: int
    ) -> Sequence[WebhookDelivery]:
        """Return deliveries, the newest first, with a `seq` below *before*."""
        ...

    def attempts(
        self, webhook: Webhook, delivery: str
    ) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]] | None:
        """Return one delivery with its attempts."""
        ...

    def replay(
        self, webhook: Webhook, delivery: str | None, since: int, now: int
    ) -> int:
        """
        Have one delivery be told again, or all that are parked *since* a moment.

        Return how many.
        """
        ...

    def tidy(self, before: int) -> None:
        """Forget what ended before a moment."""
        ...
