"""
A credential attached to a PDF, as Testamur attaches it: `credential.json`.

ISO 32000-2, section 7.11.4: an embedded file, listed in the catalog's name tree.
What the pages say is no part of it.
"""

import io

from .strict_json import NotReadable

SIGNATURE = b"%PDF-"
NAME = "credential.json"

#: What a credential may take when it is inflated.
MAX_BYTES = 5 * 1024 * 1024

#: More attachments than this are not looked at.
MAX_FILES = 100


def attached(data: bytes) -> bytes:
    """
    Return the credential attached to a PDF.

    Raises:
        NotReadable: it is damaged, encrypted, or has none.
    """
    import pikepdf  # takes 10 MiB, which only the program that reads files pays

    try:
        with pikepdf.open(io.BytesIO(data), attempt_recovery=False) as document:
            files = document.attachments
            if len(files) > MAX_FILES:
                raise NotReadable(
                    "pdf_attachments", f"The PDF has over {MAX_FILES} attachments."
                )
            if NAME not in files:
                raise NotReadable(
                    "pdf_no_credential",
                    f"The PDF has no attachment {NAME}, so nothing in it can be "
                    "checked. Ask its holder for the address of the certificate.",
                )
            content = bytes(files[NAME].get_file().read_bytes())
    except pikepdf.PasswordError:
        raise NotReadable(
            "pdf_encrypted", "The PDF needs a password. Save it without one."
        ) from None
    except NotReadable:  # which is a ValueError
        raise
    except (pikepdf.PdfError, ValueError, RuntimeError, MemoryError):
        raise NotReadable("pdf_damaged", "The PDF is damaged.") from None
    if len(content) > MAX_BYTES:
        raise NotReadable("pdf_too_large", "What is attached to the PDF is too large.")
    return content
