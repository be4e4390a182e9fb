"""Webhooks: as the web and the command line use them, and told by the server."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from testamur.adapters.http.hooks import HookCaller
from testamur.adapters.sql.webhook_calls import SqlCalls
from testamur.adapters.sql.webhooks import SqlWebhooks
from testamur.core.clock import DAY
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.core.webhooks import (
    DeliveryState,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
    WebhookStyle,
)
from testamur.core.words import Caller
from testamur.delivery.webhooks.calling import Announcer
from testamur.delivery.webhooks.endpoints import Change, Webhooks
from testamur.delivery.webhooks.signing import SEALING

from .logs import log
from .office import Office

USER_AGENT = "Testamur (webhooks)"

#: How often is looked for what happened.
LOOK_SECONDS = 0.25

#: How long a delivery and its attempts are shown.
KEPT = 30 * DAY

#: How often what is older is looked for.
TIDY_SECONDS = 3_600.0

#: No page begins behind it.
NEWEST = 2**63 - 1


def caller_of(office: Office) -> HookCaller:
    """Return who posts to the webhooks of *office*."""
    return HookCaller(
        allow=office.settings.fetch_allow,
        own_hosts=[office.public_host],
        user_agent=USER_AGENT,
        clock=office.clock,
    )


def webhooks_of(office: Office) -> Webhooks:
    """Return the webhooks of *office*."""
    return Webhooks(
        SqlWebhooks(office.database, office.clock),
        SqlCalls(office.database),
        caller_of(office),
        lambda: office.secret.derive(SEALING),
        office.clock,
    )


def announcer_of(office: Office) -> Announcer:
    """Return what tells them."""
    return Announcer(
        SqlCalls(office.database),
        caller_of(office),
        lambda: office.secret.derive(SEALING),
        office.clock,
    )


@contextmanager
def announcing(office: Office) -> Iterator[None]:
    """Tell webhooks of events, for as long as the block runs."""
    calls = SqlCalls(office.database)
    if office.settings.is_embedded:
        calls.free()  # whoever called died with the last server
    stopping = threading.Event()

    def work() -> None:
        announcer = announcer_of(office)
        tidied = 0
        told = ""
        while not stopping.is_set():
            is_busy = False
            try:
                is_busy = announcer.step(LOOK_SECONDS) > 0
                now = office.clock()
                if now - tidied > TIDY_SECONDS * 1000:
                    calls.tidy(now - KEPT)
                    tidied = now
                told = ""
            except Fault as trouble:
                if str(trouble) != told:  # once, and not each time
                    log.warning("webhooks were not told", trouble=str(trouble))
                told = str(trouble)
            except Exception:
                log.exception("webhooks were not told")
            if not is_busy:
                stopping.wait(LOOK_SECONDS)
        announcer.close()

    thread = threading.Thread(target=work, name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(2 * LOOK_SECONDS)


@dataclass(frozen=True)
class TenantWebhooks:
    """The webhooks of one tenant, and who asks."""

    office: Office
    tenant_id: str
    by: str

    def add(self, wanted: Mapping[str, Any]) -> tuple[Webhook, str]:
        """Add one, or refuse."""
        return self.office.webhooks.add(
            self.tenant_id,
            wanted["url"],
            wanted["events"],
            description=wanted.get("description", ""),
            style=WebhookStyle(wanted.get("style", WebhookStyle.STANDARD)),
            by=self.by,
        )

    def listing(self) -> Sequence[Webhook]:
        """Return all."""
        return self.office.webhooks.listing(self.tenant_id)

    def one(self, name: str) -> Webhook:
        """Return one, or refuse."""
        return self.office.webhooks.one(self.tenant_id, name)

    def change(self, name: str, changed: Mapping[str, Any]) -> Webhook:
        """Change one, or refuse."""
        change = Change(
            changed.get("url"),
            changed.get("events"),
            changed.get("description"),
            WebhookStyle(changed["style"]) if "style" in changed else None,
            changed.get("enabled"),
        )
        return self.office.webhooks.change(self.tenant_id, name, change, by=self.by)

    def remove(self, name: str) -> None:
        """Remove one, or refuse."""
        self.office.webhooks.remove(self.tenant_id, name, by=self.by)

    def rotate(self, name: str) -> tuple[Webhook, str]:
        """Give one another secret, or refuse."""
        return self.office.webhooks.rotate(self.tenant_id, name, by=self.by)

    def ping(self, name: str) -> str:
        """Have one be told that nothing happened, or refuse."""
        return self.office.webhooks.ping(self.tenant_id, name)

    def deliveries(
        self, name: str, state: DeliveryState | None, after: str | None, limit: int
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return deliveries, newest first, and where to go on; or refuse."""
        webhook = self.one(name)
        before = NEWEST
        if after is not None:
            if not (after.isascii() and after.isdigit() and len(after) < 19):
                raise Refusal(
                    Kind.INVALID,
                    "parameter_invalid",
                    "Send what the page before called next.",
                    at="after",
                )
            before = int(after)
        found = self._calls.page(webhook, state, before, limit + 1)
        page = found[:limit]
        return page, str(page[-1].seq) if len(found) > limit else None

    def delivery(
        self, name: str, delivery: str
    ) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]]:
        """Return one with its attempts, or refuse."""
        found = self._calls.attempts(self.one(name), delivery)
        if found is None:
            raise _no_such_delivery()
        return found

    def replay(self, name: str, delivery: str) -> None:
        """Tell one again, or refuse."""
        webhook = self._told(name)
        found, _ = self.delivery(name, delivery)
        if found.state is DeliveryState.QUEUED:
            raise Refusal(
                Kind.CONFLICT,
                "delivery_queued",
                "It waits for its turn already. Nothing has to be done.",
            )
        self._calls.replay(webhook, delivery, 0, self.office.clock())

    def replay_since(self, name: str, since: int) -> int:
        """Tell again all that are parked since a moment; say how many; or refuse."""
        webhook = self._told(name)
        return self._calls.replay(webhook, None, since, self.office.clock())

    @property
    def _calls(self) -> SqlCalls:
        return SqlCalls(self.office.database)

    def _told(self, name: str) -> Webhook:
        webhook = self.one(name)
        if webhook.ended is not None:
            raise Refusal(
                Kind.CONFLICT,
                "webhook_disabled",
                "This webhook is disabled. Enable it first.",
            )
        return webhook


