"""`/v1/jobs/{id}/signatures`: certificates that their institution signs as PDFs."""

from typing import Any, Protocol

import anyio
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.pins import Pin
from testamur.core.policy import Metered, Scope
from testamur.core.words import Caller, SignedPrintsView
from testamur.dialects.native import read, spell, wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..verbs import Verbs

#: So long a call waits for them; what takes longer goes on, and is asked for.
PATIENCE_SECONDS = 15.0

FIRST_LOOK_SECONDS = 0.05
LAST_LOOK_SECONDS = 0.5

BODY: dict[str, Any] = {
    "type": "object",
    "required": ["signer", "pin"],
    "additionalProperties": False,
    "properties": {
        "signer": {"type": "integer", "minimum": 1, "description": "Its id"},
        "pin": {"type": "string", "description": "The signer's", "minLength": 4},
        "reason": {"type": "string", "maxLength": read.MAX_REASON_CHARACTERS},
    },
    "example": {"signer": 1, "pin": "123456", "reason": "Course completed"},
}


class SignatureVerbs(Protocol):
    """What is done with the signed files of jobs."""

    def sign(
        self, caller: Caller, job_id: str, signer_id: int, pin: Pin, reason: str
    ) -> SignedPrintsView:
        """Have the certificates of a finished job be signed, or refuse."""
        ...

    def view(self, tenant_id: str, job_id: str) -> SignedPrintsView:
        """Return how many are signed, or refuse."""
        ...


def signature_routes(verbs: Verbs, prints: SignatureVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1/jobs", tags=["Jobs"], responses=wire.PROBLEMS)

    @router.post(
        "/{id}/signatures",
        summary="Sign the certificates of a finished job as PDFs",
        responses={
            200: {"description": "How many are signed"},
            202: {"description": "They are being signed; ask with GET"},
        },
        openapi_extra={
            "x-scope": Scope.DOCUMENTS_SIGN,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": BODY}},
            },
        },
    )
    async def sign(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.DOCUMENTS_SIGN)
        await verbs.ask(verbs.jobs.status, known.tenant.id, job_id)
        signer, pin, reason = read.signatures(await receive_json(request))
        await verbs.ask(verbs.access.admit, known, Metered.RETRY)
        view = await verbs.ask_slowly(prints.sign, known, job_id, signer, pin, reason)
        del pin
        pause = FIRST_LOOK_SECONDS
        with anyio.move_on_after(PATIENCE_SECONDS):
            while view.is_running:
                await anyio.sleep(pause)
                pause = min(2 * pause, LAST_LOOK_SECONDS)
                view = await verbs.ask(prints.view, known.tenant.id, job_id)
        return json_answer(spell.signatures(view), 202 if view.is_running else 200)

    @router.get(
        "/{id}/signatures",
        summary="See how many certificates are signed as PDFs",
        openapi_extra={"x-scope": Scope.DOCUMENTS_READ},
    )
    async def look(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.DOCUMENTS_READ)
        await verbs.ask(verbs.access.admit, known, Metered.POLL, job_id)
        view = await verbs.ask(prints.view, known.tenant.id, job_id)
        return json_answer(spell.signatures(view))

    return router
