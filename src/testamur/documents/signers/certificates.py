"""
What a certificate must be to sign documents, and in which order its chain is.

Each thing that is wrong is refused by name, with what to do about it. That it has
expired is no reason to refuse it here: it signs nothing, which is asked each time.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5, SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from testamur.core.refusals import Kind, Refusal
from testamur.core.signers import SignerAlgorithm

#: NIST SP 800-131A: less is not accepted any more.
MIN_RSA_BITS = 2_048
#: More takes minutes, and no authority signs it.
MAX_RSA_BITS = 8_192

MAX_CERTIFICATES = 32

#: Names may be as long as somebody likes; lists show so much.
MAX_WORDS = 500


@dataclass(frozen=True, slots=True)
class Examined:
    """A certificate that may sign, as lists show it, and its chain in order."""

    chain: tuple[bytes, ...]
    algorithm: SignerAlgorithm
    subject: str
    issuer: str
    serial_number: str
    valid_from: int
    valid_until: int
    warnings: tuple[str, ...]


def read_der(found: Sequence[bytes]) -> list[x509.Certificate]:
    """
    Return the certificates.

    Raises:
        Refusal: INVALID `certificate_unreadable`.
    """
    if len(found) > MAX_CERTIFICATES:
        raise _refused("unreadable", f"holds more than {MAX_CERTIFICATES} certificates")
    try:
        with warnings.catch_warnings():
            # Real authorities bend X.509; what matters is asked below.
            warnings.simplefilter("ignore")
            return [x509.load_der_x509_certificate(one) for one in found]
    except ValueError:
        raise _refused("unreadable", "holds a certificate that cannot be read") from (
            None
        )


def read_pem(data: bytes) -> list[x509.Certificate]:
    """
    Return the certificates of a PEM file, in its order.

    Raises:
        Refusal: INVALID `certificate_unreadable`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise _refused("unreadable", "holds no certificates as PEM") from None
    if len(found) > MAX_CERTIFICATES:
        raise _refused("unreadable", f"holds more than {MAX_CERTIFICATES} certificates")
    return found


def examine(
    found: Sequence[x509.Certificate], *, public: bytes | None, now: int
) -> Examined:
    """
    Return what the certificate of the key is, with those that lead to its root.

    *public* is the public half of the key (SubjectPublicKeyInfo); None: the first
    certificate is meant, and the key is not at hand.

    Raises:
        Refusal: INVALID `certificate_...`, pointing at `certificate`.
    """
    if not found:
        raise _refused("missing", "holds no certificate")
    leaf = found[0]
    if public is not None:
        own = [one for one in found if _public(one) == public]
        if not own:
            raise _refused(
                "mismatch",
                "holds a private key that belongs to none of its certificates; export "
                "both together",
            )
        leaf = own[0]
    algorithm = _algorithm(leaf)
    _look_at_use(leaf)
    chain, is_whole = _chain(leaf, found)
    for one in chain:
        _look_at_hash(one)
    valid_from = _moment(leaf.not_valid_before_utc)
    valid_until = _moment(leaf.not_valid_after_utc)
    told = []
    if now > valid_until:
        told.append("The certificate has expired: it cannot sign any more.")
    elif now < valid_from:
        told.append("The certificate is not valid yet: it cannot sign until it is.")
    if not is_whole:
        told.append(
            "The certificates that lead to its root are missing in part: add the file "
            "with the whole chain, or some readers will not trust its signatures."
        )
    return Examined(
        chain=tuple(one.public_bytes(Encoding.DER) for one in chain),
        algorithm=algorithm,
        subject=_words(leaf.subject),
        issuer=_words(leaf.issuer),
        serial_number=f"{leaf.serial_number:x}",
        valid_from=valid_from,
        valid_until=valid_until,
        warnings=tuple(told),
    )


def _algorithm(leaf: x509.Certificate) -> SignerAlgorithm:
    try:
        public = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        public = None
    match public:
        case RSAPublicKey(key_size=bits):
            if bits < MIN_RSA_BITS:
                raise _refused(
                    "weak_key",
                    f"has an RSA key of {bits} bits, and {MIN_RSA_BITS} are the least; "
                    "ask its authority for a new one",
                )
            if bits > MAX_RSA_BITS:
                raise _refused(
                    "key_type", f"has an RSA key of more than {MAX_RSA_BITS} bits"
                )
            return SignerAlgorithm.RSA_SHA256
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return SignerAlgorithm.ECDSA_SHA256
        case EllipticCurvePublicKey(curve=SECP384R1()):
            return SignerAlgorithm.ECDSA_SHA384
    raise _refused(
        "key_type",
        "has a key of a type that is not supported; use RSA, or ECDSA on P-256 or "
        "P-384",
    )


def _look_at_use(leaf: x509.Certificate) -> None:
    try:
        use = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return  # RFC 5280, 4.2.1.3: without it, every use is permitted
    except ValueError:
        raise _refused("unreadable", "has extensions that cannot be read") from None
    if not (use.digital_signature or use.content_commitment):
        raise _refused(
            "usage",
            "is not for signing: its key usage has neither digitalSignature nor "
            "nonRepudiation; use the one that your authority gave you for signatures",
        )


def _look_at_hash(one: x509.Certificate) -> None:
    try:
        is_weak = isinstance(one.signature_hash_algorithm, SHA1 | MD5)
    except UnsupportedAlgorithm:
        is_weak = False
    if is_weak:
        raise _refused(
            "weak_hash",
            "was signed by its authority with SHA-1 or MD5, which no reader trusts any "
            "more; ask the authority for a new one",
        )


def _chain(
    leaf: x509.Certificate, found: Sequence[x509.Certificate]
) -> tuple[list[x509.Certificate], bool]:
    """Return *leaf* and its intermediates, and whether they end below a root."""
    chain = [leaf]
    while True:
        last = chain[-1]
        if last.subject == last.issuer:
            # Readers have their own roots, and trust no other: it is left out.
            return (chain[:-1] or [leaf]), True
        above = next(
            (one for one in found if one not in chain and _issued(one, last)), None
        )
        if above is None:
            # An authority just below a root that was not packed looks the same as a
            # gap; one intermediate is what nearly all of them need.
            return chain, len(chain) > 1
        chain.append(above)


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _public(one: x509.Certificate) -> bytes | None:
    try:
        return one.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, UnsupportedAlgorithm):
        return None


def _words(name: x509.Name) -> str:
    text = name.rfc4514_string().replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 1] + "…"


def _moment(at: datetime) -> int:
    return int(at.timestamp() * 1_000)


def _refused(what: str, detail: str) -> Refusal:
    return Refusal(
        Kind.INVALID,
        f"certificate_{what}",
        f"The certificate {detail}.",
        at="certificate",
    )
