"""The Thought Industries REST API: certificate templates, and certifying."""

from collections.abc import Sequence
from typing import Any, Protocol

import anyio
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import MIB, Metered, Scope
from testamur.core.refusals import NotYet
from testamur.core.words import Caller
from testamur.dialects.thought_industries import read, spell, wire

from .. import allowance
from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..verbs import Verbs

#: Five thousand templates with a dozen labels each.
MAX_BULK_BYTES = 24 * MIB

#: As long as a client waits for a certificate, and a little less than most do.
PATIENCE_SECONDS = 20.0
BULK_PATIENCE_SECONDS = 50.0

#: How often is looked for it: first, and at most.
FIRST_LOOK_SECONDS = 0.03
LAST_LOOK_SECONDS = 0.5

#: More rows than this are not looked at between two requests of others.
FEW_ROWS = 20

CREATE, UPDATE = (
    "APIBulkCreateCertificateTemplates",
    "APIBulkUpdateCertificateTemplates",
)


class TemplateVerbs(Protocol):
    """What is done with certificate templates."""

    def put(
        self, caller: Caller, items: Sequence[read.TemplateItem], *, name: str
    ) -> spell.TemplatesAnswer:
        """Keep the templates of a bulk call; say what became of each."""
        ...

    def job(self, caller: Caller, job_id: str) -> spell.BackgroundJob:
        """Return a background job, or refuse."""
        ...


class CertifyVerbs(Protocol):
    """What is done for users."""

    def begin(self, caller: Caller, items: Sequence[read.CertifyItem]) -> Any:
        """Have certificates be issued; return what their outcome is asked with."""
        ...

    def look(self, pending: Any) -> bool:
        """Note what became of them; say whether nothing is left to wait for."""
        ...

    def award(self, pending: Any) -> spell.Award:
        """Return the only certificate, or refuse."""
        ...

    def awards(self, pending: Any) -> spell.BulkAwards:
        """Return what became of all."""
        ...

    def recertify(self, caller: Caller, wanted: read.Certify) -> None:
        """Have a user be certified anew from now on, or refuse."""
        ...

    def create_user(
        self, caller: Caller, learner: read.Learner, *, upsert: bool
    ) -> tuple[spell.UserView, bool]:
        """Keep a learner; say whether they are new."""
        ...


