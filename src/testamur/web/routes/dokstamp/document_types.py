"""`/document-types`: what kinds of documents there are."""

from typing import Any, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.lists import Query
from testamur.core.papers import DocumentType, Listing, TypeFields
from testamur.core.policy import Scope
from testamur.dialects.dokstamp import document_wire, documents, query, spell, wire

from ...answers import json_answer
from ...bodies import receive_json
from ...queries import pairs_of
from ...verbs import Verbs
from .door import admitted


class KindVerbs(Protocol):
    """What is done with document types."""

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return document types of the tenant's."""
        ...

    def find(self, tenant_id: str, type_id: int) -> DocumentType:
        """Return one, or refuse."""
        ...

    def create(self, tenant_id: str, fields: TypeFields) -> DocumentType:
        """Keep a new one."""
        ...

    def change(self, tenant_id: str, type_id: int, fields: TypeFields) -> DocumentType:
        """Keep what is said of one, or refuse."""
        ...

    def remove(self, tenant_id: str, type_id: int) -> None:
        """Remove one, or refuse."""
        ...


def document_type_routes(verbs: Verbs, kinds: KindVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["DokStamp: documents"], responses=wire.PROBLEMS)
    filters, sorts = documents.TYPE_FILTERS, documents.TYPE_SORTS

    @router.get(
        "/document-types",
        summary="List document types",
        openapi_extra={
            "parameters": query.described(filters, sorts),
            "x-scope": Scope.DOCUMENTS_READ,
        },
        responses={200: wire.answer("Document types")},
    )
    async def several(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        asked = query.read_query(pairs_of(request), filters, sorts)
        found = await verbs.ask(kinds.list, known.tenant.id, asked)
        items = [documents.document_type(one) for one in found.items]
        return json_answer(
            spell.page(
                items,
                number=asked.page,
                size=asked.per_page,
                total=found.total,
                path=f"{verbs.account.public_url}/document-types",
            )
        )

    @router.post(
        "/document-types",
        status_code=201,
        summary="Create a document type",
        openapi_extra={
            **wire.body(document_wire.TYPE),
            "x-scope": Scope.DOCUMENTS_MANAGE,
        },
        responses={201: wire.answer("The document type")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        fields = documents.new_type(await receive_json(request), is_whole=True)
        kind = await verbs.ask_slowly(kinds.create, known.tenant.id, fields)
        return json_answer(spell.data(documents.document_type(kind)), 201)

    @router.get(
        "/document-types/{id}",
        summary="Read a document type",
        openapi_extra={"x-scope": Scope.DOCUMENTS_READ},
        responses={200: wire.answer("The document type")},
    )
    async def one(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_READ)
        type_id = documents.id_in_path(name)
        kind = await verbs.ask(kinds.find, known.tenant.id, type_id)
        return json_answer(spell.data(documents.document_type(kind)))

    async def change(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        type_id = documents.id_in_path(name)
        is_whole = request.method == "PUT"
        fields = documents.new_type(await receive_json(request), is_whole=is_whole)
        kind = await verbs.ask_slowly(kinds.change, known.tenant.id, type_id, fields)
        return json_answer(spell.data(documents.document_type(kind)))

    for method, schema in (
        ("PATCH", document_wire.changed(document_wire.TYPE)),
        ("PUT", document_wire.TYPE),
    ):
        extra: dict[str, Any] = wire.body(schema)
        router.add_api_route(
            "/document-types/{id}",
            change,
            methods=[method],
            summary="Change a document type",
            operation_id=f"change_document_type_{method.lower()}",
            openapi_extra={**extra, "x-scope": Scope.DOCUMENTS_MANAGE},
            responses={200: wire.answer("The document type")},
        )

    @router.delete(
        "/document-types/{id}",
        status_code=204,
        summary="Delete a document type that no document has",
        openapi_extra={"x-scope": Scope.DOCUMENTS_MANAGE},
    )
    async def remove(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, Scope.DOCUMENTS_MANAGE)
        type_id = documents.id_in_path(name)
        await verbs.ask_slowly(kinds.remove, known.tenant.id, type_id)
        return Response(status_code=204)

    return router
