"""What a key or token may do: nothing that was not named."""

from collections.abc import Iterable

from testamur.core.policy import Scope
from testamur.core.refusals import Kind, Refusal
from testamur.core.words import Caller

ALL = frozenset(scope.value for scope in Scope)


def require(caller: Caller, scope: Scope) -> None:
    """
    Return if *caller* has *scope*.

    Raises:
        Refusal: NOT_ALLOWED `missing_scope`, naming the scope.
    """
    if scope not in caller.scopes:
        raise Refusal(
            Kind.NOT_ALLOWED,
            "missing_scope",
            f"This needs the scope {scope.value}, which the key or token does not "
            "have; use one that has it, or create one with it.",
        )


def granted(names: Iterable[str], by: Caller | None) -> frozenset[str]:
    """
    Return the scopes of a new key or token: *names*, or all there are to give.

    *by* is who creates it through the API and cannot give what it does not have;
    None is the operator, who can.

    Raises:
        Refusal: INVALID `unknown_scope`; NOT_ALLOWED `missing_scope`.
    """
    mine = ALL if by is None else by.scopes
    wanted = frozenset(names) or mine
    for name in sorted(wanted - ALL):
        raise Refusal(
            Kind.INVALID,
            "unknown_scope",
            f"There is no scope {name!r}; there are {', '.join(sorted(ALL))}.",
            at="scopes",
        )
    for name in sorted(wanted - mine):
        raise Refusal(
            Kind.NOT_ALLOWED,
            "missing_scope",
            f"A key can only create one with scopes it has itself, and it does not "
            f"have {name}.",
            at="scopes",
        )
    return wanted
