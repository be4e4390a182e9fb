"""
DKIM keys: made here, sealed under the operator secret, opened to sign.

The sealing (AES-256-GCM) names domain, selector and algorithm: a sealed key that is
moved to another row does not open.
"""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from testamur.core.ids import new_id
from testamur.core.mail_keys import DkimAlgorithm, DkimKey
from testamur.core.refusals import Fault

#: What the operator secret is asked for.
SEALING = "dkim key"

#: RFC 8301, 3.2: at least 1024 and, better, 2048. Verifiers need not take more.
RSA_BITS = 2_048

_VERSION = b"\x01"
_NONCE = 12

#: Signs the bytes that are handed to it.
Sign = Callable[[bytes], bytes]


def make_key(
    domain: str, selector: str, algorithm: DkimAlgorithm, *, sealing: bytes, now: int
) -> DkimKey:
    """Return a new key, sealed with the 32 bytes *sealing*."""
    if algorithm is DkimAlgorithm.ED25519:
        ed25519 = Ed25519PrivateKey.generate()
        private = ed25519.private_bytes_raw()
        public = ed25519.public_key().public_bytes_raw()
    else:
        rsa = generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
        private = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        public = _rsa_public(rsa)
    nonce = os.urandom(_NONCE)
    named = _named(domain, selector, algorithm)
    sealed = _VERSION + nonce + AESGCM(sealing).encrypt(nonce, private, named)
    return DkimKey(new_id(), domain, selector, algorithm, public, sealed, now)


def open_key(key: DkimKey, *, sealing: bytes) -> Sign:
    """
    Return what signs with *key*.

    Raises:
        Fault: passing, so that no mail is lost: it does not open, or its halves do
            not belong together. An operator has to remove it.
    """
    named = _named(key.domain, key.selector, key.algorithm)
    nonce, sealed = key.sealed[1 : 1 + _NONCE], key.sealed[1 + _NONCE :]
    try:
        private = AESGCM(sealing).decrypt(nonce, sealed, named)
    except (InvalidTag, ValueError):
        raise _useless(key) from None
    if key.algorithm is DkimAlgorithm.ED25519:
        ed25519 = Ed25519PrivateKey.from_private_bytes(private)
        if ed25519.public_key().public_bytes_raw() != key.public:
            raise _useless(key)
        # RFC 8463, 3: what is signed is the SHA-256 of what RSA would sign.
        return lambda data: ed25519.sign(_sha256(data))
    rsa = load_der_private_key(private, None)
    if not isinstance(rsa, RSAPrivateKey) or _rsa_public(rsa) != key.public:
        raise _useless(key)
    return lambda data: rsa.sign(data, PKCS1v15(), SHA256())


def _useless(key: DkimKey) -> Fault:
    return Fault(
        f"the DKIM key {key.selector} of {key.domain} does not open, and no mail goes "
        f"out unsigned: testamur mail dkim remove {key.domain} {key.selector}, and "
        "add another",
        passing=True,
    )


def _named(domain: str, selector: str, algorithm: DkimAlgorithm) -> bytes:
    return f"testamur dkim key\0{domain}\0{selector}\0{algorithm}".encode()


def _rsa_public(key: RSAPrivateKey) -> bytes:
    public = key.public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()
