"""
How a signer's private key is kept: sealed by its PIN *and* the operator secret.

The key that seals it comes from both (HKDF-SHA256 over what Argon2id makes of the
PIN, and a key derived from the operator secret). Who has the data and one of them
cannot open it; who has the data and the secret still pays Argon2id for each guess.
Nothing of the PIN is kept.
"""

import os
import threading
from contextlib import suppress
from dataclasses import dataclass

from argon2.exceptions import HashingError
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from testamur.core.pins import Pin
from testamur.core.refusals import Fault

#: What `OperatorSecret.derive` is to be asked for.
SEALING = "signer"

SALT_BYTES = 16

_VERSION = b"\x01"
_NONCE = 12

#: Each needs its memory: however many requests come, so many are worked at.
_PLACES = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Hardness:
    """What a guess at a PIN costs (Argon2id, RFC 9106)."""

    memory_kib: int
    passes: int
    lanes: int

    def spelled(self) -> str:
        """
        Return it as it is kept beside the key.

        >>> Hardness(65_536, 3, 1).spelled()
        'argon2id:65536:3:1'
        """
        return f"argon2id:{self.memory_kib}:{self.passes}:{self.lanes}"

    @classmethod
    def read(cls, text: str) -> "Hardness":
        """
        Return what `spelled` wrote.

        Raises:
            Fault: not passing, when it is nothing of ours.
        """
        name, *numbers = text.split(":")
        if name != "argon2id" or len(numbers) != 3:
            raise Fault(
                "a signer is sealed in a way that is unknown here", passing=False
            )
        return cls(*map(int, numbers))


#: RFC 9106 section 4, the second recommended option, in one lane: two processors
#: have others to serve. 0.2 s.
HARDNESS = Hardness(memory_kib=65_536, passes=3, lanes=1)


def new_salt() -> bytes:
    """Return random bytes, for one signer alone."""
    return os.urandom(SALT_BYTES)


def stretch(pin: Pin, salt: bytes, hardness: Hardness) -> bytes:
    """
    Return what Argon2id makes of *pin*. It takes a while, the same for every PIN.

    Raises:
        Fault: passing, when there is not enough memory.
    """
    found = None
    # Suppressed and not replaced: what it was called with would be in its traceback.
    with _PLACES, suppress(HashingError):
        found = hash_secret_raw(
            pin.reveal().encode("ascii"),
            salt,
            time_cost=hardness.passes,
            memory_cost=hardness.memory_kib,
            parallelism=hardness.lanes,
            hash_len=32,
            type=Type.ID,
        )
    if found is None:
        raise Fault("there is not enough memory to try a PIN", passing=True)
    return found


def sealing_key(stretched: bytes, house: bytes, salt: bytes) -> bytes:
    """Return the key that both the PIN and the operator secret are in."""
    kdf = HKDF(SHA256(), length=32, salt=salt, info=b"testamur signer key")
    return kdf.derive(stretched + house)


def seal(private: bytes, sealing: bytes, named: bytes) -> bytes:
    """Return *private* encrypted (AES-256-GCM) for what is *named* so."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCM(sealing).encrypt(nonce, private, named)


def unseal(sealed: bytes, sealing: bytes, named: bytes) -> bytes | None:
    """Return what was sealed; None when PIN, secret or name is another."""
    if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE + 16:
        return None
    try:
        return AESGCM(sealing).decrypt(
            sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], named
        )
    except InvalidTag:
        return None


def name_of(
    tenant_id: str, signer_id: int, parameters: str, chain: tuple[bytes, ...]
) -> bytes:
    """Return what a sealed key belongs to: moved to another row it does not open."""
    digest = Hash(SHA256())
    for certificate in chain:
        digest.update(certificate)
    return (
        f"testamur signer\0{tenant_id}\0{signer_id}\0{parameters}\0".encode()
        + digest.finalize()
    )
