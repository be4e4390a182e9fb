"""What an examination finds, and every reason why a PDF is not signed."""

from dataclasses import dataclass

from testamur.core.refusals import Kind, Refusal

#: Bounds of what is signed. Diplomas and transcripts stay far below.
MAX_BYTES = 25 * 1024 * 1024
MAX_PAGES = 200
MAX_INCHES = 200
MAX_OBJECTS = 100_000
#: Unpacked, all streams together.
MAX_UNPACKED = 256 * 1024 * 1024
MAX_PIXELS = 250_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a PDF that may be signed."""

    #: Width and height of each page in points, as it is shown.
    page_sizes: tuple[tuple[float, float], ...]
    #: How many signatures it has, document timestamps included.
    signatures: int
    #: What its certification allows (1 to 3); None: nobody certified it.
    docmdp: int | None
    #: Whether it has fields to fill in.
    has_form: bool

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return len(self.page_sizes)


#: By code: what is wrong, and what to do.
DETAILS = {
    "pdf_ambiguous": (
        "The file is not only a PDF: {} Different programs would see different "
        "things in it. Save it anew from a PDF reader and upload that."
    ),
    "pdf_corrupt": (
        "The PDF is damaged or cut off: {} Open it in a reader, save it anew, and "
        "upload that."
    ),
    "pdf_encrypted": (
        "The PDF is encrypted, or protected by a password. Save it without "
        "protection and upload that: a signature protects it from changes."
    ),
    "pdf_too_large": (
        "The PDF is too large to be signed: {} Split it, or save it at its real size."
    ),
    "pdf_too_complex": (
        "The PDF takes too much time or memory to read: {} Print it to a new PDF and "
        "upload that."
    ),
    "pdf_active_content": (
        "The PDF can do something when it is opened or clicked, or carries other "
        "files: {} Print it to a new PDF, which leaves that behind, and upload that."
    ),
    "pdf_hidden_content": (
        "The PDF does not show all that it holds, or could show something else "
        "later: {} Print it to a new PDF and upload that."
    ),
    "pdf_locked": (
        "Who signed the PDF before does not allow another signature: {} Ask them for "
        "a version that does, or sign the original yourself first."
    ),
    "pdf_signature_invalid": (
        "A signature that the PDF has already does not fit its content: {} Ask for "
        "the file as it was signed, and upload that."
    ),
}


def refusal(code: str, what: str = "") -> Refusal:
    """Return why a PDF is not signed; *what* is a sentence."""
    return Refusal(Kind.INVALID, code, DETAILS[code].format(what).replace("  ", " "))
