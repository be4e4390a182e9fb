"""The native API under /v1: what happens, as it happens."""

from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from typing import Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from testamur.core.events import Event
from testamur.core.lifecycle import JobState
from testamur.core.policy import Metered, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller
from testamur.dialects.native import events as wire_of
from testamur.dialects.native import spell, wire

from ..answers import json_answer
from ..callers import caller
from ..live import Live, Look, Message
from ..queries import documented, query_of
from ..verbs import Verbs

#: How many streams a tenant may have at one server.
MOST_STREAMS = 2_500

#: How many events are read at once.
AT_ONCE = 200

AT_REST = frozenset((JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED))

#: Milliseconds after which a reader comes back that was cut off.
BEGINNING = b"retry: 3000\n\n"

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_WHERE: dict[str, object] = {
    "type": "string",
    "description": "Where to go on, for those who cannot send the header Last-Event-ID",
}

JOB_PARAMETERS: Mapping[str, dict[str, object]] = {"lastEventId": _WHERE}

PARAMETERS: Mapping[str, dict[str, object]] = {
    "types": {"type": "string", "description": "Names of events, with commas"},
    "lastEventId": _WHERE,
}

ANSWERS: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A stream without end for those who accept text/event-stream; "
        "the first of what happened as JSON for all others",
        "content": {
            "application/json": {"schema": wire_of.PAGE},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    204: {"description": "Everything was told: do not come back"},
}


class EventVerbs(Protocol):
    """What happened to a tenant's things."""

    def since(self, tenant_id: str, after: int, limit: int) -> Sequence[Event]:
        """Return up to *limit* events after a position, in order."""
        ...

    def of_subject(self, tenant_id: str, subject: str, after: int) -> Sequence[Event]:
        """Return those of one thing."""
        ...

    def newest(self, tenant_id: str) -> int:
        """Return the position now."""
        ...


def event_routes(verbs: Verbs, events: EventVerbs, live: Live) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["Events"], responses=wire.PROBLEMS)

    def look_at_job(tenant_id: str, job_id: str) -> Look:
        last = b""

        async def look(after: int) -> tuple[list[Message], int]:
            nonlocal last
            progress = await verbs.ask(verbs.jobs.status, tenant_id, job_id)
            found = await verbs.ask(events.of_subject, tenant_id, job_id, after)
            told = []
            text = wire_of.message("job.progress", spell.job(progress))
            if text != last:
                last = text
                told.append(Message(text))
            told += [
                Message(wire_of.spelled(one), one.seq, str(one.type)) for one in found
            ]
            position = found[-1].seq if found else after
            if progress.job.state in AT_REST:
                over = {"jobId": job_id, "status": progress.job.state}
                text = wire_of.message("end", over, position)
                told.append(Message(text, is_last=True))
            return told, position

        return look

    def look_at_tenant(tenant_id: str) -> Look:
        async def look(after: int) -> tuple[list[Message], int]:
            found = await verbs.ask(events.since, tenant_id, after, AT_ONCE)
            told = [
                Message(wire_of.spelled(one), one.seq, str(one.type)) for one in found
            ]
            return told, found[-1].seq if found else after

        return look

    def still_may(request: Request, scope: Scope) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            try:
                await caller(request, verbs, scope)
            except Refusal:
                return False
            return True

        return ask

    def admit(known: Caller) -> None:
        if live.count(known.tenant.id) >= MOST_STREAMS:
            raise Refusal(
                Kind.TOO_OFTEN,
                "too_many_streams",
                f"There are {MOST_STREAMS:,} streams open already. Close some.",
                retry_after_seconds=15,
            )

    @router.get(
        "/jobs/{id}/events",
        summary="Watch a job: how far it is, and that it ended",
        responses=ANSWERS,
        openapi_extra={"x-scope": Scope.BULK_MINT, **documented(JOB_PARAMETERS)},
    )
    async def of_job(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await caller(request, verbs, Scope.BULK_MINT)
        query = query_of(request, allowed=JOB_PARAMETERS)
        since = wire_of.position(
            request.headers.get("last-event-id") or query.one("lastEventId")
        )
        tenant_id = known.tenant.id
        progress = await verbs.ask(verbs.jobs.status, tenant_id, job_id)
        if not _wants_stream(request):
            await verbs.ask(verbs.access.admit, known, Metered.POLL, job_id)
            found = await verbs.ask(events.of_subject, tenant_id, job_id, since or 0)
            return json_answer(wire_of.page(found, since or 0))
        admit(known)
        is_over = since is not None and progress.job.state in AT_REST
        if is_over and not await verbs.ask(
            events.of_subject, tenant_id, job_id, since or 0
        ):
            return Response(status_code=204)
        stream = live.watch(
            (tenant_id, job_id),
            look_at_job(tenant_id, job_id),
            # Its own events are few: who begins hears of them all.
            since=since or 0,
            newest=await verbs.ask(events.newest, tenant_id),
            still_may=still_may(request, Scope.BULK_MINT),
        )
        return StreamingResponse(
            _begun(stream), headers=HEADERS, media_type="text/event-stream"
        )

    @router.get(
        "/events",
        summary="Watch everything of a tenant's that happens from now on",
        responses={200: ANSWERS[200]},
        openapi_extra={"x-scope": Scope.WEBHOOKS_READ, **documented(PARAMETERS)},
    )
    async def of_tenant(request: Request) -> Response:
        known = await caller(request, verbs, Scope.WEBHOOKS_READ)
        query = query_of(request, allowed=PARAMETERS)
        types = wire_of.types(query.one("types"))
        since = wire_of.position(
            request.headers.get("last-event-id") or query.one("lastEventId")
        )
        tenant_id = known.tenant.id
        if not _wants_stream(request):
            await verbs.ask(verbs.access.admit, known, Metered.POLL, "events")
            found = await verbs.ask(events.since, tenant_id, since or 0, AT_ONCE)
            return json_answer(wire_of.page(found, since or 0, types))
        admit(known)
        stream = live.watch(
            (tenant_id, ""),
            look_at_tenant(tenant_id),
            since=since,
            newest=await verbs.ask(events.newest, tenant_id),
            still_may=still_may(request, Scope.WEBHOOKS_READ),
            types=types,
        )
        return StreamingResponse(
            _begun(stream), headers=HEADERS, media_type="text/event-stream"
        )

    return router


async def _begun(stream: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    yield BEGINNING
    async with aclosing(stream) as messages:
        async for one in messages:
            yield one


def _wants_stream(request: Request) -> bool:
    return "text/event-stream" in request.headers.get("accept", "")
