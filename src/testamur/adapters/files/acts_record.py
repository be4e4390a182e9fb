"""
Every act on certificates in a file outside the data, so that none can be undone.

A database that is restored from an older backup does not know the acts since;
this file does, and what is missing is done again before anything is served.

One line per act: a JSON object with a checksum of its own. A line is synced before
the act's transaction commits. A line that power loss tore is the last one, and its
act did not happen: it is dropped.
"""

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from testamur.core.acts import Act
from testamur.core.chain import canonical
from testamur.core.failpoints import fp
from testamur.core.refusals import Fault, StorageFull


class ActsRecord:
    """The file `acts` in *folder*, which is made when it is first written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "acts"

    def append(self, act: Act) -> None:
        """
        Write *act* down so that it survives power loss, before it is done.

        After a crash: the act is there and done at the next start, or not there.

        Raises:
            StorageFull: nothing was written; the act must not happen.
            Fault: passing, as above: the folder cannot be written.
        """
        self._add(act.fields)
        fp("act.after_record")

    def withdraw(self, act_id: str) -> None:
        """
        Note that an act which was written down did not happen: it is never replayed.

        Call it only when the database says that it does not know the act.
        """
        self._add({"act": act_id, "verb": "withdrawn"})

    def prepare(self) -> None:
        """
        Return if acts can be written down.

        Raises:
            Fault: as `append`.
        """
        try:
            self._open().close()
        except OSError as error:
            raise self._fault(error, "written") from error

    def read(self) -> Iterator[Act]:
        """
        Give every act that was not withdrawn, in the order they were written.

        One at a time: an act may name 100,000 certificates. What is written
        meanwhile is not given.

        Raises:
            Fault: not passing, when a line is damaged, or the file cannot be read.
        """
        withdrawn = {
            line["act"] for line in self._lines() if line["verb"] == "withdrawn"
        }
        for line in self._lines():
            if line["act"] not in withdrawn:
                yield Act(
                    id=line["act"],
                    tenant_id=line["tenant"],
                    verb=line["verb"],
                    at=line["at"],
                    reason=line["reason"],
                    actor=line["actor"],
                    certificates=tuple(line["certificates"]),
                    rows=tuple(line.get("rows", ())),
                    places=tuple(line.get("places", ())),
                    persons=tuple(line.get("persons", ())),
                )

    def _lines(self) -> Iterator[dict[str, Any]]:
        try:
            with self._path.open("rb") as file:
                # A line that is being written just now ends behind this.
                end = _whole_end(file)
                file.seek(0)
                for number, text in enumerate(file, start=1):
                    if end <= 0:
                        return
                    end -= len(text)
                    yield self._line(number, text)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._fault(error, "read") from error

    def _line(self, number: int, text: bytes) -> dict[str, Any]:
        with contextlib.suppress(ValueError):
            line = json.loads(text)
            if isinstance(line, dict) and line.pop("sum", "") == _sum(line):
                return line
        raise Fault(
            f"line {number} of {self._path} is damaged: an act on certificates may be "
            "lost. Put back a copy of the file that is whole",
            passing=False,
        )

    def _add(self, line: Mapping[str, object]) -> None:
        text = canonical({**line, "sum": _sum(line)}).encode() + b"\n"
        try:
            with self._open() as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                end = _whole_end(file)
                file.truncate(end)
                try:
                    if file.write(text) != len(text):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(file)
                except OSError:
                    file.truncate(end)
                    raise
        except OSError as error:
            raise self._fault(error, "written") from error

    def _open(self) -> io.FileIO:
        """Open the file to read and append, made for good if it is not there."""
        is_new = not self._path.exists()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(
            self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_APPEND, 0o600
        )
        if is_new:
            for folder in (self._folder, *self._folder.parents[:2]):
                _sync(folder)
        return io.FileIO(handle, "r+b")

    def _fault(self, error: OSError, what: str) -> Fault:
        text = (
            f"the record folder {self._folder} cannot be {what} ({error.strerror}); "
            "nothing is revoked, suspended, reinstated, corrected or erased until it "
            "can: make room, set its permissions right, or set TESTAMUR_RECORD_DIR"
        )
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return StorageFull(text)
        return Fault(text, passing=True)


def _sum(line: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical(line).encode()).hexdigest()[:32]


def _whole_end(file: BinaryIO | io.FileIO) -> int:
    """Return where the last whole line ends."""
    end = file.seek(0, os.SEEK_END)
    position = end
    while position:
        start = max(0, position - 65_536)
        file.seek(start)
        piece = file.read(position - start)
        if (found := piece.rfind(b"\n")) >= 0:
            return start + found + 1
        position = start
    return 0


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
