"""Signers: institutional signing certificates, as everybody may see them."""

from dataclasses import dataclass
from enum import StrEnum, auto


class SignerKind(StrEnum):
    """Where the private key is."""

    PKCS12 = auto()  #: here, sealed; it came in a file
    PKCS11 = auto()  #: in a token, which it never leaves


class SignerAlgorithm(StrEnum):
    """How a signer signs; it follows from the key."""

    RSA_SHA256 = "rsa-sha256"  #: PKCS #1 v1.5
    ECDSA_SHA256 = "ecdsa-sha256"  #: P-256
    ECDSA_SHA384 = "ecdsa-sha384"  #: P-384


class SignerStatus(StrEnum):
    """Whether it can sign now."""

    ACTIVE = auto()
    EXPIRED = auto()  #: or not valid yet
    REVOKED = auto()
    LOCKED = auto()  #: after too many wrong PINs


@dataclass(frozen=True, slots=True)
class Signer:
    """A signing certificate of a tenant. Its key is nobody's to see."""

    id: int
    tenant_id: str
    name: str
    kind: SignerKind
    algorithm: SignerAlgorithm
    #: Whom the certificate names, and who gave it (RFC 4514).
    subject: str
    issuer: str
    #: In hexadecimal.
    serial_number: str
    valid_from: int
    valid_until: int
    created_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class SignerView:
    """A signer as it is at some moment."""

    signer: Signer
    status: SignerStatus
    #: Wrong PINs since the last right one.
    wrong_pins: int
    #: What its owner may want to know, in sentences; told when it is added.
    warnings: tuple[str, ...] = ()
