"""Certificates that institutions sign with, made by an authority of the test's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Party:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def private(self) -> bytes:
        """The key as PKCS #8."""
        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


@cache
def key_of(kind: str) -> Any:
    """Return a key, always the same one: making RSA keys takes long."""
    match kind.split("-"):
        case ["rsa", bits, *_]:
            return rsa.generate_private_key(65_537, int(bits))
        case ["ed25519", *_]:
            return ed25519.Ed25519PrivateKey.generate()
        case [curve, *_]:
            curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}
            return ec.generate_private_key(curves.get(curve, ec.SECP256K1()))
    raise AssertionError(kind)


def certified(
    name: str,
    key: Any,
    by: Party | None = None,
    *,
    use: str | None = "signature",
    until: datetime = NOW + YEAR,
    is_authority: bool = False,
) -> Party:
    """Return a certificate for *key*; without *by* it is its own authority."""
    words = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(words)
        .issuer_name(by.certificate.subject if by else words)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(until, NOW) - YEAR)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    )
    if use is not None:
        builder = builder.add_extension(
            x509.KeyUsage(
                digital_signature=use == "signature",
                content_commitment=use == "non-repudiation",
                key_encipherment=use == "encryption",
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=is_authority,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    signing = by.key if by else key
    hash_ = None if isinstance(signing, ed25519.Ed25519PrivateKey) else SHA256()
    return Party(builder.sign(signing, hash_), key)


@cache
def root() -> Party:
    """Return the authority at the top."""
    return certified("Root", key_of("p256-root"), use="authority", is_authority=True)


@cache
def intermediate() -> Party:
    """Return the authority that institutions get their certificates from."""
    key = key_of("p256-intermediate")
    return certified("Authority", key, root(), use="authority", is_authority=True)


def institution(kind: str = "rsa-2048", **rest: Any) -> Party:
    """Return an institution's certificate."""
    name = rest.pop("name", "Universidade Exemplo")
    return certified(name, key_of(kind), intermediate(), **rest)


def packed(
    party: Party,
    password: str,
    *,
    others: Sequence[Party] | None = None,
    key: Any = None,
    certificate: x509.Certificate | None = None,
) -> bytes:
    """Return a PKCS #12 file, with the whole chain unless told otherwise."""
    if others is None:
        others = (root(), intermediate())  # in the wrong order, as they often are
    return pkcs12.serialize_key_and_certificates(
        b"institution",
        key or party.key,
        certificate or party.certificate,
        [one.certificate for one in others],
        BestAvailableEncryption(password.encode()) if password else NoEncryption(),
    )
