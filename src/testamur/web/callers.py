"""From a request's headers to a caller who may do what the route does."""

import contextlib
from collections.abc import AsyncIterator

import anyio
from starlette.requests import Request

from testamur.core.policy import Metered, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller

from .verbs import Verbs

#: As long a key as any peer accepts.
MAX_KEY = 255


async def caller(request: Request, verbs: Verbs, scope: Scope) -> Caller:
    """
    Return who is calling, if their key or token has *scope*.

    Raises:
        Refusal: NOT_AUTHENTICATED, NOT_ALLOWED, or as `Access.authenticate` says.
    """
    known = await authenticated(request, verbs)
    verbs.access.require(known, scope)
    return known


async def authenticated(request: Request, verbs: Verbs) -> Caller:
    """
    Return who is calling, whatever they may do.

    Raises:
        Refusal: as `Access.authenticate` says.
    """
    headers = request.headers

    def authenticate() -> Caller:
        return verbs.access.authenticate(
            api_keys=headers.getlist("x-api-key"),
            authorizations=headers.getlist("authorization"),
            tenants=headers.getlist("x-tenant"),
            client=request.client.host if request.client else "",
        )

    return await verbs.ask(authenticate)


@contextlib.asynccontextmanager
async def creating(verbs: Verbs, known: Caller, key: str | None) -> AsyncIterator[None]:
    """
    Count the job that is created inside against the plan, before any upload.

    What comes to nothing is not counted, nor is a repeat of the request that was
    called *key* before: neither creates a job.

    Raises:
        Refusal: TOO_OFTEN.
    """
    if key is not None:
        is_repeat: bool = await verbs.ask(verbs.jobs.is_known, known.tenant.id, key)
        if is_repeat:
            yield
            return
    admitted_at = await verbs.ask(verbs.access.admit, known, Metered.CREATE)
    try:
        yield
    except BaseException:
        with anyio.CancelScope(shield=True):
            await verbs.ask(verbs.access.refund, known, Metered.CREATE, admitted_at)
        raise


def idempotency_key(request: Request) -> str | None:
    """
    Return the caller's name for this request (header Idempotency-Key), if any.

    Raises:
        Refusal: MALFORMED, when it is empty, too long or not printable ASCII.
    """
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    text = keys[0]
    is_printable = text.isascii() and text.isprintable() and text.strip() == text
    if len(keys) > 1 or not text or len(text) > MAX_KEY or not is_printable:
        raise Refusal(
            Kind.MALFORMED,
            "parameter_invalid",
            "Send one Idempotency-Key of 1 to 255 printable ASCII characters.",
            at="Idempotency-Key",
        )
    return text
