"""
Who issues, for anybody: DID documents for programs, a page for people.

No key is asked for, and a suspended tenant's stay: what it signed has to be
checked for as long as somebody holds it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.clock import rfc3339
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import IssuerProfile, PublicKey
from testamur.dialects.native import wire

from ..pages import ALWAYS, HTML, PRIVATE, REVALIDATE, SHARED, Pages, answer
from ..verbs import Asking

#: DID Core, section 6.2.1.
DID_JSON = "application/did+json"

NOT_FOUND = (
    "There is no issuer here",
    "The address may have been copied in part, or mistyped. Compare it with the one "
    "you were given.",
)


def issuer_routes(
    *,
    profile: Callable[[str], IssuerProfile],
    document: Callable[[str], Mapping[str, Any]],
    house_document: Callable[[], Mapping[str, Any]],
    public_url: str,
    ask: Asking,
) -> APIRouter:
    """
    Return the routes.

    *profile* and *document* return what there is about the tenant with a slug, or
    refuse; *house_document* is the server's own.
    """
    router = APIRouter(tags=["Issuers"], responses=wire.PROBLEMS)
    pages = Pages(public_url)
    described: Any = {200: {"description": "A DID document", "content": {DID_JSON: {}}}}

    @router.get(
        "/t/{slug}/did.json",
        summary="An issuer's DID document: its keys, past ones included (did:web)",
        openapi_extra={"x-scope": None},
        responses=described,
    )
    async def issuer_did(request: Request, slug: str = Path()) -> Response:
        return _document(request, await ask(document, slug))

    @router.get(
        "/.well-known/did.json",
        summary="The server's own DID document, with the key of its log (did:web)",
        openapi_extra={"x-scope": None},
        responses=described,
    )
    @router.get(
        "/did.json",
        summary="The same, for a server whose address has a path",
        openapi_extra={"x-scope": None},
        responses=described,
    )
    async def house_did(request: Request) -> Response:
        return _document(request, await ask(house_document))

    async def page(request: Request) -> Response:
        try:
            found = await ask(profile, request.path_params["slug"])
        except Refusal as refusal:
            if refusal.kind is not Kind.NOT_FOUND:
                raise
            headers = {**PRIVATE, "cache-control": "no-store"}
            return Response(pages.message(*NOT_FOUND), 404, headers, HTML)
        headers = {**ALWAYS, "cache-control": REVALIDATE}
        return answer(request, pages.issuer(page_fields(found)), HTML, headers)

    router.add_route("/t/{slug}", page, methods=["GET"], include_in_schema=False)
    return router


def page_fields(issuer: IssuerProfile) -> dict[str, Any]:
    """Return what the page of *issuer* says."""
    return {
        "name": issuer.tenant.name,
        "slug": issuer.tenant.slug,
        "did": issuer.did,
        "keys": [_key_fields(key) for key in issuer.keys],
    }


def _key_fields(key: PublicKey) -> dict[str, Any]:
    if key.revoked_at is not None:
        state, since = "revoked", key.revoked_at
        meaning = "Nothing that was signed with it is valid."
    elif key.retired_at is not None:
        state, since = "retired", key.retired_at
        meaning = "What was signed with it stays valid."
    else:
        state, since = "in use", key.made_at
        meaning = "New certificates are signed with it."
    return {
        "id": key.id,
        "algorithm": key.algorithm,
        "state": state,
        "since": rfc3339(since),
        "day": rfc3339(since)[:10],
        "meaning": meaning,
    }


def _document(request: Request, document: Mapping[str, Any]) -> Response:
    # A revoked key must be gone for who asks again: nobody keeps this unasked.
    headers = {**SHARED, "cache-control": REVALIDATE}
    return answer(request, orjson.dumps(document), DID_JSON, headers)
