"""The verified PDF of a certificate: what it says of it."""

import time

from testamur.core.child import Child
from testamur.core.clock import rfc3339
from testamur.core.refusals import Fault
from testamur.core.vault import VaultCertificate, VaultFile
from testamur.rendering.verified.verifying import Verifying

from .office import Office
from .page_child import ANSWER, MODULE, QUESTION

#: How long a PDF is measured.
SECONDS = 30.0

#: What is attached beside the document must not be called like it.
TAKEN = ("credential.json", "document.pdf")


def verified_pdf(
    office: Office, verifying: Verifying, found: VaultCertificate, file: VaultFile
) -> bytes:
    """
    Return the document with a QR code, a verification page, and attachments.

    Raises:
        Fault: something that it is made of is gone, or it cannot be made.
    """
    assert found.certificate_id is not None
    assert found.issued_at is not None
    credential = office.credentials.find(found.certificate_id)
    if credential is None:
        raise Fault("a certificate of the vault has no credential", passing=False)
    name = file.name if file.name.lower() not in TAKEN else f"uploaded-{file.name}"
    said = {
        "title": found.title,
        "recipient": found.full_name,
        "issuer": found.tenant_name,
        "awarded": found.issue_date,
        "issued": rfc3339(found.issued_at)[:19].replace("T", " "),
        "reference": found.reference,
        "details": found.details,
        "file": name,
        "media_type": file.media_type,
        "digest": file.digest,
        "pdf_digest": None if file.digest == file.pdf_digest else file.pdf_digest,
        "url": f"{office.public_url}/c/{found.certificate_id}",
        "signed_at": found.issued_at,
    }
    data = _blob(office, file.digest)
    pdf = data if file.digest == file.pdf_digest else _blob(office, file.pdf_digest)
    return verifying.verified(said, data, pdf, credential.body)


def measured(pdf: bytes) -> tuple[float, float] | None:
    """Return the size of the first page of *pdf* in points; None if there is none."""
    # The child dies with the thread that started it: it is started anew for each.
    child = Child(MODULE, what="measurer of PDFs")
    deadline = time.monotonic() + SECONDS
    try:
        child.start()
        child.send(QUESTION.pack(len(pdf)) + pdf, deadline)
        pages, width, height = ANSWER.unpack(child.receive(ANSWER.size, deadline))
    except (OSError, EOFError):
        return None
    finally:
        child.close()
    return (width, height) if pages and width > 0 and height > 0 else None


def _blob(office: Office, digest: str) -> bytes:
    try:
        with office.blobs.open(digest) as file:
            return file.read()
    except OSError as error:
        raise Fault(f"an uploaded document, {digest}, is gone", passing=False) from (
            error
        )
