"""
The published log as static files: `tlog.ports.LogFiles` and `Record`.

Written to a temporary name, synced, renamed, and the folders synced: what a reader
sees is whole, and what is said to be published survives power loss.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from testamur.core.refusals import Fault, StorageFull


class DirectoryLogFiles:
    """Tiles and bundles below *root*, under the paths at which they are served."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the place meanwhile, so that no older checkpoint follows a newer one."""
        with _explained():
            _make_folder(self._root)
            lock = os.open(
                self._root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def write(self, files: Iterable[tuple[str, bytes]]) -> None:
        """
        Write the files so that they survive power loss; none changes if it exists.

        Raises:
            StorageFull: some may be there, which does no harm.
            Fault: not passing, when a file exists with other bytes.
        """
        folders: set[Path] = set()
        for name, data in files:
            path = self._root / name
            known = self.read(name)
            if known is not None and known != data:
                raise Fault(
                    f"log: the published file {path} is not what the log holds; it was "
                    "changed, or the disk is failing. Look at it, move it away, and it "
                    "is written again",
                    passing=False,
                )
            with _explained():
                if known is None:
                    _make_folder(path.parent)
                    _replace(path, data)
            # Of a file that was there, the name may not have reached the disk.
            folders.add(path.parent)
        with _explained():
            for folder in folders:
                _sync(folder)

    def drop(self, folders: Iterable[str]) -> None:
        """Remove folders of partial tiles whose full tile is there."""
        for name in folders:
            # What is left does no harm: it is the beginning of the full tile.
            shutil.rmtree(self._root / name, ignore_errors=True)

    def read(self, path: str) -> bytes | None:
        """Return the bytes of a published file, or None."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise _fault(error) from error


class FileRecord:
    """The newest checkpoint in the file at *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def name(self) -> str:
        """Where it is, for people."""
        return str(self._path)

    def read(self) -> str | None:
        """Return the checkpoint; None when there never was one."""
        try:
            return self._path.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _fault(error) from error

    def write(self, note: str) -> None:
        """Replace it, so that it survives power loss, whole or not at all."""
        with _explained():
            _make_folder(self._path.parent)
            _replace(self._path, note.encode())
            _sync(self._path.parent)


def _make_folder(path: Path) -> None:
    """Make the folder and those above it, each synced into its parent."""
    if path.is_dir():
        return
    _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    _sync(path.parent)


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _fault(error) from error


def _fault(error: OSError) -> Fault:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("log: no space left for files")
    name = errno.errorcode.get(error.errno or 0)
    # After an I/O error the kernel may have dropped what it could not write.
    return Fault(f"log files: {name}", passing=error.errno != errno.EIO)
