"""What looks wrong on a certificate that was drawn."""

from collections.abc import Iterator

from testamur.core.columns import IMAGE, RECIPIENT_NAME
from testamur.core.findings import Finding, Severity
from testamur.core.text import quoted

from .ports import PrintedPicture, PrintedText, Tried

#: Text that is smaller than this part of its designed size looks like a mistake.
SMALL = 0.75

#: Pixels on an inch: below this, people see them in print.
COARSE = 150

#: A picture of which more is cut off is shown for what is left.
CUT = 0.2


def doubts(row: int, tried: Tried) -> Iterator[Finding]:
    """Give what looks wrong on the certificate of *row*."""
    for text in tried.texts:
        yield from _of_text(row, text)
    for picture in tried.pictures:
        yield from _of_picture(row, picture)


def _of_text(row: int, text: PrintedText) -> Iterator[Finding]:
    if not text.fields:
        return  # the template's own words: the same on every certificate
    column = RECIPIENT_NAME if RECIPIENT_NAME in text.fields else text.fields[0]
    share = text.size / text.designed
    if share < SMALL:
        yield _doubtful(
            row,
            "text_shrunk",
            f"{quoted(text.text)} is printed at {share:.0%} of its designed size "
            f"({text.size:.3g} points instead of {text.designed:.3g}), or it would "
            "not fit. Shorten it if that is too small.",
            column,
            text.text,
        )
    if text.lines > 1 and RECIPIENT_NAME in text.fields:
        yield _doubtful(
            row,
            "text_wrapped",
            f"{quoted(text.text)} takes {text.lines} lines, or it would not fit. "
            "Shorten it if it should stand on one.",
            column,
            text.text,
        )


def _of_picture(row: int, picture: PrintedPicture) -> Iterator[Finding]:
    if picture.per_inch < COARSE:
        yield _doubtful(
            row,
            "picture_coarse",
            f"The image is printed with {picture.per_inch:.0f} pixels on an inch, and "
            f"looks coarse below {COARSE}. Send a larger one.",
            IMAGE,
        )
    if picture.cut_off > CUT:
        yield _doubtful(
            row,
            "picture_cut",
            f"The image has another shape than its place on the template: "
            f"{picture.cut_off:.0%} of it is cut off. Crop it yourself, so that what "
            "matters stays.",
            IMAGE,
        )


def _doubtful(
    row: int, code: str, message: str, column: str, value: str | None = None
) -> Finding:
    shown = None if value is None else quoted(value)[1:-1]
    return Finding(row, Severity.DOUBTFUL, code, message, column, shown)
