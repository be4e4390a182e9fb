"""
The keys issuers sign with: made here, sealed at rest, opened to sign.

A key's private half is encrypted under a key of its own, and that one under the
house's (envelope encryption, AES-256-GCM). The house's key follows from the
operator secret, which is never stored beside the data: who copies the data alone
cannot sign. Both encryptions name the tenant and the key, so a sealed key moved
to another tenant's row does not open.
"""

import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from testamur.core.ids import new_id
from testamur.core.refusals import Fault

from .die.sign import Algorithm, Sign
from .ports import IssuerKey

#: What `OperatorSecret.derive` is to be asked for.
SEALING = "issuer key"

_VERSION = b"\x01"
_NONCE = 12
_WRAPPED = 32 + 16
_RSA_BITS = 3_072


def make_key(
    tenant_id: str, algorithm: Algorithm, *, sealing: bytes, now: int
) -> IssuerKey:
    """Return a new key of the tenant, sealed with the 32 bytes *sealing*."""
    key_id = new_id()
    if algorithm is Algorithm.EDDSA:
        ed25519 = Ed25519PrivateKey.generate()
        private = ed25519.private_bytes_raw()
        public = ed25519.public_key().public_bytes_raw()
    else:
        rsa = generate_private_key(public_exponent=65_537, key_size=_RSA_BITS)
        private = rsa.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        public = _rsa_public(rsa)
    sealed = _seal(private, sealing, _named(tenant_id, key_id, algorithm))
    return IssuerKey(key_id, tenant_id, algorithm, public, sealed, now)


def open_key(key: IssuerKey, *, sealing: bytes) -> Sign:
    """
    Return what signs with *key*.

    Raises:
        Fault: not passing, when it was sealed with another secret or for another
            tenant, was changed, or is revoked.
    """
    if key.revoked_at is not None:
        raise Fault(f"the issuer key {key.id} is revoked", passing=False)
    named = _named(key.tenant_id, key.id, key.algorithm)
    private = _unseal(key.sealed, sealing, named)
    if private is None:
        raise Fault(
            f"the issuer key {key.id} does not open: start with the operator secret "
            "it was sealed with, or restore the key from a backup",
            passing=False,
        )
    if key.algorithm is Algorithm.EDDSA:
        ed25519 = Ed25519PrivateKey.from_private_bytes(private)
        _hold_together(key, ed25519.public_key().public_bytes_raw())
        return ed25519.sign
    rsa = load_der_private_key(private, None)
    assert isinstance(rsa, RSAPrivateKey)
    _hold_together(key, _rsa_public(rsa))
    return lambda data: rsa.sign(data, PKCS1v15(), SHA256())


def verifies(key: IssuerKey, signature: bytes, data: bytes) -> bool:
    """Say whether *key*, by its public half alone, signed *data*."""
    try:
        if key.algorithm is Algorithm.EDDSA:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, data)
        else:
            rsa = load_der_public_key(key.public)
            assert isinstance(rsa, RSAPublicKey)
            rsa.verify(signature, data, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _seal(private: bytes, sealing: bytes, named: bytes) -> bytes:
    own = AESGCM.generate_key(256)
    first, second = os.urandom(_NONCE), os.urandom(_NONCE)
    wrapped = AESGCM(sealing).encrypt(first, own, b"wrap " + named)
    sealed = AESGCM(own).encrypt(second, private, b"seal " + named)
    return _VERSION + first + wrapped + second + sealed


def _unseal(data: bytes, sealing: bytes, named: bytes) -> bytes | None:
    if data[:1] != _VERSION or len(data) < 1 + _NONCE + _WRAPPED + _NONCE + 16:
        return None
    first, rest = data[1 : 1 + _NONCE], data[1 + _NONCE :]
    wrapped, rest = rest[:_WRAPPED], rest[_WRAPPED:]
    second, sealed = rest[:_NONCE], rest[_NONCE:]
    try:
        own = AESGCM(sealing).decrypt(first, wrapped, b"wrap " + named)
        return AESGCM(own).decrypt(second, sealed, b"seal " + named)
    except InvalidTag:
        return None


def _named(tenant_id: str, key_id: str, algorithm: Algorithm) -> bytes:
    return f"testamur issuer key\0{tenant_id}\0{key_id}\0{algorithm}".encode()


def _hold_together(key: IssuerKey, public: bytes) -> None:
    if public != key.public:
        raise Fault(
            f"the two halves of the issuer key {key.id} do not belong together; "
            "restore it from a backup",
            passing=False,
        )


def _rsa_public(rsa: RSAPrivateKey) -> bytes:
    return rsa.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
