"""The native API under /v1/templates: what certificates look like."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import MIB, Metered, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller, Template, TemplateVersion
from testamur.dialects.native import templates as spell
from testamur.dialects.native import wire

from ..answers import json_answer
from ..bodies import content_type, read_body
from ..callers import caller
from ..queries import LIMIT_SCHEMA, PAGE_SCHEMA, documented, query_of, read_whole
from ..uploads import FileRule, receive
from ..verbs import Verbs

MAX_PACKAGE_BYTES = 20 * MIB
MAX_JSON_BYTES = 1 * MIB
MAX_VERSION = 9_999_999

#: What a preview can be told to say.
SAYS = (
    *("name", "description", "category", "recipientName", "recipientEmail"),
    "issuerName",
)

LIST_PARAMETERS = {"page": PAGE_SCHEMA, "limit": LIMIT_SCHEMA}

VERSION_PARAMETER: Mapping[str, dict[str, object]] = {
    "version": {
        "type": "integer",
        "minimum": 1,
        "description": "Which version; the newest when left out",
    }
}

PREVIEW_PARAMETERS: Mapping[str, dict[str, object]] = {
    **VERSION_PARAMETER,
    **{
        name: {"type": "string", "description": "What the sample says here"}
        for name in SAYS
    },
}

UPLOAD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "package": {
            "type": "string",
            "format": "binary",
            "description": "ZIP of template.json and assets, or template.json alone",
        },
        "pdf": {
            "type": "string",
            "format": "binary",
            "description": "In place of package: a PDF of one page with {{fields}}",
        },
        "name": {
            "type": "string",
            "description": "To keep it under; its own name when left out",
        },
    },
}

BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": UPLOAD_SCHEMA},
        "application/json": {
            "schema": {"type": "object", "description": "template.json"}
        },
    },
}


class TemplateVerbs(Protocol):
    """What is done with templates. Every verb may refuse."""

    def add(
        self,
        tenant_id: str,
        name: str | None,
        data: bytes,
        *,
        by: str,
        warnings: Sequence[str],
    ) -> tuple[TemplateVersion, bool]:
        """Keep a package as a template of this name; say whether it is new."""
        ...

    def new_version(
        self,
        tenant_id: str,
        template_id: str,
        data: bytes,
        *,
        by: str,
        warnings: Sequence[str],
    ) -> tuple[TemplateVersion, bool]:
        """Keep a package as a template's newest version; say whether it is new."""
        ...

    def from_pdf(self, data: bytes, name: str | None) -> tuple[bytes, Sequence[str]]:
        """Return the package that a PDF with placeholders comes to, and warnings."""
        ...

    def listing(
        self, tenant_id: str, *, page: int, limit: int
    ) -> tuple[Sequence[Template], int]:
        """Return one page of what the tenant may use, and how many there are."""
        ...

    def find(self, tenant_id: str, template_id: str) -> Template:
        """Return a template."""
        ...

    def version(
        self, tenant_id: str, template_id: str, number: int | None
    ) -> tuple[Template, TemplateVersion]:
        """Return a version of a template; None: the newest."""
        ...

    def versions(self, tenant_id: str, template_id: str) -> Sequence[TemplateVersion]:
        """Return every version of a template, the newest first."""
        ...

    def package(self, version: TemplateVersion) -> bytes:
        """Return the ZIP that a version was read from."""
        ...

    def preview(
        self,
        tenant_id: str,
        template_id: str,
        kind: str,
        *,
        number: int | None,
        values: Mapping[str, str],
    ) -> bytes:
        """Return a sample certificate as `pdf` or `png`."""
        ...

    def archive(self, tenant_id: str, template_id: str, *, by: str) -> None:
        """Offer a template no more."""
        ...

    def schema(self) -> Mapping[str, Any]:
        """Return the JSON Schema of template.json."""
        ...


