"""The native API under /v1: erasing a person."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import (
    MAX_ACT_REASON_CHARACTERS,
    MAX_NAMED_CERTIFICATES,
    Scope,
)
from testamur.dialects.native import read, spell, wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..verbs import Verbs

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "email": {"type": "string", "description": "Of the recipient, whole"},
        "certificateIds": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": MAX_NAMED_CERTIFICATES,
            "description": "In place of email",
        },
        "reason": {
            "type": "string",
            "maxLength": MAX_ACT_REASON_CHARACTERS,
            "description": "Is kept: name no person",
        },
    },
}


def erasure_routes(verbs: Verbs) -> APIRouter:
    """Return the route by which persons are erased."""
    router = APIRouter(prefix="/v1", tags=["Certificates"], responses=wire.PROBLEMS)

    @router.post(
        "/erasures",
        summary="Erase a person: their certificates, rows, pictures and uploads",
        openapi_extra={
            "x-scope": Scope.CERTIFICATES_ERASE,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": SCHEMA}},
            },
        },
    )
    async def erase(request: Request) -> Response:
        known = await caller(request, verbs, Scope.CERTIFICATES_ERASE)
        person, reason = read.erasure(await receive_json(request))
        done = await verbs.ask_slowly(verbs.standings.erase, known, person, reason)
        return json_answer(spell.erasure(done))

    return router
