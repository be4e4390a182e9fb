"""
People's passwords: Argon2id (RFC 9106), of what the operator secret makes of them.

So whoever has the tables alone cannot even begin to guess. 19 MiB and two passes are
the least that OWASP's password storage cheat sheet names; with the secret in front of
it that is ample, and a small machine can spare it.
"""

import hmac
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from testamur.core.refusals import Kind, Refusal

from .secret import OperatorSecret

MIN_CHARACTERS, MAX_CHARACTERS = 8, 1_024

MEMORY_KIB = 19 * 1_024
PASSES = 2


def read_password(text: str) -> str:
    """
    Return *text* as a password: NFC, so that every keyboard writes the same one.

    Raises:
        Refusal: INVALID `password_format`; it does not quote the password.
    """
    password = unicodedata.normalize("NFC", text)
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        problem = f"has {MIN_CHARACTERS} to {MAX_CHARACTERS:,} characters"
    elif any(character in password for character in "\0\r\n"):
        problem = "is one line"
    else:
        return password
    raise Refusal(
        Kind.INVALID,
        "password_format",
        f"A password {problem}; choose another.",
        at="password",
    )


class Passwords:
    """Hashes of passwords. Each takes some 30 ms and MEMORY_KIB while it is made."""

    def __init__(self, secret: OperatorSecret) -> None:
        self._key = secret.derive("password")
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1
        )
        self._nobodys: str | None = None

    def hash(self, password: str) -> str:
        """Return what is stored of *password*: another text each time."""
        return self._hasher.hash(self._peppered(password))

    def matches(self, hash: str | None, password: str) -> bool:
        """
        Say whether *hash* was made of *password*.

        None is nobody's hash: it matches nothing, and takes as long.
        """
        if hash is None and self._nobodys is None:
            self._nobodys = self.hash("")
        try:
            found = self._hasher.verify(
                hash or self._nobodys or "", self._peppered(password)
            )
        except (VerificationError, InvalidHashError):
            return False
        return found and hash is not None

    def _peppered(self, password: str) -> bytes:
        normal = unicodedata.normalize("NFC", password)
        # Also what is no password of anybody's can be tried.
        return hmac.digest(self._key, normal.encode("utf-8", "surrogatepass"), "sha256")
