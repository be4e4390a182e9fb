"""Digests of files elsewhere, as credentials spell them; and some that are known."""

import base64
from collections.abc import Mapping
from typing import Any

from .multibase import from_multibase

#: SHA-256 and SHA-384 (hex) of texts that stood at a URL: the Recommendation's, and
#: the one before it, which documents still name.
KNOWN: Mapping[str, frozenset[str]] = {
    "https://www.w3.org/ns/credentials/v2": frozenset(
        (
            "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
            "97f1eb8e5042356c805fdd61afa2c557663785e0794dcafa"
            "21e138fd38def18cb360133c221aa31d6896a6bf3e65b614",
            "24a18c90e9856d526111f29376e302d970b2bd10182e33959995b0207d7043b9",
            "35239c36999d2155312091af194a1edb61634d6ad789a5e5"
            "b19f2aebdd762dd9d1dcaada40eda7ef921c6b8c0ae107a0",
        )
    ),
}

#: How long what they name is.
_LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}

#: What a multihash of SHA-256 and SHA-512 begins with.
_MULTIHASHES = {b"\x12\x20": 32, b"\x13\x40": 64}

#: A longer text is no digest.
_MAX_TEXT = 512


def sri_digests(value: Any) -> set[str]:
    """
    Return what a `digestSRI` names, in hex; nothing if it is none.

    W3C Subresource Integrity, section 3.5: one digest or several, any of which may
    hold.
    """
    found: set[str] = set()
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        return found
    for part in value.split():
        name, _, text = part.partition("?")[0].partition("-")
        try:
            digest = base64.b64decode(text, validate=True)
        except ValueError:
            return set()
        if len(digest) != _LENGTHS.get(name):
            return set()
        found.add(digest.hex())
    return found


def multibase_digest(value: Any) -> set[str]:
    """
    Return what a `digestMultibase` names, in hex; nothing if it is none.

    With a multihash's head or, as some write it, without.
    """
    digest = from_multibase(value) if isinstance(value, str) else None
    if digest is None:
        return set()
    if len(digest) - 2 == _MULTIHASHES.get(digest[:2]):
        return {digest[2:].hex()}
    return {digest.hex()} if len(digest) in _LENGTHS.values() else set()
