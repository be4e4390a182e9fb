"""A document, a page behind it, and what is attached. Only run in `verified_child`."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf

from ..qr import QUIET, bars
from ..record.drawing import Draughtsman
from .attaching import attach
from .words import WORDS

SOURCE = Path(__file__).parent / "page.typ"

CREDENTIAL, CREDENTIAL_TYPE = "credential.json", "application/vc"

#: The QR code on the first page, its quiet zone included: in points, and at most this
#: part of the shorter side. It keeps so far away from the edges.
QR_POINTS, QR_SHARE, QR_MARGIN = 62.0, 0.3, 12.0

#: Longer content is not looked through for what it leaves open.
MAX_CONTENT = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What somebody uploaded, and the PDF that it is shown as: often the same."""

    name: str
    media_type: str
    data: bytes
    pdf: bytes


def verified(
    draughtsman: Draughtsman,
    said: Mapping[str, Any],
    uploaded: Uploaded,
    credential: bytes,
) -> bytes:
    """
    Return the document with a QR code, the verification page, and attachments.

    One that is signed, or cannot be opened, is attached to the page alone. The same
    arguments give the same bytes.

    Raises:
        ValueError: the page cannot be drawn.
    """
    attachments = [(uploaded.name, uploaded.media_type, uploaded.data)]
    if uploaded.pdf != uploaded.data:
        attachments.append(("document.pdf", "application/pdf", uploaded.pdf))
    date = _date(said["signed_at"])
    try:
        with pikepdf.open(io.BytesIO(uploaded.pdf)) as pdf:
            if not _is_signed(pdf):
                _, page = draughtsman.record({**said, "is_cover": False})
                _put_qr(pdf, said["url"])
                with pikepdf.open(io.BytesIO(page)) as more:
                    pdf.pages.extend(more.pages)
                    return _finished(pdf, attachments, credential, date)
    except (pikepdf.PdfError, KeyError, TypeError, AttributeError, IndexError):
        pass  # it can be attached, whatever is wrong with it
    cover, _ = draughtsman.record({**said, "is_cover": True})
    with pikepdf.open(io.BytesIO(cover)) as pdf:
        return _finished(pdf, attachments, credential, date)


def draughtsman() -> Draughtsman:
    """Return what draws verification pages."""
    return Draughtsman(program=SOURCE, words=WORDS)


def _finished(
    pdf: pikepdf.Pdf,
    attachments: Sequence[tuple[str, str, bytes]],
    credential: bytes,
    date: str,
) -> bytes:
    _drop_attached(pdf)
    for name, media_type, data in attachments:
        attach(pdf, name, media_type, data, "Source", "As it was uploaded", date)
    attach(
        *(pdf, CREDENTIAL, CREDENTIAL_TYPE, credential, "Data"),
        *("The signed credential", date),
    )
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _drop_attached(pdf: pikepdf.Pdf) -> None:
    """Take out what is attached: it is in the document, which is attached whole."""
    root: Any = pdf.Root
    if "/AF" in root:
        del root["/AF"]
    if "/Names" in root and "/EmbeddedFiles" in root.Names:
        del root.Names["/EmbeddedFiles"]


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    """Say whether somebody signed it: pages added to it would break that."""
    root: Any = pdf.Root
    if "/Perms" in root:
        return True
    form = root.get("/AcroForm")
    fields = list(form.get("/Fields", [])) if form is not None else []
    for _ in range(10_000):
        if not fields:
            return False
        field = fields.pop()
        if field.get("/FT") == "/Sig" and "/V" in field:
            return True
        fields.extend(field.get("/Kids", []))
    return True  # nobody has so many


def _put_qr(pdf: pikepdf.Pdf, url: str) -> None:
    """Draw the QR code of *url* in the lower right corner of the first page."""
    page = pdf.pages[0]
    box = [float(one) for one in page.cropbox]
    left, right = sorted((box[0], box[2]))
    bottom, top = sorted((box[1], box[3]))
    side = min(QR_POINTS, QR_SHARE * min(right - left, top - bottom))
    turn = int(page.obj.get("/Rotate", _inherited(page, "/Rotate", 0))) % 360
    far = QR_MARGIN + side
    # Where its own lower left corner is, and which way is right and up, when the page
    # is shown turned (ISO 32000-1, 7.7.3.3: clockwise).
    placed = {
        0: (1, 0, 0, 1, right - far, bottom + QR_MARGIN),
        90: (0, 1, -1, 0, right - QR_MARGIN, top - far),
        180: (-1, 0, 0, -1, left + far, top - QR_MARGIN),
        270: (0, -1, 1, 0, left + QR_MARGIN, bottom + far),
    }.get(turn, (1, 0, 0, 1, right - far, bottom + QR_MARGIN))
    size, dark = bars(url)
    step = side / (size + 2 * QUIET)
    parts = [
        "{:g} {:g} {:g} {:g} {:.3f} {:.3f} cm".format(*placed),
        f"1 g 0 0 {side:.3f} {side:.3f} re f 0 g",
    ]
    for x, y, length in dark:
        parts.append(
            f"{(x + QUIET) * step:.3f} {side - (y + QUIET + 1) * step:.3f} "
            f"{length * step:.3f} {step:.3f} re"
        )
    parts.append("f")
    drawing = f"q {' '.join(parts)} Q\n".encode()
    closing = b"\n" + b"Q " * (_left_open(page) + 1)
    page.contents_add(pdf.make_stream(b"q\n"), prepend=True)
    page.contents_add(pdf.make_stream(closing + drawing))


def _left_open(page: pikepdf.Page) -> int:
    """Return how many states the content of *page* saves and does not restore."""
    contents: Any = page.obj.get("/Contents")
    streams = contents if isinstance(contents, pikepdf.Array) else [contents]
    length = sum(len(one.read_bytes()) for one in streams if one is not None)
    if length > MAX_CONTENT:
        return 0
    depth = 0
    for instruction in pikepdf.parse_content_stream(page, "q Q"):
        operator = str(instruction.operator)
        depth = max(0, depth + (1 if operator == "q" else -1))
    return depth


def _inherited(page: pikepdf.Page, name: str, default: int) -> Any:
    node: Any = page.obj
    for _ in range(50):
        node = node.get("/Parent")
        if node is None:
            break
        if name in node:
            return node[name]
    return default


def _date(moment: int) -> str:
    return datetime.fromtimestamp(moment // 1_000, UTC).strftime(
        "D:%Y%m%d%H%M%S+00'00'"
    )
