"""What is done to certificates after they were issued."""

import hashlib
from dataclasses import dataclass

from .chain import canonical


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
    #: Of an erasure: every row that was erased, issued or not, as `job/number`.
    rows: tuple[str, ...] = ()
    #: Where the bits of the certificates are, in their order: `list/index`, or
    #: nothing. A database that lost a certificate still has to tell its bit.
    places: tuple[str, ...] = ()
    #: Of an erasure: what else was held of the person, as `kind/id`: each id is
    #: random, and leads to nothing once this is done.
    persons: tuple[str, ...] = ()

    @property
    def statement(self) -> bytes:
        """
        The act as the transparency log commits to it: canonical JSON.

        Its id is random and is all the salt that its leaf needs.
        """
        return canonical(self.fields).encode()

    @property
    def fields(self) -> dict[str, object]:
        """Everything about it, as the record outside the data keeps it."""
        fields: dict[str, object] = {
            "act": self.id,
            "tenant": self.tenant_id,
            "verb": self.verb,
            "at": self.at,
            "reason": self.reason,
            "actor": self.actor,
            "certificates": list(self.certificates),
        }
        if self.rows:
            fields["rows"] = list(self.rows)
        if self.places:
            fields["places"] = list(self.places)
        if self.persons:
            fields["persons"] = list(self.persons)
        return fields

    @property
    def digest(self) -> bytes:
        """SHA-256 of the statement: the act's leaf."""
        return hashlib.sha256(self.statement).digest()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which certificates an act is about, in exactly one of four ways."""

    ids: tuple[str, ...] | None = None
    references: tuple[str, ...] | None = None
    batch_id: str | None = None
    job_id: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an erasure is about: an address, or certificates. Exactly one of both."""

    email: str | None = None
    ids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What came of erasing a person."""

    #: None when nothing was there to erase: then there was no act.
    act: Act | None
    #: Whether the last traces are gone: pages of the database that hold nothing
    #: any more, and files. If not, they go as soon as there is room.
    is_complete: bool


@dataclass(frozen=True, slots=True)
class Done:
    """What came of an act."""

    #: None when nothing had to be changed: then there was no act.
    act: Act | None
    #: How many certificates it changed,
    changed: int
    #: and how many were already so, or are revoked and stay it.
    unchanged: int
