"""
That both descriptions of an entry agree, and that nothing is hidden between.

A ZIP says everything twice: in front of each entry and in the directory at the
end. Tools believe one or the other, and hostile files live on the difference.
So the two must agree, every byte of the file must belong to exactly one record,
and nothing is taken from a header that was not compared with its twin.

Source: PKWARE APPNOTE 6.3.10; sections are named where they are used.
"""

import os
import struct

from testamur.core.refusals import Refusal

from .zip_directory import (
    LOCAL,
    ZIP64_EXTRA,
    Record,
    corrupt,
    extras,
    large_sizes,
    refused,
)
from .zip_names import shown

DESCRIPTOR = b"PK\x07\x08"

#: Sizes and CRC follow the data (4.4.4, bit 3).
DESCRIBED = 0x0008

#: Encrypted, strongly encrypted, local header masked (4.4.4, bits 0, 6, 13).
SECRET = 0x0001 | 0x0040 | 0x2000

UNICODE_PATH_EXTRA = 0x7075

_LOCAL = struct.Struct("<4s2xHH4xIIIHH")


def data_offset(fd: int, record: Record) -> int:
    """Return where the data of an already inspected entry start."""
    head = os.pread(fd, 30, record.offset)
    if not head.startswith(LOCAL) or len(head) < 30:
        raise corrupt("an entry is not where the directory says")
    name_length, extra_length = struct.unpack_from("<HH", head, 26)
    return record.offset + 30 + int(name_length) + int(extra_length)


def check_local(fd: int, record: Record, next_at: int) -> None:
    """
    Hold the local header against its twin; the entry must end at *next_at*.

    Raises:
        Refusal: zip_inconsistent, zip_overlap, zip_ambiguous, zip_corrupt.
    """
    name_length = len(record.name)
    head = os.pread(fd, 30 + name_length + 128, record.offset)
    if not head.startswith(LOCAL) or len(head) < 30:
        raise _disagree(record, "there is no entry where the directory says")
    _, flags, method, crc, packed, unpacked, length, extra_length = _LOCAL.unpack_from(
        head
    )
    if length != name_length or head[30 : 30 + name_length] != record.name:
        raise _disagree(record, "the name")
    extra = head[30 + name_length : 30 + name_length + extra_length]
    if len(extra) < extra_length:
        extra = os.pread(fd, extra_length, record.offset + 30 + name_length)
    large = False
    if extra:
        check_unicode_path(record.name, extra)
        large = any(kind == ZIP64_EXTRA for kind, _ in extras(extra))
    if head[6:28] != record.twin:
        if large and 0xFFFFFFFF in (packed, unpacked):
            unpacked, packed = large_sizes(extra, unpacked, packed)
        if method != record.method or flags & SECRET != record.flags & SECRET:
            raise _disagree(record, "the compression method")
        said = (crc, packed, unpacked)
        true = (record.crc, record.packed, record.unpacked)
        blank = (0, 0, 0) if flags & DESCRIBED else true
        if any(a not in (b, c) for a, b, c in zip(said, true, blank, strict=True)):
            raise _disagree(record, "the size or the checksum")
    end = record.offset + 30 + name_length + extra_length + record.packed
    gap = next_at - end
    if gap < 0:
        raise overlap(record)
    if flags & DESCRIBED and gap:
        tail = os.pread(fd, min(gap, 24), end)
        true = (record.crc, record.packed, record.unpacked)
        # APPNOTE 4.3.9: with or without a signature, in 32 or 64 bits.
        spellings = [struct.pack("<III", *true)] if max(true) < 1 << 32 else []
        spellings.append(struct.pack("<IQQ", *true))
        if gap in (12, 16, 20, 24):
            if tail.removeprefix(DESCRIPTOR) not in spellings and tail not in spellings:
                raise _disagree(record, "the size or the checksum")
            gap = 0
    if gap:
        raise refused(
            "zip_ambiguous",
            f"Behind the entry {shown(record.name)} there are bytes that belong to no "
            "entry. Make the ZIP again from the pictures alone.",
        )


def check_unicode_path(name: bytes, extra: bytes) -> None:
    """
    Make sure that no second name is hidden beside *name* (4.6.9).

    Raises:
        Refusal: zip_name.
    """
    for kind, body in extras(extra):
        if kind == UNICODE_PATH_EXTRA and body[5:] != name:
            raise refused(
                "zip_name",
                f"The entry {shown(name)} has a second, different name in the ZIP. "
                "Make the ZIP with a tool that writes names in UTF-8.",
            )


def overlap(record: Record) -> Refusal:
    """Return the refusal of an archive that gives the same bytes twice."""
    return refused(
        "zip_overlap",
        f"The entry {shown(record.name)} overlaps another part of the ZIP. Make the "
        "ZIP again from the pictures.",
    )


def _disagree(record: Record, what: str) -> Refusal:
    return refused(
        "zip_inconsistent",
        f"The ZIP says two different things about {shown(record.name)}: {what}. Make "
        "the ZIP again.",
    )
