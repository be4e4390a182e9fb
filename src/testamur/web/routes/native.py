"""The native API under /v1: jobs, and what belongs to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.languages import LANGUAGES
from testamur.core.lifecycle import JobState
from testamur.core.policy import MAX_HOLD_MINUTES, MAX_VALID_DAYS, Metered, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller, Progress, Tenant
from testamur.dialects.native import read, spell, wire

from ..answers import json_answer
from ..bodies import content_type, read_body, read_json
from ..callers import caller, creating, idempotency_key
from ..downloads import download_answer
from ..queries import LIMIT_SCHEMA, PAGE_SCHEMA, documented, query_of
from ..uploads import FileRule, receive
from ..verbs import ReceivedFile, Verbs, Wanted

T = TypeVar("T")

#: Rows as JSON: what a thousand of the longest rows take.
MAX_JSON_ROWS_BYTES = 10 * 1024 * 1024

FIELDS = (
    *("batchName", "encoding", "mapping", "template", "validDays"),
    *("notify", "language", "holdMinutes"),
)

VALID_DAYS: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_VALID_DAYS,
    "description": "For certificates whose rows do not say; for ever when left out",
}

TEMPLATE: dict[str, Any] = {
    "type": "string",
    "description": "Id or name of the template that certificates are made of, in place "
    "of images; `name@2` is its second version",
}

MAIL: dict[str, Any] = {
    "notify": {
        "type": "boolean",
        "description": "Whether recipients are written to; not when left out",
    },
    "language": {"type": "string", "enum": list(LANGUAGES)},
    "holdMinutes": {
        "type": "integer",
        "minimum": 0,
        "maximum": MAX_HOLD_MINUTES,
        "description": "How long a mail waits after its certificate is issued",
    },
}

UPLOAD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rows"],
    "additionalProperties": False,
    "properties": {
        "rows": {"type": "string", "format": "binary", "description": "CSV"},
        "images": {"type": "string", "format": "binary", "description": "ZIP"},
        "batchName": {"type": "string"},
        "validDays": VALID_DAYS,
        "template": TEMPLATE,
        **MAIL,
        "encoding": {"type": "string", "description": "Unless the CSV is UTF-8"},
        "mapping": {"type": "string", "description": "JSON: your header to ours"},
    },
}

LIST_PARAMETERS: Mapping[str, dict[str, object]] = {
    "state": {"type": "string", "enum": [str(state) for state in JobState]},
    "page": PAGE_SCHEMA,
    "limit": LIMIT_SCHEMA,
}

JSON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["rows"],
    "additionalProperties": False,
    "properties": {
        "rows": {"type": "array", "items": {"type": "object"}, "minItems": 1},
        "batchName": {"type": "string"},
        "validDays": VALID_DAYS,
        "template": TEMPLATE,
        **MAIL,
    },
}


def job_routes(verbs: Verbs) -> APIRouter:
    """Return the routes of jobs."""
    router = APIRouter(prefix="/v1/jobs", tags=["Jobs"], responses=wire.PROBLEMS)
    jobs = verbs.jobs

    @router.post(
        "",
        status_code=202,
        summary="Submit rows (CSV with optional images, or JSON)",
        openapi_extra={
            "x-scope": Scope.BULK_MINT,
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {"schema": UPLOAD_SCHEMA},
                    "application/json": {"schema": JSON_SCHEMA},
                },
            },
        },
    )
    async def create(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        key = idempotency_key(request)
        kind, _ = content_type(request)
        async with creating(verbs, known, key):
            if kind == b"application/json":
                job = await from_json(request, verbs, known, key, jobs.submit_records)
            else:
                job = await from_files(request, verbs, known, key, jobs.submit)
        progress = Progress.at_acceptance(job)
        location = {"Location": f"/v1/jobs/{job.id}"}
        return json_answer(spell.job(progress), 202, location)

    @router.get(
        "",
        summary="List jobs",
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(LIST_PARAMETERS)},
    )
    async def listing(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        query = query_of(request, allowed=("state", "page", "limit"))
        state = read.state(query.one("state"))
        page, limit = query.page(), query.limit(default=20)
        await verbs.ask(verbs.access.admit, known, Metered.POLL, "list")
        found, total = await verbs.ask(
            lambda: jobs.listing(known.tenant.id, state=state, page=page, limit=limit)
        )
        return json_answer(
            {
                "jobs": [spell.job(progress) for progress in found],
                "page": page,
                "limit": limit,
                "total": total,
            }
        )

    @router.get("/{id}", summary="Read", openapi_extra={"x-scope": Scope.BULK_MINT})
    async def status(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        await verbs.ask(verbs.access.admit, known, Metered.POLL, job_id)
        progress = await verbs.ask(jobs.status, known.tenant.id, job_id)
        return json_answer(spell.status(progress))

    @router.post(
        "/{id}/retry",
        summary="Run the failed rows again",
        openapi_extra={"x-scope": Scope.BULK_RETRY},
    )
    async def retry(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.BULK_RETRY)
        await verbs.ask(jobs.status, known.tenant.id, job_id)
        await verbs.ask(verbs.access.admit, known, Metered.RETRY)
        progress, count = await verbs.ask_slowly(jobs.retry, known.tenant.id, job_id)
        return json_answer({**spell.job(progress), "retried": count})

    @router.post(
        "/{id}/cancel",
        summary="Stop a queued or processing job",
        openapi_extra={"x-scope": Scope.BULK_MINT},
    )
    async def cancel(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        progress = await verbs.ask_slowly(jobs.cancel, known.tenant.id, job_id)
        return json_answer(spell.job(progress))

    async def results(request: Request, job_id: str, kind: str) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        await verbs.ask(jobs.status, known.tenant.id, job_id)
        await verbs.ask(verbs.access.admit, known, Metered.DOWNLOAD)
        found = await verbs.ask_slowly(jobs.download, known.tenant.id, job_id, kind)
        return download_answer(request, found)

    @router.get(
        "/{id}/results.csv",
        summary="Download a line per row",
        response_class=Response,
        responses={200: {"description": "CSV", "content": {"text/csv": {}}}},
        openapi_extra={"x-scope": Scope.BULK_MINT},
    )
    async def results_csv(request: Request, job_id: str = Path(alias="id")) -> Response:
        return await results(request, job_id, "csv")

    @router.get(
        "/{id}/results.zip",
        summary="Download images and metadata",
        response_class=Response,
        responses={200: {"description": "ZIP", "content": {"application/zip": {}}}},
        openapi_extra={"x-scope": Scope.BULK_MINT},
    )
    async def results_zip(request: Request, job_id: str = Path(alias="id")) -> Response:
        return await results(request, job_id, "zip")

    return router


async def from_json(
    request: Request,
    verbs: Verbs,
    known: Caller,
    key: str | None,
    submit_records: Callable[[Tenant, Sequence[Mapping[str, Any]], bytes, Wanted], T],
) -> T:
    """Return what *submit_records* makes of the rows in a JSON body."""
    limit = min(MAX_JSON_ROWS_BYTES, known.tenant.plan.max_csv_bytes)
    body = await read_body(request, limit)
    new = read.new_job(await verbs.ask_slowly(lambda: read_json(body, max_bytes=limit)))
    wanted = Wanted(
        "native",
        batch_name=new.batch_name,
        idempotency_key=key,
        valid_days=new.valid_days,
        template=new.template,
        mail=new.mail,
    )
    return await verbs.ask_slowly(
        submit_records, known.tenant, new.records, body, wanted
    )


async def from_files(
    request: Request,
    verbs: Verbs,
    known: Caller,
    key: str | None,
    submit: Callable[[Tenant, ReceivedFile, ReceivedFile | None, Wanted], T],
) -> T:
    """Return what *submit* makes of the files of a form."""
    plan = known.tenant.plan
    rules = {
        "rows": FileRule(plan.max_csv_bytes),
        "images": FileRule(plan.max_zip_bytes),
    }
    async with await receive(
        request, files=rules, fields=FIELDS, spool=verbs.spool
    ) as upload:
        files = {
            name: ReceivedFile(file.path, file.sha256_hex)
            for name, file in upload.files.items()
        }
        if "rows" not in files:
            raise Refusal(
                Kind.INVALID,
                "parameter_missing",
                "Send the CSV as the form file rows.",
                at="rows",
            )
        mapping = upload.fields.get("mapping")
        wanted = Wanted(
            dialect="native",
            batch_name=read.batch_name(upload.fields.get("batchName")),
            idempotency_key=key,
            encoding=upload.fields.get("encoding") or None,
            valid_days=read.valid_days(upload.fields.get("validDays")),
            template=read.template(upload.fields.get("template")),
            mail=read.mail_form(upload.fields),
            mapping=read.mapping(read_json(mapping.encode())) if mapping else None,
        )
        return await verbs.ask_slowly(
            submit,
            known.tenant,
            files["rows"],
            files.get("images"),
            wanted,
        )
