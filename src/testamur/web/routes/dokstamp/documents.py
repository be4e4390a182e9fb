"""`/documents`: PDFs to be signed, who signs them, and the mails that ask for it."""

from collections.abc import Sequence
from typing import BinaryIO, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from testamur.core.lists import Query
from testamur.core.papers import (
    Document,
    DocumentFields,
    DocumentType,
    Invited,
    Listing,
    NewDocument,
    SignatureRequest,
    Version,
)
from testamur.core.policy import Scope
from testamur.core.words import Caller
from testamur.dialects.dokstamp import document_wire, documents, query, spell, wire

from ...answers import json_answer
from ...bodies import receive_json
from ...pages import named_file, pieces
from ...queries import pairs_of
from ...verbs import Verbs
from .door import admitted

PDF_ANSWER = {
    "description": "The PDF",
    "content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}},
}


class DocumentVerbs(Protocol):
    """What is done with documents."""

    def list(self, tenant_id: str, query: Query) -> Listing:
        """Return documents of the tenant's."""
        ...

    def find(self, tenant_id: str, name: int | str) -> Document:
        """Return one, or refuse."""
        ...

    def kind_of(self, document: Document) -> DocumentType:
        """Return its type."""
        ...

    def versions(self, document: Document) -> Sequence[Version]:
        """Return its files, the oldest first."""
        ...

    def requests(self, document: Document) -> Sequence[SignatureRequest]:
        """Return its signature requests, in their order."""
        ...

    def create(self, by: Caller, new: NewDocument) -> Document:
        """Keep a new document, or refuse."""
        ...

    def change(
        self, tenant_id: str, name: int | str, fields: DocumentFields
    ) -> Document:
        """Keep what is said of one, or refuse."""
        ...

    def remove(self, by: Caller, names: Sequence[int | str], at: str | None) -> None:
        """Remove documents, all or none; *at* is the field that names them."""
        ...

    def newest(self, document: Document) -> tuple[Version, BinaryIO]:
        """Return the newest file of a document, the record made first if need be."""
        ...

    def record(self, document: Document) -> BinaryIO:
        """Return the signature record of a document, or refuse."""
        ...

    def link(
        self,
        tenant_id: str,
        name: int | str,
        invited: Sequence[Invited],
        in_order: bool | None,
    ) -> Sequence[SignatureRequest]:
        """Have signatories be asked to sign a document, or refuse."""
        ...

    def unlink(self, tenant_id: str, name: int | str, signatory: int | str) -> None:
        """Have a signatory not be asked any more, or refuse."""
        ...

    def send(self, by: Caller, name: int | str) -> Sequence[SignatureRequest]:
        """Ask everybody whose turn it is and who was not asked yet, or refuse."""
        ...

    def now(self) -> int:
        """Return the present moment."""
        ...


