"""`/files`: uploaded once, used afterwards, downloaded by whoever knows the id."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.download import Download
from testamur.core.policy import GIB, MIB, Plan, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import KeptFile
from testamur.dialects.dokstamp import files, spell, wire
from testamur.dialects.dokstamp.query import described, read_query

from ...answers import json_answer
from ...bodies import receive_json
from ...downloads import download_answer
from ...pile import FileRule
from ...queries import pairs_of
from ...uploads import receive
from ...verbs import Asking, Verbs
from .door import admitted

MAX_FILE_BYTES = 25 * MIB
MAX_FILES = 1_000

#: All files of one request; a plan may have less.
MAX_REQUEST_BYTES = 2 * GIB

#: What is shown is a stranger's: nothing in it runs, or loads anything.
DISARMED = "default-src 'none'; sandbox"


class FileVerbs(Protocol):
    """What is done with uploaded files."""

    def keep(
        self, tenant_id: str, arrived: Sequence[tuple[FilePath, str, int, str]]
    ) -> Sequence[KeptFile]:
        """Keep files (path, SHA-256, size, name), all or none; or refuse."""
        ...

    def find(self, tenant_id: str, file_id: str) -> KeptFile:
        """Return the tenant's file, or refuse."""
        ...

    def listing(
        self,
        tenant_id: str,
        where: Mapping[str, object],
        is_used: bool | None,
        sort: tuple[str, bool] | None,
        start: int,
        limit: int,
    ) -> tuple[Sequence[KeptFile], int]:
        """Return one page of the tenant's files, and how many there are."""
        ...

    def rename(self, tenant_id: str, file_id: str, name: str) -> KeptFile:
        """Give the tenant's file another name, or refuse."""
        ...

    def remove(self, tenant_id: str, file_id: str) -> None:
        """Remove the tenant's file, or refuse."""
        ...

    def remove_all(self, tenant_id: str, file_ids: Sequence[str]) -> None:
        """Remove the tenant's files, all or none, or refuse."""
        ...

    def download(self, file_id: str) -> Download | None:
        """Return the file, whoever's it is; None when there is none."""
        ...


