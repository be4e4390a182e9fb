"""
The program that draws PDFs of strangers: `python -m testamur.wiring.drawing_child`.

It answers frames on its standard input with frames on its standard output until
either is closed. A question is a kind, a length and a PDF; an answer is a length and
its first page as a picture (0: it cannot be drawn).
"""

import io
import struct
import sys

from testamur.core import leash

MODULE = "testamur.wiring.drawing_child"

QUESTION = struct.Struct(">cI")
ANSWER = struct.Struct(">I")

PNG, JPEG, CARD = b"p", b"j", b"c"

MEMORY_BYTES = 768 * 1024 * 1024
CPU_SECONDS = 15

POINTS = 72  #: in an inch
PPI = 96
#: Posters are drawn smaller.
MAX_PIXELS = 4_000_000
#: What Open Graph asks for, and how much is left free around the page.
CARD_WIDTH, CARD_HEIGHT, CARD_MARGIN = 1200, 630, 36
GROUND, EDGE = (237, 237, 237), (209, 209, 209)
QUALITY = 85


def main() -> None:
    """Answer until nobody asks any more."""
    leash.take_leash(int(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    import pypdfium2

    leash.write(leash.READY)
    while (head := leash.read(QUESTION.size)) is not None:
        kind, length = QUESTION.unpack(head)
        data = leash.read(length)
        if data is None:
            return
        leash.allow_time(CPU_SECONDS)
        try:
            with pypdfium2.PdfDocument(data) as pdf:
                picture = drawn(pdf[0], kind)
        except (pypdfium2.PdfiumError, IndexError, ValueError, MemoryError):
            picture = b""
        leash.write(ANSWER.pack(len(picture)) + picture)


def drawn(page: object, kind: bytes) -> bytes:
    """Return *page* as the picture that is asked for."""
    from PIL import Image

    width, height = page.get_size()  # type: ignore[attr-defined]
    scale = min(PPI / POINTS, (MAX_PIXELS / (width * height)) ** 0.5)
    if kind == CARD:
        scale = min(
            (CARD_WIDTH - 2 * CARD_MARGIN) / width,
            (CARD_HEIGHT - 2 * CARD_MARGIN) / height,
        )
    picture = page.render(scale=scale).to_pil().convert("RGB")  # type: ignore[attr-defined]
    if kind == CARD:
        card = Image.new("RGB", (CARD_WIDTH, CARD_HEIGHT), GROUND)
        left = (CARD_WIDTH - picture.width) // 2
        top = (CARD_HEIGHT - picture.height) // 2
        card.paste(
            EDGE,
            (left - 1, top - 1, left + picture.width + 1, top + picture.height + 1),
        )
        card.paste(picture, (left, top))
        picture = card
    data = io.BytesIO()
    if kind == PNG:
        picture.save(data, "PNG", dpi=(scale * POINTS, scale * POINTS))
    else:
        picture.save(data, "JPEG", quality=QUALITY)
    return data.getvalue()


if __name__ == "__main__":
    main()
