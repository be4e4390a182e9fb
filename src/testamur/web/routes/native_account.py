"""The native API under /v1: certificates, keys, usage, the tenant itself."""

from collections.abc import Mapping

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Scope
from testamur.core.refusals import Kind, Refusal
from testamur.dialects.native import read, spell, wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..queries import LIMIT_SCHEMA, documented, query_of
from ..verbs import Verbs

FILTERS: Mapping[str, dict[str, object]] = {
    "jobId": {"type": "string"},
    "batchId": {"type": "string"},
    "email": {"type": "string", "description": "Of the recipient, whole"},
    "reference": {"type": "string", "description": "Such as PB-ABC123DEF456"},
    "after": {"type": "string", "description": "What the page before called next"},
    "limit": LIMIT_SCHEMA,
}

AUDIT_FILTERS: Mapping[str, dict[str, object]] = {
    "act": {"type": "string", "description": "Such as api_key.revoke"},
    "since": {"type": "string", "description": "A date, or a moment as in RFC 3339"},
    "before": {"type": "string", "description": "What the page before called next"},
    "limit": LIMIT_SCHEMA,
}

PERIOD = {
    name: {"type": "string", "description": "A date, or a moment as in RFC 3339"}
    for name in ("since", "until")
}

KEY_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "scopes": {
            "type": "array",
            "items": {"type": "string", "enum": [str(scope) for scope in Scope]},
            "description": "Those of the key that asks, when left out",
        },
        "expiresAt": {"type": "string", "format": "date-time"},
    },
}


def account_routes(verbs: Verbs) -> APIRouter:
    """Return the routes of what a tenant has."""
    router = APIRouter(prefix="/v1", responses=wire.PROBLEMS)
    account = verbs.account

    @router.get(
        "/certificates",
        tags=["Certificates"],
        summary="List certificates, newest first",
        openapi_extra={"x-scope": Scope.CERTIFICATES_READ, **documented(FILTERS)},
    )
    async def certificates(request: Request) -> Response:
        known = await caller(request, verbs, Scope.CERTIFICATES_READ)
        query = query_of(request, allowed=FILTERS)
        limit = query.limit(default=20)
        wanted = {name: query.one(name) for name in FILTERS if name != "limit"}
        found, after = await verbs.ask(
            account.certificates, known.tenant.id, wanted, limit
        )
        now = account.now()
        return json_answer(
            {
                "certificates": [
                    spell.certificate(one, account.public_url, now) for one in found
                ],
                "next": after,
            }
        )

    @router.get(
        "/certificates/{id}",
        tags=["Certificates"],
        summary="Read one certificate",
        openapi_extra={"x-scope": Scope.CERTIFICATES_READ},
    )
    async def certificate(
        request: Request, certificate_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.CERTIFICATES_READ)
        try:
            found = await verbs.ask(
                account.certificate, known.tenant.id, certificate_id
            )
        except Refusal as refusal:
            if refusal.kind is not Kind.GONE:
                raise
            left = await verbs.ask(account.erased, known.tenant.id, certificate_id)
            assert left is not None, "it is the tenant's, or it would not be gone"
            return json_answer(spell.erased_certificate(left, account.public_url))
        return json_answer(spell.certificate(found, account.public_url, account.now()))

    @router.get(
        "/tenant",
        tags=["Account"],
        summary="Read your tenant and its plan",
        openapi_extra={"x-scope": Scope.BULK_MINT},
    )
    async def tenant(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        return json_answer(spell.tenant(known.tenant))

    @router.get(
        "/usage",
        tags=["Account"],
        summary="What was issued, and what it costs",
        openapi_extra={"x-scope": Scope.BILLING_READ, **documented(PERIOD)},
    )
    async def usage(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BILLING_READ)
        query = query_of(request, allowed=PERIOD)
        since = read.moment(query.one("since"), "since")
        until = read.moment(query.one("until"), "until")
        found = await verbs.ask_slowly(account.usage, known.tenant, since, until)
        return json_answer(spell.usage(found))

    @router.get(
        "/keys",
        tags=["Keys"],
        summary="List API keys",
        openapi_extra={"x-scope": Scope.KEYS_MANAGE},
    )
    async def keys(request: Request) -> Response:
        known = await caller(request, verbs, Scope.KEYS_MANAGE)
        found = await verbs.ask(account.keys, known.tenant)
        return json_answer({"keys": [spell.key(one) for one in found]})

    @router.post(
        "/keys",
        tags=["Keys"],
        status_code=201,
        summary="Create an API key; this answer alone holds it",
        openapi_extra={
            "x-scope": Scope.KEYS_MANAGE,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": KEY_SCHEMA}},
            },
        },
    )
    async def create_key(request: Request) -> Response:
        known = await caller(request, verbs, Scope.KEYS_MANAGE)
        wanted = read.new_key(await receive_json(request))
        made = await verbs.ask_slowly(
            account.create_key, known, wanted.name, wanted.scopes, wanted.expires_at
        )
        return json_answer(spell.new_key(made), 201)

    @router.delete(
        "/keys/{id}",
        tags=["Keys"],
        status_code=204,
        summary="Revoke an API key for ever",
        openapi_extra={"x-scope": Scope.KEYS_MANAGE},
    )
    async def revoke_key(request: Request, key_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.KEYS_MANAGE)
        await verbs.ask_slowly(account.revoke_key, known, key_id)
        return Response(status_code=204)

    @router.get(
        "/audit",
        tags=["Account"],
        summary="List what was done with your keys and certificates, newest first",
        openapi_extra={"x-scope": Scope.AUDIT_READ, **documented(AUDIT_FILTERS)},
    )
    async def audit(request: Request) -> Response:
        known = await caller(request, verbs, Scope.AUDIT_READ)
        query = query_of(request, allowed=AUDIT_FILTERS)
        limit = query.limit(default=20)
        wanted = {name: query.one(name) for name in AUDIT_FILTERS if name != "limit"}
        since = read.moment(wanted["since"], "since")
        found, before = await verbs.ask_slowly(
            account.audit,
            known.tenant.id,
            {**wanted, "since": None if since is None else str(since)},
            limit,
        )
        return json_answer(
            {
                "entries": [spell.audit_line(one) for one in found],
                "next": None if before is None else str(before),
            }
        )

    return router
