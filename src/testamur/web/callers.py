"""From a request's headers to a caller who may do what the route does."""

from starlette.requests import Request

from testamur.core.policy import Scope
from testamur.core.words import Caller

from .verbs import Verbs


async def caller(request: Request, verbs: Verbs, scope: Scope) -> Caller:
    """
    Return who is calling, if their key or token has *scope*.

    Raises:
        Refusal: NOT_AUTHENTICATED, NOT_ALLOWED, or as `Access.authenticate` says.
    """
    headers = request.headers

    def authenticate() -> Caller:
        return verbs.access.authenticate(
            api_keys=headers.getlist("x-api-key"),
            authorizations=headers.getlist("authorization"),
            tenants=headers.getlist("x-tenant"),
            client=request.client.host if request.client else "",
        )

    known = await verbs.ask(authenticate)
    verbs.access.require(known, scope)
    return known
