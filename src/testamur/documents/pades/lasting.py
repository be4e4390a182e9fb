"""
Signatures that outlive their certificates: B-LTA (ETSI EN 319 142-1, 6).

What is needed to check the signatures goes into the file, and a timestamp over all of
it. By pyHanko: it happens once in the life of a document, and takes a moment.
"""

import asyncio
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, crl, ocsp, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers, timestamps, validation
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.errors import PathBuildingError, PathValidationError

from testamur.core.refusals import Fault

from .reference import HYBRID
from .slot import TOKEN_BYTES
from .structure import corrupt

#: What a timestamp over all of a file is over.
_TIMESTAMP_HASH = "sha256"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What signatures are checked by, all in DER, fetched beforehand."""

    #: Whom the institution trusts: roots of its own chain, and of the timestamps'.
    roots: tuple[bytes, ...]
    #: Certificates between them and the signers that the file does not have.
    others: tuple[bytes, ...] = ()
    #: Lists of revoked certificates, and answers about single ones (RFC 6960).
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()


def evidence_wanted(data: bytes) -> list[str]:
    """
    Return where lists of revoked certificates can be fetched for *data*'s signatures,
    and for the timestamps on them. Only http and https are known here.

    Raises:
        Refusal: INVALID `pdf_corrupt`.
    """
    found: dict[str, None] = {}
    for each in _signatures(data):
        for certificate in _certificates(each):
            for point in certificate.crl_distribution_points:
                if point.url and point.url.lower().startswith(("http:", "https:")):
                    found[point.url] = None
    return list(found)


def _certificates(signature: Any) -> Iterator[x509.Certificate]:
    """Give what a signature has embedded, its timestamp's certificates included."""
    yield signature.signer_cert
    yield from signature.other_embedded_certs
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native != "signature_time_stamp_token":
            continue
        for token in attribute["values"]:
            for choice in token["content"]["certificates"]:
                if choice.name == "certificate":
                    yield choice.chosen


def is_list(data: bytes) -> bool:
    """Say whether *data* is a list of revoked certificates, whoever signed it."""
    try:
        found = crl.CertificateList.load(data, strict=True)
        return found.issuer is not None and found["tbs_cert_list"].native is not None
    except (ValueError, TypeError, KeyError):
        return False


def roots_of(chain: Sequence[bytes]) -> list[bytes]:
    """Return those certificates (DER) that are signed by nobody else."""
    return [
        each
        for each in chain
        if x509.Certificate.load(each).self_signed in ("yes", "maybe")
    ]


def upgrade_to_lta(
    data: bytes, evidence: Evidence, timestamp: Callable[[bytes], bytes]
) -> bytes:
    """
    Return *data* with its *evidence*, and a timestamp over all; it begins with *data*.

    Nothing is written, so after a crash it is run again; run on its own result, it
    adds a newer timestamp, as is due before the last one's certificate ends.

    Raises:
        Refusal: INVALID `pdf_corrupt`, when it cannot be read.
        Fault: passing, when *evidence* does not show that a signature holds (newer
            lists may), or *timestamp* raises it; not passing, when it has no
            signature.
    """
    embedded = _signatures(data)
    if not embedded:
        raise Fault("what has no signature cannot be made to last", passing=False)
    try:
        output = _with_evidence(data, len(embedded), evidence)
        writer = IncrementalPdfFileWriter(output, strict=HYBRID not in data)
        stamped = signers.PdfTimeStamper(_Timestamper(timestamp)).timestamp_pdf(
            writer,
            _TIMESTAMP_HASH,
            validation_context=_context(evidence),
            bytes_reserved=2 * TOKEN_BYTES,
        )
    except (
        PathBuildingError,
        PathValidationError,
        SignatureValidationError,
    ) as trouble:
        raise Fault(
            f"the evidence for a signature is not complete: {type(trouble).__name__}",
            passing=True,
        ) from trouble
    except (PdfError, ValueError) as trouble:
        raise corrupt() from trouble
    stamped.seek(0)
    made: bytes = stamped.read()
    return made


def _with_evidence(data: bytes, count: int, evidence: Evidence) -> io.BytesIO:
    output, is_strict = io.BytesIO(data), HYBRID not in data
    for place in range(count):
        reader = PdfFileReader(output, strict=is_strict)
        embedded = reader.embedded_signatures[place]
        if embedded.sig_object_type == "/DocTimeStamp":
            continue
        output = validation.add_validation_info(
            embedded,
            _context(evidence),
            # What belongs to which signature would be written anew each time, and
            # that is a change which the last timestamp does not allow.
            add_vri_entry=False,
            output=io.BytesIO(),
        )
    return output


def _context(evidence: Evidence) -> ValidationContext:
    return ValidationContext(
        trust_roots=_loaded(x509.Certificate, evidence.roots),
        other_certs=_loaded(x509.Certificate, evidence.others),
        crls=_loaded(crl.CertificateList, evidence.crls),
        ocsps=_loaded(ocsp.OCSPResponse, evidence.ocsps),
        allow_fetching=False,
        revocation_mode="require",
    )


def _loaded(kind: Any, encoded: Sequence[bytes]) -> list[Any]:
    return [kind.load(each) for each in encoded]


def _signatures(data: bytes) -> list[Any]:
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=HYBRID not in data)
        return list(reader.embedded_signatures)
    except (PdfError, ValueError) as trouble:
        raise corrupt() from trouble


class _Timestamper(timestamps.TimeStamper):
    """Whom pyHanko asks for timestamps: whatever we are handed."""

    def __init__(self, timestamp: Callable[[bytes], bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._token = timestamp

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        """Return a token for *message_digest*."""
        # It may wait for the network, as this thread has nothing else to do.
        token = await asyncio.to_thread(self._token, message_digest)
        return cms.ContentInfo.load(token)
