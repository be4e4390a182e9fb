"""`/signers`: people who are asked to sign (signatories, in our words)."""

from typing import Any, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.lists import Query
from testamur.core.papers import Listing, Signatory, SignatoryFields
from testamur.core.policy import Scope
from testamur.dialects.dokstamp import document_wire, documents, query, spell, wire

from ...answers import json_answer
from ...bodies import receive_json
from ...queries import pairs_of
from ...verbs import Verbs
from .door import admitted


class PeopleVerbs(Protocol):
    """What is done with signatories."""

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return signatories of the tenant's."""
        ...

    def find(self, tenant_id: str, name: int | str) -> Signatory:
        """Return one, or refuse."""
        ...

    def create(self, tenant_id: str, fields: SignatoryFields) -> Signatory:
        """Keep a new one, or refuse."""
        ...

    def change(
        self, tenant_id: str, name: int | str, fields: SignatoryFields
    ) -> Signatory:
        """Keep what is said of one, or refuse."""
        ...

    def remove(self, tenant_id: str, name: int | str) -> None:
        """Remove one, or refuse."""
        ...


def signer_routes(verbs: Verbs, people: PeopleVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["DokStamp: documents"], responses=wire.PROBLEMS)
    filters, sorts = documents.SIGNER_FILTERS, documents.SIGNER_SORTS

    @router.get(
        "/signers",
        summary="List signers",
        openapi_extra={
            "parameters": query.described(filters, sorts),
            "x-scope": Scope.DOCUMENTS_READ,
        },
        responses={200: wire.answer("Signers")},
    )
    async def several(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        asked = query.read_query(pairs_of(request), filters, sorts)
        found = await verbs.ask(people.list, known.tenant.id, asked)
        items = [documents.signatory(one) for one in found.items]
        return json_answer(
            spell.page(
                items,
                number=asked.page,
                size=asked.per_page,
                total=found.total,
                path=f"{verbs.account.public_url}/signers",
            )
        )

    @router.post(
        "/signers",
        status_code=201,
        summary="Register a signer",
        openapi_extra={
            **wire.body(document_wire.SIGNER),
            "x-scope": Scope.DOCUMENTS_MANAGE,
        },
        responses={201: wire.answer("The signer")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        fields = documents.signatory_fields(await receive_json(request), is_whole=True)
        made = await verbs.ask_slowly(people.create, known.tenant.id, fields)
        return json_answer(spell.data(documents.signatory(made)), 201)

    @router.get(
        "/signers/{id}",
        summary="Read a signer",
        openapi_extra={"x-scope": Scope.DOCUMENTS_READ},
        responses={200: wire.answer("The signer")},
    )
    async def one(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        wanted = documents.name_in_path(name)
        found = await verbs.ask(people.find, known.tenant.id, wanted)
        return json_answer(spell.data(documents.signatory(found)))

    async def change(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        wanted = documents.name_in_path(name)
        is_whole = request.method == "PUT"
        body = await receive_json(request)
        fields = documents.signatory_fields(body, is_whole=is_whole)
        found = await verbs.ask_slowly(people.change, known.tenant.id, wanted, fields)
        return json_answer(spell.data(documents.signatory(found)))

    for method, schema in (
        ("PATCH", document_wire.changed(document_wire.SIGNER)),
        ("PUT", document_wire.SIGNER),
    ):
        extra: dict[str, Any] = wire.body(schema)
        router.add_api_route(
            "/signers/{id}",
            change,
            methods=[method],
            summary="Change a signer",
            operation_id=f"change_signer_{method.lower()}",
            openapi_extra={**extra, "x-scope": Scope.DOCUMENTS_MANAGE},
            responses={200: wire.answer("The signer")},
        )

    @router.delete(
        "/signers/{id}",
        status_code=204,
        summary="Delete a signer whom no document has",
        openapi_extra={"x-scope": Scope.DOCUMENTS_MANAGE},
    )
    async def remove(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        wanted = documents.name_in_path(name)
        await verbs.ask_slowly(people.remove, known.tenant.id, wanted)
        return Response(status_code=204)

    return router
