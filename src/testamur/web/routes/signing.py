"""
The signing page, and the page of a signed document: for people, without a script.

What the signing page's address has in it is all that authorises: no cookie is set or
looked at, so no other page can make a browser sign. It is never logged, cached, or
told to the pages that somebody goes to from here.
"""

from collections.abc import Callable, Sequence
from typing import BinaryIO, Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from testamur.core.papers import (
    Answer,
    Document,
    SignatureRequest,
    SigningView,
    Version,
)
from testamur.core.policy import MAX_ACT_REASON_CHARACTERS, MAX_NAME_CHARACTERS
from testamur.core.refusals import Kind, Refusal
from testamur.core.text import is_blank, nfc, text_problem, trim

from ..forms import receive_form
from ..pages import CSP, HTML, PRIVATE, Pages, named_file, pieces
from ..signing_view import ENGLISH, check_fields, signing_fields
from ..verbs import Asking

MAX_AGENT_CHARACTERS = 300

#: The page has a form that is sent to this server, and leads to nowhere else.
HEADERS = {
    **PRIVATE,
    "content-security-policy": CSP.replace("form-action 'none'", "form-action 'self'"),
    "cache-control": "no-store",
}


class SigningVerbs(Protocol):
    """What a signatory does, and what anybody may look at who has the address."""

    def look(self, token: str) -> SigningView | None:
        """Return what *token* opens; None when it opens nothing."""
        ...

    def open(self, token: str) -> SigningView | None:
        """As `look`, and keep when they first did."""
        ...

    def answer(self, token: str, answer: Answer) -> SigningView | None:
        """Keep what the signatory decided; return how it stands then, or refuse."""
        ...

    def file(self, view: SigningView) -> BinaryIO:
        """Open the file that is shown."""
        ...

    def check(
        self, uuid: str
    ) -> tuple[Document, str, Sequence[Version], Sequence[SignatureRequest]] | None:
        """Return a document, whose it is, its files and its signature requests."""
        ...


def signing_routes(
    verbs: SigningVerbs,
    *,
    guessed: Callable[[str], None],
    pages: Pages,
    ask: Asking,
    ask_slowly: Asking,
) -> APIRouter:
    """
    Return the routes.

    *guessed* counts an address that opens nothing for where it came from, or refuses.
    """
    router = APIRouter()

    def action_of(token: str) -> str:
        # Relative to the host: the server may be known by more than one name.
        return f"{pages.path}/sign/{token}"

    def shown(
        view: SigningView,
        token: str,
        *,
        problem: str | None = None,
        typed: dict[str, str] | None = None,
        status: int = 200,
    ) -> Response:
        fields = signing_fields(
            view, action=action_of(token), problem=problem, typed=typed
        )
        return Response(pages.sign(fields), status, HEADERS, HTML)

    def nothing(request: Request) -> Response:
        try:
            guessed(request.client.host if request.client else "")
        except Refusal as refusal:
            wait = {"retry-after": str(refusal.retry_after_seconds or 60)}
            body = pages.message("Please wait", refusal.detail)
            return Response(body, 429, {**HEADERS, **wait}, HTML)
        body = pages.message(ENGLISH.nothing, ENGLISH.nothing_hint)
        return Response(body, 404, HEADERS, HTML)

    async def page(request: Request) -> Response:
        token = request.path_params["token"]
        # Programs that look whether a link works have not seen the document.
        is_person = request.method == "GET"
        view = await (ask_slowly(verbs.open, token) if is_person else look(token))
        return shown(view, token) if view else nothing(request)

    async def look(token: str) -> SigningView | None:
        found: SigningView | None = await ask(verbs.look, token)
        return found

    async def pdf(request: Request) -> Response:
        view = await look(request.path_params["token"])
        if view is None:
            return nothing(request)
        headers = {
            **HEADERS,
            **named_file("document.pdf", inline=True),
            "content-length": str(view.version.size),
        }
        if request.method == "HEAD":
            return Response(headers=headers, media_type="application/pdf")
        file = await ask_slowly(verbs.file, view)
        return StreamingResponse(
            pieces(file, ask), headers=headers, media_type="application/pdf"
        )

    async def answered(request: Request) -> Response:
        token = request.path_params["token"]
        view = await look(token)
        if view is None:
            return nothing(request)
        if not view.can_answer:  # whatever is sent: what was recorded stays
            return shown(view, token)
        try:
            form = await read_form(request)
        except Refusal as refusal:
            return shown(view, token, problem=refusal.detail, status=422)
        name, reason = form.get("name", ""), form.get("reason", "")
        typed = {"name": name, "reason": reason}
        is_signed = form.get("decision") == "sign"
        if is_signed and not name:
            problem = ENGLISH.name_missing
            return shown(view, token, problem=problem, typed=typed, status=422)
        answer = Answer(
            is_signed=is_signed,
            typed_name=name if is_signed else "",
            reason=reason or None,
            seen_digest=form.get("seen", ""),
            client=request.client.host if request.client else "",
            user_agent=agent_of(request),
        )
        try:
            after = await ask_slowly(verbs.answer, token, answer)
        except Refusal:
            now = await look(token)
            assert now is not None
            problem = ENGLISH.changed
            return shown(now, token, problem=problem, typed=typed, status=409)
        return shown(after, token) if after else nothing(request)

    async def check(request: Request) -> Response:
        found = await ask(verbs.check, request.path_params["uuid"])
        if found is None:
            return nothing(request)
        body = pages.signed(check_fields(*found))
        return Response(body, 200, HEADERS, HTML)

    for path, endpoint, method in (
        ("/sign/{token}", page, "GET"),
        ("/sign/{token}", answered, "POST"),
        ("/sign/{token}/document.pdf", pdf, "GET"),
        ("/signed/{uuid}", check, "GET"),
    ):
        # GET brings HEAD along.
        router.add_route(path, endpoint, methods=[method], include_in_schema=False)
    return router


async def read_form(request: Request) -> dict[str, str]:
    """
    Return the fields of the page's form, each once, as one line of text.

    Raises:
        Refusal: what is wrong with it.
    """
    found = await receive_form(request)
    if found.get("decision") not in ("sign", "refuse"):
        raise _unreadable()
    for name, most in (
        ("name", MAX_NAME_CHARACTERS),
        ("reason", MAX_ACT_REASON_CHARACTERS),
    ):
        text = nfc(trim(found.get(name, "")))
        problem = text_problem(text, name, may_break=name == "reason")
        if problem is not None or len(text) > most:
            raise Refusal(
                Kind.INVALID,
                "form_text",
                f"The {name} is longer than {most} characters, or has characters that "
                "cannot be seen.",
            )
        found[name] = "" if is_blank(text) else text
    return found


def agent_of(request: Request) -> str:
    """Return what the browser calls itself, as far as it can be read."""
    text = request.headers.get("user-agent", "")[:MAX_AGENT_CHARACTERS]
    return "".join(one if one.isprintable() else " " for one in text).strip()


def _unreadable() -> Refusal:
    return Refusal(
        Kind.MALFORMED,
        "form",
        "The form cannot be read. Open the page again, and use its buttons.",
    )
