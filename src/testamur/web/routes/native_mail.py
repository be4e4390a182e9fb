"""The native API under /v1/mail: how mails leave, and what comes back."""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from testamur.core.mail_checks import MailCheck
from testamur.core.policy import Scope
from testamur.dialects.native import mail_checks, wire

from ..answers import json_answer
from ..callers import caller
from ..queries import query_of
from ..verbs import Verbs


def mail_routes(verbs: Verbs, *, check: Callable[[], MailCheck]) -> APIRouter:
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

    return router
