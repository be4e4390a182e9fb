"""Programs that tests need, from Debian, where that can be done."""

import contextlib
import os
import shutil
import subprocess


def apt(*words: str) -> None:
    """Run apt-get, asking nothing. Raises CalledProcessError."""
    subprocess.run(
        ["apt-get", "-qq", *words],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


def can_install() -> bool:
    """Say whether packages of Debian can be installed here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(what: str, *packages: str) -> None:
    """Install *packages*, which bring *what*, if that can be done; else nothing."""
    if can_install():
        print(f"{what} not here; installing Debian's", flush=True)
        for words in (
            ["update"],
            ["install", "-y", "--no-install-recommends", *packages],
        ):
            with contextlib.suppress(subprocess.CalledProcessError):
                apt(*words)
