"""
Which certificates were taken back, for every verifier: one list for very many.

No key is asked for, and a suspended tenant's lists stay. Who asks for a list does
not say which of its 131,072 certificates they look at.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.refusals import Kind, Refusal
from testamur.dialects.native import wire

from ..pages import SHARED, answer
from ..verbs import Asking

#: VC Data Model 2.0, section 6.3 (and `credential` of Bitstring Status List).
VC_JSON = "application/vc"

#: What the same bytes are to whoever asks for JSON by these names and no other:
#: many HTTP clients of verifiers read nothing else.
JSON_NAMES = ("application/ld+json", "application/json")

#: With our own answer at once, a revocation is seen by everybody in a minute.
SHORTLY = "public, max-age=15, must-revalidate"


def status_list_routes(
    read: Callable[[str, str], bytes | None], *, ask_slowly: Asking
) -> APIRouter:
    """
    Return the routes. *read* returns a list, by name and purpose, or None.
    """
    router = APIRouter(tags=["Status lists"], responses=wire.PROBLEMS)
    described: Any = {200: {"description": "A credential", "content": {VC_JSON: {}}}}

    async def found(request: Request, name: str, purpose: str) -> Response:
        body = await ask_slowly(read, name, purpose)
        if body is None:
            raise Refusal(
                Kind.NOT_FOUND,
                "status_list_not_found",
                "There is no such status list. Take its address from the "
                "credentialStatus of a credential.",
            )
        headers = {**SHARED, "cache-control": SHORTLY, "vary": "Accept"}
        accepted = request.headers.get("accept", "").lower()
        named = (name for name in JSON_NAMES if name in accepted)
        kind = VC_JSON if VC_JSON in accepted else next(named, VC_JSON)
        return answer(request, body, kind, headers)

    @router.get(
        "/status/{list}",
        summary="What is not to be relied on: revoked or suspended (a signed list)",
        openapi_extra={"x-scope": None},
        responses=described,
    )
    async def revocation(request: Request, name: str = Path(alias="list")) -> Response:
        return await found(request, name, "revocation")

    @router.get(
        "/status/{list}/suspension",
        summary="What of it is suspended, and may be reinstated (a signed list)",
        openapi_extra={"x-scope": None},
        responses=described,
    )
    async def suspension(request: Request, name: str = Path(alias="list")) -> Response:
        return await found(request, name, "suspension")

    return router
