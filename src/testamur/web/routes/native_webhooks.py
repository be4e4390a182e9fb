"""The native API under /v1: systems that are told of events."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Scope
from testamur.core.webhooks import (
    DeliveryState,
    Webhook,
    WebhookAttempt,
    WebhookDelivery,
)
from testamur.core.words import Caller
from testamur.dialects.native import webhooks as wire_of
from testamur.dialects.native import wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..queries import LIMIT_SCHEMA, documented, query_of
from ..verbs import Verbs

FILTERS: Mapping[str, dict[str, object]] = {
    "state": {"type": "string", "enum": wire_of.STATES},
    "after": {"type": "string", "description": "What the page before called next"},
    "limit": LIMIT_SCHEMA,
}


class WebhookVerbs(Protocol):
    """What is done with a tenant's webhooks."""

    def add(self, by: Caller, wanted: Mapping[str, Any]) -> tuple[Webhook, str]:
        """Add a webhook; return it and its secret; or refuse."""
        ...

    def listing(self, by: Caller) -> Sequence[Webhook]:
        """Return the tenant's webhooks."""
        ...

    def one(self, by: Caller, name: str) -> Webhook:
        """Return one of them, or refuse."""
        ...

    def change(self, by: Caller, name: str, changed: Mapping[str, Any]) -> Webhook:
        """Change one, or refuse."""
        ...

    def remove(self, by: Caller, name: str) -> None:
        """Remove one, or refuse."""
        ...

    def rotate(self, by: Caller, name: str) -> tuple[Webhook, str]:
        """Give one another secret, or refuse."""
        ...

    def ping(self, by: Caller, name: str) -> str:
        """Have one be told that nothing happened, or refuse."""
        ...

    def deliveries(
        self,
        by: Caller,
        name: str,
        state: DeliveryState | None,
        after: str | None,
        limit: int,
    ) -> tuple[Sequence[WebhookDelivery], str | None]:
        """Return deliveries, newest first, and where to go on; or refuse."""
        ...

    def delivery(
        self, by: Caller, name: str, delivery: str
    ) -> tuple[WebhookDelivery, Sequence[WebhookAttempt]]:
        """Return one with its attempts, or refuse."""
        ...

    def replay(self, by: Caller, name: str, delivery: str) -> None:
        """Tell one again, or refuse."""
        ...

    def replay_since(self, by: Caller, name: str, since: int) -> int:
        """Tell again all that are parked since a moment; say how many; or refuse."""
        ...


def webhook_routes(verbs: Verbs, webhooks: WebhookVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/v1/webhooks", tags=["Webhooks"], responses=wire.PROBLEMS
    )

    @router.get(
        "",
        summary="List webhooks",
        openapi_extra={"x-scope": Scope.WEBHOOKS_READ},
    )
    async def listing(request: Request) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_READ)
        query_of(request, allowed=())
        found = await verbs.ask(webhooks.listing, known)
        return json_answer({"webhooks": [wire_of.spelled(one) for one in found]})

    @router.post(
        "",
        status_code=201,
        summary="Have a system be told of events; the answer has the secret, once",
        openapi_extra={"x-scope": Scope.WEBHOOKS_MANAGE, **_taking(wire_of.BODY)},
    )
    async def add(request: Request) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        wanted = wire_of.wanted(await receive_json(request))
        found, secret = await verbs.ask_slowly(webhooks.add, known, wanted)
        return json_answer({**wire_of.spelled(found), "secret": secret}, 201)

    @router.get(
        "/{id}",
        summary="Show a webhook",
        openapi_extra={"x-scope": Scope.WEBHOOKS_READ},
    )
    async def show(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_READ)
        query_of(request, allowed=())
        found = await verbs.ask(webhooks.one, known, name)
        return json_answer(wire_of.spelled(found))

    @router.patch(
        "/{id}",
        summary="Change, disable or enable a webhook",
        openapi_extra={
            "x-scope": Scope.WEBHOOKS_MANAGE,
            **_taking(wire_of.CHANGE_BODY),
        },
    )
    async def change(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        await verbs.ask(webhooks.one, known, name)
        changed = wire_of.changed(await receive_json(request))
        found = await verbs.ask_slowly(webhooks.change, known, name, changed)
        return json_answer(wire_of.spelled(found))

    @router.delete(
        "/{id}",
        status_code=204,
        summary="Remove a webhook; what waits for it is not told",
        openapi_extra={"x-scope": Scope.WEBHOOKS_MANAGE},
    )
    async def remove(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        await verbs.ask_slowly(webhooks.remove, known, name)
        return Response(status_code=204)

    @router.post(
        "/{id}/rotate",
        summary="Give a webhook another secret; the old one signs for a day more",
        openapi_extra={"x-scope": Scope.WEBHOOKS_MANAGE},
    )
    async def rotate(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        found, secret = await verbs.ask_slowly(webhooks.rotate, known, name)
        return json_answer({**wire_of.spelled(found), "secret": secret})

    @router.post(
        "/{id}/test",
        status_code=202,
        summary="Tell a webhook that nothing happened: webhook.ping",
        openapi_extra={"x-scope": Scope.WEBHOOKS_MANAGE},
    )
    async def test(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        found = await verbs.ask_slowly(webhooks.ping, known, name)
        return json_answer({"deliveryId": found}, 202)

    @router.get(
        "/{id}/deliveries",
        summary="List what a webhook was told, newest first",
        openapi_extra={"x-scope": Scope.WEBHOOKS_READ, **documented(FILTERS)},
    )
    async def deliveries(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_READ)
        query = query_of(request, allowed=FILTERS)
        state = query.choice("state", wire_of.STATES)
        found, after = await verbs.ask(
            webhooks.deliveries,
            known,
            name,
            None if state is None else DeliveryState(state),
            query.one("after"),
            query.limit(default=20),
        )
        told = [wire_of.delivery(one) for one in found]
        return json_answer({"deliveries": told, "next": after})

    @router.post(
        "/{id}/replay",
        status_code=202,
        summary="Tell a webhook again what is parked since a moment",
        openapi_extra={
            "x-scope": Scope.WEBHOOKS_MANAGE,
            **_taking(wire_of.REPLAY_BODY),
        },
    )
    async def replay_since(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        await verbs.ask(webhooks.one, known, name)
        since = wire_of.replayed_since(await receive_json(request))
        count = await verbs.ask_slowly(webhooks.replay_since, known, name, since)
        return json_answer({"replayed": count}, 202)

    @router.get(
        "/{id}/deliveries/{delivery}",
        summary="Show one delivery with each attempt",
        openapi_extra={"x-scope": Scope.WEBHOOKS_READ},
    )
    async def delivery(
        request: Request, delivery: str, name: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_READ)
        query_of(request, allowed=())
        found, tried = await verbs.ask(webhooks.delivery, known, name, delivery)
        return json_answer(wire_of.delivery(found, tried))

    @router.post(
        "/{id}/deliveries/{delivery}/replay",
        status_code=202,
        summary="Tell a webhook of one event again, under the same id",
        openapi_extra={"x-scope": Scope.WEBHOOKS_MANAGE},
    )
    async def replay(
        request: Request, delivery: str, name: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_MANAGE)
        await verbs.ask_slowly(webhooks.replay, known, name, delivery)
        return json_answer({"deliveryId": delivery}, 202)

    return router


def _taking(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        }
    }
