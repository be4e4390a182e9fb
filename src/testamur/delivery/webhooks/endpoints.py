"""A tenant's webhooks: made, changed, shown, tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from testamur.core.clock import DAY, Clock
from testamur.core.ids import new_id
from testamur.core.refusals import Kind, Refusal
from testamur.core.webhooks import (
    EVENT_NAMES,
    EVERYTHING,
    MAX_DESCRIPTION_CHARACTERS,
    MAX_WEBHOOKS,
    Webhook,
    WebhookEnd,
    WebhookStyle,
)

from .ports import Caller, CallStore, WebhookStore
from .signing import make_secret, seal, shown

#: How long the secret before the newest one still signs.
OVERLAP = DAY


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; None: as it was."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    style: WebhookStyle | None = None
    is_enabled: bool | None = None


class Webhooks:
    """The webhooks of all tenants."""

    def __init__(
        self,
        store: WebhookStore,
        calls: CallStore,
        caller: Caller,
        sealing: Callable[[], bytes],
        clock: Clock,
    ) -> None:
        """*sealing* returns what secrets are sealed with."""
        self._store = store
        self._calls = calls
        self._caller = caller
        self._sealing = sealing
        self._clock = clock

    def add(
        self,
        tenant_id: str,
        url: str,
        events: Sequence[str],
        *,
        description: str = "",
        style: WebhookStyle = WebhookStyle.STANDARD,
        secret: bytes | None = None,
        by: str,
    ) -> tuple[Webhook, str]:
        """
        Have *url* be told of *events* from now on; return the secret, once.

        Raises:
            Refusal: INVALID, naming the field; CONFLICT `webhook_limit`.
        """
        self._look_at(Change(url, events, description))
        secret = secret or make_secret()
        name = new_id()
        webhook = Webhook(
            seq=0,
            id=name,
            tenant_id=tenant_id,
            url=url,
            events=tuple(dict.fromkeys(events)),
            description=description,
            style=style,
            sealed=seal(secret, name, sealing=self._sealing()),
            sealed_before=None,
            before_until=None,
            ended=None,
            failing_since=None,
            last_error=None,
            created_at=self._clock(),
        )
        if not self._store.add(webhook, most=MAX_WEBHOOKS, by=by):
            raise Refusal(
                Kind.CONFLICT,
                "webhook_limit",
                f"There are {MAX_WEBHOOKS} webhooks, and no room for more. Remove one "
                "that is not needed.",
            )
        return self.one(tenant_id, name), shown(secret)

    def listing(self, tenant_id: str) -> Sequence[Webhook]:
        """Return a tenant's webhooks in the order they came."""
        return self._store.of_tenant(tenant_id)

    def one(self, tenant_id: str, name: str) -> Webhook:
        """
        Return one webhook.

        Raises:
            Refusal: NOT_FOUND.
        """
        found = self._store.one(tenant_id, name)
        if found is None:
            raise Refusal(
                Kind.NOT_FOUND, "not_found", "There is no such webhook. Check its id."
            )
        return found

    def change(self, tenant_id: str, name: str, change: Change, *, by: str) -> Webhook:
        """
        Change a webhook. One that moves or is paused is told nothing that waited.

        Raises:
            Refusal: NOT_FOUND; INVALID, naming the field.
        """
        old = self.one(tenant_id, name)
        self._look_at(change)
        new = replace(
            old,
            url=old.url if change.url is None else change.url,
            events=old.events
            if change.events is None
            else tuple(dict.fromkeys(change.events)),
            description=old.description
            if change.description is None
            else change.description,
            style=change.style or old.style,
        )
        if change.is_enabled is False and old.ended is None:
            new = replace(new, ended=WebhookEnd.PAUSED)
        if change.is_enabled and old.ended is not None:
            new = replace(new, ended=None, failing_since=None)
        moved = new.url != old.url
        if moved:
            new = replace(new, failing_since=None, last_error=None)
        if new != old:
            drops = moved or new.ended is not None
            self._store.change(new, drops=drops, by=by, what="webhook.change")
        return self.one(tenant_id, name)

    def remove(self, tenant_id: str, name: str, *, by: str) -> None:
        """
        Tell a webhook nothing any more, and forget its secret.

        Raises:
            Refusal: NOT_FOUND.
        """
        old = self.one(tenant_id, name)
        gone = replace(old, ended=WebhookEnd.REMOVED, sealed=b"", sealed_before=None)
        self._store.change(gone, drops=True, by=by, what="webhook.remove")

    def rotate(self, tenant_id: str, name: str, *, by: str) -> tuple[Webhook, str]:
        """
        Give a webhook another secret, shown once; the old one signs for a day more.

        Raises:
            Refusal: NOT_FOUND.
        """
        old = self.one(tenant_id, name)
        secret = make_secret()
        new = replace(
            old,
            sealed=seal(secret, old.id, sealing=self._sealing()),
            sealed_before=old.sealed,
            before_until=self._clock() + OVERLAP,
        )
        self._store.change(new, drops=False, by=by, what="webhook.rotate")
        return self.one(tenant_id, name), shown(secret)

    def ping(self, tenant_id: str, name: str) -> str:
        """
        Have a webhook be told `webhook.ping` now; return the delivery's id.

        Raises:
            Refusal: NOT_FOUND; CONFLICT when it is not told of anything.
        """
        found = self.one(tenant_id, name)
        if found.ended is not None:
            raise Refusal(
                Kind.CONFLICT,
                "webhook_disabled",
                "This webhook is disabled. Enable it first.",
            )
        return self._calls.ping(found, self._clock())

    def _look_at(self, change: Change) -> None:
        """Refuse what cannot be."""
        if change.url is not None and (why := self._caller.problem_with(change.url)):
            raise Refusal(
                Kind.INVALID,
                "webhook_url",
                f"The address cannot be used: {why}.",
                at="url",
            )
        if change.events is not None:
            _look_at_events(change.events)
        if len(change.description or "") > MAX_DESCRIPTION_CHARACTERS:
            raise Refusal(
                Kind.INVALID,
                "parameter_invalid",
                f"A description has up to {MAX_DESCRIPTION_CHARACTERS} characters.",
                at="description",
            )


def _look_at_events(events: Sequence[str]) -> None:
    if not events:
        raise Refusal(
            Kind.INVALID,
            "parameter_invalid",
            'Name at least one event, or ["*"] for all of them.',
            at="events",
        )
    for one in events:
        if one != EVERYTHING and one not in EVENT_NAMES:
            raise Refusal(
                Kind.INVALID,
                "unknown_event",
                f"There is no event {one[:64]!r}. There are: {', '.join(EVENT_NAMES)}.",
                at="events",
            )