def document_routes(verbs: Verbs, papers: DocumentVerbs) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["DokStamp: documents"], responses=wire.PROBLEMS)
    filters, sorts = documents.DOCUMENT_FILTERS, documents.DOCUMENT_SORTS
    read, manage = Scope.DOCUMENTS_READ, Scope.DOCUMENTS_MANAGE

    async def whole(document: Document, status: int = 200) -> Response:
        def spelt() -> object:
            return documents.whole_document(
                document,
                papers.kind_of(document),
                papers.versions(document),
                papers.requests(document),
                papers.now(),
            )

        return json_answer(spell.data(await verbs.ask(spelt)), status)

    def signatures(found: Sequence[SignatureRequest]) -> list[object]:
        now = papers.now()
        return [documents.signature(one, now) for one in found]

    @router.get(
        "/documents",
        summary="List documents",
        openapi_extra={
            "parameters": query.described(filters, sorts),
            "x-scope": read,
        },
        responses={200: wire.answer("Documents")},
    )
    async def several(request: Request) -> Response:
        known = await admitted(request, verbs, read)
        asked = query.read_query(pairs_of(request), filters, sorts)
        found = await verbs.ask(papers.list, known.tenant.id, asked)
        items = [documents.document(one) for one in found.items]
        return json_answer(
            spell.page(
                items,
                number=asked.page,
                size=asked.per_page,
                total=found.total,
                path=f"{verbs.account.public_url}/documents",
            )
        )

    @router.post(
        "/documents",
        status_code=201,
        summary="Make a document of an uploaded PDF",
        openapi_extra={**wire.body(document_wire.DOCUMENT), "x-scope": manage},
        responses={201: wire.answer("The document")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, manage)
        new = documents.new_document(await receive_json(request))
        return await whole(await verbs.ask_slowly(papers.create, known, new), 201)

    # Before the paths with an id, whatever they may be called.
    @router.delete(
        "/documents/batch/destroy",
        status_code=204,
        summary="Delete documents that nobody has signed, all or none",
        openapi_extra={**wire.body(document_wire.DOCUMENT_NAMES), "x-scope": manage},
    )
    async def destroy(request: Request) -> Response:
        known = await admitted(request, verbs, manage)
        body = await receive_json(request)
        names = documents.document_names(body, may_be_uuids=True)
        at = documents.names_field(body)
        await verbs.ask_slowly(papers.remove, known, names, at)
        return Response(status_code=204)

    @router.get(
        "/documents/{id}",
        summary="Read a document",
        openapi_extra={"x-scope": read},
        responses={200: wire.answer("The document")},
    )
    async def one(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, read)
        wanted = documents.name_in_path(name)
        return await whole(await verbs.ask(papers.find, known.tenant.id, wanted))

    async def change(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, manage)
        wanted = documents.name_in_path(name)
        fields = documents.document_fields(await receive_json(request))
        return await whole(
            await verbs.ask_slowly(papers.change, known.tenant.id, wanted, fields)
        )

    for method in ("PATCH", "PUT"):
        router.add_api_route(
            "/documents/{id}",
            change,
            methods=[method],
            summary="Change what is said of a document that nobody has signed",
            operation_id=f"change_document_{method.lower()}",
            openapi_extra={
                **wire.body(document_wire.DOCUMENT_CHANGE),
                "x-scope": manage,
            },
            responses={200: wire.answer("The document")},
        )

    @router.delete(
        "/documents/{id}",
        status_code=204,
        summary="Delete a document that nobody has signed",
        openapi_extra={"x-scope": manage},
    )
    async def remove(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, manage)
        wanted = documents.name_in_path(name)
        await verbs.ask_slowly(papers.remove, known, [wanted], None)
        return Response(status_code=204)

    @router.get(
        "/documents/{id}/download",
        summary="Download the newest PDF of a document",
        openapi_extra={"x-scope": read},
        responses={200: PDF_ANSWER},
    )
    async def download(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, read)
        wanted = documents.name_in_path(name)
        document = await verbs.ask(papers.find, known.tenant.id, wanted)
        version, file = await verbs.ask_slowly(papers.newest, document)
        return pdf(file, f"document-{document.id}.pdf", version.digest)

    @router.get(
        "/documents/{id}/record",
        summary="Download the signature record of a document that all have signed",
        openapi_extra={"x-scope": read},
        responses={200: PDF_ANSWER},
    )
    async def record(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, read)
        wanted = documents.name_in_path(name)
        document = await verbs.ask(papers.find, known.tenant.id, wanted)
        file = await verbs.ask_slowly(papers.record, document)
        return pdf(file, f"document-{document.id}-signatures.pdf")

    def pdf(file: BinaryIO, name: str, digest: str | None = None) -> Response:
        headers = {
            **named_file(name),
            "cache-control": "no-store",
            "content-length": str(file.seek(0, 2)),
        }
        if digest is not None:
            headers["etag"] = f'"{digest}"'
        file.seek(0)
        return StreamingResponse(
            pieces(file, verbs.ask), media_type="application/pdf", headers=headers
        )

    @router.get(
        "/documents/{id}/signers",
        summary="List who is to sign a document",
        openapi_extra={"x-scope": read},
        responses={200: wire.answer("Signers")},
    )
    async def signers(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, read)
        wanted = documents.name_in_path(name)
        document = await verbs.ask(papers.find, known.tenant.id, wanted)
        found = await verbs.ask(papers.requests, document)
        now = papers.now()
        return json_answer(spell.data([documents.signer(one, now) for one in found]))

    @router.post(
        "/documents/{id}/signers",
        status_code=201,
        summary="Have people be asked to sign a document",
        openapi_extra={**wire.body(document_wire.SIGNERS), "x-scope": manage},
        responses={201: wire.answer("All signers of the document")},
    )
    async def link(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, manage)
        wanted = documents.name_in_path(name)
        invited, in_order = documents.invited(await receive_json(request))
        found = await verbs.ask_slowly(
            papers.link, known.tenant.id, wanted, invited, in_order
        )
        now = papers.now()
        answer = spell.data([documents.signer(one, now) for one in found])
        return json_answer(answer, 201)

    @router.delete(
        "/documents/{id}/signers/{signer_id}",
        status_code=204,
        summary="Have somebody who has not answered not be asked any more",
        openapi_extra={"x-scope": manage},
    )
    async def unlink(
        request: Request,
        name: str = Path(alias="id"),
        signer: str = Path(alias="signer_id"),
    ) -> Response:
        known = await admitted(request, verbs, manage)
        wanted = documents.name_in_path(name)
        signatory = documents.name_in_path(signer)
        await verbs.ask_slowly(papers.unlink, known.tenant.id, wanted, signatory)
        return Response(status_code=204)

    @router.get(
        "/documents/{id}/signatures",
        summary="Read who has signed a document, and how",
        openapi_extra={"x-scope": read},
        responses={200: wire.answer("Signatures")},
    )
    async def status(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, read)
        wanted = documents.name_in_path(name)
        document = await verbs.ask(papers.find, known.tenant.id, wanted)
        found = await verbs.ask(papers.requests, document)
        return json_answer(spell.data(signatures(found)))

    async def send(request: Request, name: str = Path(alias="id")) -> Response:
        known = await admitted(request, verbs, manage)
        wanted = documents.name_in_path(name)
        found = await verbs.ask_slowly(papers.send, known, wanted)
        return json_answer(spell.data(signatures(found)))

    for ending in ("signatures", "send"):
        router.add_api_route(
            f"/documents/{{id}}/{ending}",
            send,
            methods=["POST"],
            summary="Write to everybody who is to sign a document and was not asked",
            operation_id=f"ask_for_signatures_{ending}",
            openapi_extra={"x-scope": manage},
            responses={200: wire.answer("Signatures")},
        )

    return router
