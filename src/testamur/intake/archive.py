"""
The ZIP of pictures that comes with a submission, and which row each is for.

`inspect` believes nothing and decompresses nothing; what it lets through is read
entry by entry, each metered by what really comes out.
"""

import os
import zlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from testamur.core.policy import Plan
from testamur.core.refusals import Fault, Reason, Refusal

from .zip_agreement import data_offset
from .zip_directory import read_end, record_at, walk
from .zip_inspection import DEFLATED, inspected
from .zip_names import (
    base_of,
    fold,
    is_ignored,
    is_image,
    key_of,
    nfc,
    row_number,
    shown,
)

#: How many of the entries that fit are named to the person.
NAMED_WHEN_AMBIGUOUS = 3

#: How many entries of one base name are told apart by their folders.
REMEMBERED_ALIKE = 8


class Archive:
    """
    An inspected ZIP, open for reading. One thread uses it, and closes it.

    `names` are those of its files; folders and the litter of file managers are
    left out.
    """

    def __init__(self, fd: int, positions: dict[str, int]) -> None:
        self._fd = fd
        #: where each name's record is in the directory
        self._positions = positions

    @classmethod
    def reopen(cls, path: Path) -> Self:
        """
        Open an archive that `inspect` has let through before.

        Reads the directory only: about 2 ms for 1,000 entries.

        Raises:
            Fault: for good, when it is no longer what was inspected.
        """
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            end = read_end(fd, os.fstat(fd).st_size)
            names = ((key_of(record.name), record) for record in walk(fd, end))
            return cls(
                fd,
                {key: rec.position for key, rec in names if not is_ignored(key)},
            )
        except BaseException as trouble:
            os.close(fd)
            if isinstance(trouble, Refusal):
                raise Fault(
                    f"a stored ZIP has changed: {trouble.code}", passing=False
                ) from trouble
            raise

    def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def names(self) -> Collection[str]:
        """The names of the files in the archive, in its order."""
        return self._positions.keys()

    def read(self, name: str) -> bytes | Reason:
        """
        Return the content of the entry *name*, exactly as long as it said.

        At most one byte more than the declared size is ever produced.

        Raises:
            Fault: for good, when the file is no longer what was inspected.
        """
        position = self._positions.get(name)
        if position is None:
            return Reason("image_not_found", f"The ZIP has no file {shown(name)}.")
        try:
            record = record_at(self._fd, position)
            packed = os.pread(self._fd, record.packed, data_offset(self._fd, record))
        except Refusal as trouble:
            raise Fault(
                f"a stored ZIP has changed: {trouble.code}", passing=False
            ) from trouble
        if len(packed) != record.packed:
            raise Fault("a stored ZIP has become shorter", passing=False)
        content = packed
        if record.method == DEFLATED:
            unpacked = _inflate(name, packed, record.unpacked)
            if isinstance(unpacked, Reason):
                return unpacked
            content = unpacked
        if zlib.crc32(content) != record.crc:
            return Reason(
                "zip_crc",
                f"The file {shown(name)} was damaged in the ZIP (its checksum is "
                "wrong). Make the ZIP again.",
            )
        return content

    def find(self, cell: str, row: int) -> str | Reason:
        """
        Return the name of the entry that belongs to *row* (the first is 1).

        *cell* is what the row says about its picture, and not a URL. When it is
        empty, the entry is the one named like the row's number, else the only
        picture there is. A cell that names nothing is never guessed at.
        """
        if wanted := cell.strip():
            return self._named(cell, wanted)
        numbered = self._by_number.get(row, [])
        if len(numbered) > 1:
            return _ambiguous(f"The number {row}", numbered)
        if numbered:
            return numbered[0]
        if len(self._images) == 1:
            return self._images[0]
        return Reason(
            "image_not_found",
            f"Row {row} names no image, the ZIP has no image called {row}.png (or "
            f".jpg, .jpeg, .webp), and it has {len(self._images)} images, so none of "
            "them is meant for every row. Name the image in the row, or name the file "
            "after the row's number.",
        )

    @property
    def image_count(self) -> int:
        """How many of the files are images, by their names."""
        return len(self._images)

    def _named(self, cell: str, wanted: str) -> str | Reason:
        """Return the entry that a cell names: exactly, or without any doubt."""
        for name in (cell, wanted):
            if name in self._positions:
                return name
        plain = nfc(wanted.replace("\\", "/").removeprefix("./"))
        path = fold(plain)
        whole = self._by_path.get(path)
        candidates = self._by_base.get(base_of(path), [])
        if "/" in path:
            # A folder was named: it must not contradict where the entry is.
            whole = whole or self._by_path.get(self._wrapper + path)
            if len(candidates) <= REMEMBERED_ALIKE:
                candidates = [
                    name
                    for name in candidates
                    if f"/{path}".endswith(f"/{fold(name)}")
                    or f"/{fold(name)}".endswith(f"/{path}")
                ]
        if whole is not None and ("/" in path or nfc(whole) == plain):
            return whole
        if len(candidates) > 1:
            return _ambiguous(shown(wanted), candidates)
        if candidates:
            return candidates[0]
        return Reason(
            "image_not_found",
            f"The ZIP has no file {shown(wanted)}, nor one of that name in a folder or "
            "with other capitals. Write the name as it is in the ZIP, or add the file.",
        )

    # Each of these is made when a row first needs it: with 200,000 entries one
    # takes tens of megabytes, and most submissions need none or one.

    @cached_property
    def _images(self) -> list[str]:
        return [name for name in self._positions if is_image(name)]

    @cached_property
    def _by_number(self) -> dict[int, list[str]]:
        numbered: dict[int, list[str]] = {}
        for name in self._images:
            number = row_number(name)
            if number is not None:
                _remember(numbered.setdefault(number, []), name)
        return numbered

    @cached_property
    def _by_base(self) -> dict[str, list[str]]:
        by_base: dict[str, list[str]] = {}
        for name in self._positions:
            _remember(by_base.setdefault(fold(base_of(name)), []), name)
        return by_base

    @cached_property
    def _by_path(self) -> dict[str, str]:
        return {fold(name): name for name in self._positions}

    @cached_property
    def _wrapper(self) -> str:
        """The folder that everything is in, or nothing."""
        first = min(self._positions, default="")
        last = max(self._positions, default="")
        same = 0
        while same < len(first) and first[same] == last[same]:
            same += 1
        return fold(first[: first.rfind("/", 0, same) + 1])


