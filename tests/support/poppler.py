"""
poppler's programs, which read PDF and share no code with pdfium or qpdf.

    python -m support.poppler ensure

installs them where that can be done; `make test` does so first.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from .capabilities import lacking
from .debian import install

REMEDY = "`make poppler` installs it, or: apt-get install poppler-utils"


def text_of(pdf: Path) -> str:
    """Return the text of *pdf* as `pdftotext` reads it, without bidi controls."""
    said = _run("pdftotext", "-enc", "UTF-8", str(pdf), "-")
    return said.translate(dict.fromkeys((*range(8234, 8239), 12)))


def structure_of(pdf: Path) -> list[str]:
    """Return the tags of *pdf* with what is in them, line by line."""
    said = _run("pdfinfo", "-struct-text", str(pdf))
    return [line.strip() for line in said.splitlines() if line.strip()]


def facts_of(pdf: Path) -> dict[str, str]:
    """Return what `pdfinfo` says of *pdf*."""
    lines = _run("pdfinfo", "-isodates", str(pdf)).splitlines()
    pairs = (line.partition(":") for line in lines)
    return {name: value.strip() for name, _, value in pairs}


def _run(program: str, *words: str) -> str:
    found = shutil.which(program)
    if found is None:
        lacking("poppler-utils", REMEDY)
    done = subprocess.run([found, *words], capture_output=True, timeout=30, check=True)
    # Damage that it works around is told, not returned.
    assert not done.stderr, done.stderr
    return done.stdout.decode()


def ensure() -> None:
    """Install them if they are not here and can be installed."""
    if all(map(shutil.which, ("pdftotext", "pdfinfo", "pdfsig", "certutil"))):
        return
    install("poppler's programs are", "poppler-utils", "libnss3-tools")
    if not shutil.which("pdftotext"):
        # Not fatal here: the tests that need it say so, and fail on CI.
        print("poppler is not here; tests that need it will say so", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] != ["ensure"]:
        raise SystemExit("usage: python -m support.poppler ensure")
    ensure()
