"""Academic records: the same routes for each kind, made of its definition."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.lists import Query
from testamur.core.policy import Scope
from testamur.core.records import Curriculum, Definition, Draft, ModuleGroup, Record
from testamur.dialects.dokstamp import records as wire_records
from testamur.dialects.dokstamp import spell, wire
from testamur.dialects.dokstamp.query import described

from ...answers import json_answer
from ...bodies import receive_json
from ...queries import pairs_of
from ...verbs import Verbs
from .door import admitted

UUID = Path(alias="uuid", description="The record's UUID")

READ, WRITE = Scope.RECORDS_READ, Scope.RECORDS_WRITE

DELETED: dict[int | str, dict[str, Any]] = {204: {"description": "It is gone"}}


class RecordVerbs(Protocol):
    """What is done with a tenant's records."""

    def find(self, tenant_id: str, definition: Definition, uuid: str) -> Record:
        """Return a record, or refuse."""
        ...

    def page(
        self, tenant_id: str, definition: Definition, query: Query
    ) -> tuple[Sequence[Record], int]:
        """Return one page of records, and how many there are in all."""
        ...

    def create(self, tenant_id: str, definition: Definition, draft: Draft) -> Record:
        """Store a new record, or refuse."""
        ...

    def change(
        self, tenant_id: str, definition: Definition, uuid: str, draft: Draft
    ) -> Record:
        """Have a record say something else, or refuse."""
        ...

    def delete(self, tenant_id: str, definition: Definition, uuid: str) -> None:
        """Delete a record, or refuse."""
        ...

    def destroy(
        self, tenant_id: str, definition: Definition, uuids: Sequence[str]
    ) -> None:
        """Delete many records, or refuse and delete none."""
        ...


class CurriculumVerbs(Protocol):
    """What is done with the modules of courses."""

    def of(self, course: Record) -> Curriculum:
        """Return the modules of a course."""
        ...

    def attach(self, tenant_id: str, course: str, modules: Sequence[str]) -> Record:
        """Put modules into a course, or refuse."""
        ...

    def detach(self, tenant_id: str, course: str, modules: Sequence[str]) -> Record:
        """Take modules out of a course, or refuse."""
        ...

    def group(
        self, tenant_id: str, course: str, name: str, modules: Sequence[str]
    ) -> ModuleGroup:
        """Make a group of modules in a course, or refuse."""
        ...


def record_routes(
    verbs: Verbs,
    definitions: Sequence[Definition],
    records: RecordVerbs,
    curricula: CurriculumVerbs,
) -> APIRouter:
    """Return the routes of all records, and those of courses alone."""
    router = APIRouter(tags=["DokStamp: records"], responses=wire.PROBLEMS)

    def spelt(definition: Definition, record: Record) -> dict[str, Any]:
        """Spell a record by itself: a course with its modules."""
        told = wire_records.spell(definition, record)
        if definition.resource == "courses":
            told |= wire_records.spell_curriculum(curricula.of(record))
        return spell.data(told)

    for definition in definitions:
        if definition.resource == "courses":
            _course_routes(router, verbs, definition, curricula, spelt)
        _routes(router, verbs, definition, records, spelt)
    return router


Spelt = Callable[[Definition, Record], dict[str, Any]]


