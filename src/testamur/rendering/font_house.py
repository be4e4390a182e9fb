"""
The fonts of the installation: which families there are, and where their files lie.
"""

from pathlib import Path


class House:
    """
    Every font that the installation brings along, found but not opened.

    Those of the installed packages; of `share/testamur/fonts` under `sys.prefix`,
    where `make install` puts the emoji; and of *folder*, the operator's own.
    """

    def __init__(self, folder: Path | None = None) -> None:
        raise NotImplementedError
