"""
An independent look at a transparency log, from what it publishes and nothing else.

Shares no code with the log itself: only the specifications (RFC 6962; C2SP
tlog-tiles, tlog-checkpoint, signed-note). Every leaf is read once. What was seen
is kept as the hashes at the right edge, so the next look reads only what is new,
and that its root follows from the old edge is the proof that nothing was rewritten.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

#: Kinds of keys (signed-note): of logs, and of those who co-sign.
SIGNATURE = 1
COSIGNATURE = 4

#: Gives the bytes at a path below the log's address; None when there are none.
Fetch = Callable[[str], bytes | None]


class Misbehaviour(Exception):
    """The log contradicts itself, or what it showed before."""


@dataclass(frozen=True)
class Seen:
    """What one look at the log found, enough to hold the next one to it."""

    key: str
    size: int
    root: bytes
    #: Per level, the hashes that do not fill a tile yet.
    edge: tuple[tuple[bytes, ...], ...]
    checkpoint: str

    def fields(self) -> dict[str, Any]:
        """Return what to store."""
        return {
            "key": self.key,
            "size": self.size,
            "root": self.root.hex(),
            "edge": [[one.hex() for one in row] for row in self.edge],
            "checkpoint": self.checkpoint,
        }


def seen_from(fields: Mapping[str, Any]) -> Seen:
    """Return what `fields` stored. Raises ValueError, KeyError or TypeError."""
    edge = tuple(tuple(map(bytes.fromhex, row)) for row in fields["edge"])
    seen = Seen(
        key=str(fields["key"]),
        size=int(fields["size"]),
        root=bytes.fromhex(fields["root"]),
        edge=edge,
        checkpoint=str(fields["checkpoint"]),
    )
    if _root(edge) != seen.root:
        raise ValueError("the edge does not have the root")
    return seen


def look(fetch: Fetch, key: str, before: Seen | None) -> Seen:
    """
    Return what the log shows now, all of it checked, back to *before*.

    Raises:
        Misbehaviour: it is not a log that *key* signed and that grew from *before*.
    """
    note = _needed(fetch, "checkpoint").decode("utf-8", "replace")
    size, root = _open(note, key)
    if before is not None and size < before.size:
        raise Misbehaviour(f"it shrank from {before.size:,} to {size:,} leaves")
    edge = [list(row) for row in before.edge] if before else []
    for hashes in _new_leaves(fetch, before.size if before else 0, size, edge):
        _grow(fetch, edge, hashes)
    frozen = tuple(tuple(row) for row in edge)
    if _root(frozen) != root:
        since = f" Of {before.size:,} leaves it had another." if before else ""
        raise Misbehaviour(
            f"the checkpoint of {size:,} leaves has a root that its leaves do not "
            f"have.{since}"
        )
    _check_edge(fetch, frozen, size)
    return Seen(key, size, root, frozen, note)


def cosigned_at(checkpoint: str, witnesses: Sequence[str]) -> dict[str, int]:
    """
    Return when each witness co-signed *checkpoint* (seconds), by name.

    *witnesses* are verifier keys for cosignatures (C2SP tlog-cosignature, v1).

    Raises:
        Misbehaviour: one of them did not, or what stands there is not its signature.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    text, _, signatures = checkpoint.rpartition("\n\n")
    found: dict[str, int] = {}
    for vkey in witnesses:
        name, key_id, public = _key(vkey, COSIGNATURE)
        for signature in _signatures(signatures, name):
            if signature[:4] != key_id:
                continue
            at = int.from_bytes(signature[4:12])
            message = f"cosignature/v1\ntime {at}\n{text}\n".encode()
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(
                    signature[12:], message
                )
            except (InvalidSignature, ValueError):
                raise Misbehaviour(f"the cosignature of {name} is wrong") from None
            found[name] = at
        if name not in found:
            raise Misbehaviour(f"the witness {name} has not co-signed the checkpoint")
    return found


