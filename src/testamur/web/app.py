"""The ASGI application: every dialect and page on one origin."""

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from testamur.core.clock import Clock, system_clock
from testamur.core.refusals import Fault, Kind, Refusal
from testamur.dialects.dokstamp import wire as dokstamp_wire
from testamur.dialects.native import wire as native_wire
from testamur.dialects.pocketbook import wire as pocketbook_wire
from testamur.dialects.thought_industries import wire as ti_wire
from testamur.dialects.vc_api import wire as vc_api_wire
from testamur.dialects.vec import wire as vec_wire

from . import allowance, answers
from .pages import ALWAYS, HTML, PRIVATE, REVALIDATE, Pages
from .pages import answer as page_answer
from .reference import reference_fields

DESCRIPTION = """
Bulk certificates: a CSV and images become certificates, exactly once each.

Any key works as `x-api-key` or as `Authorization: Bearer`.

Every certificate is a verifiable credential (`/c/{id}.json`): an Open Badges 3.0
credential with an `eddsa-rdfc-2022` proof by its issuer's `did:web`, whose status is
in a Bitstring Status List and whose entry is in a public log under `/log`. Anybody
checks it without a key: at `/verify`, with `POST /v1/verify`, or with the proof of
`/v1/log/proof/{id}` and other software. Its issuer gets it as a token, too:
`/v1/certificates/{id}/credential`.
"""


#: Every way to say who is calling; each operation names those it takes.
CREDENTIALS = {
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, or a token (JWT).",
    },
}


def build_app(
    routers: Sequence[APIRouter], *, public_url: str = "", clock: Clock = system_clock
) -> ASGIApp:
    """
    Return the application that answers for *routers*, and describes them.

    Links in its pages are made from *public_url*.
    """
    app = FastAPI(
        title="Testamur",
        version=version("testamur"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    _check_scopes(routers)
    pages = Pages(public_url)
    described = [*routers, _description(app, pages)]
    for router in [*described, _heads(described)]:
        app.include_router(router)
    app.state.routes = [
        route
        for router in described
        for route in router.routes
        if isinstance(route, Route)
    ]
    app.add_exception_handler(Refusal, answers.refusal)
    app.add_exception_handler(Fault, answers.fault)
    app.add_exception_handler(HTTPException, _not_routed(pages))
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, answers.bug)
    return Headed(app, clock)


def _check_scopes(routers: Sequence[APIRouter]) -> None:
    """
    Return if every route says who may use it: a scope, or None for anybody.

    Raises:
        Fault: one does not; nothing is served then.
    """
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and "x-scope" not in (route.openapi_extra or {}):
            raise Fault(f"the route {route.path} declares no x-scope", passing=False)


def _description(app: FastAPI, pages: Pages) -> APIRouter:
    """Return the routes that say what there is: for programs, and for people."""
    router = APIRouter(include_in_schema=False)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = FastAPI.openapi(app)
            components = schema.setdefault("components", {})
            components["securitySchemes"] = CREDENTIALS
            components.setdefault("schemas", {}).update(
                {
                    native_wire.PROBLEM_NAME: native_wire.PROBLEM,
                    pocketbook_wire.REFUSAL_NAME: pocketbook_wire.REFUSAL,
                    vc_api_wire.PROBLEM_NAME: vc_api_wire.PROBLEM,
                    ti_wire.PROBLEM_NAME: ti_wire.PROBLEM,
                    dokstamp_wire.PROBLEM_NAME: dokstamp_wire.PROBLEM,
                    vec_wire.PROBLEM_NAME: vec_wire.PROBLEM,
                }
            )
            for operations in schema["paths"].values():
                for operation in operations.values():
                    # FastAPI drops the None that says "anybody".
                    if operation.setdefault("x-scope", None):
                        operation["security"] = [{name: []} for name in CREDENTIALS]
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's way to extend it

    async def docs(request: Request) -> Response:
        headers = {**ALWAYS, "cache-control": REVALIDATE}
        body = pages.reference(reference_fields(app.openapi()))
        return page_answer(request, body, HTML, headers)

    router.add_route("/docs", docs, methods=["GET"])
    return router


def _not_routed(pages: Pages) -> Callable[[Request, Exception], Response]:
    """Return the answer to an unknown path: a page for people, else JSON."""

    def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.url.path
        is_for_programs = path.startswith(
            ("/api/", "/v1/", "/credentials/", "/presentations/", "/incoming/")
        )
        is_for_programs |= answers.is_dokstamp(path) or answers.is_vec(path)
        accept = request.headers.get("accept", "")
        if error.status_code != 404 or is_for_programs or "text/html" not in accept:
            return answers.not_routed(request, error)
        body = pages.message(
            "There is nothing here",
            "The address may have been copied in part, or mistyped.",
        )
        headers = {**PRIVATE, "cache-control": "no-store", "vary": "Accept"}
        return Response(body, 404, headers, HTML)

    return answer


def _heads(routers: Sequence[APIRouter]) -> APIRouter:
    """Return a HEAD for every GET: same answer, same rights, no body (RFC 9110)."""
    heads = APIRouter(include_in_schema=False)
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            heads.add_api_route(route.path, route.endpoint, methods=["HEAD"])
    return heads


def _invalid(request: Request, error: Exception) -> Response:
    """Spell what FastAPI found wrong with declared parameters."""
    assert isinstance(error, RequestValidationError)
    parts = [
        Refusal(
            Kind.INVALID,
            "parameter_invalid",
            str(problem["msg"]),
            at=".".join(str(part) for part in problem["loc"][1:]),
        )
        for problem in error.errors()
    ]
    first = parts[0]
    return answers.refusal(
        request,
        Refusal(first.kind, first.code, first.detail, at=first.at, parts=parts[1:]),
    )


NOSNIFF = (b"x-content-type-options", b"nosniff")


class Headed:
    """Gives every answer its request id and the headers that all answers have."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = answers.request_id(Request(scope))
        # Nothing has a NUL in its name, and PostgreSQL cannot even be asked for it.
        scope["path"] = scope["path"].replace("\0", "\ufffd")
        is_counted = answers.is_ti(scope["path"])
        if is_counted:
            allowance.expect(scope)

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Any] = list(message.get("headers", ()))
                headers.append((b"x-request-id", name.encode()))
                if not any(name == NOSNIFF[0] for name, _ in headers):
                    headers.append(NOSNIFF)
                if is_counted:
                    headers.extend(allowance.headers(scope, self._clock()))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, say)
