"""Certificates, one request each, and as many at once as there are students."""

from collections.abc import Sequence
from typing import Any, Protocol

import anyio
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.academic import AcademicCertificate, AcademicWish
from testamur.core.lists import Query
from testamur.core.policy import Scope
from testamur.core.refusals import Kind, NotYet, Refusal
from testamur.core.words import Caller
from testamur.dialects.dokstamp import certificates as wire_certificates
from testamur.dialects.dokstamp import records as wire_records
from testamur.dialects.dokstamp import spell, wire
from testamur.dialects.dokstamp.query import described

from ...answers import json_answer
from ...bodies import receive_json
from ...verbs import Verbs
from .door import admitted

#: As long as a client waits for a certificate, and a little less than most do.
PATIENCE_SECONDS = 25.0

#: How often is looked for it: first, and at most.
FIRST_LOOK_SECONDS = 0.03
LAST_LOOK_SECONDS = 0.5


class CertificateVerbs(Protocol):
    """What is done with certificates of the academic directory."""

    def find(self, caller: Caller, uuid: str) -> AcademicCertificate:
        """Return one, or refuse."""
        ...

    def page(
        self, caller: Caller, query: Query
    ) -> tuple[Sequence[AcademicCertificate], int]:
        """Return one page, and how many there are in all."""
        ...

    def put(self, caller: Caller, wish: AcademicWish, uuid: str | None) -> Any:
        """Keep one, and begin to issue it if it is to be; or refuse."""
        ...

    def outcome(self, caller: Caller, begun: Any) -> Any:
        """Return what became of one that is being issued."""
        ...

    def give_up(self, caller: Caller, begun: Any) -> None:
        """Undo what was kept of one that could not be issued."""
        ...

    def revoke(self, caller: Caller, uuid: str, reason: str) -> AcademicCertificate:
        """Revoke one for ever, or refuse."""
        ...

    def destroy(
        self, caller: Caller, uuids: Sequence[str], *, one: bool = False
    ) -> None:
        """Delete some, all or none."""
        ...


