"""Secrets that are looked for wherever they should not be."""

import base64
import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import psutil

#: How often is looked at what processes are called.
LOOK_SECONDS = 0.005


def spellings(secret: bytes) -> set[bytes]:
    """Return every way in which *secret* may be written somewhere."""
    texts = {secret.hex(), secret.hex().upper()}
    for shift in range(3):
        # Where it begins among other bytes decides its letters; the first and
        # last ones are its neighbours' too.
        whole = base64.b64encode(bytes(shift) + secret).decode().rstrip("=")
        inner = whole[4 if shift else 0 : -2]
        texts |= {inner, inner.replace("+", "-").replace("/", "_")}
    texts |= {quote(secret, safe=""), "".join(f"%{byte:02X}" for byte in secret)}
    with contextlib.suppress(UnicodeDecodeError):
        texts.add(secret.decode("ascii"))
    found = {secret}
    for text in texts:
        found |= {text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")}
    return found


class Watch:
    """Collects arguments and environments of every process that we start."""

    def __init__(self, look_seconds: float = LOOK_SECONDS) -> None:
        self.look_seconds = look_seconds
        self.arguments: set[bytes] = set()
        self.environments: set[bytes] = set()

    @contextlib.contextmanager
    def on(self) -> Iterator[None]:
        """Look meanwhile."""
        stopping = threading.Event()

        def look() -> None:
            while not stopping.wait(self.look_seconds):
                for one in psutil.Process().children(recursive=True):
                    for name, seen in (
                        ("cmdline", self.arguments),
                        ("environ", self.environments),
                    ):
                        with contextlib.suppress(OSError):
                            seen.add(Path(f"/proc/{one.pid}/{name}").read_bytes())

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


def stored(folder: Path, *own: Path) -> dict[str, bytes]:
    """Return every file below *folder* that is not one of its *own* secrets."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not any(path.is_relative_to(one) for one in own)
    }


def leaks(canaries: Mapping[str, bytes], places: Mapping[str, bytes]) -> list[str]:
    """Return which canary sings where."""
    return [
        f"{name} in {place}"
        for name, secret in canaries.items()
        for spelling in spellings(secret)
        for place, content in places.items()
        if spelling in content
    ]