def _new_leaves(
    fetch: Fetch, old_size: int, size: int, edge: list[list[bytes]]
) -> Iterator[list[bytes]]:
    """Give the new leaf hashes tile by tile, each held to its bundle of entries."""
    for n in range(old_size // 256, -(-size // 256)):
        width = min(256, size - n * 256)
        hashes = _parted(_tile(fetch, f"0/{_index(n)}", width, 32))
        known = edge[0] if edge and n == old_size // 256 else []
        if hashes[: len(known)] != known:
            raise Misbehaviour(f"leaves of tile {n:,} changed since the last look")
        for at, entry in enumerate(_entries(fetch, n, width)):
            if sha256(b"\0" + entry).digest() != hashes[at]:
                raise Misbehaviour(
                    f"leaf {n * 256 + at:,} and its entry in the bundle disagree"
                )
        yield hashes[len(known) :]


def _entries(fetch: Fetch, n: int, width: int) -> list[bytes]:
    bundle = _tile(fetch, f"entries/{_index(n)}", width, None)
    entries: list[bytes] = []
    at = 0
    while at < len(bundle) and len(entries) < width:
        length = int.from_bytes(bundle[at : at + 2])
        entries.append(bundle[at + 2 : at + 2 + length])
        at += 2 + length
    if len(entries) != width or at > len(bundle):
        raise Misbehaviour(f"the bundle of entries {n:,} is cut off")
    return entries


def _grow(fetch: Fetch, edge: list[list[bytes]], hashes: list[bytes]) -> None:
    """Add leaf hashes to the edge; hold every tile that fills to what is published."""
    for level in range(64):
        if level == len(edge):
            edge.append([])
        edge[level] += hashes
        if len(edge[level]) < 256:
            return
        full, edge[level] = edge[level], []
        if level:
            n = sum(len(row) << 8 * at for at, row in enumerate(edge[level + 1 :]))
            _check_tile(fetch, level, n, full)
        hashes = [_above(full)]


def _check_edge(fetch: Fetch, edge: tuple[tuple[bytes, ...], ...], size: int) -> None:
    for level, row in enumerate(edge):
        if level and row:
            _check_tile(fetch, level, (size >> 8 * level) // 256, list(row))


def _check_tile(fetch: Fetch, level: int, n: int, hashes: list[bytes]) -> None:
    published = _tile(fetch, f"{level}/{_index(n)}", len(hashes), 32)
    if published != b"".join(hashes):
        raise Misbehaviour(f"tile {n:,} of level {level} does not follow from below")


def _root(edge: tuple[tuple[bytes, ...], ...]) -> bytes:
    """Return the root above an edge: RFC 6962, section 2.1, from right to left."""
    root = None
    for row in edge:
        rest = list(row)
        while rest:
            # The last perfect subtree has as many leaves as the count's lowest bit.
            width = len(rest) & -len(rest)
            peak = _above(rest[-width:])
            root = peak if root is None else sha256(b"\1" + peak + root).digest()
            del rest[-width:]
    return sha256(b"").digest() if root is None else root


def _above(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [sha256(b"\1" + left + right).digest() for left, right in pairs]
    return hashes[0]


def _open(note: str, key: str) -> tuple[int, bytes]:
    """Return size and root of a checkpoint that *key* signed."""
    # Here, as no other command should wait for it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name, key_id, public = _key(key, SIGNATURE)
    text, _, signatures = note.rpartition("\n\n")
    lines = text.split("\n")
    if len(lines) < 3 or lines[0] != name:
        raise Misbehaviour(f"this is not a checkpoint of {name}")
    for signature in _signatures(signatures, name):
        if signature[:4] != key_id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(
                signature[4:], f"{text}\n".encode()
            )
            break
        except (InvalidSignature, ValueError):
            raise Misbehaviour("the checkpoint's signature is wrong") from None
    else:
        raise Misbehaviour(f"the checkpoint is not signed by {key}")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except binascii.Error:
        root = b""
    if len(root) != 32 or not re.fullmatch("0|[1-9][0-9]{0,17}", lines[1]):
        raise Misbehaviour("the checkpoint has no size and root")
    return int(lines[1]), root


def _key(vkey: str, kind: int) -> tuple[str, bytes, bytes]:
    """Return name, id and public key (32 bytes) of a verifier key of this kind."""
    name, _, rest = vkey.partition("+")
    key_id, _, material = rest.partition("+")
    try:
        public = base64.b64decode(material, validate=True)
        digest = sha256(f"{name}\n".encode() + public).digest()
        if public[0] != kind or len(public) != 33 or digest[:4].hex() != key_id:
            raise ValueError
    except (ValueError, IndexError):
        raise Misbehaviour(f"{vkey} is not a verifier key") from None
    return name, digest[:4], public[1:]


def _signatures(lines: str, name: str) -> Iterator[bytes]:
    """Give the signatures that stand under *name*; what is not base64 is none."""
    for line in lines.split("\n"):
        words = line.split(" ")
        if len(words) == 3 and words[:2] == ["\N{EM DASH}", name]:
            with suppress(binascii.Error):
                yield base64.b64decode(words[2], validate=True)


def _tile(fetch: Fetch, path: str, width: int, each: int | None) -> bytes:
    """Return the first *width* of a tile, which may have become full meanwhile."""
    full = f"tile/{path}"
    data = fetch(full if width == 256 else f"{full}.p/{width}")
    if data is None:
        data = _needed(fetch, full)
    if each is None:
        return data
    if len(data) < width * each:
        raise Misbehaviour(f"{full} is shorter than its width of {width}")
    return data[: width * each]


def _needed(fetch: Fetch, path: str) -> bytes:
    data = fetch(path)
    if data is None:
        raise Misbehaviour(f"it does not serve {path}")
    return data


def _parted(hashes: bytes) -> list[bytes]:
    return [hashes[at : at + 32] for at in range(0, len(hashes), 32)]


def _index(n: int) -> str:
    digits = f"{n:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
