"""
Every file is read back before it is released, by parts that nobody here wrote.

pdfium reads its text and what is attached, zxing-cpp its QR code, and both are
compared with what this very row should say. Of many files with the same prefix,
the constant art is left out: it takes longer to read than all the rest, and was read
when the template was prepared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .design import Design
from .prepared import Prepared


@dataclass(frozen=True, slots=True)
class Expected:
    """What a file has to say."""

    #: Every text that is drawn of the row, in any order.
    texts: Sequence[str]
    #: What its QR codes say.
    url: str
    #: What is attached; None: nothing is.
    credential: bytes | None = None


def texts_of(
    design: Design, values: Mapping[str, str], *, only_variable: bool = False
) -> list[str]:
    """
    Return every text that *design* draws for *values*.

    Worked out without `layout`, so that a fault there is noticed.
    """
    raise NotImplementedError


class ReadBack:
    """Reads back the certificates of one template. For one thread at a time."""

    def __init__(self, prepared: Prepared) -> None:
        """Take a template; its constant part is read now, once."""
        raise NotImplementedError

    def problem_with(self, file: bytes, expected: Expected) -> str | None:
        """
        Return what is wrong with *file*, or None. Says nothing of what it says.

        *file* is a tail as `stamp.Press` makes it, or a whole PDF. *expected.texts*
        are those of `texts_of(design, values)`, the constant ones too.
        """
        raise NotImplementedError

    def problem_with_png(self, picture: bytes, expected: Expected) -> str | None:
        """Return what is wrong with the QR codes of a PNG made by `Raster`, or None."""
        raise NotImplementedError


def read_back(pdf: bytes, design: Design, expected: Expected) -> str | None:
    """Return what is wrong with a whole *pdf* of *design*, or None."""
    raise NotImplementedError
