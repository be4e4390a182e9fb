"""How this room says no, in words that clients of DokStamp's API know."""

from testamur.core.refusals import Kind, Refusal


def not_found(what: str) -> Refusal:
    """Return what is said of a *what* that is not there, or another's."""
    return Refusal(
        Kind.NOT_FOUND, "not_found", f"There is no such {what}. Check its id."
    )


def selected(at: str) -> Refusal:
    """Return what is said of an id in a body that is unknown, or another's."""
    words = at if "." in at else at.replace("_", " ")
    return Refusal(
        Kind.INVALID, "unknown_id", f"The selected {words} is invalid.", at=at
    )


def taken(at: str) -> Refusal:
    """Return what is said of a value that somebody else has."""
    return Refusal(Kind.INVALID, "taken", f"The {at} has already been taken.", at=at)


def conflict(code: str, detail: str, at: str = "status") -> Refusal:
    """Return what is said when it is too late, or too early, for something."""
    return Refusal(Kind.CONFLICT, code, detail, at=at)


def all_of(parts: list[Refusal]) -> Refusal:
    """Return one refusal for all that is wrong."""
    return Refusal(
        parts[0].kind, parts[0].code, parts[0].detail, at=parts[0].at, parts=parts
    )
