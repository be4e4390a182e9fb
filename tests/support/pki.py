"""
A public-key infrastructure for tests: root, intermediate, signers, a timestamper.

Keys are made once per process: those with RSA take their time.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

#: What signers can have.
KINDS = ("rsa2048", "rsa3072", "p256", "p384")

START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2045, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Party:
    """Whoever has a key and a certificate for it."""

    certificate: x509.Certificate
    key: Key

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate, as text."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key, as text."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


class HeldKey:
    """A seal (`documents.ports.Seal`) with its key in memory."""

    def __init__(self, party: Party, *above: Party) -> None:
        self.chain = (party.der, *(each.der for each in above))
        self._key = party.key

    def sign(self, data: bytes) -> bytes:
        """Sign as the port says."""
        key = self._key
        if isinstance(key, rsa.RSAPrivateKey):
            return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        large = key.curve.key_size > 256
        return key.sign(data, ec.ECDSA(hashes.SHA384() if large else hashes.SHA256()))


@cache
def root() -> Party:
    """Return who everybody trusts."""
    return issue("Test Root", new_key("p256"), None, is_authority=True)


@cache
def intermediate() -> Party:
    """Return who issues the certificates of signers."""
    return issue("Test Intermediate", new_key("p256"), root(), is_authority=True)


@cache
def signer(kind: str = "p256") -> Party:
    """Return an institution with a key of *kind*."""
    return issue("Universidade Exemplo", new_key(kind), intermediate())


@cache
def seal(kind: str = "p256") -> HeldKey:
    """Return its seal."""
    return HeldKey(signer(kind), intermediate())


@cache
def timestamper() -> Party:
    """Return who says when something was."""
    return issue(
        "Test Timestamps",
        new_key("rsa2048"),
        intermediate(),
        usage=ExtendedKeyUsageOID.TIME_STAMPING,
    )


@cache
def revocations(of: str) -> bytes:
    """Return the list of what `root` or `intermediate` took back: nothing. DER."""
    authority = {"root": root, "intermediate": intermediate}[of]()
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(START)
        .next_update(END)
        .add_extension(x509.CRLNumber(1), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                authority.key.public_key()
            ),
            False,
        )
    )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


def new_key(kind: str) -> Key:
    """Return a fresh key."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa")))
    return ec.generate_private_key(
        {"p256": ec.SECP256R1(), "p384": ec.SECP384R1()}[kind]
    )


def issue(
    name: str,
    key: Key,
    issuer: Party | None,
    *,
    is_authority: bool = False,
    usage: x509.ObjectIdentifier | None = None,
    start: dt.datetime = START,
    end: dt.datetime = END,
    crl_url: str = "",
) -> Party:
    """Return a party with a certificate of *issuer*; of its own when that is None."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Universidade Exemplo Ltda."),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    above = issuer.key if issuer else key
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    theirs = x509.AuthorityKeyIdentifier.from_issuer_public_key(above.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(is_authority, None), True)
        .add_extension(own, False)
        .add_extension(theirs, False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_authority,
                content_commitment=not is_authority and usage is None,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=is_authority,
                crl_sign=is_authority,
                encipher_only=False,
                decipher_only=False,
            ),
            True,
        )
    )
    if crl_url:
        place = x509.UniformResourceIdentifier(crl_url)
        points = [x509.DistributionPoint([place], None, None, None)]
        builder = builder.add_extension(x509.CRLDistributionPoints(points), False)
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), True)
    return Party(builder.sign(above, hashes.SHA256()), key)


def p12(party: Party, password: bytes, *above: Party) -> bytes:
    """Return a PKCS #12 file with the key and certificates of *party*."""
    return pkcs12.serialize_key_and_certificates(
        b"signer",
        party.key,
        party.certificate,
        [each.certificate for each in above],
        BestAvailableEncryption(password),
    )
