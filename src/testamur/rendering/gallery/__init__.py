"""
The templates that come with Testamur, each a folder with `template.json` and art.

They are packages like any other: read, prepared and drawn by the same code, and a
good place to start a template of one's own from. Their art is drawn by
`tools/gallery_art.py`.
"""

import json
from functools import cache
from pathlib import Path

from ..package.package import TEMPLATE, pack

HERE = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """Return the names of all built-in templates, sorted."""
    return tuple(sorted(path.parent.name for path in HERE.glob(f"*/{TEMPLATE}")))


def package_of(name: str) -> bytes:
    """
    Return a built-in template as the package that people would upload.

    Raises:
        KeyError: there is none of that name.
    """
    if name not in names():
        raise KeyError(name)
    files = {
        path.name: path.read_bytes()
        for path in (HERE / name).iterdir()
        if path.is_file() and not path.name.startswith(".")
    }
    return pack(json.loads(files.pop(TEMPLATE)), files)
