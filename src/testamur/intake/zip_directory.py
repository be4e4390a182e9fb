"""
The directory of a ZIP file, and the end records that say where it is.

Source: PKWARE APPNOTE 6.3.10; sections are named where they are used.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from testamur.core.refusals import Kind, Refusal

LOCAL = b"PK\x03\x04"
CENTRAL = b"PK\x01\x02"
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"

ZIP64_EXTRA = 0x0001

#: How far from the end the end record can start: itself and its comment.
TAIL_BYTES = 22 + 0xFFFF

# (signature) made by, (version), flags, method, (time), crc, packed, unpacked,
# lengths of name, extra and comment, disk, (internal), external, offset
_CENTRAL = struct.Struct("<4xBB2xHH4xIIIHHHH2xII")
_END = struct.Struct("<4xHHHHIIH")
_END64 = struct.Struct("<4sQ4xIIQQQQ")
_LOCATOR64 = struct.Struct("<4sIQI")

_WINDOW = 1 << 20
#: A record of the directory with its name, extra and comment at their longest.
LONGEST_RECORD = 46 + 3 * 0xFFFF


@dataclass(frozen=True, slots=True)
class End:
    """Where the directory is. It ends where the end records start."""

    entries: int
    offset: int
    size: int


class Record(NamedTuple):
    """One entry, as the directory has it. Offsets and sizes are in bytes."""

    position: int  #: of this record in the file
    twin: bytes  #: the fields that the local header repeats, as they are written
    flags: int
    method: int
    crc: int
    packed: int
    unpacked: int
    offset: int  #: of the local header
    attributes: int  #: of the file, in its system's terms
    name: bytes
    extra: bytes

    @property
    def least_end(self) -> int:
        """The first byte after the data, if the local header has no extra."""
        return self.offset + 30 + len(self.name) + self.packed


def refused(code: str, detail: str, kind: Kind = Kind.INVALID) -> Refusal:
    """Return the refusal of a whole archive."""
    return Refusal(kind, code, detail, at="images")


def corrupt(what: str) -> Refusal:
    """Return the refusal of an archive that is not whole."""
    return refused(
        "zip_corrupt",
        f"The ZIP is damaged or not complete: {what}. Make it again, and upload it.",
    )


def read_end(fd: int, size: int) -> End:
    """
    Find the one directory that a file of *size* bytes has.

    Raises:
        Refusal: not_zip, zip_corrupt, zip_ambiguous, zip_inconsistent.
    """
    start = os.pread(fd, 4, 0)
    tail_at = max(0, size - TAIL_BYTES)
    tail = os.pread(fd, TAIL_BYTES, tail_at)
    at = _end_record(tail, start)
    (disk, directory_disk, here, entries, directory_size, offset, _) = _END.unpack_from(
        tail, at
    )
    end_at = tail_at + at
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator.startswith(LOCATOR64):
        end = _read_end64(fd, locator, end_at)
        saturated = (0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
        said = (here, entries, directory_size, offset)
        true = (end.entries, end.entries, end.size, end.offset)
        if any(a not in (b, c) for a, b, c in zip(said, saturated, true, strict=True)):
            raise refused(
                "zip_inconsistent",
                "The two end records of the ZIP disagree. Make the ZIP again.",
            )
        end_at -= 20 + 56
    elif disk or directory_disk or here != entries:
        raise corrupt("it is one part of several")
    else:
        end = End(entries, offset, directory_size)
    if end.offset + end.size > end_at:
        raise corrupt("its directory does not fit in it")
    begins = (LOCAL,) if end.entries else (END, END64)
    if end.offset + end.size < end_at or start not in begins:
        raise refused(
            "zip_ambiguous",
            "There is something else in front of the ZIP, or inside it: another ZIP, "
            "a picture or a program. Send one plain ZIP file.",
        )
    return end


def _end_record(tail: bytes, start: bytes) -> int:
    """Return where in *tail* the end record is."""
    fitting = []
    at = last = tail.rfind(END)
    while at >= 0:
        # The comment must end where the file does (4.3.16).
        if at + 22 <= len(tail):
            (comment,) = struct.unpack_from("<H", tail, at + 20)
            if at + 22 + comment == len(tail):
                fitting.append(at)
        at = tail.rfind(END, 0, at)
    if fitting == [last] and last >= 0:
        return last
    if fitting:
        raise corrupt("it has more than one end record")
    if last < 0 or last + 22 > len(tail):
        if start in (LOCAL, END):
            raise corrupt("its end is missing")
        raise refused(
            "not_zip",
            "The file is not a ZIP. Send the pictures in one ZIP file.",
            Kind.UNSUPPORTED,
        )
    (comment,) = struct.unpack_from("<H", tail, last + 20)
    if last + 22 + comment > len(tail):
        raise corrupt("its end is missing")
    raise refused(
        "zip_ambiguous",
        "There is something else behind the end of the ZIP. Send one plain ZIP file.",
    )


def _read_end64(fd: int, locator: bytes, end_at: int) -> End:
    """Read the large end record (4.3.14), which must lie before its locator."""
    _, disk, at, disks = _LOCATOR64.unpack(locator)
    head = os.pread(fd, 56, at) if at + 56 + 20 == end_at else b""
    if len(head) != 56 or not head.startswith(END64) or disk or disks > 1:
        raise corrupt("its end record is not where it should be")
    (_, length, disk, directory_disk, here, entries, size, offset) = _END64.unpack(head)
    if length != 44 or disk or directory_disk or here != entries:
        raise corrupt("its end record makes no sense")
    return End(entries, offset, size)


def walk(fd: int, end: End) -> Iterator[Record]:
    """
    Yield every record of the directory, in a constant amount of memory.

    Raises:
        Refusal: zip_corrupt, zip_inconsistent.
    """
    position, stop = end.offset, end.offset + end.size
    base, window = position, b""
    for _ in range(end.entries):
        at = position - base
        if len(window) - at < LONGEST_RECORD and base + len(window) < stop:
            window = os.pread(fd, min(_WINDOW, stop - position), position)
            base, at = position, 0
        record, length = parse(window, at, position)
        yield record
        position += length
    if position != stop:
        raise refused(
            "zip_inconsistent",
            f"The ZIP says that it has {end.entries} entries, and its directory has "
            "more. Make the ZIP again.",
        )


def parse(window: bytes, at: int, position: int) -> tuple[Record, int]:
    """
    Return the record of the directory at *at*, and how long it is.

    Raises:
        Refusal: zip_corrupt.
    """
    if window[at : at + 4] != CENTRAL or len(window) - at < 46:
        raise corrupt("an entry is missing from its directory")
    (
        *_,
        flags,
        method,
        crc,
        packed,
        unpacked,
        name_length,
        extra_length,
        comment_length,
        disk,
        attributes,
        offset,
    ) = _CENTRAL.unpack_from(window, at)
    name_at = at + 46
    extra_at = name_at + name_length
    length = 46 + name_length + extra_length + comment_length
    if at + length > len(window):
        raise corrupt("its directory is cut off")
    name = window[name_at:extra_at]
    extra = window[extra_at : extra_at + extra_length]
    if packed == 0xFFFFFFFF or unpacked == 0xFFFFFFFF or offset == 0xFFFFFFFF:
        unpacked, packed, offset = large_sizes(extra, unpacked, packed, offset)
    if disk not in (0, 0xFFFF):
        raise corrupt("it is one part of several")
    twin = window[at + 8 : at + 30]
    return (
        Record(
            position,
            twin,
            flags,
            method,
            crc,
            packed,
            unpacked,
            offset,
            attributes,
            name,
            extra,
        ),
        length,
    )


def extras(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """
    Yield the fields of an extra (4.5); padding at its end is nobody's.

    Raises:
        Refusal: zip_corrupt.
    """
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        at += 4
        if at + length > len(extra):
            raise corrupt("the extra field of an entry is cut off")
        yield kind, extra[at : at + length]
        at += length


def large_sizes(extra: bytes, *small: int) -> Iterator[int]:
    """Yield sizes and offsets, those that did not fit from the extra (4.5.3)."""
    large = b"".join(body for kind, body in extras(extra) if kind == ZIP64_EXTRA)
    at = 0
    for value in small:
        if value == 0xFFFFFFFF:
            if at + 8 > len(large):
                raise corrupt("the size of an entry is missing")
            (value,) = struct.unpack_from("<Q", large, at)
            at += 8
        yield value


def record_at(fd: int, position: int) -> Record:
    """Return the record of the directory that `walk` found at *position*."""
    head = os.pread(fd, 46, position)
    if len(head) < 46:
        raise corrupt("its directory is cut off")
    length = 46 + sum(struct.unpack_from("<HHH", head, 28))
    return parse(os.pread(fd, length, position), 0, position)[0]
