"""The native API under /v1: rehearsals, which have no effect."""

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import IO, Any, Protocol

import anyio
from fastapi import APIRouter
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from testamur.core.findings import Finding, Rehearsed
from testamur.core.policy import Metered, Scope
from testamur.core.words import Caller, Tenant
from testamur.dialects.native import rehearsals as spell
from testamur.dialects.native import wire

from ..answers import json_answer
from ..bodies import content_type
from ..callers import caller
from ..queries import documented, query_of
from ..verbs import ReceivedFile, Verbs, Wanted
from .native import JSON_SCHEMA, UPLOAD_SCHEMA, from_files, from_json

#: The whole report in memory up to this; in a file without a name beyond it.
TABLE_BYTES = 256 * 1024

#: Lines after which is looked whether there is room for more.
LINES_PER_LOOK = 1_000

PIECE = 64 * 1024

PARAMETERS: Mapping[str, dict[str, object]] = {
    "format": {
        "type": "string",
        "enum": ["csv", "json"],
        "description": "`csv`: every finding as a table; so does `Accept: text/csv`",
    },
}

Note = Callable[[Finding], object]


class Rehearse(Protocol):
    """Rehearses rows, or refuses."""

    def files(
        self,
        tenant: Tenant,
        rows_file: ReceivedFile,
        images_file: ReceivedFile | None,
        wanted: Wanted,
        *,
        note: Note | None,
        is_abandoned: Callable[[], bool],
    ) -> Rehearsed:
        """Return how issuing these files would go."""
        ...

    def records(
        self,
        tenant: Tenant,
        records: Sequence[Mapping[str, object]],
        wanted: Wanted,
        *,
        note: Note | None,
        is_abandoned: Callable[[], bool],
    ) -> Rehearsed:
        """Return how issuing rows that came as JSON would go."""
        ...


def rehearsal_routes(verbs: Verbs, rehearse: Rehearse) -> APIRouter:
    """Return the route of rehearsals."""
    router = APIRouter(prefix="/v1/rehearsals", tags=["Jobs"], responses=wire.PROBLEMS)

    @router.post(
        "",
        summary="See what would fail or look wrong, with no effect",
        responses={
            200: {
                "description": "The report: what would fail, what looks wrong, and why",
                "content": {
                    "application/json": {"schema": spell.REPORT},
                    "text/csv": {},
                },
            }
        },
        openapi_extra={
            "x-scope": Scope.BULK_MINT,
            **documented(PARAMETERS),
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
        wants_table = _wants_table(request)
        with contextlib.ExitStack() as closing:
            table = closing.enter_context(_Table(verbs)) if wants_table else None
            async with _rehearsing(verbs, known):
                found = await _report(request, verbs, known, rehearse, table)
            if table is None:
                return json_answer(spell.report(found))
            closing.pop_all()  # the answer closes it
            return table.answer()

    return router


@contextlib.asynccontextmanager
async def _rehearsing(verbs: Verbs, known: Caller) -> AsyncIterator[None]:
    """Count a rehearsal against the plan; one that comes to nothing is not counted."""
    admitted_at = await verbs.ask(verbs.access.admit, known, Metered.REHEARSE)
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await verbs.ask(verbs.access.refund, known, Metered.REHEARSE, admitted_at)
        raise


async def _report(
    request: Request,
    verbs: Verbs,
    known: Caller,
    rehearse: Rehearse,
    table: "_Table | None",
) -> Rehearsed:
    """Return the report on what *request* brings, as long as somebody waits for it."""
    note = table.add if table else None
    abandoned = threading.Event()
    watching: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()

    def watch() -> None:
        watching.append(loop.create_task(_watch(request, abandoned)))

    def files(
        tenant: Tenant,
        rows_file: ReceivedFile,
        images_file: ReceivedFile | None,
        wanted: Wanted,
    ) -> Rehearsed:
        loop.call_soon_threadsafe(watch)
        return rehearse.files(
            tenant,
            rows_file,
            images_file,
            wanted,
            note=note,
            is_abandoned=abandoned.is_set,
        )

    def records(
        tenant: Tenant, rows: Sequence[Mapping[str, Any]], _: bytes, wanted: Wanted
    ) -> Rehearsed:
        loop.call_soon_threadsafe(watch)
        return rehearse.records(
            tenant, rows, wanted, note=note, is_abandoned=abandoned.is_set
        )

    kind, _ = content_type(request)
    try:
        if kind == b"application/json":
            return await from_json(request, verbs, known, None, records)
        return await from_files(request, verbs, known, None, files)
    finally:
        abandoned.set()
        for task in watching:
            task.cancel()


async def _watch(request: Request, abandoned: threading.Event) -> None:
    """Set *abandoned* when the client goes away. Its body has come by now."""
    while not abandoned.is_set():
        message = await request.receive()
        if message["type"] == "http.disconnect":
            abandoned.set()


def _wants_table(request: Request) -> bool:
    named = query_of(request, allowed=("format",)).choice("format", ("csv", "json"))
    if named is not None:
        return named == "csv"
    accepted = request.headers.get("accept", "")
    kinds = [one.partition(";")[0].strip().lower() for one in accepted.split(",")]
    # Who takes both gets what everybody gets.
    return "text/csv" in kinds and "application/json" not in kinds


class _Table:
    """Every finding as a line of a CSV; a file without a name holds what is long."""

    def __init__(self, verbs: Verbs) -> None:
        self._spool = verbs.spool
        self._lines = 0
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - exits
            max_size=TABLE_BYTES, dir=str(verbs.spool.home)
        )
        self._file.write(spell.header_line())

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, finding: Finding) -> None:
        """
        Add a line.

        Raises:
            StorageFull: there is no room for more.
        """
        if self._lines % LINES_PER_LOOK == 0:
            self._spool.check_space()
        self._lines += 1
        self._file.write(spell.line(finding))

    def answer(self) -> Response:
        """Return the table as an answer, which closes it."""
        size = self._file.tell()
        self._file.seek(0)
        headers = {
            "Content-Disposition": 'attachment; filename="rehearsal.csv"',
            "Content-Length": str(size),
            "Cache-Control": "no-store",
        }
        pieces = iterate_in_threadpool(self._pieces())
        return StreamingResponse(pieces, headers=headers, media_type="text/csv")

    def _pieces(self) -> Iterator[bytes]:
        with self._file:
            while piece := self._file.read(PIECE):
                yield piece