def certificate_routes(verbs: Verbs, certificates: CertificateVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(
        prefix="/certificates", tags=["DokStamp"], responses=wire.PROBLEMS
    )

    def spelt(one: AcademicCertificate) -> dict[str, Any]:
        return spell.data(wire_certificates.spell(one, verbs.account.public_url))

    async def settled(known: Caller, begun: Any) -> AcademicCertificate:
        """
        Return a certificate once it is what was asked for.

        Raises:
            Refusal: INVALID, when it cannot be issued: then nothing is left of it.
            NotYet: it takes longer; it goes on by itself.
        """
        pause = FIRST_LOOK_SECONDS
        with anyio.move_on_after(PATIENCE_SECONDS):
            while begun.is_issued:
                outcome = await verbs.ask(certificates.outcome, known, begun)
                if outcome.certificate_id is not None:
                    break
                if outcome.is_over:
                    await verbs.ask_slowly(certificates.give_up, known, begun)
                    raise Refusal(
                        Kind.INVALID,
                        outcome.code or "cancelled",
                        outcome.message or "It was cancelled before it was issued.",
                        at="student_uuid",
                    )
                await anyio.sleep(pause)
                pause = min(2 * pause, LAST_LOOK_SECONDS)
            found: AcademicCertificate = await verbs.ask(
                certificates.find, known, begun.uuid
            )
            return found
        raise NotYet("certificates are still being issued", seconds=2)

    @router.get(
        "",
        summary="List certificates",
        openapi_extra={
            "x-scope": Scope.CERTIFICATES_READ,
            "parameters": described(
                wire_certificates.FILTERABLE, wire_certificates.SORTABLE
            ),
        },
        responses={200: wire.answer("One page of them")},
    )
    async def list_(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATES_READ)
        query = wire_certificates.query(request.query_params.multi_items())
        found, total = await verbs.ask_slowly(certificates.page, known, query)
        public_url = verbs.account.public_url
        return json_answer(
            spell.page(
                [wire_certificates.spell(one, public_url) for one in found],
                number=query.page,
                size=query.per_page,
                total=total,
                path=f"{public_url}/certificates",
            )
        )

    @router.post(
        "",
        status_code=201,
        summary="Create a certificate: a draft, or an issued one",
        openapi_extra={
            **wire.body(wire_certificates.SCHEMA),
            "x-scope": Scope.BULK_MINT,
        },
        responses={201: wire.answer("The certificate")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.BULK_MINT)
        wish = wire_certificates.wish(await receive_json(request), is_whole=True)
        begun = await verbs.ask_slowly(certificates.put, known, wish, None)
        return json_answer(spelt(await settled(known, begun)), 201)

    @router.delete(
        "/batch/destroy",
        status_code=204,
        summary="Delete certificates, all or none; issued ones are revoked",
        openapi_extra={
            **wire.body(wire_records.UUIDS_SCHEMA),
            "x-scope": Scope.CERTIFICATES_REVOKE,
        },
    )
    async def destroy(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATES_REVOKE)
        uuids = wire_records.uuids(await receive_json(request))
        await verbs.ask_slowly(certificates.destroy, known, uuids)
        return Response(status_code=204)

    @router.get(
        "/{uuid}",
        summary="Read a certificate",
        openapi_extra={"x-scope": Scope.CERTIFICATES_READ},
        responses={200: wire.answer("The certificate")},
    )
    async def read(request: Request, uuid: str = Path()) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATES_READ)
        found = await verbs.ask(certificates.find, known, wire_records.uuid(uuid))
        return json_answer(spelt(found))

    async def change(request: Request, uuid: str, *, is_whole: bool) -> Response:
        known = await admitted(request, verbs, Scope.BULK_MINT)
        name = wire_records.uuid(uuid)
        await verbs.ask(certificates.find, known, name)
        wish = wire_certificates.wish(await receive_json(request), is_whole=is_whole)
        begun = await verbs.ask_slowly(certificates.put, known, wish, name)
        return json_answer(spelt(await settled(known, begun)))

    @router.patch(
        "/{uuid}",
        summary="Change a draft, or issue it",
        openapi_extra={
            **wire.body({**wire_certificates.SCHEMA, "required": []}),
            "x-scope": Scope.BULK_MINT,
        },
        responses={200: wire.answer("The certificate")},
    )
    async def patch(request: Request, uuid: str = Path()) -> Response:
        return await change(request, uuid, is_whole=False)

    @router.put(
        "/{uuid}",
        summary="Say all of a draft anew, or issue it",
        openapi_extra={
            **wire.body(wire_certificates.SCHEMA),
            "x-scope": Scope.BULK_MINT,
        },
        responses={200: wire.answer("The certificate")},
    )
    async def put(request: Request, uuid: str = Path()) -> Response:
        return await change(request, uuid, is_whole=True)

    @router.put(
        "/{uuid}/revoke",
        summary="Revoke a certificate for ever",
        openapi_extra={
            "requestBody": {
                "required": False,
                "content": {wire.JSON: {"schema": wire_certificates.REASON_SCHEMA}},
            },
            "x-scope": Scope.CERTIFICATES_REVOKE,
        },
        responses={200: wire.answer("The certificate")},
    )
    async def revoke(request: Request, uuid: str = Path()) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATES_REVOKE)
        name = wire_records.uuid(uuid)
        body = None
        if request.headers.get("content-length", "0") != "0":
            body = await receive_json(request)
        reason = wire_certificates.reason(body)
        found = await verbs.ask_slowly(certificates.revoke, known, name, reason)
        return json_answer(spelt(found))

    @router.delete(
        "/{uuid}",
        status_code=204,
        summary="Delete a certificate; an issued one is revoked",
        openapi_extra={"x-scope": Scope.CERTIFICATES_REVOKE},
    )
    async def delete(request: Request, uuid: str = Path()) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATES_REVOKE)
        name = wire_records.uuid(uuid)
        await verbs.ask_slowly(lambda: certificates.destroy(known, [name], one=True))
        return Response(status_code=204)

    return router
