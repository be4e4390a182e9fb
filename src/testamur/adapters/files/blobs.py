"""
Bytes under the name of their SHA-256, in a directory: `intake.ports.Blobs`.

Written to a temporary name, synced, renamed, and the folder synced: after a crash
a name holds all of its bytes or does not exist. Nothing is ever overwritten.
"""

import errno
import hashlib
import os
import secrets
from pathlib import Path
from typing import BinaryIO

from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, StorageFull


class DirectoryBlobs:
    """The store below *root*; `ab/cdef...` holds the bytes whose SHA-256 is that."""

    def __init__(self, root: Path) -> None:
        self._root = root
        if not root.exists():
            root.mkdir(parents=True, exist_ok=True)
            sync_folder(root.parent)

    def put(self, data: bytes) -> str:
        """
        Store *data*; return its SHA-256 (hex). Storing it again changes nothing,
        or mends what the disk has spoilt.

        Raises:
            StorageFull: nothing was stored.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self.path(digest)
        if _is_whole(path, digest):
            return digest
        self._make_folder(path.parent)
        temporary = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            fp("blob.after_rename")
            sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _explained(error) from error
        return digest

    def adopt(self, path: Path, digest: str) -> None:
        """
        Take the file at *path*, whose SHA-256 is *digest*, into the store.

        The caller's name for it stays until the caller removes it. Both must be
        on one file system, and nobody may write to the file any more.

        Raises:
            StorageFull: nothing was stored.
        """
        target = self.path(digest)
        if _is_whole(target, digest):
            return
        second_name = target.with_name(f".{secrets.token_hex(8)}")
        try:
            self._make_folder(target.parent)
            with path.open("rb") as file:
                os.fsync(file.fileno())
            os.link(path, second_name)
            second_name.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise _explained(error) from error

    def _make_folder(self, folder: Path) -> None:
        """Have *folder* be there, also after power loss."""
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            sync_folder(self._root)

    def open(self, digest: str) -> BinaryIO:
        """Open stored bytes for reading; the file is seekable."""
        return self.path(digest).open("rb")

    def path(self, digest: str) -> Path:
        """Return the path at which the stored bytes can be read."""
        return self._root / digest[:2] / digest[2:]

    def remove(self, digest: str) -> None:
        """
        Remove what is stored under this name, if anything is, for good.

        Raises:
            Fault: passing, when it cannot be removed.
        """
        path = self.path(digest)
        try:
            path.unlink()
            sync_folder(path.parent)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _explained(error) from error

    def digests(self) -> list[str]:
        """Return the name of everything stored."""
        return sorted(
            entry.parent.name + entry.name
            for entry in self._root.glob("??/*")
            if not entry.name.startswith(".")
        )


def _is_whole(path: Path, digest: str) -> bool:
    """Say whether the bytes at *path* are those whose SHA-256 is *digest*."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False


def sync_folder(path: Path) -> None:
    """Have names in the folder *path* be there after power loss."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _explained(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("no space left for files")
    return Fault(f"files: {errno.errorcode.get(error.errno or 0)}", passing=True)
