"""Other people's contexts, schemas and test vectors: read where they are, if at all."""

import json
from pathlib import Path
from typing import Any

from support.capabilities import lacking

ROOT = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def third_party(path: str) -> Path:
    """Return the file *path* of the third-party data, or end the running test."""
    found = ROOT / path
    if not found.exists():
        lacking(f"third-party test data ({path})", f"put a copy at {found}")
    return found


def third_party_json(path: str) -> Any:
    """Return what the JSON file *path* of the third-party data says."""
    return json.loads(third_party(path).read_text("utf-8"))
