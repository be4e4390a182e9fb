"""Who may come in: this wire names the permission that is missing."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from testamur.core.policy import Metered, Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller
from testamur.dialects.vec.query import read_given

from ...callers import authenticated
from ...queries import pairs_of
from ...verbs import Verbs


async def admitted(request: Request, verbs: Verbs, scope: Scope) -> Caller:
    """
    Return who calls, once the request is counted.

    Raises:
        Refusal: NOT_AUTHENTICATED; NOT_ALLOWED, at the permission; TOO_OFTEN.
    """
    known = await authenticated(request, verbs)
    try:
        verbs.access.require(known, scope)
    except Refusal as no:
        raise Refusal(no.kind, no.code, no.detail, at=scope.value) from None
    await verbs.ask(verbs.access.admit, known, Metered.VEC)
    return known


def asked(
    request: Request, parameters: Mapping[str, tuple[dict[str, Any], str]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """
    Return the query parameters as they are meant, and as links keep them.

    Raises:
        Refusal: INVALID, with a part for each that is wrong.
    """
    pairs = pairs_of(request)
    given = read_given(pairs, parameters)
    return given, {name: value for name, value in pairs if name != "page"}


def not_found() -> Refusal:
    """Return the refusal of what is not there."""
    return Refusal(Kind.NOT_FOUND, "not_found", "There is no such thing here.")
