"""The W3C's Verifiable Credential API: issue, and verify for anybody."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Metered, Scope
from testamur.core.words import Caller
from testamur.dialects.vc_api import read, spell, wire

from ..answers import json_answer
from ..bodies import receive_json
from ..callers import caller
from ..verbs import Verbs

#: A credential with a picture inside takes a few hundred kilobytes.
MAX_CREDENTIAL_BYTES = 1024 * 1024

#: Presentations hold several.
MAX_VERIFIED_BYTES = 5 * 1024 * 1024

#: Secures what a caller wrote, or refuses.
Issue = Callable[[Caller, read.IssueRequest], Mapping[str, Any]]

#: Takes a credential back, or refuses; returns how many that changed.
SetStanding = Callable[[Caller, read.StatusRequest], int]

#: Returns the verdict on what anybody sent, as the native API spells it.
Verify = Callable[[read.VerifyRequest], Mapping[str, Any]]


def vc_api_routes(
    verbs: Verbs, *, issue: Issue, set_standing: SetStanding, verify: Verify
) -> APIRouter:
    """Return the routes, at the paths that the specification names."""
    router = APIRouter(tags=["VC-API"], responses=wire.PROBLEMS)

    @router.post(
        "/credentials/issue",
        status_code=201,
        summary="Secure a credential that you wrote",
        openapi_extra={**wire.body(wire.ISSUE), "x-scope": Scope.CREDENTIALS_ISSUE},
        responses={201: wire.answer({"type": "object"}, "The credential, secured")},
    )
    async def issue_credential(request: Request) -> Response:
        known = await caller(request, verbs, Scope.CREDENTIALS_ISSUE)
        body = await receive_json(request, MAX_CREDENTIAL_BYTES)
        wanted = read.issue_request(body)
        await verbs.ask(verbs.access.admit, known, Metered.SECURE)
        secured = await verbs.ask_slowly(issue, known, wanted)
        return json_answer(spell.issued(secured), 201)

    @router.post(
        "/credentials/status",
        summary="Revoke or suspend a credential, or end its suspension",
        openapi_extra={**wire.body(wire.STATUS), "x-scope": Scope.CERTIFICATES_REVOKE},
        responses={200: wire.answer({"type": "object"}, "It is so")},
    )
    async def set_status(request: Request) -> Response:
        known = await caller(request, verbs, Scope.CERTIFICATES_REVOKE)
        body = await receive_json(request)
        wanted = read.status_request(body, verbs.account.public_url)
        changed = await verbs.ask_slowly(set_standing, known, wanted)
        return json_answer({"changed": changed})

    @router.post(
        "/credentials/verify",
        summary="Verify a credential, whoever issued it (no key needed)",
        openapi_extra={**wire.body(wire.VERIFY_CREDENTIAL), "x-scope": None},
        responses={
            200: wire.answer(wire.VERIFIED, "It is verified"),
            400: wire.NOT_VERIFIED,
        },
    )
    async def verify_credential(request: Request) -> Response:
        body = await receive_json(request, MAX_VERIFIED_BYTES)
        return await verdict(read.verify_credential(body), "credential")

    @router.post(
        "/presentations/verify",
        summary="Verify a presentation, whoever made it (no key needed)",
        openapi_extra={**wire.body(wire.VERIFY_PRESENTATION), "x-scope": None},
        responses={
            200: wire.answer(wire.VERIFIED, "It is verified"),
            400: wire.NOT_VERIFIED,
        },
    )
    async def verify_presentation(request: Request) -> Response:
        body = await receive_json(request, MAX_VERIFIED_BYTES)
        return await verdict(read.verify_presentation(body), "presentation")

    async def verdict(wanted: read.VerifyRequest, kind: str) -> Response:
        found = await verbs.ask_slowly(verify, wanted)
        problem = None
        if found["kind"] not in (None, kind):
            problem = f"This is a {found['kind']}, and a {kind} was asked about."
        status, body = spell.verified(found, kind, problem)
        return json_answer(body, status)

    return router
