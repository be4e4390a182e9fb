"""Batches of documents: small ones are answered at once, others are looked after."""

from collections.abc import Sequence
from typing import Protocol

import anyio
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.papers import BatchView
from testamur.core.pins import Pin
from testamur.core.policy import Scope
from testamur.core.words import Caller, Job, SigningOrder
from testamur.dialects.dokstamp import batches, document_wire, documents, wire

from ...answers import json_answer
from ...bodies import receive_json
from ...verbs import Verbs
from .door import admitted

#: So long a call waits for its batch; what takes longer goes on, and is asked for.
PATIENCE_SECONDS = 15.0

FIRST_LOOK_SECONDS = 0.03
LAST_LOOK_SECONDS = 0.5


class BatchVerbs(Protocol):
    """What is done with many documents at once."""

    def sign(
        self, caller: Caller, names: Sequence[int | str], pin: Pin, order: SigningOrder
    ) -> Job:
        """Have documents be signed, or refuse."""
        ...

    def resend(self, caller: Caller, names: Sequence[int | str]) -> Job:
        """Have signatories of documents be written to again, or refuse."""
        ...

    def view(self, tenant_id: str, job_id: str) -> BatchView:
        """Return how far a batch is, or refuse."""
        ...

    def is_over(self, job: Job) -> bool:
        """Say whether each document of a batch has its outcome."""
        ...


def batch_routes(verbs: Verbs, papers: BatchVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/documents", tags=["DokStamp: documents"], responses=wire.PROBLEMS
    )

    async def answered(known: Caller, job: Job) -> Response:
        """Answer with what became of a batch: 200 if it is over, or else 202."""
        pause, is_over = FIRST_LOOK_SECONDS, False
        with anyio.move_on_after(PATIENCE_SECONDS):
            while not is_over:
                is_over = await verbs.ask(papers.is_over, job)
                if not is_over:
                    await anyio.sleep(pause)
                    pause = min(2 * pause, LAST_LOOK_SECONDS)
        return await told(known, job.id, 200 if is_over else 202)

    async def told(known: Caller, job_id: str, status: int = 200) -> Response:
        view = await verbs.ask_slowly(papers.view, known.tenant.id, job_id)
        return json_answer(batches.batch(view, verbs.account.public_url), status)

    @router.post(
        "/batch/sign/{cert_id}",
        summary="Sign documents with an institutional certificate",
        openapi_extra={**wire.body(batches.ORDER), "x-scope": Scope.DOCUMENTS_SIGN},
        responses={
            200: wire.answer("What became of each"),
            202: wire.answer("They are being signed; ask at the job's url"),
        },
    )
    async def sign(request: Request, cert: str = Path(alias="cert_id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_SIGN)
        signer = batches.cert_in_path(cert)
        names, pin, order = batches.order(await receive_json(request), signer)
        job = await verbs.ask_slowly(papers.sign, known, names, pin, order)
        del pin
        return await answered(known, job)

    @router.post(
        "/signatures/batch/resend",
        summary="Write again to everybody who has not signed these documents",
        openapi_extra={
            **wire.body(document_wire.DOCUMENT_IDS),
            "x-scope": Scope.DOCUMENTS_MANAGE,
        },
        responses={
            200: wire.answer("What came of each"),
            202: wire.answer("It goes on; ask at the job's url"),
        },
    )
    async def resend(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        names = documents.document_names(await receive_json(request))
        job = await verbs.ask_slowly(papers.resend, known, names)
        return await answered(known, job)

    @router.get(
        "/batch/jobs/{id}",
        summary="Ask what became of a batch",
        openapi_extra={"x-scope": Scope.DOCUMENTS_READ},
        responses={200: wire.answer("What became of each")},
    )
    async def look(request: Request, job: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        return await told(known, job)

    return router
