"""
Where uploads lie while they are read: files without a name of their own.

    spool/gate            held while a folder is made or swept
    spool/<random>/       one per process that receives uploads
    spool/<random>/lock   held by that process as long as it lives
    spool/<random>/<random>   an upload

The kernel gives up a lock with its process, however that ended; a process id
in a name could be another process's by then, or another container's.
"""

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from testamur.core.failpoints import fp
from testamur.core.policy import MIB
from testamur.core.refusals import Fault, StorageFull

T = TypeVar("T")

#: Bytes of uploads in memory, per part, before they are written.
BATCH_BYTES = 256 * 1024

#: The name of a process's folder. Whatever is called otherwise is not swept.
HOME = re.compile(r"[0-9a-f]{16}")


class Busy(Fault):
    """As many uploads as we can take are being received."""

    #: When asking again can help.
    retry_after_seconds = 10

    def __init__(self) -> None:
        super().__init__("no place for another upload", passing=True)


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A file that arrived whole."""

    path: Path
    size: int
    sha256_hex: str


class Spool:
    """A directory for uploads in progress, with room for some at a time."""

    def __init__(
        self,
        directory: Path,
        *,
        places: int = 16,
        wait_seconds: float = 30,
        free_share: float = 0.05,
        free_bytes: int = 64 * MIB,
    ) -> None:
        """
        Make this process's folder in *directory*.

        *places* uploads are received at a time; one more waits *wait_seconds*.
        Nothing is written when less than *free_share* or *free_bytes* of the file
        system are left: the database lives there too.
        """
        self.wait_seconds = wait_seconds
        self.free_share = free_share
        self.free_bytes = free_bytes
        self._places = asyncio.Semaphore(places)
        # Two threads: hashing and writing need no more, and leave the machine to
        # the others.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="spool")
        self.home = directory / secrets.token_hex(8)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _gate(directory):
            self.home.mkdir(mode=0o700)
            self._lock = os.open(self.home / "lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove this process's folder and whatever is in it."""
        self._threads.shutdown()
        shutil.rmtree(self.home, ignore_errors=True)
        os.close(self._lock)

    def new_file(self) -> "GrowingFile":
        """Return a file that does not exist yet."""
        return GrowingFile(self.home / secrets.token_hex(16), self)

    def check_space(self, coming: int = 0) -> None:
        """
        Return if there is room for *coming* bytes.

        Raises:
            StorageFull: the file system would be too full.
        """
        disk = os.statvfs(self.home)
        free = disk.f_bavail * disk.f_frsize - coming
        if free < max(self.free_bytes, self.free_share * disk.f_blocks * disk.f_frsize):
            raise StorageFull(f"too little space for uploads in {self.home.parent}")

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """
        Hold one of the places.

        Raises:
            Busy: none became free in time.
        """
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self._places.acquire()
        except TimeoutError:
            raise Busy from None
        try:
            yield
        finally:
            self._places.release()

    async def run(self, work: Callable[[], T]) -> T:
        """
        Return what *work* returns in a thread.

        Cancelled, it still waits for *work* to end: nobody else may touch a file
        that a thread is writing.
        """
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        was_cancelled = False
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                was_cancelled = True
        if was_cancelled:
            future.exception()
            raise asyncio.CancelledError
        return future.result()


class GrowingFile:
    """
    A file that is being received. All but `add` may block.

    After a crash: it lies in its process's folder until `sweep`.
    """

    def __init__(self, path: Path, spool: Spool) -> None:
        self.path = path
        self.spool = spool
        self.size = 0
        self.buffer = bytearray()
        self._hash = hashlib.sha256()
        self._descriptor = -1

    def add(self, data: bytes) -> None:
        """Take *data*, in memory for now."""
        self.buffer += data
        self.size += len(data)

    def flush(self) -> None:
        """
        Write what is in memory.

        Raises:
            StorageFull: there is no room; nothing is promised about the file.
        """
        data, self.buffer = self.buffer, bytearray()
        self._hash.update(data)
        try:
            if self._descriptor < 0:
                flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW
                self._descriptor = os.open(self.path, flags, 0o600)
            self.spool.check_space(len(data))
            fp("spool.write")
            view = memoryview(data)
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError as trouble:
            text = f"an upload could not be written: {trouble.strerror}"
            if trouble.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StorageFull(text) from trouble
            raise Fault(text, passing=True) from trouble

    def finish(self) -> SpooledFile:
        """Write the rest, and return the whole file."""
        self.flush()
        self._close()
        return SpooledFile(self.path, self.size, self._hash.hexdigest())

    def discard(self) -> None:
        """Remove it, however far it has come."""
        self._close()
        self.buffer.clear()
        self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def sweep(directory: Path) -> int:
    """
    Remove what processes that have ended left in *directory*; return how many.

    May run at any time, beside processes that are receiving.
    """
    if not directory.is_dir():
        return 0
    swept = 0
    with _gate(directory):
        for home in directory.iterdir():
            if HOME.fullmatch(home.name) and not _is_locked(home / "lock"):
                shutil.rmtree(home, ignore_errors=True)
                swept += 1
    return swept


@contextlib.contextmanager
def _gate(directory: Path) -> Iterator[None]:
    """Keep folders from being swept before they are locked."""
    gate = os.open(directory / "gate", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield
    finally:
        os.close(gate)


def _is_locked(path: Path) -> bool:
    """Say whether a living process holds the lock at *path*."""
    try:
        lock = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
