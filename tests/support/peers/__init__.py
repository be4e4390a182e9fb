"""Implementations by other people, installed on first use and kept in a cache."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from support.capabilities import lacking

HERE = Path(__file__).parent


@cache
def node_peer(name: str) -> Path | str:
    """
    Return the folder where the peer *name* can be run by node, or why it cannot.

    Its packages are pinned in its `package.json`; installing runs no scripts.
    """
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are not installed"
    source = HERE / name
    digest = hashlib.sha256(
        b"".join(file.read_bytes() for file in sorted(source.iterdir()))
    ).hexdigest()[:16]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "testamur-peers" / f"{name}-{digest}"
    if folder.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place and then moved there: two test processes may do this at once.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / name
        shutil.copytree(source, made)
        try:
            subprocess.run(
                ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=made,
                check=True,
                capture_output=True,
                timeout=120,
            )
        except (subprocess.SubprocessError, OSError) as error:
            return f"npm cannot install it ({error})"
        try:
            made.rename(folder)
        except OSError:
            assert folder.exists()
    return folder


def need_node_peer(name: str) -> Path:
    """Return the folder of the peer *name*, or end the running test."""
    found = node_peer(name)
    if isinstance(found, str):
        lacking(
            f"the peer {name}: {found}", "install node 20 and reach an npm registry"
        )
    return found
