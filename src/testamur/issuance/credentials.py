"""Credentials told again, to the last byte, from rows, dies and signatures."""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from testamur.core.refusals import Fault, Reason

from .die.credential import Holes, holes_of
from .die.proof import Press
from .issue import facts_of
from .ports import Certificates, Dies, Kept
from .read import find_kept
from .signing import Presses, placed_at
from .validity import valid_until


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate as others verify it."""

    certificate_id: str
    #: The secured credential: JSON, in UTF-8, as it was when it was signed.
    body: bytes
    #: The chunk whose leaves have its own.
    chunk_id: int

    @property
    def digest(self) -> bytes:
        """The SHA-256 of its bytes, to which its leaf in the log commits."""
        return hashlib.sha256(self.body).digest()


class Credentials:
    """The credentials of *certificates*, which were stamped with *dies*."""

    def __init__(self, certificates: Certificates, dies: Dies) -> None:
        self._certificates = certificates
        self._presses = Presses(dies)

    def find(self, certificate_id: str) -> Credential | None:
        """
        Return the credential of the certificate with this id. Anybody may ask.

        None when there is no such certificate, or an earlier release issued it
        without signing it.

        Raises:
            Refusal: GONE, when its person was erased.
            Fault: not passing, when the die it was stamped with is gone.
        """
        kept = find_kept(certificate_id, certificates=self._certificates)
        return self.read(kept) if kept else None

    def read(self, kept: Kept) -> Credential | None:
        """Return the credential of a kept certificate; None if it has none."""
        pressed = self._pressed(kept)
        if pressed is None:
            return None
        press, holes, signature = pressed
        return Credential(kept.id, press.secured(holes, signature), kept.chunk_id)

    def problem(self, kept: Kept, public: bytes, digest: bytes) -> str | None:
        """
        Say why the credential of *kept* is not what was published; None if it is.

        *public* is the public half of the key that signed it; *digest* is what its
        leaf says.
        """
        try:
            pressed = self._pressed(kept)
            if pressed is None:
                return "it is signed, and its job names no key"
            press, holes, signature = pressed
            signed = press.to_be_signed(holes)
            if isinstance(signed, Reason):
                return f"it cannot be said any more: {signed.message}"
            body = press.secured(holes, signature)
            Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
        except Fault as fault:
            return str(fault)
        except InvalidSignature:
            return "its signature does not verify: what it says, or the key, changed"
        except (AssertionError, LookupError, ValueError):
            return "what it says cannot be read from its row any more"
        if hashlib.sha256(body).digest() != digest:
            return "it is not what its leaf in the log commits to"
        return None

    def _pressed(self, kept: Kept) -> tuple[Press, Holes, bytes] | None:
        """Return what makes a certificate's credential, and from what."""
        profile, seal = kept.profile, kept.seal
        letterhead = profile.letterhead
        if seal is None or letterhead is None:
            return None
        facts = facts_of(profile, kept.row, kept.cells)
        placed = placed_at(
            letterhead,
            kept.id,
            kept.issued_at,
            valid_until(facts, profile, kept.issued_at),
            (seal.status_list, seal.status_index),
            None if profile.template else kept.picture,
        )
        holes = holes_of(facts, placed, hides_addresses=letterhead.hides_addresses)
        return self._presses.numbered(seal.die_id), holes, seal.signature
