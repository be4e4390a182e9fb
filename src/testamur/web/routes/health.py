"""Is the server there, and can it work? For whoever starts and watches it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from ..answers import json_answer
from ..verbs import Verbs


def health_routes(verbs: Verbs) -> APIRouter:
    """Return the routes. They need no key and tell nothing about anybody."""
    router = APIRouter(tags=["Health"])

    @router.get(
        "/healthz",
        summary="The server answers",
        openapi_extra={"x-scope": None},
    )
    async def healthz(request: Request) -> Response:
        return json_answer({"status": "ok"})

    @router.get(
        "/readyz",
        summary="The server and its database answer; else 503",
        openapi_extra={"x-scope": None},
    )
    async def readyz(request: Request) -> Response:
        await verbs.ask(verbs.check_ready)
        is_halted = await verbs.ask(verbs.is_halted)
        return json_answer({"status": "ok", "issuing": "halted" if is_halted else "on"})

    return router
