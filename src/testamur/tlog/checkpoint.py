"""
Checkpoints: a log's name, size and root, signed (C2SP tlog-checkpoint).

No extension line says when: the log co-signs its own checkpoints (cosignature
v1), and its time is there, where witnesses put theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .note import (
    COSIGNATURE,
    NotVerified,
    Verifier,
    decoded,
    encoded,
    number,
    open_note,
    signature_line,
)
from .ports import LogKey, LogState
from .tree import HASH


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says its tree is."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The lines that are signed."""
        lines = (self.origin, str(self.size), encoded(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)


def read_checkpoint(text: str) -> Checkpoint:
    """
    Return what the text of a note says about a log.

    Raises:
        NotVerified: it is not a checkpoint.
    """
    lines = text.split("\n")
    # The last element is what follows the last newline.
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise NotVerified("this is not a checkpoint")
    root = decoded(lines[2])
    if len(root) != HASH:
        raise NotVerified("this checkpoint's root is not a SHA-256")
    return Checkpoint(lines[0], number(lines[1]), root, tuple(lines[3:]))


def open_checkpoint(
    note: str, verifiers: Sequence[Verifier]
) -> tuple[Checkpoint, int | None]:
    """
    Return a checkpoint that its own log has signed, and when (seconds), if known.

    Raises:
        NotVerified: it is not one, or none of *verifiers* has the log's name and
            signed it.
    """
    opened = open_note(note, verifiers)
    found = read_checkpoint(opened.text)
    own = [one for one in opened.signed if one.by.name == found.origin]
    if not any(one.by.kind != COSIGNATURE for one in own):
        raise NotVerified(f"the log {found.origin} has not signed this")
    return found, max((one.at for one in own if one.at is not None), default=None)


def log_verifiers(origin: str, public: bytes) -> tuple[Verifier, Verifier]:
    """Return how a log's key is named: for its signature, and for its time."""
    return Verifier(origin, public), Verifier(origin, public, COSIGNATURE)


def sign_checkpoint(state: LogState, keys: Sequence[LogKey]) -> str:
    """
    Return the signed checkpoint of what was decided.

    Every key signs, and the first says when. Ed25519 has one signature for one
    message, so signing again after a crash gives the same note.
    """
    text = Checkpoint(state.origin, state.size, state.root).text
    lines = []
    for key in keys:
        plain, timed = log_verifiers(state.origin, key.public)
        lines.append(signature_line(plain, key.sign, text))
        if key is keys[0]:
            seconds = state.decided_at // 1000
            lines.append(signature_line(timed, key.sign, text, at=seconds))
    return text + "\n" + "".join(lines)
