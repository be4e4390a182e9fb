"""
Signed notes (C2SP signed-note) and cosignatures (C2SP tlog-cosignature, v1).

Both with Ed25519. A plain signature covers the note's text; a cosignature covers
it together with the moment at which it was made.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519 = 1
COSIGNATURE = 4

#: A note with sixteen post-quantum signatures still fits.
MAX_NOTE_BYTES = 128 * 1024
MAX_SIGNATURES = 64

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
#: Control characters other than newline, and halves of characters.
_UNWRITTEN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class NotVerified(Exception):
    """What was to be verified is not what it says, or cannot be read."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A name, a public key (32 bytes), and what kind of signature it makes."""

    name: str
    public: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        """The four bytes that a signature line begins with."""
        prefix = self.name.encode() + b"\n" + bytes([self.kind])
        return sha256(prefix + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as people configure it."""
        public = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{public}"


def verifier(vkey: str) -> Verifier:
    """
    Return the verifier that *vkey* spells.

    Raises:
        NotVerified: it is not a verifier key, or of a kind not known here.
    """
    name, _, rest = vkey.partition("+")
    key_id, _, public = rest.partition("+")
    material = decoded(public)
    if len(material) != 33 or material[0] not in (ED25519, COSIGNATURE):
        raise NotVerified("this verifier key is not of a kind known here")
    found = Verifier(name, material[1:], material[0])
    if not is_key_name(name) or found.vkey != vkey or found.key_id.hex() != key_id:
        raise NotVerified("this verifier key does not match its own id")
    return found


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature that verified, and when it was made if it says so (seconds)."""

    by: Verifier
    at: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """A text (with its last newline), and who of those that we know signed it."""

    text: str
    signed: tuple[Signed, ...]


def signature_line(
    by: Verifier, sign: Callable[[bytes], bytes], text: str, *, at: int = 0
) -> str:
    """Return the line that signs *text*; a cosignature says it was made *at*."""
    message, prefix = _message(by, text, at), b""
    if by.kind == COSIGNATURE:
        prefix = at.to_bytes(8)
    signature = base64.b64encode(by.key_id + prefix + sign(message)).decode()
    return f"\N{EM DASH} {by.name} {signature}\n"


def _message(by: Verifier, text: str, at: int) -> bytes:
    head = f"cosignature/v1\ntime {at}\n" if by.kind == COSIGNATURE else ""
    return (head + text).encode()


def open_note(note: str, verifiers: Sequence[Verifier]) -> Note:
    """
    Return the note's text, which at least one of *verifiers* has signed.

    Signatures of unknown keys are ignored, as the specification demands.

    Raises:
        NotVerified: nobody known signed it, a known key's signature is wrong, or
            it cannot be read.
    """
    text, lines = split_note(note)
    found = []
    for name, signature in lines:
        for by in verifiers:
            if by.name == name and by.key_id == signature[:4]:
                found.append(_verified(by, text, signature[4:]))
    if not found:
        raise NotVerified("nobody whose key is known has signed this")
    return Note(text, tuple(found))


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and the signatures (name, bytes) of *note*, nothing verified."""
    if len(note) > MAX_NOTE_BYTES or _UNWRITTEN.search(note):
        raise NotVerified("this is not a signed note")
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise NotVerified("this note has no signatures")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NotVerified("this note has too many signatures")
    return text + "\n", [_read_line(line) for line in lines]


def _read_line(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, signature = rest.partition(" ")
    if dash != "\N{EM DASH}" or not is_key_name(name):
        raise NotVerified("a line of this note's signatures is not one")
    raw = decoded(signature)
    if len(raw) < 5:
        raise NotVerified("a signature of this note is too short")
    return name, raw


def _verified(by: Verifier, text: str, signature: bytes) -> Signed:
    at = None
    if by.kind == COSIGNATURE:
        at, signature = int.from_bytes(signature[:8]), signature[8:]
    try:
        key = Ed25519PublicKey.from_public_bytes(by.public)
        key.verify(signature, _message(by, text, at or 0))
    except (InvalidSignature, ValueError):
        raise NotVerified(f"the signature of {by.name} is wrong") from None
    return Signed(by, at)


def is_key_name(name: str) -> bool:
    """Say whether a key may be called that."""
    return bool(name) and "+" not in name and not any(map(str.isspace, name))


def encoded(data: bytes) -> str:
    """Return *data* in base64."""
    return base64.b64encode(data).decode()


def decoded(text: str) -> bytes:
    """
    Return the bytes that *text* spells in base64, exactly as it would be written.

    Raises:
        NotVerified: it is not base64, or not the one spelling of its bytes.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise NotVerified("this is not base64") from None
    if encoded(data) != text:
        raise NotVerified("this is not base64 as it is written")
    return data


def number(text: str) -> int:
    """
    Return the number that *text* spells in plain decimal digits, below 10**19.

    Raises:
        NotVerified: it is anything else.
    """
    if not _NUMBER.fullmatch(text):
        raise NotVerified("this is not a whole number in plain digits")
    return int(text)
