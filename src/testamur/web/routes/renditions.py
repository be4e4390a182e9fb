"""A certificate's credential in the format that its owner asks for."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Scope
from testamur.core.words import Caller
from testamur.dialects.native import wire

from ..callers import caller
from ..queries import documented, query_of
from ..verbs import Verbs

FORMATS = ("eddsa-rdfc-2022", "eddsa-jcs-2022", "vc-jwt", "ob-jwt")
ALGORITHMS = ("EdDSA", "RS256")

QUERY: Mapping[str, dict[str, object]] = {
    "format": {
        "type": "string",
        "enum": list(FORMATS),
        "default": FORMATS[0],
        "description": "vc-jwt is that of VC-JOSE-COSE, ob-jwt that of Open Badges 3.0",
    },
    "alg": {
        "type": "string",
        "enum": list(ALGORITHMS),
        "default": ALGORITHMS[0],
        "description": "Of tokens; proofs are made with EdDSA",
    },
}

#: Returns the body and its media type: caller, certificate, format, algorithm.
Render = Callable[[Caller, str, str, str], tuple[bytes, str]]


def rendition_routes(verbs: Verbs, *, render: Render) -> APIRouter:
    """Return the route."""
    router = APIRouter(prefix="/v1", responses=wire.PROBLEMS)

    @router.get(
        "/certificates/{id}/credential",
        tags=["Certificates"],
        summary="Read one certificate as a credential, in the format you need",
        openapi_extra={"x-scope": Scope.CERTIFICATES_READ, **documented(QUERY)},
        responses={
            200: {
                "description": "The credential: the same bytes every time",
                "content": {
                    "application/vc": {},
                    "application/vc+jwt": {},
                    "application/jwt": {},
                },
            }
        },
    )
    async def credential(
        request: Request, certificate_id: str = Path(alias="id")
    ) -> Response:
        known = await caller(request, verbs, Scope.CERTIFICATES_READ)
        query = query_of(request, allowed=QUERY)
        format = query.choice("format", FORMATS) or FORMATS[0]
        algorithm = query.choice("alg", ALGORITHMS) or ALGORITHMS[0]
        # Slowly: whoever asks first may have to wait for an RSA key to be made.
        body, media_type = await verbs.ask_slowly(
            render, known, certificate_id, format, algorithm
        )
        return Response(
            body, media_type=media_type, headers={"Cache-Control": "no-store"}
        )

    return router
