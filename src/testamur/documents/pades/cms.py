"""
Signatures as PDF carries them: CMS SignedData (RFC 5652) put together from parts.

What PAdES asks for and no more (ETSI EN 319 142-1, 6.3): content type, digest, and
which certificate signed (RFC 5035). The moment of signing is in the PDF, as it says
there. Of one seal, two signatures differ in the digest and in the signature's own
bytes; all else was encoded once.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asn1crypto import core, x509

from testamur.core.refusals import Fault

from ..ports import Seal

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"
TIMESTAMP_TOKEN = "1.2.840.113549.1.9.16.2.14"  # noqa: S105
RSA_WITH_SHA256 = "1.2.840.113549.1.1.11"

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 4096

#: Hash functions by their names in `hashlib`: as algorithms, and their digests' size.
HASHES = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2"}

#: Curves: the hash that is used with them, the signature's algorithm, and the most
#: bytes of a signature in DER.
_CURVES = {
    "secp256r1": ("sha256", "1.2.840.10045.4.3.2", 72),
    "secp384r1": ("sha384", "1.2.840.10045.4.3.3", 104),
}

#: Stands for a digest while the parts around it are encoded.
_HOLE = b"\xaa"


def tlv(tag: int, *contents: bytes) -> bytes:
    """Return DER: a tag, a length, and *contents*."""
    body = b"".join(contents)
    return bytes((tag,)) + _length(len(body)) + body


def oid(dotted: str) -> bytes:
    """Return an object identifier in DER."""
    encoded: bytes = core.ObjectIdentifier(dotted).dump()
    return encoded


def _length(count: int) -> bytes:
    if count < 128:
        return bytes((count,))
    octets = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


@dataclass(frozen=True, slots=True)
class _Algorithm:
    hash_name: str
    #: The signature's algorithm, in DER.
    der: bytes
    #: The most bytes that a signature takes.
    size: int


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the signatures of one seal have in common, in DER."""

    algorithm: _Algorithm
    #: The signed attributes, but for their tag: up to the digest, and from there on.
    before: bytes
    after: bytes
    #: What precedes the signer's information, and what that begins with.
    head: bytes
    who: bytes


class Signatures:
    """
    Makes the signatures of one seal. Threads may share it as they share the seal.

    `hash_name` is what documents are hashed with, as `hashlib` calls it.
    """

    def __init__(self, seal: Seal) -> None:
        """
        Encode what all signatures of *seal* have in common; twice costs nothing.

        Raises:
            Fault: not passing, when its key is of a kind that is not used here.
        """
        self._parts = _parts_of(tuple(seal.chain))
        self._sign = seal.sign
        self.hash_name = self._parts.algorithm.hash_name

    def make(
        self, digest: bytes, timestamp: Callable[[bytes], bytes] | None = None
    ) -> bytes:
        """
        Return the signature over what has this *digest*, in DER.

        *timestamp* returns a token (RFC 3161) for a digest (SHA-256).
        """
        parts = self._parts
        attributes = parts.before + digest + parts.after
        # Signed as the SET that it is, sent as [0] (RFC 5652, 5.4).
        signature = self._sign(b"\x31" + attributes)
        token = timestamp(hashlib.sha256(signature).digest()) if timestamp else b""
        return self._put_together(attributes, signature, token)

    def room(self, token_bytes: int = 0) -> int:
        """Return the most bytes that one takes, with a token of *token_bytes*."""
        parts = self._parts
        digest = bytes(hashlib.new(self.hash_name).digest_size)
        return len(
            self._put_together(
                parts.before + digest + parts.after,
                bytes(parts.algorithm.size),
                bytes(token_bytes),
            )
        )

    def _put_together(self, attributes: bytes, signature: bytes, token: bytes) -> bytes:
        parts = self._parts
        unsigned = tlv(0xA1, _attribute(TIMESTAMP_TOKEN, token)) if token else b""
        info = tlv(
            0x30,
            parts.who,
            b"\xa0" + attributes,
            parts.algorithm.der,
            tlv(0x04, signature),
            unsigned,
        )
        return tlv(
            0x30, oid(SIGNED_DATA), tlv(0xA0, tlv(0x30, parts.head, tlv(0x31, info)))
        )


@lru_cache(maxsize=64)
def _parts_of(chain: tuple[bytes, ...]) -> _Parts:
    certificate = x509.Certificate.load(chain[0])
    algorithm = _algorithm_of(certificate)
    hash_algorithm = tlv(0x30, oid(HASHES[algorithm.hash_name]))
    issuer = certificate.issuer.dump()
    serial = core.Integer(certificate.serial_number).dump()
    hole = _HOLE * hashlib.new(algorithm.hash_name).digest_size
    # A SET OF is sorted (X.690, 11.6).
    attributes = b"".join(
        sorted(
            [
                _attribute(CONTENT_TYPE, oid(DATA)),
                _attribute(MESSAGE_DIGEST, tlv(0x04, hole)),
                _attribute(
                    SIGNING_CERTIFICATE_V2, _certificate_id(chain[0], issuer, serial)
                ),
            ]
        )
    )
    before, _, after = attributes.partition(hole)
    return _Parts(
        algorithm,
        _length(len(attributes)) + before,
        after,
        tlv(0x02, b"\x01")
        + tlv(0x31, hash_algorithm)
        + tlv(0x30, oid(DATA))
        + tlv(0xA0, *sorted(set(chain))),
        tlv(0x02, b"\x01") + tlv(0x30, issuer, serial) + hash_algorithm,
    )


def _attribute(kind: str, value: bytes) -> bytes:
    return tlv(0x30, oid(kind), tlv(0x31, value))


def _certificate_id(der: bytes, issuer: bytes, serial: bytes) -> bytes:
    """Return SigningCertificateV2; that it is SHA-256 goes without saying."""
    name = tlv(0x30, tlv(0xA4, issuer))
    one = tlv(0x30, tlv(0x04, hashlib.sha256(der).digest()), tlv(0x30, name, serial))
    return tlv(0x30, tlv(0x30, one))


def _algorithm_of(certificate: Any) -> _Algorithm:
    key = certificate.public_key
    if key.algorithm == "rsa":
        if MIN_RSA_BITS <= key.bit_size <= MAX_RSA_BITS:
            der = tlv(0x30, oid(RSA_WITH_SHA256), b"\x05\x00")
            return _Algorithm("sha256", der, (key.bit_size + 7) // 8)
    elif key.algorithm == "ec" and key.curve[0] == "named":
        found = _CURVES.get(key.curve[1])
        if found:
            return _Algorithm(found[0], tlv(0x30, oid(found[1])), found[2])
    raise Fault(
        "a signing certificate has a key that PDFs are not signed with here: RSA of "
        f"{MIN_RSA_BITS} to {MAX_RSA_BITS} bits, P-256 and P-384 are",
        passing=False,
    )
