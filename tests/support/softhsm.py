"""
A real PKCS#11 token in software: SoftHSM2, with a folder of its own.

    python -m support.softhsm ensure

installs it where that can be done; `make test` does so first.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .capabilities import lacking
from .debian import install

#: Distinctive, so that it is found wherever it should not be.
PIN = "7305192846013"

REMEDY = "`make softhsm` installs it, or: apt-get install softhsm2"


@dataclass(frozen=True)
class Token:
    """An initialised token called `testamur`, and the PIN that opens it."""

    folder: Path
    module: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to be told to see the token."""
        return {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

    @property
    def pin_file(self) -> Path:
        """The file with the PIN."""
        return self.folder / "pin"

    def uri(self, key: str = "operator", *, token: str = "testamur") -> str:
        """Return the URI of a key on it."""
        return (
            f"pkcs11:token={token};object={key}?module-path={self.module}"
            f"&pin-source=file:{self.pin_file}"
        )

    def hold(self, label: str, private: bytes) -> str:
        """Put a private key (PKCS #8, PEM) on the token; return its URI."""
        file = self.folder / f"{label}.pem"
        file.write_bytes(private)
        count = len(list(self.folder.glob("*.pem")))
        subprocess.run(
            [
                shutil.which("softhsm2-util") or "softhsm2-util",
                *("--import", file, "--token", "testamur", "--label", label),
                *("--id", f"{count:02x}", "--pin", PIN),
            ],
            env={**os.environ, **self.environment},
            check=True,
            capture_output=True,
            timeout=30,
        )
        return f"pkcs11:token=testamur;object={label}?module-path={self.module}"


def soft_token(folder: Path) -> Token:
    """Return a new token in *folder*, or end the test where there can be none."""
    module = find_module()
    program = shutil.which("softhsm2-util")
    if module is None or program is None:
        lacking("SoftHSM2", REMEDY)
    token = Token(folder, module)
    (folder / "tokens").mkdir(parents=True)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n"
        "log.level = ERROR\n"
    )
    token.pin_file.write_text(PIN + "\n")
    token.pin_file.chmod(0o600)
    words = ["--init-token", "--free", "--label", "testamur", "--so-pin", "90807060"]
    subprocess.run(
        [program, *words, "--pin", PIN],
        env={**os.environ, **token.environment},
        check=True,
        capture_output=True,
        timeout=30,
    )
    return token


def find_module() -> Path | None:
    """Return the library, wherever Debian, Fedora or Homebrew put it."""
    for folder in ("lib/softhsm", "lib64/softhsm", "lib64/pkcs11", "local/lib/softhsm"):
        if (found := Path("/usr") / folder / "libsofthsm2.so").exists():
            return found
    return next(iter(sorted(Path("/usr/lib").glob("*/softhsm/libsofthsm2.so"))), None)


def ensure() -> None:
    """Install it if it is not here and can be installed."""
    if find_module() and shutil.which("softhsm2-util"):
        return
    install("SoftHSM2 is", "softhsm2")
    if find_module() is None:
        # Not fatal here: the tests that need it say so, and fail on CI.
        print("SoftHSM2 is not here; tests that need it will say so", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] != ["ensure"]:
        raise SystemExit("usage: python -m support.softhsm ensure")
    ensure()
