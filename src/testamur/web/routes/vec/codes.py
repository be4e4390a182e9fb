"""QR codes and barcodes of certificates: pictures that anybody may load."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.dialects.vec import spell, wire

from ...verbs import Asking
from .door import not_found
from .vault import named

SVG = "image/svg+xml"

#: Nothing in it runs, or loads anything.
DISARMED = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

ANSWERS: dict[int | str, dict[str, Any]] = {
    **{code: wire.PROBLEMS[code] for code in (404, 429, 503)},
    200: {
        "description": "A picture",
        "content": {SVG: {"schema": {"type": "string"}}},
    },
}


def code_routes(
    *,
    code_of: Callable[[str], tuple[str, str] | None],
    qr: Callable[[str], str],
    barcode: Callable[[str], str],
    guessed: Callable[[str], None],
    ask_slowly: Asking,
) -> APIRouter:
    """
    Return the routes.

    *code_of* gives a certificate's reference and page; *guessed* counts, by address,
    who asked for one that is not there.
    """
    router = APIRouter(prefix=spell.VAULT, tags=["VEC: vault"])

    async def found(request: Request, name: str) -> tuple[str, str]:
        its: tuple[str, str] | None = await ask_slowly(code_of, named(name))
        if its is None:
            guessed(request.client.host if request.client else "")
            raise not_found()
        return its

    def picture(svg: str) -> Response:
        headers = {
            "Cache-Control": "public, max-age=3600",
            "Content-Security-Policy": DISARMED,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return Response(svg, headers=headers, media_type=SVG)

    @router.get(
        "/{uuid}/qrcode.svg",
        summary="The QR code of a certificate's page",
        openapi_extra={"x-scope": None},
        response_class=Response,
        responses=ANSWERS,
    )
    async def qrcode(request: Request, name: str = UUID) -> Response:
        _, url = await found(request, name)
        return picture(qr(url))

    @router.get(
        "/{uuid}/barcode.svg",
        summary="The barcode (Code 128) of a certificate's reference",
        openapi_extra={"x-scope": None},
        response_class=Response,
        responses=ANSWERS,
    )
    async def bars(request: Request, name: str = UUID) -> Response:
        reference, _ = await found(request, name)
        return picture(barcode(reference))

    return router


UUID = Path(alias="uuid", description="Of the certificate")
