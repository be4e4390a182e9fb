"""
A picture of ours (JPEG, WebP) in, a PNG out: `python -m testamur.delivery.to_png`.

A program of its own, because a large picture takes much memory for a second. The
same picture gives the same bytes. What is larger than `SIDE` is scaled down: a PNG
of a photograph takes several times what the JPEG did.
"""

import os
import resource
import sys
from io import BytesIO

from testamur.core.parent import die_with

#: Longest side in pixels.
SIDE = 1_600

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 10


def converted(data: bytes) -> bytes:
    """Return the picture as PNG."""
    from PIL import Image

    with Image.open(BytesIO(data), formats=("JPEG", "WEBP", "PNG")) as picture:
        drawn = picture.convert("RGBA" if picture.mode in ("RGBA", "LA") else "RGB")
    drawn.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    out = BytesIO()
    drawn.save(out, "PNG", compress_level=6)
    return out.getvalue()


def main() -> None:
    """Convert standard input to standard output."""
    die_with(int(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    view = memoryview(converted(sys.stdin.buffer.read()))
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    main()
