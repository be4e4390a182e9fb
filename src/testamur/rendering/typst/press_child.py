"""
The program in which strangers' templates are read, prepared and typeset.

`python -m testamur.rendering.typst.press_child PARENT` answers frames on its standard
input with frames on its standard output until either is closed. It has no
environment, no network, and may start no programs; it has bounded memory and time,
reads no files but fonts and those that it was sent, and dies with its parent.
"""

import json
import os
import pickle
import resource
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from testamur.core import leash
from testamur.core.parent import die_with
from testamur.core.refusals import Reason, Refusal
from testamur.core.solitude import cut_off

if TYPE_CHECKING:
    from ..package.package import Package

#: (what is wanted, seconds of processor it may take, length of what comes with it)
QUESTION = struct.Struct(">cHI")

#: (length of a head in JSON, length of all that follows it)
ANSWER = struct.Struct(">II")

#: What is wanted: to work in a folder; to make a package of a PDF; to prepare a
#: package; to keep a prepared template; to draw a certificate of it.
SIT, IMPORT, PREPARE, KEEP, DRAW = b"S", b"I", b"P", b"K", b"D"

#: Of addresses: fonts and libraries are mapped, and take 300 MB of it.
MEMORY_BYTES = 1024 * 1024 * 1024
#: Of memory that is its own, where the system counts that.
OWN_BYTES = 512 * 1024 * 1024
#: Between questions it needs half of this: with more, it ends, and another begins.
LARGE_BYTES = 224 * 1024 * 1024
#: No file of a package is larger.
FILE_BYTES = 32 * 1024 * 1024


def main() -> None:
    """Answer until nobody asks any more."""
    parent = int(sys.argv[1])
    # One thread draws one page. Nothing listens where the proxy is said to be: a
    # second fence, for systems on which the first cannot be put up.
    os.environ["RAYON_NUM_THREADS"] = "1"
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = "http://127.0.0.1:9"
    cut_off()
    leash.take_leash(
        parent, memory_bytes=MEMORY_BYTES, file_bytes=FILE_BYTES, has_threads=True
    )
    # Users of its own (`cut_off`) make a process forget whom it dies with.
    die_with(parent)
    leash.limit_own(OWN_BYTES)
    leash.write(leash.READY)
    shop: _Shop | None = None
    while (head := leash.read(QUESTION.size)) is not None:
        verb, seconds, length = QUESTION.unpack(head)
        data = leash.read(length)
        if data is None:
            return
        leash.allow_time(seconds)
        if verb == SIT:
            folder, _, fonts = os.fsdecode(data).partition("\0")
            shop = _Shop(Path(folder), Path(fonts) if fonts else None)
            leash.start_nothing_more()
            _answer({})
            continue
        assert shop is not None
        try:
            if verb == IMPORT:
                _answer(*shop.package_of(data))
            elif verb == PREPARE:
                _answer(*shop.prepare(data))
            elif verb == KEEP:
                _answer(shop.keep(data))
            else:
                _answer(*shop.draw(data))
        except Refusal as refusal:
            _answer({"refusal": _plain(refusal)})
        except MemoryError:
            return


class _Shop:
    """The typesetter, and the template that it works on."""

    def __init__(self, folder: Path, fonts: Path | None) -> None:
        """Have everything imported, opened and started that will be needed."""
        from ..prepare import Preparer
        from ..text.font_house import use_folder
        from .typeset import Typesetter

        use_folder(fonts)

        self._typesetter: Typesetter = Typesetter(folder)
        self._preparer = Preparer(self._typesetter)
        self._preparer.warm_up()
        self._kept: Package | None = None

    def package_of(self, data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return warnings, and the package that a PDF comes to."""
        from ..importing.import_pdf import import_pdf

        name, _, pdf = data.partition(b"\0")
        made = import_pdf(pdf, name=name.decode())
        return {"warnings": list(made.warnings)}, made.package

    def prepare(self, data: bytes) -> tuple[dict[str, Any], bytes, bytes]:
        """Return warnings, a prepared template, and a sample of it."""
        made = self._preparer.prepare(data)
        return {"warnings": list(made.warnings)}, made.prepared.to_bytes(), made.sample

    def keep(self, data: bytes) -> dict[str, Any]:
        """Work on this prepared template from now on."""
        from ..package.package import Package
        from ..prepared import Prepared

        prepared = Prepared.from_bytes(data)
        self._kept = Package(prepared.design, prepared.assets)
        return {}

    def draw(self, data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return a certificate, or why it cannot be drawn."""
        assert self._kept is not None
        # Made by the house: what strangers sent is texts and pictures in it.
        laid, extras, values, ppi = pickle.loads(data)  # noqa: S301
        if ppi is None:
            drawn = self._typesetter.pdf(self._kept, laid, extras, values)
        else:
            drawn = self._typesetter.png(self._kept, laid, extras, values, ppi=ppi)
        if isinstance(drawn, Reason):
            return {"reason": [drawn.code, drawn.message]}, b""
        return {}, drawn


def _answer(head: dict[str, Any], *parts: bytes) -> None:
    head |= {"lengths": [len(part) for part in parts], "is_large": _is_large()}
    line = json.dumps(head).encode()
    leash.write(ANSWER.pack(len(line), sum(map(len, parts))))
    leash.write(line)
    for part in parts:
        leash.write(part)


def _is_large() -> bool:
    """Say whether this process holds more memory than it should between questions."""
    if _resident() > LARGE_BYTES:
        leash.give_back()
    return _resident() > LARGE_BYTES


def _resident() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:  # not Linux
        return 0
    return int(pages) * resource.getpagesize()


def _plain(refusal: Refusal) -> Sequence[Any]:
    return (
        refusal.kind.value,
        refusal.code,
        refusal.detail,
        refusal.at,
        [_plain(part) for part in refusal.parts],
    )


if __name__ == "__main__":
    main()
