"""`/business/batches` and what belongs to them: a CSV and a template."""

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import Protocol

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.vault import VaultBatch
from testamur.core.words import Caller, Template
from testamur.dialects.vec import query, read, spell, wire

from ...answers import json_answer
from ...uploads import FileRule, receive
from ...verbs import Verbs
from .door import admitted, asked
from .vault import VaultVerbs, named

PREFIX = "/business"

FIELDS = ("name", "template_id")


class TemplateBatchVerbs(Protocol):
    """What is done with batches."""

    def create(self, caller: Caller, name: str, template: str, path: FilePath) -> str:
        """Have a certificate be issued for each row of a CSV, or refuse."""
        ...

    def find(self, caller: Caller, uuid: str) -> tuple[VaultBatch, Template | None]:
        """Return a batch and its template, or refuse."""
        ...

    def page(
        self, caller: Caller, state: str | None, page: int, per_page: int
    ) -> tuple[Sequence[tuple[VaultBatch, Template | None]], int]:
        """Return one page of batches, and how many there are."""
        ...

    def templates(
        self, caller: Caller, search: str | None, page: int, per_page: int
    ) -> tuple[Sequence[Template], int]:
        """Return one page of templates, and how many there are."""
        ...


def template_batch_routes(
    verbs: Verbs, batches: TemplateBatchVerbs, vault: VaultVerbs
) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PREFIX, tags=["VEC: batches"], responses=wire.PROBLEMS)
    public_url = verbs.account.public_url

    @router.post(
        "/batches",
        status_code=201,
        summary="Create certificates of a CSV and a template",
        openapi_extra={**wire.form(wire.BATCH_FORM), "x-scope": Scope.BATCHES_CREATE},
        responses={201: wire.answer("The batch")},
    )
    async def create(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.BATCHES_CREATE)
        rule = FileRule(known.tenant.plan.max_csv_bytes)
        async with await receive(
            request, files={"csv_file": rule}, fields=FIELDS, spool=verbs.spool
        ) as sent:
            file = sent.files.get("csv_file")
            wrong: list[Refusal] = []
            try:
                name, template = read.batch(sent.fields)
            except Refusal as no:
                wrong += no.parts
            if file is None:
                wrong.append(read.required("csv_file"))
            if wrong or file is None:
                first = wrong[0]
                raise Refusal(
                    Kind.INVALID, first.code, first.detail, at=first.at, parts=wrong
                )
            uuid = await verbs.ask_slowly(
                batches.create, known, name, template, file.path
            )
        found = await verbs.ask_slowly(batches.find, known, uuid)
        return json_answer({"data": spell.batch(*found)}, 201)

    @router.get(
        "/batches",
        summary="List batches",
        openapi_extra={
            "parameters": query.described(query.BATCHES),
            "x-scope": Scope.BATCHES_VIEW,
        },
        responses={200: wire.answer("A page of them, the newest first")},
    )
    async def listing(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.BATCHES_VIEW)
        given, links = asked(request, query.BATCHES)
        number, size = given.get("page", 1), given.get("per_page", 15)
        found, total = await verbs.ask_slowly(
            batches.page, known, given.get("status"), number, size
        )
        return json_answer(
            spell.page(
                [spell.batch(*one) for one in found],
                number=number,
                size=size,
                total=total,
                path=f"{public_url}{PREFIX}/batches",
                asked=links,
            )
        )

    @router.get(
        "/batches/{uuid}",
        summary="Read how far a batch is",
        openapi_extra={"x-scope": Scope.BATCHES_VIEW},
        responses={200: wire.answer("The batch")},
    )
    async def show(request: Request, name: str = UUID) -> Response:
        known = await admitted(request, verbs, Scope.BATCHES_VIEW)
        found = await verbs.ask_slowly(batches.find, known, named(name))
        return json_answer({"data": spell.batch(*found)})

    @router.get(
        "/certificates",
        summary="List certificates of batches",
        openapi_extra={
            "parameters": query.described(query.CERTIFICATES),
            "x-scope": Scope.CERTIFICATES_LIST,
        },
        responses={200: wire.answer("A page of them")},
    )
    async def certificates(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATES_LIST)
        given, links = asked(request, query.CERTIFICATES)
        wanted = query.certificates(given, is_vault=False)
        found, total = await verbs.ask_slowly(vault.page, known, wanted)
        return json_answer(
            spell.page(
                [spell.issued(one, public_url) for one in found],
                number=wanted.page,
                size=wanted.per_page,
                total=total,
                path=f"{public_url}{PREFIX}/certificates",
                asked=links,
            )
        )

    @router.get(
        "/certificate-templates",
        summary="List templates",
        openapi_extra={
            "parameters": query.described(query.TEMPLATES),
            "x-scope": Scope.CERTIFICATE_TEMPLATES_LIST,
        },
        responses={200: wire.answer("A page of them")},
    )
    async def templates(request: Request) -> Response:
        known = await admitted(request, verbs, Scope.CERTIFICATE_TEMPLATES_LIST)
        given, links = asked(request, query.TEMPLATES)
        number, size = given.get("page", 1), given.get("per_page", 15)
        found, total = await verbs.ask_slowly(
            batches.templates, known, given.get("search"), number, size
        )
        return json_answer(
            spell.page(
                [spell.listed_template(one) for one in found],
                number=number,
                size=size,
                total=total,
                path=f"{public_url}{PREFIX}/certificate-templates",
                asked=links,
            )
        )

    return router


UUID = Path(alias="uuid", description="Of the batch")
