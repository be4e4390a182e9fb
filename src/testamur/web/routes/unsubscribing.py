"""
The page on which mails are stopped: for people, and for their mail programs.

A POST stops them by itself (RFC 8058): no cookie is looked at and nothing is asked
again. A GET changes nothing, since programs follow links to see what is behind them.
"""

from collections.abc import Callable
from typing import Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.refusals import Refusal

from ..bodies import read_body
from ..forms import MAX_FORM_BYTES, read_form
from ..pages import CSP, HTML, PRIVATE, Pages
from ..unsubscribe_view import unsubscribe_fields
from ..verbs import Asking

HEADERS = {
    **PRIVATE,
    "content-security-policy": CSP.replace("form-action 'none'", "form-action 'self'"),
    "cache-control": "no-store",
}


class UnsubscribingVerbs(Protocol):
    """What somebody may do who has the link. The tenant's name, or None: no link."""

    def look(self, token: str) -> tuple[str, bool] | None:
        """Return whose mails these are, and whether they were stopped."""
        ...

    def stop(self, token: str) -> str | None:
        """Write to who has the link no more."""
        ...

    def undo(self, token: str) -> str | None:
        """Take that back, and nothing else."""
        ...


def unsubscribing_routes(
    verbs: UnsubscribingVerbs,
    *,
    guessed: Callable[[str], None],
    pages: Pages,
    ask: Asking,
    ask_slowly: Asking,
) -> APIRouter:
    """
    Return the routes.

    *guessed* counts a link that we did not make for where it came from, or refuses.
    """
    router = APIRouter()

    def shown(request: Request, who: str, state: str, status: int = 200) -> Response:
        fields = unsubscribe_fields(
            request.query_params.get("l"),
            who=who,
            state=state,
            action=f"{pages.path}/unsubscribe/{request.path_params['token']}",
        )
        return Response(pages.unsubscribe(fields), status, HEADERS, HTML)

    def nothing(request: Request) -> Response:
        try:
            guessed(request.client.host if request.client else "")
        except Refusal as refusal:
            wait = {"retry-after": str(refusal.retry_after_seconds or 60)}
            body = pages.message("Please wait", refusal.detail)
            return Response(body, 429, {**HEADERS, **wait}, HTML)
        return shown(request, "", "nothing", 404)

    async def page(request: Request) -> Response:
        found = await ask(verbs.look, request.path_params["token"])
        if found is None:
            return nothing(request)
        who, is_stopped = found
        return shown(request, who, "done" if is_stopped else "ask")

    async def posted(request: Request) -> Response:
        is_undoing = await is_undo(request)
        verb = verbs.undo if is_undoing else verbs.stop
        who = await ask_slowly(verb, request.path_params["token"])
        if who is None:
            return nothing(request)
        return shown(request, who, "undone" if is_undoing else "done")

    for endpoint, method in ((page, "GET"), (posted, "POST")):
        router.add_route(
            "/unsubscribe/{token}", endpoint, methods=[method], include_in_schema=False
        )
    return router


async def is_undo(request: Request) -> bool:
    """
    Say whether the page's other button was pressed.

    Whatever else is sent, and however it is spelled, somebody wants no more mails.
    """
    try:
        return read_form(await read_body(request, MAX_FORM_BYTES)) == {"undo": "1"}
    except Refusal:
        return False
