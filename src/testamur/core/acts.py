"""What is done to certificates after they were issued."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """One call, however many certificates it names."""

    id: str
    tenant_id: str
    #: revoke, suspend, reinstate, correct or erase.
    verb: str
    #: When it was done (milliseconds).
    at: int
    reason: str
    #: The id of the key or token that asked, or `operator`.
    actor: str
    #: The ids of the certificates.
    certificates: tuple[str, ...]