def _routes(
    router: APIRouter,
    verbs: Verbs,
    definition: Definition,
    records: RecordVerbs,
    spelt: Spelt,
) -> None:
    """Add the routes of one kind of record."""
    path, one = f"/{definition.resource}", definition.one
    a = f"an {one}" if one[0] in "aeio" else f"a {one}"

    @router.get(
        path,
        summary=f"List {definition.resource}",
        openapi_extra={
            "parameters": described(definition.filterable, definition.sortable),
            "x-scope": READ,
        },
        responses={200: wire.answer("One page of them, and where it stands")},
    )
    async def listed(request: Request) -> Response:
        known = await admitted(request, verbs, READ)
        query = wire_records.query(definition, pairs_of(request))

        def read() -> dict[str, Any]:
            found, total = records.page(known.tenant.id, definition, query)
            return spell.page(
                [wire_records.spell(definition, record) for record in found],
                number=query.page,
                size=query.per_page,
                total=total,
                path=f"{verbs.account.public_url}{path}",
            )

        return json_answer(await verbs.ask_slowly(read))

    @router.post(
        path,
        status_code=201,
        summary=f"Create {a}",
        openapi_extra={
            **wire.body(wire_records.schema(definition, is_whole=True)),
            "x-scope": WRITE,
        },
        responses={201: wire.answer(f"The {one}")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, WRITE)
        body = await receive_json(request)
        draft = wire_records.draft(definition, body, is_whole=True)

        def created() -> dict[str, Any]:
            return spelt(definition, records.create(known.tenant.id, definition, draft))

        return json_answer(await verbs.ask_slowly(created), 201)

    # Before the paths with a UUID, which this is none of.
    @router.delete(
        f"{path}/batch/destroy",
        status_code=204,
        summary=f"Delete many {definition.resource}: all that are named, or none",
        openapi_extra={**wire.body(wire_records.UUIDS_SCHEMA), "x-scope": WRITE},
        responses={204: {"description": "They are gone"}},
    )
    async def destroy(request: Request) -> Response:
        known = await admitted(request, verbs, WRITE)
        uuids = wire_records.uuids(await receive_json(request))
        await verbs.ask_slowly(records.destroy, known.tenant.id, definition, uuids)
        return Response(status_code=204)

    @router.get(
        f"{path}/{{uuid}}",
        summary=f"Read {a}",
        openapi_extra={"x-scope": READ},
        responses={200: wire.answer(f"The {one}")},
    )
    async def find(request: Request, uuid: str = UUID) -> Response:
        known = await admitted(request, verbs, READ)
        name = wire_records.uuid(uuid)

        def found() -> dict[str, Any]:
            return spelt(definition, records.find(known.tenant.id, definition, name))

        return json_answer(await verbs.ask(found))

    async def changed(request: Request, uuid: str, *, is_whole: bool) -> Response:
        known = await admitted(request, verbs, WRITE)
        name = wire_records.uuid(uuid)
        body = await receive_json(request)
        draft = wire_records.draft(definition, body, is_whole=is_whole)

        def done() -> dict[str, Any]:
            tenant_id = known.tenant.id
            return spelt(definition, records.change(tenant_id, definition, name, draft))

        return json_answer(await verbs.ask_slowly(done))

    @router.patch(
        f"{path}/{{uuid}}",
        summary=f"Change {a} in part",
        openapi_extra={
            **wire.body(wire_records.schema(definition, is_whole=False)),
            "x-scope": WRITE,
        },
        responses={200: wire.answer(f"The {one} as it is now")},
    )
    async def patch(request: Request, uuid: str = UUID) -> Response:
        return await changed(request, uuid, is_whole=False)

    @router.put(
        f"{path}/{{uuid}}",
        summary=f"Change {a} as a whole",
        openapi_extra={
            **wire.body(wire_records.schema(definition, is_whole=True)),
            "x-scope": WRITE,
        },
        responses={200: wire.answer(f"The {one} as it is now")},
    )
    async def put(request: Request, uuid: str = UUID) -> Response:
        return await changed(request, uuid, is_whole=True)

    @router.delete(
        f"{path}/{{uuid}}",
        status_code=204,
        summary=f"Delete {a}",
        openapi_extra={"x-scope": WRITE},
        responses=DELETED,
    )
    async def delete(request: Request, uuid: str = UUID) -> Response:
        known = await admitted(request, verbs, WRITE)
        name = wire_records.uuid(uuid)
        await verbs.ask_slowly(records.delete, known.tenant.id, definition, name)
        return Response(status_code=204)


def _course_routes(
    router: APIRouter,
    verbs: Verbs,
    definition: Definition,
    curricula: CurriculumVerbs,
    spelt: Spelt,
) -> None:
    """Add what only courses have."""

    async def named(
        request: Request,
        uuid: str,
        verb: Callable[[str, str, Sequence[str]], Record],
    ) -> Response:
        known = await admitted(request, verbs, WRITE)
        name = wire_records.uuid(uuid)
        modules = wire_records.modules(await receive_json(request))

        def done() -> dict[str, Any]:
            return spelt(definition, verb(known.tenant.id, name, modules))

        return json_answer(await verbs.ask_slowly(done))

    @router.post(
        "/courses/{uuid}/attach/modules",
        summary="Put modules into a course",
        openapi_extra={**wire.body(wire_records.MODULES_SCHEMA), "x-scope": WRITE},
        responses={200: wire.answer("The course as it is now")},
    )
    async def attach(request: Request, uuid: str = UUID) -> Response:
        return await named(request, uuid, curricula.attach)

    @router.post(
        "/courses/{uuid}/detach/modules",
        summary="Take modules out of a course",
        openapi_extra={**wire.body(wire_records.MODULES_SCHEMA), "x-scope": WRITE},
        responses={200: wire.answer("The course as it is now")},
    )
    async def detach(request: Request, uuid: str = UUID) -> Response:
        return await named(request, uuid, curricula.detach)

    @router.post(
        "/courses/{uuid}/modules/groups",
        status_code=201,
        summary="Make a group of modules in a course",
        openapi_extra={**wire.body(wire_records.GROUP_SCHEMA), "x-scope": WRITE},
        responses={201: wire.answer("The group")},
    )
    async def group(request: Request, uuid: str = UUID) -> Response:
        known = await admitted(request, verbs, WRITE)
        name = wire_records.uuid(uuid)
        title, modules = wire_records.group(await receive_json(request))

        def done() -> dict[str, Any]:
            made = curricula.group(known.tenant.id, name, title, modules)
            return spell.data(wire_records.spell_group(made))

        return json_answer(await verbs.ask_slowly(done), 201)
