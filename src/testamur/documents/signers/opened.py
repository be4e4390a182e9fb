"""A signer that is open: what signs, until it is closed."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)
from cryptography.x509 import load_der_x509_certificate

from testamur.core.refusals import Fault
from testamur.core.signers import Signer, SignerAlgorithm

from .ports import TokenKey

SignData = Callable[[bytes], bytes]


class OpenKey(Protocol):
    """A private key that is at hand."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature over *data*."""
        ...

    def close(self) -> None:
        """Forget it."""
        ...


class OpenedSigner:
    """
    A signer that is open, in the form that a signature on a PDF asks for.

    Threads may share it. It is closed at the end of a `with` block, or by `close`;
    a closed one signs nothing.
    """

    def __init__(self, signer: Signer, chain: tuple[bytes, ...], key: OpenKey) -> None:
        self.signer = signer
        #: DER, the signing certificate first, then intermediates.
        self.chain = chain
        self._key: OpenKey | None = key

    def sign(self, data: bytes) -> bytes:
        """
        Return the signature over *data*, as `signer.algorithm` says; ECDSA as DER.

        Raises:
            SignerUnavailable: the token stopped answering; open the signer anew.
            Fault: not passing, when it is closed.
        """
        if self._key is None:
            raise Fault(f"the signer {self.signer.id} is closed", passing=False)
        return self._key.sign(data)

    def close(self) -> None:
        """Forget the key, or log out of its token. Closing twice is fine."""
        key, self._key = self._key, None
        if key is not None:
            key.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._key is None else "open"
        return f"<OpenedSigner {self.signer.id}, {state}>"


class HeldKey:
    """A private key in our memory; it is checked once, not for each signature."""

    def __init__(self, private: bytes, algorithm: SignerAlgorithm) -> None:
        # Sealed by us with what authenticates it, and checked when it came in.
        key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
        self._sign: SignData | None
        match key:
            case RSAPrivateKey():
                self._sign = lambda data: key.sign(data, PKCS1v15(), SHA256())
            case EllipticCurvePrivateKey():
                scheme = ECDSA(hash_of(algorithm))
                self._sign = lambda data: key.sign(data, scheme)
            case _:
                raise Fault("a signer's key is of an unknown type", passing=False)

    def sign(self, data: bytes) -> bytes:
        """Return the signature over *data*."""
        sign = self._sign
        if sign is None:
            raise Fault("the signer is closed", passing=False)
        return sign(data)

    def close(self) -> None:
        """Forget the key."""
        self._sign = None


class DistantKey:
    """A private key in a token, which is shown digests and nothing else."""

    def __init__(self, token: TokenKey, algorithm: SignerAlgorithm) -> None:
        self._token = token
        self._algorithm = algorithm

    def sign(self, data: bytes) -> bytes:
        """Return the signature over *data*."""
        digest = Hash(hash_of(self._algorithm))
        digest.update(data)
        return self._token.sign_digest(digest.finalize(), self._algorithm)

    def close(self) -> None:
        """Log out."""
        self._token.close()


def hash_of(algorithm: SignerAlgorithm) -> SHA256 | SHA384:
    """Return what is signed in place of the data."""
    return SHA384() if algorithm is SignerAlgorithm.ECDSA_SHA384 else SHA256()


def belongs(certificate: bytes, key: OpenKey, algorithm: SignerAlgorithm) -> bool:
    """Say whether *certificate* (DER) is of *key*, by having it sign something."""
    data = b"testamur: whose key is this?"
    signature = key.sign(data)
    public = load_der_x509_certificate(certificate).public_key()
    try:
        match public:
            case RSAPublicKey():
                public.verify(signature, data, PKCS1v15(), SHA256())
            case EllipticCurvePublicKey():
                public.verify(signature, data, ECDSA(hash_of(algorithm)))
            case _:
                return False
    except InvalidSignature:
        return False
    return True


def public_of(private: bytes) -> bytes:
    """Return the public half (SubjectPublicKeyInfo) of a key as PKCS #8."""
    key = load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    return key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