def template_routes(verbs: Verbs, templates: Callable[[], TemplateVerbs]) -> APIRouter:
    """
    Return the routes of templates.

    *templates* is called where it may take a while: what it needs is imported then.
    """
    router = APIRouter(
        prefix="/v1/templates", tags=["Templates"], responses=wire.PROBLEMS
    )

    @router.get(
        "/schema",
        summary="The JSON Schema of template.json",
        openapi_extra={"x-scope": None},
    )
    async def schema(request: Request) -> Response:
        query_of(request, allowed=())
        return json_answer(await verbs.ask_slowly(lambda: templates().schema()))

    @router.get(
        "",
        summary="List your templates, then those that come with Testamur",
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(LIST_PARAMETERS)},
    )
    async def listing(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        query = query_of(request, allowed=LIST_PARAMETERS)
        page, limit = query.page(), query.limit(default=20)
        found, total = await verbs.ask_slowly(
            lambda: templates().listing(known.tenant.id, page=page, limit=limit)
        )
        return json_answer(
            {
                "templates": [spell.template(one) for one in found],
                "page": page,
                "limit": limit,
                "total": total,
            }
        )

    @router.post(
        "",
        status_code=201,
        summary="Add a template, or a new version of yours of the same name",
        openapi_extra={"x-scope": Scope.TEMPLATES_MANAGE, "requestBody": BODY},
    )
    async def add(request: Request) -> Response:
        known = await caller(request, verbs, Scope.TEMPLATES_MANAGE)
        return await take(request, known, None)

    @router.get(
        "/{id}",
        summary="Read a template, with its versions",
        openapi_extra={"x-scope": Scope.BULK_MINT},
    )
    async def read(request: Request, template_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)

        def found() -> dict[str, Any]:
            one = templates().find(known.tenant.id, template_id)
            return spell.with_versions(
                one, templates().versions(known.tenant.id, template_id)
            )

        return json_answer(await verbs.ask_slowly(found))

    @router.delete(
        "/{id}",
        status_code=204,
        summary="Archive a template; jobs that have it keep it",
        openapi_extra={"x-scope": Scope.TEMPLATES_MANAGE},
    )
    async def archive(
        request: Request, template_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.TEMPLATES_MANAGE)
        await verbs.ask_slowly(
            lambda: templates().archive(
                known.tenant.id, template_id, by=known.credential_id
            )
        )
        return Response(status_code=204)

    @router.post(
        "/{id}/versions",
        status_code=201,
        summary="Add a version of a template",
        openapi_extra={"x-scope": Scope.TEMPLATES_MANAGE, "requestBody": BODY},
    )
    async def add_version(
        request: Request, template_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.TEMPLATES_MANAGE)
        # Nobody uploads 20 MiB to hear that there is no such template.
        await verbs.ask_slowly(lambda: templates().find(known.tenant.id, template_id))
        return await take(request, known, template_id)

    @router.get(
        "/{id}/versions/{number}",
        summary="Read a version of a template",
        openapi_extra={"x-scope": Scope.BULK_MINT},
    )
    async def read_version(
        request: Request, number: str, template_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        wanted = read_whole(number, "number", largest=MAX_VERSION)
        found = await verbs.ask_slowly(
            lambda: templates().version(known.tenant.id, template_id, wanted)
        )
        return json_answer(spell.template(*found))

    @router.get(
        "/{id}/package",
        summary="Download a version's package",
        response_class=Response,
        responses={200: {"description": "ZIP", "content": {"application/zip": {}}}},
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(VERSION_PARAMETER)},
    )
    async def package(
        request: Request, template_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        wanted = _number(query_of(request, allowed=VERSION_PARAMETER).one("version"))

        def found() -> tuple[int, bytes]:
            _, version = templates().version(known.tenant.id, template_id, wanted)
            return version.number, templates().package(version)

        number, data = await verbs.ask_slowly(found)
        return _file(data, "application/zip", f"{template_id}-{number}.zip")

    async def preview(request: Request, template_id: str, kind: str) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        # The attributes that a template prints are its own affair.
        named = {name for name in request.query_params if name.startswith("attribute_")}
        query = query_of(request, allowed={*PREVIEW_PARAMETERS, *named})
        wanted = _number(query.one("version"))
        values = {
            name: value for name, value in query.values.items() if name != "version"
        }
        values.setdefault("issuerName", known.tenant.name)
        await verbs.ask_slowly(lambda: templates().find(known.tenant.id, template_id))
        await verbs.ask(verbs.access.admit, known, Metered.POLL, f"preview {kind}")
        data = await verbs.ask_slowly(
            lambda: templates().preview(
                known.tenant.id, template_id, kind, number=wanted, values=values
            )
        )
        media_type = {"png": "image/png", "pdf": "application/pdf"}[kind]
        return _file(data, media_type, f"sample.{kind}", is_inline=True)

    @router.get(
        "/{id}/preview.png",
        summary="See a sample certificate",
        response_class=Response,
        responses={200: {"description": "PNG", "content": {"image/png": {}}}},
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(PREVIEW_PARAMETERS)},
    )
    async def preview_png(
        request: Request, template_id: str = Path(alias="id")
    ) -> Response:
        return await preview(request, template_id, "png")

    @router.get(
        "/{id}/preview.pdf",
        summary="Print a sample certificate",
        response_class=Response,
        responses={200: {"description": "PDF", "content": {"application/pdf": {}}}},
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(PREVIEW_PARAMETERS)},
    )
    async def preview_pdf(
        request: Request, template_id: str = Path(alias="id")
    ) -> Response:
        return await preview(request, template_id, "pdf")

    async def take(
        request: Request, known: Caller, template_id: str | None
    ) -> Response:
        """Keep the template that *request* brings; None: by its name."""
        await verbs.ask(verbs.access.admit, known, Metered.POLL, "templates")
        kind, _ = content_type(request)
        name, pdf = None, None
        if kind == b"application/json":
            data = await read_body(request, MAX_JSON_BYTES)
        else:
            data, pdf, name = await _received(request, verbs)

        def keep() -> tuple[dict[str, Any], bool]:
            does, tenant_id = templates(), known.tenant.id
            content, warnings = (data, ()) if pdf is None else does.from_pdf(pdf, name)
            by = known.credential_id
            if template_id is None:
                version, is_new = does.add(
                    tenant_id, name, content, by=by, warnings=warnings
                )
            else:
                version, is_new = does.new_version(
                    tenant_id, template_id, content, by=by, warnings=warnings
                )
            one = does.find(tenant_id, version.template_id)
            return spell.template(one, version), is_new

        spelt, is_new = await verbs.ask_slowly(keep)
        location = {"Location": spelt["links"]["self"]}
        return json_answer(spelt, 201 if is_new else 200, location)

    return router


async def _received(
    request: Request, verbs: Verbs
) -> tuple[bytes, bytes | None, str | None]:
    """Return the package of a form, or else its PDF; and the name it is to have."""
    rule = FileRule(MAX_PACKAGE_BYTES)
    async with await receive(
        request,
        files={"package": rule, "pdf": rule},
        fields=("name",),
        spool=verbs.spool,
    ) as upload:
        if len(upload.files) != 1:
            raise Refusal(
                Kind.INVALID,
                "parameter_missing",
                "Send the template as the form file package (ZIP or JSON), or else a "
                "PDF with {{fields}} as the form file pdf.",
                at="package",
            )
        ((part, file),) = upload.files.items()
        data = await verbs.ask_slowly(file.path.read_bytes)
    name = upload.fields.get("name") or None
    return (b"", data, name) if part == "pdf" else (data, None, name)


def _number(text: str | None) -> int | None:
    return None if text is None else read_whole(text, "version", largest=MAX_VERSION)


def _file(
    data: bytes, media_type: str, name: str, *, is_inline: bool = False
) -> Response:
    shown = "inline" if is_inline else "attachment"
    return Response(
        data,
        media_type=media_type,
        headers={
            "Content-Disposition": f'{shown}; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