def file_routes(
    verbs: Verbs,
    kept: FileVerbs,
    *,
    guessed: Callable[[str], None],
    ask_slowly: Asking,
) -> APIRouter:
    """
    Return the routes.

    *guessed* counts, by address, who asked for a file that is not there.
    """
    router = APIRouter(prefix="/files", tags=["DokStamp: files"])
    public_url = verbs.account.public_url

    def spelled(file: KeptFile) -> dict[str, Any]:
        return files.file(file, public_url)

    @router.post(
        "",
        status_code=201,
        summary="Upload files",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": files.UPLOAD}},
            },
            "x-scope": Scope.FILES_WRITE,
        },
        responses={
            **wire.PROBLEMS,
            201: wire.answer(
                "The files, in the order in which they were sent",
                {"data": [files.EXAMPLE]},
            ),
        },
    )
    async def upload(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.FILES_WRITE)
        rules = {"files": rule_of(known.tenant.plan)}
        async with await receive(
            request, files=rules, fields=(), spool=verbs.spool
        ) as sent:
            if not sent.many:
                raise Refusal(
                    Kind.INVALID,
                    "field_required",
                    "The files field is required: send each file as a part that is "
                    "called files[].",
                    at="files",
                )
            arrived = [
                (one.file.path, one.file.sha256_hex, one.file.size, one.name)
                for one in sent.many
            ]
            found = await ask_slowly(kept.keep, known.tenant.id, arrived)
        return json_answer(spell.data([spelled(one) for one in found]), 201)

    @router.get(
        "",
        summary="List uploaded files",
        openapi_extra={
            "parameters": described(files.FILTERABLE, files.SORTABLE),
            "x-scope": Scope.FILES_READ,
        },
        responses={**wire.PROBLEMS, 200: wire.answer("A page of them")},
    )
    async def listing(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.FILES_READ)
        query = read_query(pairs_of(request), files.FILTERABLE, files.SORTABLE)
        where, is_used = files.conditions(query)
        found, total = await ask_slowly(
            kept.listing,
            known.tenant.id,
            where,
            is_used,
            files.sorting(query),
            (query.page - 1) * query.per_page,
            query.per_page,
        )
        return json_answer(
            spell.page(
                [spelled(one) for one in found],
                number=query.page,
                size=query.per_page,
                total=total,
                path=f"{public_url}/files",
            )
        )

    # Before the paths with a uuid, which "batch" is none of.
    @router.delete(
        "/batch/destroy",
        status_code=204,
        summary="Delete uploaded files that nothing uses, all or none",
        openapi_extra={**wire.body(files.UUIDS), "x-scope": Scope.FILES_WRITE},
        responses={**wire.PROBLEMS, 204: {"description": "They are gone"}},
    )
    async def destroy(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.FILES_WRITE)
        named = files.uuids(await receive_json(request))
        await ask_slowly(kept.remove_all, known.tenant.id, named)
        return Response(status_code=204)

    @router.get(
        "/{uuid}",
        summary="Read what is known of an uploaded file",
        openapi_extra={"x-scope": Scope.FILES_READ},
        responses={
            **wire.PROBLEMS,
            200: wire.answer("The file", {"data": files.EXAMPLE}),
        },
    )
    async def read(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.FILES_READ)
        found = await verbs.ask(kept.find, known.tenant.id, name)
        return json_answer(spell.data(spelled(found)))

    async def rename(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.FILES_WRITE)
        await verbs.ask(kept.find, known.tenant.id, name)
        wanted = files.new_name(await receive_json(request))
        found = await ask_slowly(kept.rename, known.tenant.id, name, wanted)
        return json_answer(spell.data(spelled(found)))

    for method in ("PATCH", "PUT"):
        router.add_api_route(
            "/{uuid}",
            rename,
            methods=[method],
            operation_id=f"rename_file_{method.lower()}",
            summary="Give an uploaded file another name",
            openapi_extra={**wire.body(files.NAME), "x-scope": Scope.FILES_WRITE},
            responses={
                **wire.PROBLEMS,
                200: wire.answer("The file", {"data": files.EXAMPLE}),
            },
        )

    @router.delete(
        "/{uuid}",
        status_code=204,
        summary="Delete an uploaded file that nothing uses",
        openapi_extra={"x-scope": Scope.FILES_WRITE},
        responses={**wire.PROBLEMS, 204: {"description": "It is gone"}},
    )
    async def remove(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.FILES_WRITE)
        await ask_slowly(kept.remove, known.tenant.id, name)
        return Response(status_code=204)

    @router.get(
        "/{uuid}/download",
        summary="Download an uploaded file",
        openapi_extra={"x-scope": None},
        response_class=Response,
        responses={
            **{code: wire.PROBLEMS[code] for code in (404, 422, 429, 503)},
            200: {
                "description": "Its bytes",
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}}
                    for kind in ("application/pdf", "image/png", "image/jpeg")
                },
            },
            206: {"description": "Some of them, as Range says"},
            304: {"description": "They are those that are held"},
            416: {"description": "There is nothing so far behind"},
        },
    )
    async def download(request: Request, name: str = UUID) -> Response:
        found = await ask_slowly(kept.download, name)
        if found is None:
            guessed(request.client.host if request.client else "")
            raise Refusal(
                Kind.NOT_FOUND, "file_not_found", "There is no such file here."
            )
        answer = download_answer(request, found)
        answer.headers["Content-Security-Policy"] = DISARMED
        answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    return router


#: Any text: what is no UUID is refused in this wire's words.
UUID = Path(alias="uuid", description="Of the file")


def rule_of(plan: Plan) -> FileRule:
    """Return what one request of a tenant with *plan* may upload."""
    return FileRule(
        MAX_FILE_BYTES,
        max_files=min(MAX_FILES, plan.max_zip_entries),
        max_total=min(MAX_REQUEST_BYTES, plan.max_zip_bytes),
    )
