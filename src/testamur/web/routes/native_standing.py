"""The native API under /v1: taking certificates back, and putting them right."""

from typing import Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.acts import Chosen
from testamur.core.lifecycle import StandingEvent
from testamur.core.policy import (
    MAX_ACT_REASON_CHARACTERS,
    MAX_NAMED_CERTIFICATES,
    Scope,
)
from testamur.core.words import Progress
from testamur.dialects.native import read, spell, wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller, creating, idempotency_key
from ..verbs import Verbs

REASON: dict[str, Any] = {
    "type": "string",
    "maxLength": MAX_ACT_REASON_CHARACTERS,
    "description": "Everybody may read it: name no person",
}

NAMES: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string"},
    "minItems": 1,
    "maxItems": MAX_NAMED_CERTIFICATES,
}

REASON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {"reason": REASON},
}

CHANGE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["action", "reason"],
    "additionalProperties": False,
    "properties": {
        "action": {"type": "string", "enum": [str(one) for one in StandingEvent]},
        "reason": REASON,
        "certificateIds": NAMES,
        "references": NAMES,
        "batchId": {"type": "string"},
        "jobId": {"type": "string"},
    },
}

#: As in a row that comes as JSON; null takes a value away.
CHANGES_SCHEMA: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": False,
    "properties": {
        **{
            name: {"type": ["string", "null"]}
            for name in (
                "name",
                "description",
                "category",
                "recipientEmail",
                "recipientName",
                "imageUrl",
            )
        },
        "expiryDays": {"type": ["integer", "null"]},
        "attributes": {
            "type": "object",
            "additionalProperties": {"type": ["string", "null"]},
            "description": "Those that are not named stay",
        },
    },
}

SUMMARIES = {
    StandingEvent.REVOKE: "Take a certificate back, for ever",
    StandingEvent.SUSPEND: "Have a certificate not relied on for now",
    StandingEvent.REINSTATE: "End a suspension",
}


def standing_routes(verbs: Verbs) -> APIRouter:
    """Return the routes of what is done to certificates."""
    router = APIRouter(prefix="/v1", tags=["Certificates"], responses=wire.PROBLEMS)

    @router.post(
        "/standings",
        summary="Revoke, suspend or reinstate many certificates, a job's or a batch's",
        openapi_extra={
            "x-scope": Scope.CERTIFICATES_REVOKE,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": CHANGE_SCHEMA}},
            },
        },
    )
    async def change(request: Request) -> Response:
        known = await caller(request, verbs, Scope.CERTIFICATES_REVOKE)
        wanted = read.standing_change(await receive_json(request))
        done = await verbs.ask_slowly(
            verbs.standings.change, known, wanted.event, wanted.chosen, wanted.reason
        )
        return json_answer(spell.done(wanted.event, done))

    def one(event: StandingEvent) -> None:
        @router.post(
            f"/certificates/{{id}}/{event}",
            name=f"{event}_certificate",
            summary=SUMMARIES[event],
            openapi_extra={
                "x-scope": Scope.CERTIFICATES_REVOKE,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": REASON_SCHEMA}},
                },
            },
        )
        async def change_one(
            request: Request, certificate_id: str = Path(alias="id")
        ) -> Response:
            known = await caller(request, verbs, Scope.CERTIFICATES_REVOKE)
            await verbs.ask(verbs.account.certificate, known.tenant.id, certificate_id)
            reason = read.reason(await receive_json(request))
            done = await verbs.ask_slowly(
                verbs.standings.change,
                known,
                event,
                Chosen(ids=(certificate_id,)),
                reason,
            )
            return json_answer(spell.done(event, done))

    for event in StandingEvent:
        one(event)

    @router.post(
        "/certificates/{id}/correct",
        status_code=202,
        summary="Replace a certificate by one that says something else",
        openapi_extra={
            "x-scope": Scope.BULK_MINT,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": CHANGES_SCHEMA}},
            },
        },
    )
    async def correct(
        request: Request, certificate_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        account = verbs.account
        found = await verbs.ask(account.certificate, known.tenant.id, certificate_id)
        # It issues one certificate and takes another back.
        verbs.access.require(known, Scope.CERTIFICATES_REVOKE)
        key = idempotency_key(request)
        changes = read.changes(await receive_json(request))
        async with creating(verbs, known, key):
            job = await verbs.ask_slowly(
                verbs.standings.correct, known, found, changes, key
            )
        location = {"Location": f"/v1/jobs/{job.id}"}
        return json_answer(spell.job(Progress.at_acceptance(job)), 202, location)

    return router
