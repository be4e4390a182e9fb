"""
A die: one credential structure with holes, as JSON and as canonical N-Quads.

It is data, kept for ever under the SHA-256 of its bytes. A certificate names its
die by that digest, so what it says can be told again to the last byte, whatever
later versions engrave.
"""

import hashlib
from dataclasses import dataclass

import orjson

from testamur.core.refusals import Fault

#: A text with holes: constants, and for each hole or blank node its number. The
#: holes come first, in the order of the die's lists, then the blank nodes.
Pattern = tuple[str | int, ...]

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Statement:
    """The RDF of one document: a pattern for each line, and how many blank nodes."""

    lines: tuple[Pattern, ...]
    nodes: int


@dataclass(frozen=True, slots=True)
class Die:
    """What is engraved once and stamped for every row."""

    #: Names of the holes that hold text, and of those that hold an IRI.
    texts: tuple[str, ...]
    iris: tuple[str, ...]
    #: The secured credential. Its holes stand between quotes; the last number is
    #: the proof's value.
    json: Pattern
    credential: Statement
    #: The proof without its value, as it is hashed.
    proof: Statement

    def to_bytes(self) -> bytes:
        """Return the bytes to keep: the same for the same die."""
        return orjson.dumps(
            {
                "version": _VERSION,
                "texts": self.texts,
                "iris": self.iris,
                "json": self.json,
                "credential": self.credential,
                "proof": self.proof,
            },
            option=orjson.OPT_SORT_KEYS,
        )

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of its bytes, by which it is known."""
        return hashlib.sha256(self.to_bytes()).hexdigest()


def read_die(data: bytes, digest: str) -> Die:
    """
    Return the die that was kept as *data* under *digest*.

    Raises:
        Fault: not passing, when the bytes are not those that were kept.
    """
    if hashlib.sha256(data).hexdigest() != digest:
        raise Fault(
            f"the die {digest} was changed in storage; restore it from a backup",
            passing=False,
        )
    kept = orjson.loads(data)
    if kept["version"] != _VERSION:
        raise Fault(
            f"the die {digest} has version {kept['version']}, which this release "
            "cannot read; install a newer one",
            passing=False,
        )
    return Die(
        texts=tuple(kept["texts"]),
        iris=tuple(kept["iris"]),
        json=tuple(kept["json"]),
        credential=_statement(kept["credential"]),
        proof=_statement(kept["proof"]),
    )


def _statement(kept: dict[str, list[list[str | int]]]) -> Statement:
    nodes = kept["nodes"]
    assert isinstance(nodes, int)
    return Statement(tuple(tuple(line) for line in kept["lines"]), nodes)
