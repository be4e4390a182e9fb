"""What a signature is to say, and how it is to be made."""

from dataclasses import dataclass
from enum import StrEnum

from testamur.core.papers import Level

__all__ = ["Level", "Method", "SignatureWish", "VisibleStamp"]


class Method(StrEnum):
    """What writes the signature."""

    FAST = "fast"  #: our own hand, and pyHanko for whatever that declines
    REFERENCE = "reference"  #: pyHanko


@dataclass(frozen=True, slots=True)
class VisibleStamp:
    """What a visible signature looks like, and where."""

    #: From 0.
    page: int
    #: Left, bottom, width and height in points, from the lower left corner of the
    #: page as it is shown.
    box: tuple[float, float, float, float]
    #: One below the other.
    lines: tuple[str, ...]
    #: Where its QR code leads; empty: it has none.
    url: str = ""


@dataclass(frozen=True, slots=True)
class SignatureWish:
    """What a signature is to say. Empty texts are left out."""

    #: Milliseconds since the epoch; PDFs say whole seconds.
    signed_at: int
    reason: str = ""
    location: str = ""
    contact: str = ""
    #: Its field is called this and the first number that is free.
    field_base: str = "Signature"
    #: None: it is listed by readers, and drawn nowhere.
    visible: VisibleStamp | None = None
    #: B-LTA is what a file is made to have afterwards: it is signed as for B-T.
    level: Level = Level.B_B
