"""
A chain of entries: each is bound to the one before it by a hash.

Whoever changes, removes or reorders an entry has to change every later one too,
and shows against a head (number and hash of the newest) remembered elsewhere.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence

#: What comes before the first entry.
START = bytes(32)


def canonical(value: object) -> str:
    """
    Spell a JSON value so that equal values are equal text.

    >>> canonical({"b": 1, "a": None})
    '{"a":null,"b":1}'
    """
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def link(previous: bytes, *fields: str | int | None) -> bytes:
    """Return SHA-256 of the *previous* hash and the JSON array of *fields*."""
    return hashlib.sha256(previous + canonical(fields).encode()).digest()


class Breaks:
    """Tells where a chain does not hold; handed every entry in its order."""

    def __init__(self) -> None:
        self._seq = 0
        self._hash = START

    def found(
        self, seq: int, fields: Sequence[str | int | None], entry_hash: bytes
    ) -> Iterator[str]:
        """Give a line for each thing that is wrong with the next entry."""
        expected = self._seq + 1
        if seq != expected:
            one, several = "entry {0:,} is", "entries {0:,} to {1:,} are"
            words = one if seq - expected == 1 else several
            yield f"audit {words.format(expected, seq - 1)} missing"
        elif link(self._hash, *fields) != entry_hash:
            yield f"audit entry {seq:,} was changed, or the one before it"
        self._seq, self._hash = seq, entry_hash