@dataclass(frozen=True)
class SiteWebhooks:
    """`web.routes.native_webhooks.WebhookVerbs` by the delivery room."""

    office: Office

    def add(self, by: Caller, wanted: Mapping[str, Any]) -> tuple[Webhook, str]:
        """Add one, or refuse."""
        return self._of(by).add(wanted)

    def listing(self, by: Caller) -> Sequence[Webhook]:
        """Return all of the caller's tenant."""
        return self._of(by).listing()

    def one(self, by: Caller, name: str) -> Webhook:
        """Return one, or refuse."""
        return self._of(by).one(name)

    def change(self, by: Caller, name: str, changed: Mapping[str, Any]) -> Webhook:
        """Change one, or refuse."""
        return self._of(by).change(name, changed)

    def remove(self, by: Caller, name: str) -> None:
        """Remove one, or refuse."""
        self._of(by).remove(name)

    def rotate(self, by: Caller, name: str) -> tuple[Webhook, str]:
        """Give one another secret, or refuse."""
        return self._of(by).rotate(name)

    def ping(self, by: Caller, name: str) -> str:
        """Have one be told that nothing happened, or refuse."""
        return self._of(by).ping(name)

    def deliveries(
        self,
        by: Caller,
        name: str,
        state: DeliveryState | None,
        after: str | None,
        limit: int,
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return deliveries, or refuse."""
        return self._of(by).deliveries(name, state, after, limit)

    def delivery(
        self, by: Caller, name: str, delivery: str
    ) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]]:
        """Return one with its attempts, or refuse."""
        return self._of(by).delivery(name, delivery)

    def replay(self, by: Caller, name: str, delivery: str) -> None:
        """Tell one again, or refuse."""
        self._of(by).replay(name, delivery)

    def replay_since(self, by: Caller, name: str, since: int) -> int:
        """Tell again what is parked since a moment, or refuse."""
        return self._of(by).replay_since(name, since)

    def _of(self, by: Caller) -> TenantWebhooks:
        return TenantWebhooks(self.office, by.tenant.id, by.credential_id)


def _no_such_delivery() -> Refusal:
    return Refusal(
        Kind.NOT_FOUND, "not_found", "There is no such delivery. Check its id."
    )


@dataclass(frozen=True)
class OfficeWebhooks:
    """`cli.house.WebhookDesk` on an open office."""

    office: Office
    by: str

    def of(self, slug: str) -> TenantWebhooks:
        """Return what is done with one tenant's webhooks, or refuse."""
        tenant = self.office.tenants.find(slug)
        return TenantWebhooks(self.office, tenant.id, self.by)