def thought_industries_routes(
    verbs: Verbs, templates: TemplateVerbs, certifying: CertifyVerbs
) -> APIRouter:
    """Return the routes, at the paths that the service documents."""
    router = APIRouter(
        prefix="/incoming/v2", tags=["Thought Industries"], responses=wire.PROBLEMS
    )

    async def admitted(request: Request, scope: Scope) -> Caller:
        """Return who calls, once the request is counted; what is left is noted."""
        known = await caller(request, verbs, scope)
        try:
            await verbs.ask(verbs.access.admit, known, Metered.TI)
        finally:
            left = await verbs.ask(verbs.access.allowance, known, Metered.TI)
            allowance.note(request, left)
        return known

    async def put(request: Request, name: str, title: str, updating: bool) -> Response:
        known = await admitted(request, Scope.TEMPLATES_MANAGE)
        body = await receive_json(request, MAX_BULK_BYTES, per_item=True)

        def kept() -> dict[str, Any]:
            items = read.templates(body, updating=updating)
            return spell.templates(templates.put(known, items, name=title))

        return json_answer(spell.data(name, await verbs.ask_slowly(kept)))

    @router.post(
        "/content/certificate-templates/bulk",
        summary="Create or change certificate templates",
        openapi_extra={
            **wire.body(wire.TEMPLATES),
            "x-scope": Scope.TEMPLATES_MANAGE,
        },
        responses={200: wire.answer(CREATE, wire.BULK, "What became of each")},
    )
    async def create(request: Request) -> Response:
        return await put(request, CREATE, "Bulk Create Certificate Templates", False)

    @router.post(
        "/content/certificate-templates/bulk/update",
        summary="Change certificate templates",
        openapi_extra={
            **wire.body(wire.TEMPLATES),
            "x-scope": Scope.TEMPLATES_MANAGE,
        },
        responses={200: wire.answer(UPDATE, wire.BULK, "What became of each")},
    )
    async def update(request: Request) -> Response:
        return await put(request, UPDATE, "Bulk Update Certificate Templates", True)

    @router.get(
        "/jobs/{id}",
        summary="Read how far a background job is",
        openapi_extra={"x-scope": Scope.TEMPLATES_MANAGE},
        responses={200: wire.answer("APIBackgroundJob", wire.JOB, "The job")},
    )
    async def job(request: Request, job_id: str = Path(alias="id")) -> Response:
        known = await admitted(request, Scope.TEMPLATES_MANAGE)
        found = await verbs.ask(templates.job, known, read.job_id(job_id))
        return json_answer(spell.data("APIBackgroundJob", spell.job(found)))

    # Before the paths with an id, whatever they may be called.
    @router.post(
        "/users/certify/bulk",
        summary="Certify users",
        openapi_extra={**wire.body(wire.USERS), "x-scope": Scope.BULK_MINT},
        responses={
            200: wire.answer("APIBulkCertifyUsers", wire.AWARDS, "What became of each")
        },
    )
    async def certify_bulk(request: Request) -> Response:
        known = await admitted(request, Scope.BULK_MINT)
        body = await receive_json(request, MAX_BULK_BYTES, per_item=True)
        most = known.tenant.plan.max_rows
        items = await verbs.ask_slowly(lambda: read.certify_bulk(body, most=most))
        pending = await issued(known, items, BULK_PATIENCE_SECONDS)
        answer = spell.bulk_awards(certifying.awards(pending))
        return json_answer(spell.data("APIBulkCertifyUsers", answer))

    @router.post(
        "/users",
        status_code=201,
        summary="Create a user, or change one",
        openapi_extra={**wire.body(wire.NEW_USER), "x-scope": Scope.BULK_MINT},
        responses={
            200: wire.answer("APICreateUser", wire.USER, "The user, changed"),
            201: wire.answer("APICreateUser", wire.USER, "The user"),
        },
    )
    async def create_user(request: Request) -> Response:
        known = await admitted(request, Scope.BULK_MINT)
        learner, upsert = read.new_user(await receive_json(request))
        found, is_new = await verbs.ask_slowly(
            lambda: certifying.create_user(known, learner, upsert=upsert)
        )
        answer = spell.data("APICreateUser", spell.user(found))
        return json_answer(answer, 201 if is_new else 200)

    @router.post(
        "/users/{id}/certify",
        summary="Certify a user for a course or learning path",
        openapi_extra={**wire.body(wire.CERTIFY), "x-scope": Scope.BULK_MINT},
        responses={200: wire.answer("APICertifyUser", wire.AWARD, "The certificate")},
    )
    async def certify(request: Request, user: str = Path(alias="id")) -> Response:
        known = await admitted(request, Scope.BULK_MINT)
        user = read.user_of(user)  # nobody sends a body for who cannot be there
        body = await receive_json(request)
        item = read.CertifyItem(0, body, read.certify(user, body), None)
        pending = await issued(known, [item], PATIENCE_SECONDS)
        award = await verbs.ask(certifying.award, pending)
        account = verbs.account
        answer = spell.award(award, account.public_url, account.now())
        return json_answer(spell.data("APICertifyUser", answer))

    @router.post(
        "/users/{id}/recertify",
        summary="Have a user be certified anew",
        openapi_extra={**wire.body(wire.RECERTIFY), "x-scope": Scope.BULK_MINT},
        responses={200: wire.answer("APIRecertifyUser", True, "It is so")},
    )
    async def recertify(request: Request, user: str = Path(alias="id")) -> Response:
        known = await admitted(request, Scope.BULK_MINT)
        user = read.user_of(user)
        wanted = read.recertify(user, await receive_json(request))
        await verbs.ask_slowly(certifying.recertify, known, wanted)
        return json_answer(spell.data("APIRecertifyUser", True))

    async def issued(
        known: Caller, items: Sequence[read.CertifyItem], patience: float
    ) -> Any:
        """
        Return what became of *items*, once all of it is known.

        Raises:
            NotYet: it takes longer; the same request finds it again.
        """
        pause = FIRST_LOOK_SECONDS
        pending = None
        with anyio.move_on_after(patience):
            while pending is None:
                try:
                    pending = await verbs.ask_slowly(certifying.begin, known, items)
                except NotYet:  # the template, when it was sent a moment ago
                    await anyio.sleep(pause)
                    pause = min(2 * pause, LAST_LOOK_SECONDS)
            pause = FIRST_LOOK_SECONDS
            look = verbs.ask if len(items) <= FEW_ROWS else verbs.ask_slowly
            while not await look(certifying.look, pending):
                await anyio.sleep(pause)
                pause = min(2 * pause, LAST_LOOK_SECONDS)
            return pending
        raise NotYet("certificates are still being issued", seconds=2)

    return router
