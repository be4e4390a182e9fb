"""What programs that read Open Badges are told of the academic directory."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BadgeIssuer:
    """An institution whose certificates are badges."""

    uuid: str
    name: str
    #: Where people read about it.
    url: str
    has_image: bool


@dataclass(frozen=True, slots=True)
class BadgeClass:
    """A course: what is said of everybody who has its badge."""

    uuid: str
    name: str
    description: str
    institution: str


@dataclass(frozen=True, slots=True)
class BadgeAssertion:
    """A certificate that was issued."""

    uuid: str
    course: str
    #: The address of the person, hashed, and what it was salted with.
    identity_hash: str
    salt: str
    #: When it was awarded, and when it ends (milliseconds).
    awarded_at: int
    valid_until: int | None
    #: The page of the certificate.
    page: str


@dataclass(frozen=True, slots=True)
class BadgeWithdrawn:
    """A certificate that must not be relied on, and why, if that was said."""

    uuid: str
    reason: str | None
