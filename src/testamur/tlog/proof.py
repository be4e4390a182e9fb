"""Proofs that travel with a credential and need no network (C2SP tlog-proof)."""

from collections.abc import Sequence
from dataclasses import dataclass

from .checkpoint import Checkpoint, open_checkpoint
from .note import (
    COSIGNATURE,
    NotVerified,
    Verifier,
    decoded,
    encoded,
    number,
    open_note,
)
from .tree import HASH, includes, leaf_hashes

FIRST_LINE = "c2sp.org/tlog-proof@v1"

#: A tree of 2**63 leaves has no longer path.
MAX_PATH = 63


@dataclass(frozen=True, slots=True)
class LogProof:
    """A leaf's index, the path from it to the root, and who signed the root."""

    index: int
    path: tuple[bytes, ...]
    #: The checkpoint as a signed note.
    note: str
    #: What nobody vouches for; None when there is none.
    extra: bytes | None = None

    @property
    def text(self) -> str:
        """The proof as it is stored."""
        lines = [FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {encoded(self.extra)}")
        lines.append(f"index {self.index}")
        lines += [encoded(one) for one in self.path]
        return "\n".join(lines) + "\n\n" + self.note


def read_proof(text: str) -> LogProof:
    """
    Return the proof that *text* spells, nothing verified.

    Raises:
        NotVerified: it is not a proof.
    """
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines[0] != FIRST_LINE or not 2 <= len(lines) <= MAX_PATH + 3:
        raise NotVerified("this is not a tlog-proof")
    extra = None
    rest = lines[1:]
    if rest[0].startswith("extra "):
        extra = decoded(rest.pop(0)[6:])
    if not rest or not rest[0].startswith("index "):
        raise NotVerified("this tlog-proof does not say which leaf it is about")
    path = tuple(decoded(line) for line in rest[1:])
    if any(len(one) != HASH for one in path):
        raise NotVerified("a hash of this tlog-proof is not a SHA-256")
    return LogProof(number(rest[0][6:]), path, note, extra)


@dataclass(frozen=True, slots=True)
class Logged:
    """What a verified proof says."""

    index: int
    checkpoint: Checkpoint
    #: When the log says it signed (seconds); None when it does not say.
    at: int | None
    #: The names of witnesses that co-signed, and when.
    witnesses: tuple[tuple[str, int], ...]


def verify_proof(
    text: str,
    digest: bytes,
    verifiers: Sequence[Verifier],
    *,
    min_witnesses: int = 0,
) -> Logged:
    """
    Return where the bytes whose SHA-256 is *digest* are logged. Works offline.

    *verifiers* are the keys of the log and of witnesses that the caller trusts.

    Raises:
        NotVerified: the proof does not show it, or too few witnesses co-signed.
    """
    proof = read_proof(text)
    checkpoint, at = open_checkpoint(proof.note, verifiers)
    leaf = leaf_hashes(digest)
    if len(digest) != HASH or not includes(
        leaf, proof.index, checkpoint.size, proof.path, checkpoint.root
    ):
        raise NotVerified(
            f"the log {checkpoint.origin} does not have these bytes at index "
            f"{proof.index}"
        )
    signed = open_note(proof.note, verifiers).signed
    witnesses = {
        one.by.name: one.at or 0
        for one in signed
        if one.by.kind == COSIGNATURE and one.by.name != checkpoint.origin
    }
    if len(witnesses) < min_witnesses:
        raise NotVerified(
            f"{len(witnesses)} of at least {min_witnesses} witnesses co-signed"
        )
    return Logged(proof.index, checkpoint, at, tuple(sorted(witnesses.items())))
