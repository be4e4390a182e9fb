"""
The program that measures PDFs: `python -m testamur.wiring.page_child PARENT`.

It answers frames on its standard input with frames on its standard output until
either is closed. A question is a length and a PDF; an answer is how many pages that
has (0: it cannot be read), and the size of the first in points.
"""

import struct
import sys

from testamur.core import leash

MODULE = "testamur.wiring.page_child"

QUESTION = struct.Struct(">I")
ANSWER = struct.Struct(">Iff")

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10


def main() -> None:
    """Answer until nobody asks any more."""
    leash.take_leash(int(sys.argv[1]), memory_bytes=MEMORY_BYTES)
    import pypdfium2

    leash.write(leash.READY)
    while (head := leash.read(QUESTION.size)) is not None:
        (length,) = QUESTION.unpack(head)
        data = leash.read(length)
        if data is None:
            return
        leash.allow_time(CPU_SECONDS)
        try:
            with pypdfium2.PdfDocument(data) as pdf:
                answer = ANSWER.pack(len(pdf), *pdf[0].get_size())
        except (pypdfium2.PdfiumError, IndexError, ValueError):
            answer = ANSWER.pack(0, 0.0, 0.0)
        leash.write(answer)


if __name__ == "__main__":
    main()
