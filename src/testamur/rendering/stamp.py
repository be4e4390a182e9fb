"""
Stamping: a certificate's PDF as the prefix of its template and a tail of its own.

The file is PDF/A-3a (ISO 19005-3), tagged, and holds the credential. Its bytes
follow from the arguments: no clock and no chance goes into them.
"""

from dataclasses import dataclass

from .design import Design
from .fonts import Fonts
from .laid import Laid
from .prepared import Plan, Prepared


@dataclass(frozen=True, slots=True)
class RowPicture:
    """The picture of a row: as the intake made it, safe to decode."""

    data: bytes
    #: `image/jpeg`, `image/png` or `image/webp`.
    media_type: str
    #: In pixels.
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Extras:
    """What a certificate's file says beside its texts."""

    #: The design's title with its fields filled in.
    title: str
    certificate_id: str
    #: Milliseconds since the epoch.
    issued_at: int
    #: The page of the certificate, which the QR code leads to.
    url: str
    #: Who issues: the author of the file. Empty: it names none.
    issuer_name: str = ""
    #: What is spoken for the QR code (`Qr.alt`, filled in).
    qr_alt: str = ""
    #: The credential as JSON, attached as `credential.json`.
    credential: bytes | None = None
    picture: RowPicture | None = None


def build_prefix(
    design: Design, fonts: Fonts, art: bytes, static: Laid
) -> tuple[bytes, Plan]:
    """
    Return the constant beginning of every certificate, and where tails go on.

    *art* is a PDF of one page with all that is no text, QR code or row's picture;
    *static* are the texts without fields.

    Raises:
        ValueError: *art* is no such PDF.
    """
    raise NotImplementedError


class Press:
    """A prepared template, ready to stamp. For one thread at a time."""

    def __init__(self, prepared: Prepared, fonts: Fonts) -> None:
        """Take a template that has a prefix, and fonts with the package's own."""
        raise NotImplementedError

    def stamp(self, laid: Laid, extras: Extras) -> bytes:
        """
        Return the tail of a certificate's file; prefix and tail are the file.

        *laid* may hold the constant texts too: they are in the prefix already.
        """
        raise NotImplementedError
