"""The Pocketbook bulk mint API."""

from collections.abc import Mapping

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Metered, Scope
from testamur.core.words import Progress
from testamur.dialects.pocketbook import read, spell, wire

from ..answers import json_answer
from ..callers import caller, creating, idempotency_key
from ..downloads import download_answer
from ..queries import LIMIT_SCHEMA, PAGE_SCHEMA, Query, documented, query_of
from ..uploads import FileRule, receive
from ..verbs import ReceivedFile, Verbs, Wanted

BATCH_NAME = "Bulk mint"

#: The second is an addition to what the service documents.
FIELDS = frozenset(("createBatch", "template"))


def pocketbook_routes(verbs: Verbs) -> APIRouter:
    """Return the routes, at the paths that the service documents."""
    router = APIRouter(prefix="/api", tags=["Pocketbook"], responses=wire.PROBLEMS)
    jobs = verbs.jobs

    @router.post(
        "/bulk-mint",
        status_code=201,
        summary="Create a bulk mint job",
        openapi_extra={**wire.UPLOAD, "x-scope": Scope.BULK_MINT},
        responses={201: wire.answer(wire.JOB, "The job was accepted")},
    )
    async def create(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        key = idempotency_key(request)
        plan = known.tenant.plan
        rules = {
            "metadata": FileRule(plan.max_csv_bytes),
            "images": FileRule(plan.max_zip_bytes),
        }
        async with (
            creating(verbs, known, key),
            await receive(
                request, files=rules, fields=FIELDS, spool=verbs.spool
            ) as upload,
        ):
            wants_batch = read.create_batch(upload.fields.get("createBatch"))
            files = {
                name: ReceivedFile(file.path, file.sha256_hex)
                for name, file in upload.files.items()
            }
            rows_file = read.required_file(files)
            job = await verbs.ask_slowly(
                jobs.submit,
                known.tenant,
                rows_file,
                files.get("images"),
                Wanted(
                    dialect="pocketbook",
                    batch_name=BATCH_NAME if wants_batch else None,
                    idempotency_key=key,
                    template=read.template(upload.fields.get("template")),
                ),
            )
        progress = Progress.at_acceptance(job)
        body = spell.success(spell.job(progress))
        location = f"/api/bulk-mint/{job.id}"
        return json_answer(body, 201, {"Location": location})

    @router.get(
        "/bulk-mint/template/csv",
        summary="Download the CSV template (no key needed)",
        openapi_extra={"x-scope": None},
        response_class=Response,
        responses={200: {"description": "CSV", "content": {"text/csv": {}}}},
    )
    async def template() -> Response:
        return Response(
            spell.TEMPLATE_CSV,
            media_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{spell.TEMPLATE_NAME}"',
                # The documented client fetches it from a page of another origin.
                "Access-Control-Allow-Origin": "*",
                "Cache-Control": "public, max-age=3600",
            },
        )

    @router.get(
        "/bulk-mint",
        summary="List jobs, newest first",
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(LIST_PARAMETERS)},
        responses={200: wire.answer({"jobs": [wire.JOB]}, "One page of jobs")},
    )
    async def listing(request: Request) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        query: Query = query_of(request, allowed=("status", "page", "limit"))
        state = read.status(query.one("status"))
        page, limit = query.page(), query.limit(default=20)
        await verbs.ask(verbs.access.admit, known, Metered.POLL, "list")
        found, total = await verbs.ask(
            lambda: jobs.listing(known.tenant.id, state=state, page=page, limit=limit)
        )
        return json_answer(
            spell.success(spell.page(found, number=page, limit=limit, total=total))
        )

    @router.get(
        "/bulk-mint/{jobId}",
        summary="Read how far a job is",
        openapi_extra={"x-scope": Scope.BULK_MINT},
        responses={200: wire.answer(wire.JOB, "The job")},
    )
    async def status(request: Request, job_id: str = Path(alias="jobId")) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        await verbs.ask(verbs.access.admit, known, Metered.POLL, job_id)
        progress = await verbs.ask(jobs.status, known.tenant.id, job_id)
        return json_answer(spell.success(spell.status(progress)))

    @router.post(
        "/bulk-mint/{jobId}/retry",
        summary="Retry the rows that failed",
        openapi_extra={"x-scope": Scope.BULK_RETRY},
        responses={200: wire.answer({**wire.JOB, "retriedCount": 2}, "The job")},
    )
    async def retry(request: Request, job_id: str = Path(alias="jobId")) -> Response:
        known = await caller(request, verbs, Scope.BULK_RETRY)
        await verbs.ask(jobs.status, known.tenant.id, job_id)
        await verbs.ask(verbs.access.admit, known, Metered.RETRY)
        progress, count = await verbs.ask_slowly(jobs.retry, known.tenant.id, job_id)
        return json_answer(spell.success(spell.retried(progress, count)))

    @router.post(
        "/bulk-mint/{jobId}/cancel",
        summary="Cancel a queued or processing job",
        openapi_extra={"x-scope": Scope.BULK_MINT},
        responses={200: wire.answer(wire.JOB, "The job, cancelled")},
    )
    async def cancel(request: Request, job_id: str = Path(alias="jobId")) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        progress = await verbs.ask_slowly(jobs.cancel, known.tenant.id, job_id)
        return json_answer(spell.success(spell.cancelled(progress)))

    @router.get(
        "/bulk-mint/{jobId}/download/{type}",
        summary="Download the results as csv or zip",
        openapi_extra={"x-scope": Scope.BULK_MINT},
        response_class=Response,
        responses={
            200: {
                "description": "The file; whole, or from where Range says with 206",
                "content": {"text/csv": {}, "application/zip": {}},
            }
        },
    )
    async def download(
        request: Request,
        job_id: str = Path(alias="jobId"),
        kind: str = Path(alias="type"),
    ) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        kind = read.download_type(kind)
        await verbs.ask(jobs.status, known.tenant.id, job_id)
        await verbs.ask(verbs.access.admit, known, Metered.DOWNLOAD)
        found = await verbs.ask_slowly(jobs.download, known.tenant.id, job_id, kind)
        return download_answer(request, found)

    @router.get(
        "/billing/cost-preview/{count}",
        summary="What so many certificates would cost",
        openapi_extra={"x-scope": Scope.BULK_MINT},
        responses={200: wire.answer(wire.COST, "The cost, tier by tier")},
    )
    async def cost_preview(request: Request, count: str) -> Response:
        await caller(request, verbs, Scope.BULK_MINT)
        return json_answer(spell.success(spell.cost(verbs.preview_cost(count))))

    return router


LIST_PARAMETERS: Mapping[str, dict[str, object]] = {
    "status": {"type": "string", "enum": list(read.STATUSES)},
    "page": PAGE_SCHEMA,
    "limit": LIMIT_SCHEMA,
}
