"""Credentials told again, to the last byte, from rows, dies and signatures."""

import hashlib
from dataclasses import dataclass

from .die.credential import holes_of
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
            kept.picture,
        )
        holes = holes_of(facts, placed, hides_addresses=letterhead.hides_addresses)
        press = self._presses.numbered(seal.die_id)
        return Credential(kept.id, press.secured(holes, seal.signature), kept.chunk_id)
