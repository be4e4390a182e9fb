"""
A chain of entries: each is bound to the one before it by a hash.

Whoever changes, removes or reorders an entry has to change every later one too,
and shows against a head (number and hash of the newest) remembered elsewhere.
"""

import hashlib
import json

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
