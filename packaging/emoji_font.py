"""
Put the font of the emoji where Testamur looks for it: `make install` calls this.

No Python package has a colour emoji font. It comes, in this order, as a package of
npm, from the fonts of this machine, or out of a Debian package; each by the client
that this machine has, as it is configured. Without any of them all goes on, and only
rows with emoji fail, saying so.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(sys.prefix) / "share/testamur/fonts/NotoColorEmoji.ttf"

PACKAGE = "@expo-google-fonts/noto-color-emoji@0.4.6"
MEMBER = "package/400Regular/NotoColorEmoji_400Regular.ttf"
SHA256 = "7fb39738ab18f10612d6f4595e2e8e47a0afdf34738460442d99cd0c344a4d90"

DEBIAN_PACKAGE = "fonts-noto-color-emoji"
SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))

#: For each client. One that cannot reach its registry gives up sooner.
SECONDS = 120


def main() -> int:
    """Put the font into its place; return 0 whatever comes of it."""
    if TARGET.exists():
        return 0
    for found in (from_npm, from_system, from_debian):
        with tempfile.TemporaryDirectory() as folder:
            for font in found(Path(folder)):
                TARGET.parent.mkdir(parents=True, exist_ok=True)
                # Whole or not at all, whenever this is interrupted.
                part = TARGET.with_suffix(".part")
                shutil.copyfile(font, part)
                part.replace(TARGET)
                return 0
    print(
        "No colour emoji font could be fetched: rows with emoji will fail. Remedy: "
        f"put a NotoColorEmoji.ttf into {TARGET.parent}, or into the folder that "
        "TESTAMUR_FONTS names."
    )
    return 0


def from_npm(folder: Path) -> Iterator[Path]:
    """Give the font as npm has it: outlines in colour (COLRv1), sharp at any size."""
    quick = ("--silent", "--fetch-retries=1", "--fetch-timeout=60000")
    if not ran("npm", "pack", PACKAGE, *quick, folder=folder):
        return
    for archive in folder.glob("*.tgz"):
        with tarfile.open(archive) as files:
            member = files.extractfile(MEMBER)
            data = member.read() if member else b""
        if hashlib.sha256(data).hexdigest() == SHA256:
            font = folder / TARGET.name
            font.write_bytes(data)
            yield font


def from_system(_folder: Path) -> Iterator[Path]:
    """Give the font as this machine has it."""
    for place in SYSTEM:
        yield from sorted(place.glob(f"**/{TARGET.name}"))


def from_debian(folder: Path) -> Iterator[Path]:
    """Give the font as Debian has it: pictures in colour (CBDT). Needs no root."""
    if not ran("apt-get", "download", "-q", DEBIAN_PACKAGE, folder=folder):
        return
    for archive in folder.glob("*.deb"):
        if ran("dpkg-deb", "-x", str(archive), str(folder / "files"), folder=folder):
            yield from sorted(folder.glob(f"files/**/{TARGET.name}"))


def ran(*command: str, folder: Path) -> bool:
    """Run *command* in *folder*, in silence; say whether it is there and succeeded."""
    program = shutil.which(command[0])
    if program is None:
        return False
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
