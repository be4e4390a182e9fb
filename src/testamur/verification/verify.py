"""The one verb: bytes in, a verdict out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .verdict import Verdict


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller expects, beside the document."""

    #: Of a presentation: what the holder was asked to sign.
    challenge: str | None = None
    domain: str | None = None
    #: Trusted copies, for checks without a network: DID documents by DID, status
    #: list credentials (bytes) by URL, verifier keys of logs.
    did_documents: Mapping[str, Any] = field(default_factory=dict)
    status_lists: Mapping[str, bytes] = field(default_factory=dict)
    log_keys: Sequence[str] = ()


class Verifier:
    """Verifies what anybody sends. Threads may share it."""

    def verify(
        self, data: bytes, media_type: str = "", wish: Wish | None = None
    ) -> Verdict:
        """
        Return the verdict on *data*.

        JSON, an array of JSON credentials, an EnvelopedVerifiableCredential, a
        presentation, a JWT, a PNG with a credential baked in, or a bundle (ZIP):
        what it is is seen from the bytes, and *media_type* decides only where both
        would do.

        Raises:
            Refusal: TOO_OFTEN `verifier_busy`.
        """
        raise NotImplementedError

    def verify_name(self, name: str) -> Verdict:
        """
        Return the verdict on a certificate of this house, by its id or URL.

        Raises:
            Refusal: NOT_FOUND, when there is none; INVALID, when *name* is neither.
        """
        raise NotImplementedError