def inspect(path: Path, plan: Plan) -> Archive:
    """
    Open a ZIP that hides nothing and fits *plan*; the caller closes it.

    Costs one pass over the directory and one small read per entry, whatever the
    entries hold.

    Raises:
        Refusal: with the code of what is wrong; the file was not kept open.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return Archive(fd, inspected(fd, plan))
    except BaseException:
        os.close(fd)
        raise


def _inflate(name: str, packed: bytes, unpacked: int) -> bytes | Reason:
    """Decompress raw deflate data, never past the size that was declared."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = engine.decompress(packed, unpacked + 1)
    except zlib.error:
        return Reason(
            "zip_corrupt",
            f"The file {shown(name)} was damaged in the ZIP and cannot be unpacked. "
            "Make the ZIP again.",
        )
    if len(content) != unpacked or not engine.eof or engine.unused_data:
        return Reason(
            "zip_size_mismatch",
            f"The file {shown(name)} does not unpack to the {unpacked} bytes that the "
            "ZIP declares. Make the ZIP again.",
        )
    return content


def _ambiguous(what: str, names: list[str]) -> Reason:
    """Say which entries fit, so that the person can choose."""
    listed = ", ".join(shown(name) for name in names[:NAMED_WHEN_AMBIGUOUS])
    more = " and others" if len(names) > NAMED_WHEN_AMBIGUOUS else ""
    return Reason(
        "image_ambiguous",
        f"{what} fits more than one file in the ZIP: {listed}{more}. Write the full "
        "name of the right one, as it is in the ZIP.",
    )


def _remember(names: list[str], name: str) -> None:
    """Keep *name* among those alike; beyond a few it only matters that it is so."""
    if len(names) <= REMEMBERED_ALIKE:
        names.append(name)
