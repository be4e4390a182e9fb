"""
A folder that a tenant's certificates are written into, as files for any web host.

Every file is whole or not there, and one that is there already with the same bytes
is not written again: what was interrupted goes on where it was.
"""

import errno
import json
import os
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol, TextIO

from testamur.core.refusals import Fault, Kind, Refusal, StorageFull

#: Says whose export a folder is.
MARKER = ".testamur-export"

#: Of so many files it is remembered where they are, to give them a second name.
REMEMBERED = 1_000

#: Files are copied in pieces of this size.
PIECE = 1024 * 1024


class Blobs(Protocol):
    """Stored files."""

    def open(self, digest: str) -> BinaryIO:
        """Open stored bytes for reading."""
        ...


class ExportFolder:
    """The folder at *root*. Counts what is written, and what was there."""

    def __init__(self, root: Path, whose: Mapping[str, str]) -> None:
        """
        Take the folder, made if need be; *whose* export it is stays written in it.

        Raises:
            Refusal: CONFLICT `export_folder`, when something else is in it.
            Fault: it cannot be written.
        """
        self._root = root
        self._copies: OrderedDict[str, Path] = OrderedDict()
        self.written = 0
        self.skipped = 0
        with _explained(root):
            root.mkdir(parents=True, exist_ok=True)
            marker = json.dumps(dict(whose), sort_keys=True).encode() + b"\n"
            if _read(root / MARKER) != marker and any(root.iterdir()):
                raise Refusal(
                    Kind.CONFLICT,
                    "export_folder",
                    f"{root} is not empty, and not an earlier export of this tenant; "
                    "name a new directory",
                )
        self.put(MARKER, marker)

    def put(self, name: str, data: bytes) -> None:
        """Have the file *name* hold *data*. Raises Fault."""
        path = self._root / name
        with _explained(path):
            if _read(path, len(data)) == data:
                self.skipped += 1
                return
            with self._replacing(path) as file:
                file.write(data)

    def put_once(self, name: str, make: Callable[[], bytes]) -> None:
        """
        Have the file *name* hold what *make* returns, which is the same each time.

        One that is there is not made again. Raises Fault.
        """
        path = self._root / name
        with _explained(path):
            if path.exists():
                self.skipped += 1
                return
        self.put(name, make())

    def put_blob(self, name: str, blobs: Blobs, digest: str, size: int) -> None:
        """
        Have the file *name* hold stored bytes: a second name for what is there.

        One that is there in this *size* is not read: files are named for ever.

        Raises:
            Fault: also when what is stored is gone.
        """
        path = self._root / name
        with _explained(path):
            try:
                is_there = path.stat().st_size == size
            except FileNotFoundError:
                is_there = False
            if is_there:
                self.skipped += 1
            elif not self._link(path, digest):
                with self._replacing(path) as file, blobs.open(digest) as source:
                    while piece := source.read(PIECE):
                        file.write(piece)
            self._copies[digest] = path
            if len(self._copies) > REMEMBERED:
                self._copies.popitem(last=False)

    @contextmanager
    def writing(self, name: str) -> Iterator[TextIO]:
        """
        Lend the text file *name*, which nobody but its owner may read.

        It is there when the block ends. Raises Fault.
        """
        path = self._root / name
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        with _explained(path):
            try:
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with open(handle, "w", encoding="utf-8", newline="") as file:
                    yield file
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
        self.written += 1

    def remove(self, *names: str) -> None:
        """Have none of these files, or empty folders, be there. Raises Fault."""
        for name in names:
            path = self._root / name
            with _explained(path):
                try:
                    if path.is_dir():
                        path.rmdir()
                    else:
                        path.unlink()
                except FileNotFoundError:
                    continue

    def _link(self, path: Path, digest: str) -> bool:
        known = self._copies.get(digest)
        if known is None:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            os.link(known, path)
        except OSError:  # too many names, or a file system that has no second ones
            return False
        self.written += 1
        return True

    @contextmanager
    def _replacing(self, path: Path) -> Iterator[BinaryIO]:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with temporary.open("xb") as file:
                yield file
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        self.written += 1


def _read(path: Path, size: int | None = None) -> bytes | None:
    """Return what is in the file; None if it is not there, or of another size."""
    try:
        if size is not None and path.stat().st_size != size:
            return None
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"export: no space left for {path}") from error
        raise Fault(f"export: {path}: {error.strerror}", passing=True) from error
