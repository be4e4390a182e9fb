"""
Open Badges of the academic directory, for anybody who has their addresses.

No key is asked for: a badge is checked by whoever is shown it. Their UUIDs have 122
random bits, and who asks for many that are not there is told to wait.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.badges import (
    BadgeAssertion,
    BadgeClass,
    BadgeIssuer,
    BadgeWithdrawn,
)
from testamur.core.download import Download
from testamur.core.refusals import Kind, Refusal
from testamur.dialects.dokstamp import badges, wire
from testamur.dialects.dokstamp.records import uuid as read_uuid

from ...downloads import download_answer
from ...verbs import Asking

UUID = Path(alias="uuid", description="Of the record or certificate")

#: Whoever shows a badge asks from another site.
OPEN = {"Access-Control-Allow-Origin": "*"}

IMAGE_TYPES = ("image/png", "image/jpeg")

Found = TypeVar("Found")


class BadgeVerbs(Protocol):
    """What is told of badges; None: there is no such one."""

    def issuer(self, uuid: str) -> BadgeIssuer | None:
        """Return an institution that has badges."""
        ...

    def badge_class(self, uuid: str) -> BadgeClass | None:
        """Return a course of such an institution."""
        ...

    def assertion(self, uuid: str) -> BadgeAssertion | BadgeWithdrawn | None:
        """Return a certificate that such an institution issued."""
        ...

    def image(self, uuid: str, *, of_course: bool) -> Download | None:
        """Return the picture of an institution's badges, by its UUID or a course's."""
        ...


def badge_routes(
    kept: BadgeVerbs,
    *,
    public_url: str,
    guessed: Callable[[str], None],
    ask_slowly: Asking,
) -> APIRouter:
    """
    Return the routes.

    *guessed* counts, by address, who asked for something that is not there.
    """
    router = APIRouter(
        tags=["DokStamp: badges"],
        responses={code: wire.PROBLEMS[code] for code in (404, 422, 429, 503)},
    )

    async def found(
        request: Request, verb: Callable[[str], Found | None], name: str
    ) -> Found:
        one: Found | None = await ask_slowly(verb, read_uuid(name))
        if one is None:
            guessed(request.client.host if request.client else "")
            raise Refusal(
                Kind.NOT_FOUND, "badge_not_found", "There is no such badge here."
            )
        return one

    @router.get(
        badges.ISSUER,
        summary="An institution as Open Badges 2.0 has an issuer",
        openapi_extra={"x-scope": None},
        responses={200: wire.answer("The issuer")},
    )
    async def issuer(request: Request, name: str = UUID) -> Response:
        one = await found(request, kept.issuer, name)
        return _answer(badges.issuer(one, public_url))

    @router.get(
        badges.CLASS,
        summary="A course as Open Badges 2.0 has a badge class",
        openapi_extra={"x-scope": None},
        responses={200: wire.answer("The badge class")},
    )
    async def badge_class(request: Request, name: str = UUID) -> Response:
        one = await found(request, kept.badge_class, name)
        return _answer(badges.badge_class(one, public_url))

    @router.get(
        badges.ASSERTION,
        summary="A certificate as Open Badges 2.0 has a hosted assertion",
        openapi_extra={"x-scope": None},
        responses={
            200: wire.answer("The assertion"),
            410: wire.answer("It is revoked, suspended or erased: `revoked` is true"),
        },
    )
    async def assertion(request: Request, name: str = UUID) -> Response:
        one: BadgeAssertion | BadgeWithdrawn = await found(
            request, kept.assertion, name
        )
        if isinstance(one, BadgeWithdrawn):
            return _answer(badges.withdrawn(one, public_url), 410)
        return _answer(badges.assertion(one, public_url))

    def image_route(path: str, summary: str, *, of_course: bool) -> None:
        @router.get(
            path,
            summary=summary,
            openapi_extra={"x-scope": None},
            response_class=Response,
            responses={
                200: {
                    "description": "A picture",
                    "content": {
                        kind: {"schema": {"type": "string", "format": "binary"}}
                        for kind in IMAGE_TYPES
                    },
                },
                206: {"description": "Some of it, as Range says"},
                304: {"description": "It is the one that is held"},
                416: {"description": "There is nothing so far behind"},
            },
        )
        async def image(request: Request, name: str = UUID) -> Response:
            def picture(uuid: str) -> Download | None:
                return kept.image(uuid, of_course=of_course)

            one = await found(request, picture, name)
            answer = download_answer(request, one)
            answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
            answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            answer.headers.update(OPEN)
            return answer

    image_route(badges.IMAGE, "The picture of a course's badges", of_course=True)
    image_route(
        badges.ISSUER_IMAGE, "The picture of an institution's badges", of_course=False
    )
    return router


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(
        orjson.dumps(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-cache", **OPEN},
    )
