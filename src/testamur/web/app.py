"""The ASGI application: every dialect and page on one origin."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from testamur.core.refusals import Fault, Kind, Refusal

from . import answers

DESCRIPTION = """
Bulk certificates: a CSV and images become certificates, exactly once each.

Any key works as `x-api-key` or as `Authorization: Bearer`.
"""


def build_app(routers: Sequence[APIRouter], pages: Sequence[BaseRoute] = ()) -> ASGIApp:
    """Return the application that answers for *routers* and *pages*."""
    app = FastAPI(
        title="Testamur",
        version=version("testamur"),
        description=DESCRIPTION,
        docs_url="/docs",
        redoc_url=None,
        redirect_slashes=False,
    )
    for router in routers:
        app.include_router(router)
    app.router.routes.extend(pages)
    app.add_exception_handler(Refusal, answers.refusal)
    app.add_exception_handler(Fault, answers.fault)
    app.add_exception_handler(HTTPException, answers.not_routed)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Exception, answers.bug)
    return Headed(app)


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


class Headed:
    """Gives every answer its request id and the headers that all answers have."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = answers.request_id(Request(scope))

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Any] = list(message.get("headers", ()))
                headers.append((b"x-request-id", name.encode()))
                headers.append((b"x-content-type-options", b"nosniff"))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, say)
