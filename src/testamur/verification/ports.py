"""What verification needs of others; wiring hands it over."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .plain_words import Terms


@dataclass(frozen=True, slots=True)
class NotFetched:
    """Why a file could not be had: a sentence for people."""

    message: str


#: Returns the file at a URL, or why there is none. Bounded in size and time.
Fetch = Callable[[str], bytes | NotFetched]


@dataclass(frozen=True, slots=True)
class Words:
    """
    What signatures are made over. Both are pure.

    *nquads* returns the canonical N-Quads (RDFC-1.0) of a JSON-LD document, made
    with a hash ("sha256", "sha384"), and *jcs* the canonical JSON (RFC 8785) of a
    value. Both raise ValueError with a sentence when there is none; *nquads* raises
    `UnknownContext` for a context that is not kept here, and `TooHard` when it would
    not come to an end.
    """

    nquads: Callable[[Mapping[str, Any], str], str]
    jcs: Callable[[Any], bytes]
    #: What each word means that verdicts rely on (see `plain_words`).
    terms: Terms


class UnknownContext(ValueError):
    """A document means something by a context that is not kept here."""


class TooHard(ValueError):
    """A document is made so that nobody can canonicalise it in time."""


@dataclass(frozen=True, slots=True)
class HouseIssuer:
    """An issuer of this house: its DID document, and the keys it does not name."""

    document: Mapping[str, Any]
    #: When (milliseconds) keys were revoked, by DID URL.
    revoked: Mapping[str, int]
    #: When keys that still stand were replaced, by DID URL.
    retired: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class HouseCertificate:
    """A certificate of this house, as its records have it."""

    id: str
    #: The published credential; None: it was issued before credentials were signed.
    credential: bytes | None
    #: "issued", "revoked", "suspended" or "erased", and since when if not the first.
    standing: str
    since: int | None = None
    reason: str = ""
    #: The URL of the certificate that stands in its place.
    corrected_by: str | None = None
    #: The C2SP tlog-proof of its leaf; None: it is not in a checkpoint yet.
    log_proof: str | None = None


class House(Protocol):
    """What this installation knows of itself: no network is needed for it."""

    @property
    def public_urls(self) -> Sequence[str]:
        """
        The addresses that its own URLs begin with, without a slash at the end.

        The one in use first, then those it had before.
        """
        ...

    @property
    def did_prefixes(self) -> Sequence[str]:
        """What the DIDs of its issuers begin with, in the same order."""
        ...

    @property
    def log_keys(self) -> Sequence[str]:
        """The verifier keys of its log."""
        ...

    def issuer(self, did: str) -> HouseIssuer | None:
        """Return the issuer that *did* names, if there is one."""
        ...

    def certificate(self, certificate_id: str) -> HouseCertificate | None:
        """Return the certificate with this id, if it was published."""
        ...

    def status_list(self, url: str) -> bytes | None:
        """Return the status list credential that it publishes at *url*, if any."""
        ...


@dataclass(frozen=True, slots=True)
class LogSaid:
    """What a verified proof of inclusion says."""

    origin: str
    index: int
    size: int
    #: When the log says it signed (seconds); None when it does not say.
    at: int | None
    witnesses: Sequence[str]
    #: The key's name and id, as verifier keys begin.
    signed_by: str


class UnknownLog(ValueError):
    """None of the keys that are known has signed the proof's checkpoint."""


#: Checks a tlog-proof of the bytes whose SHA-256 is given against verifier keys.
#: Raises ValueError with a sentence when it does not hold, `UnknownLog` when it is
#: of a log whose key is not among them.
CheckLog = Callable[[str, bytes, Sequence[str]], LogSaid]


class Reader(Protocol):
    """Reads what strangers sent, where it can do no harm."""

    def read(self, data: bytes, media_type: str = "") -> Mapping[str, Any]:
        """
        Return the examination of *data* (see `examine`).

        Raises:
            Refusal: TOO_OFTEN, when too many wait already.
        """
        ...
