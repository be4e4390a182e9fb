"""How a file of a package is refused."""

from testamur.core.refusals import Kind, Refusal


def wrong(name: str, code: str, what: str, kind: Kind = Kind.INVALID) -> Refusal:
    """Return the refusal of *name* because of *what*: half a sentence and a remedy."""
    return Refusal(
        kind, code, f"assets/{name} cannot be used: {what}.", at=f"assets/{name}"
    )
