"""The native API under /v1: addresses that are not written to any more."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Scope
from testamur.core.suppressions import Suppression, SuppressionReason
from testamur.core.words import Caller
from testamur.dialects.native import suppressions as wire_of
from testamur.dialects.native import wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..queries import LIMIT_SCHEMA, documented, query_of
from ..verbs import Verbs

FILTERS: Mapping[str, dict[str, object]] = {
    "address": {"type": "string", "description": "Whole, in any letters"},
    "reason": {"type": "string", "enum": wire_of.REASONS},
    "after": {"type": "string", "description": "What the page before called next"},
    "limit": LIMIT_SCHEMA,
}


class SuppressionVerbs(Protocol):
    """What is done with a tenant's suppression list."""

    def page(
        self,
        by: Caller,
        address: str | None,
        reason: SuppressionReason | None,
        after: str | None,
        limit: int,
    ) -> tuple[Sequence[Suppression], str | None]:
        """Return entries, newest first, and where to go on; or refuse."""
        ...

    def add(
        self, by: Caller, address: str, reason: SuppressionReason
    ) -> tuple[Suppression, bool]:
        """Put an address on the list; say whether it is new there; or refuse."""
        ...

    def remove(self, by: Caller, name: str) -> None:
        """Take an entry off the list, or refuse."""
        ...


def suppression_routes(verbs: Verbs, suppressions: SuppressionVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/v1/suppressions", tags=["Mail"], responses=wire.PROBLEMS
    )

    @router.get(
        "",
        summary="List addresses that are not written to, newest first",
        openapi_extra={"x-scope": Scope.MAIL_READ, **documented(FILTERS)},
    )
    async def listing(request: Request) -> Response:
        known = await caller(request, verbs, Scope.MAIL_READ)
        query = query_of(request, allowed=FILTERS)
        reason = query.choice("reason", wire_of.REASONS)
        found, after = await verbs.ask(
            suppressions.page,
            known,
            query.one("address"),
            None if reason is None else SuppressionReason(reason),
            query.one("after"),
            query.limit(default=20),
        )
        entries = [wire_of.spelled(one) for one in found]
        return json_answer({"suppressions": entries, "next": after})

    @router.post(
        "",
        status_code=201,
        summary="Write to an address no more",
        responses={200: {"description": "It was on the list for this reason"}},
        openapi_extra={
            "x-scope": Scope.MAIL_MANAGE,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": wire_of.BODY}},
            },
        },
    )
    async def add(request: Request) -> Response:
        known = await caller(request, verbs, Scope.MAIL_MANAGE)
        address, reason = wire_of.entry(await receive_json(request))
        found, is_new = await verbs.ask_slowly(suppressions.add, known, address, reason)
        return json_answer(wire_of.spelled(found), 201 if is_new else 200)

    @router.delete(
        "/{id}",
        status_code=204,
        summary="Take an entry off the suppression list",
        openapi_extra={"x-scope": Scope.MAIL_MANAGE},
    )
    async def remove(request: Request, name: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.MAIL_MANAGE)
        await verbs.ask_slowly(suppressions.remove, known, name)
        return Response(status_code=204)

    return router
