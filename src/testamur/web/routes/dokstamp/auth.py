"""`/auth` and `/oauth/token`: from a password or a key to tokens."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.policy import Metered
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller, Identity, Session
from testamur.dialects.dokstamp import access, wire

from ...answers import json_answer, request_id
from ...bodies import receive_json
from ...callers import authenticated
from ...forms import FORM_TYPE, is_form, receive_form
from ...verbs import Asking, Verbs

MAX_BODY_BYTES = 16 * 1024


class SessionVerbs(Protocol):
    """What is done to log in and out."""

    def log_in(
        self, email: str, password: str, slug: str | None, client: str
    ) -> Session:
        """Return tokens for a year, or refuse."""
        ...

    def grant(
        self,
        client_id: str,
        client_secret: str,
        scope: str,
        slug: str | None,
        client: str,
    ) -> Session:
        """Return a token for half a day, for a user or for a key; or refuse."""
        ...

    def grant_by_password(
        self, email: str, password: str, scope: str, slug: str | None, client: str
    ) -> Session:
        """Return a token for half a day, and what the next is had for; or refuse."""
        ...

    def renew(self, refresh_token: str) -> Session:
        """Return new tokens for a refresh token, or refuse."""
        ...

    def renew_token(self, caller: Caller) -> Session:
        """Return new tokens for the caller's own, or refuse."""
        ...

    def log_out(self, caller: Caller) -> None:
        """End the caller's token, or refuse."""
        ...

    def identity(self, caller: Caller) -> Identity:
        """Return who the caller is."""
        ...


def auth_routes(
    verbs: Verbs, sessions: SessionVerbs, *, ask_narrowly: Asking
) -> APIRouter:
    """
    Return the routes. None of them needs the header X-Tenant.

    *ask_narrowly* runs what looks at passwords, a few at a time.
    """
    router = APIRouter(tags=["DokStamp: access"], responses=wire.PROBLEMS)

    @router.post(
        "/auth/login",
        summary="Log in",
        openapi_extra={**wire.body(access.LOGIN), "x-scope": None},
        responses={200: wire.answer("Tokens, for a year")},
    )
    async def log_in(request: Request) -> Response:
        sent = access.login(await receive_json(request, MAX_BODY_BYTES))
        made = await ask_narrowly(
            sessions.log_in, sent.email, sent.password, _slug(request), _client(request)
        )
        return json_answer(access.session(made))

    @router.post(
        "/auth/refresh",
        summary="Exchange a refresh token, or the token that is sent, for new ones",
        openapi_extra={**_optional(wire.body(access.REFRESH)), "x-scope": None},
        responses={200: wire.answer("Tokens; those before end")},
    )
    async def refresh(request: Request) -> Response:
        token = access.refresh_token(await _optional_json(request))
        if token is not None:
            made: Session = await verbs.ask_slowly(sessions.renew, token)
        elif "authorization" in request.headers or "x-api-key" in request.headers:
            known = await authenticated(request, verbs)
            made = await verbs.ask_slowly(sessions.renew_token, known)
        else:
            raise Refusal(
                Kind.INVALID,
                "field_required",
                "The refresh token field is required.",
                at="refresh_token",
            )
        return json_answer(access.session(made))

    @router.post(
        "/auth/logout",
        summary="Log out",
        openapi_extra={"x-scope": "any"},
        responses={200: wire.answer("The token has ended")},
    )
    async def log_out(request: Request) -> Response:
        known = await authenticated(request, verbs)
        await verbs.ask_slowly(sessions.log_out, known)
        return json_answer({"message": "Successfully logged out"})

    @router.get(
        "/auth/me",
        summary="Who is calling, and for which tenant",
        openapi_extra={"x-scope": "any"},
        responses={200: wire.answer("A person, a key or a token")},
    )
    async def me(request: Request) -> Response:
        known = await authenticated(request, verbs)
        await verbs.ask(verbs.access.admit, known, Metered.DOKSTAMP)
        return json_answer(access.identity(await verbs.ask(sessions.identity, known)))

    @router.post(
        "/oauth/token",
        summary="Get a token for half a day",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    kind: {"schema": access.GRANT}
                    for kind in (FORM_TYPE.decode(), wire.JSON)
                },
            },
            "x-scope": None,
        },
        responses={200: wire.answer("A token")},
    )
    async def token(request: Request) -> Response:
        return await _for_oauth(request, lambda: granted(request))

    async def granted(request: Request) -> Response:
        if is_form(request):
            body: Any = await receive_form(request)
        else:
            body = await receive_json(request, MAX_BODY_BYTES)
        wanted = access.grant(body, _authorization(request))
        if wanted.kind == "refresh_token":
            made: Session = await verbs.ask_slowly(sessions.renew, wanted.secret)
        else:
            by_password = wanted.kind == "password"
            made = await ask_narrowly(
                sessions.grant_by_password if by_password else sessions.grant,
                wanted.name,
                wanted.secret,
                wanted.scope,
                _slug(request),
                _client(request),
            )
        return json_answer(access.session(made), headers={"Pragma": "no-cache"})

    return router


async def _for_oauth(
    request: Request, answer: Callable[[], Awaitable[Response]]
) -> Response:
    """Return what *answer* does, or why not, in OAuth's terms as well."""
    try:
        return await answer()
    except Refusal as refusal:
        status, body = access.oauth_problem(refusal, request_id=request_id(request))
        headers = {"Pragma": "no-cache"}
        if status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="testamur"'
        if refusal.retry_after_seconds is not None:
            headers["Retry-After"] = str(refusal.retry_after_seconds)
        return json_answer(body, status, headers)


async def _optional_json(request: Request) -> Any:
    """Return the JSON that was sent; an empty object when nothing was."""
    has_body = request.headers.get("content-length", "0") != "0"
    if not has_body and "transfer-encoding" not in request.headers:
        return {}
    return await receive_json(request, MAX_BODY_BYTES)


def _slug(request: Request) -> str | None:
    return _once(request, "X-Tenant")


def _authorization(request: Request) -> str | None:
    return _once(request, "Authorization")


def _once(request: Request, name: str) -> str | None:
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise Refusal(Kind.MALFORMED, "duplicate_header", f"Send {name} once.", at=name)
    return values[0] if values else None


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _optional(described: dict[str, Any]) -> dict[str, Any]:
    """Return the description of a body that may be left out."""
    return {"requestBody": {**described["requestBody"], "required": False}}
