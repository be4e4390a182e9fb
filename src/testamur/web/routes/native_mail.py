"""The native API under /v1/mail: how mails leave, and what comes back."""

from collections.abc import Callable
from typing import Protocol

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.mail_checks import MailCheck
from testamur.core.mail_returns import MAX_RETURN_BYTES, Returned, ReturnOutcome
from testamur.core.policy import Scope
from testamur.core.words import Caller
from testamur.dialects.native import mail_checks, returns, wire

from ..answers import json_answer
from ..bodies import content_type, read_body, receive_json
from ..callers import caller
from ..queries import query_of
from ..verbs import Verbs

MESSAGE_TYPE = b"message/rfc822"


class ReturnVerbs(Protocol):
    """What is done with what comes back."""

    def take(self, by: Caller, message: bytes) -> ReturnOutcome:
        """Take in a message that came back, about a mail of the caller's."""
        ...

    def take_said(self, by: Caller, message_id: str, said: Returned) -> ReturnOutcome:
        """Take in what a mail service says of a mail of the caller's."""
        ...


def mail_routes(
    verbs: Verbs, *, check: Callable[[], MailCheck], came_back: ReturnVerbs
) -> APIRouter:
    """Return the routes; *check* says what the DNS said within the last minute."""
    router = APIRouter(prefix="/v1/mail", tags=["Mail"], responses=wire.PROBLEMS)

    @router.get(
        "/check",
        summary="What the DNS says of the domain that mails are from",
        openapi_extra={"x-scope": Scope.MAIL_READ},
    )
    async def checked(request: Request) -> Response:
        await caller(request, verbs, Scope.MAIL_READ)
        query_of(request, allowed={})
        return json_answer(mail_checks.spelled(await verbs.ask_slowly(check)))

    @router.post(
        "/bounces",
        summary="Hand in a bounce or a complaint: as it came, or as a service tells it",
        responses={
            200: {
                "description": "What came of it; whatever proves nothing does nothing",
                "content": {"application/json": {"schema": returns.OUTCOME}},
            }
        },
        openapi_extra={
            "x-scope": Scope.MAIL_MANAGE,
            "requestBody": {
                "required": True,
                "content": {
                    "message/rfc822": {"schema": {"type": "string"}},
                    "application/json": {"schema": returns.BODY},
                },
            },
        },
    )
    async def bounced(request: Request) -> Response:
        known = await caller(request, verbs, Scope.MAIL_MANAGE)
        if content_type(request)[0] == MESSAGE_TYPE:
            message = await read_body(request, MAX_RETURN_BYTES)
            outcome = await verbs.ask_slowly(came_back.take, known, message)
        else:
            name, said = returns.returned(await receive_json(request))
            outcome = await verbs.ask_slowly(came_back.take_said, known, name, said)
        return json_answer(returns.spelled(outcome))

    return router
