"""
The operator secret: everything we hash or sign with is derived from it.

Each use has a key of its own (HKDF-SHA256, RFC 5869), so what one key gives away
says nothing of another, and a table that leaks is useless without the secret.
"""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from testamur.core.refusals import Fault

#: HMAC-SHA256 is as strong as its key up to this length (RFC 7518, 3.2).
MIN_BYTES = 32


class OperatorSecret:
    """
    A secret of at least 32 bytes.

    Raises:
        Fault: not passing, when it is shorter; nothing starts on a weak secret.
    """

    def __init__(self, material: bytes) -> None:
        if len(material) < MIN_BYTES:
            raise Fault(
                f"the operator secret has {len(material)} bytes and needs "
                f"{MIN_BYTES}; make one with: openssl rand -hex 32",
                passing=False,
            )
        self._material = material

    def derive(self, purpose: str) -> bytes:
        """Return the 32-byte key for *purpose*: the same one every time."""
        kdf = HKDF(SHA256(), length=32, salt=None, info=f"testamur {purpose}".encode())
        return kdf.derive(self._material)
