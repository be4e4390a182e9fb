"""Who may come in: this wire names its tenant in every request."""

from starlette.requests import Request

from testamur.core.policy import Metered, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller

from ...callers import caller
from ...verbs import Verbs


async def admitted(request: Request, verbs: Verbs, scope: Scope) -> Caller:
    """
    Return who calls, once the request is counted.

    Raises:
        Refusal: NOT_AUTHENTICATED, also without `X-Tenant`; NOT_ALLOWED; NOT_FOUND,
            when `X-Tenant` is not the caller's; TOO_OFTEN.
    """
    known = await caller(request, verbs, scope)
    if "x-tenant" not in request.headers:
        raise Refusal(
            Kind.NOT_AUTHENTICATED,
            "missing_tenant",
            "Send the header `X-Tenant` with the tenant's slug. GET /auth/me tells it.",
            at="X-Tenant",
        )
    await verbs.ask(verbs.access.admit, known, Metered.DOKSTAMP)
    return known
