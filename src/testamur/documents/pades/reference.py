"""
The reference signer: pyHanko, with the key held open and room reserved.

For whatever the fast path declines, for institutions that want a name they know, and
what the fast path is compared with in tests.
"""

import asyncio
import io
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko_certvalidator.registry import SimpleCertificateStore

from testamur.core.refusals import Refusal

from ..ports import Seal
from .cms import Signatures
from .slot import TOKEN_BYTES
from .structure import corrupt, encrypted
from .wish import SignatureWish

#: In the trailers of hybrid files.
HYBRID = b"/XRefStm"

#: What pyHanko writes that we do not: the moment, twice, and hashes by their names.
_MORE_BYTES = 256


def sign_by_reference(
    data: bytes,
    seal: Seal,
    wish: SignatureWish,
    *,
    timestamp: Callable[[bytes], bytes] | None = None,
) -> bytes:
    """
    Return *data* with a signature that pyHanko wrote; it begins with *data*.

    Raises:
        Refusal: INVALID `pdf_encrypted`; `pdf_corrupt`, when pyHanko cannot read it
            either.
        Fault: not passing, when the seal's key is of a kind that is not used here.
    """
    signatures = Signatures(seal)
    signer = _Signer(seal)
    try:
        # By itself it refuses hybrid files (ISO 32000-1, 7.5.8.4), as Word writes them.
        is_strict = HYBRID not in data
        writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=is_strict)
        if writer.prev.encrypted:
            raise encrypted()
        name = _free_name(writer, wish.field_base)
        pdf_signer = signers.PdfSigner(
            signers.PdfSignatureMetadata(
                field_name=name,
                md_algorithm=signatures.hash_name,
                reason=wish.reason or None,
                location=wish.location or None,
                contact_info=wish.contact or None,
                subfilter=fields.SigSeedSubFilter.PADES,
            ),
            signer,
            timestamper=_Timestamper(timestamp) if timestamp else None,
            new_field_spec=fields.SigFieldSpec(name),
        )
        session = pdf_signer.init_signing_session(writer)
        session.system_time = datetime.fromtimestamp(wish.signed_at / 1000, UTC)
        # pyHanko signs once more to find out how large a signature is, unless told.
        room = signatures.room(TOKEN_BYTES if timestamp else 0) + _MORE_BYTES
        document = session.prepare_tbs_document(None, bytes_reserved=2 * room)
        digest, output = document.digest_tbs_document()
    except Refusal:
        raise
    except Exception as trouble:  # whatever it stumbles over: nothing of ours runs here
        raise corrupt() from trouble
    asyncio.run(_finish(document, digest, output))
    output.seek(0)
    signed: bytes = output.read()
    return signed


class _Signer(signers.Signer):
    """Whom pyHanko asks for signatures: the seal."""

    def __init__(self, seal: Seal) -> None:
        chain = [x509.Certificate.load(each) for each in seal.chain]
        registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        registry.register_multiple(chain[1:])
        super().__init__(signing_cert=chain[0], cert_registry=registry)
        self._seal = seal

    async def async_sign_raw(
        self, data: bytes, digest_algorithm: str, dry_run: bool = False
    ) -> bytes:
        """Return the seal's signature over *data*."""
        return self._seal.sign(data)


class _Timestamper(timestamps.TimeStamper):
    """Whom pyHanko asks for timestamps: whatever we are handed."""

    def __init__(self, timestamp: Callable[[bytes], bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._timestamp = timestamp

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        """Return a token for *message_digest*."""
        return cms.ContentInfo.load(self._timestamp(message_digest))


async def _finish(document: Any, digest: Any, output: Any) -> None:
    done = await document.perform_signature(
        document_digest=digest.document_digest,
        pdf_cms_signed_attrs=PdfCMSSignedAttributes(),
    )
    await done.post_signature_processing(output)


def _free_name(writer: IncrementalPdfFileWriter, base: str) -> str:
    listed = _entry(_entry(writer.root, "/AcroForm", {}), "/Fields", ())
    taken = {str(_entry(each.get_object(), "/T", "")) for each in listed}
    number = 1
    while f"{base}{number}" in taken:
        number += 1
    return f"{base}{number}"


def _entry(dictionary: Any, key: str, default: Any) -> Any:
    # Its `get` returns references as they are.
    return dictionary[key] if key in dictionary else default  # noqa: SIM401
