"""What a certificate's file has beside its texts."""

from dataclasses import dataclass


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
