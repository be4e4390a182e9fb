"""
ZIP archives whose every byte is known before the first one is sent.

Members are stored, not compressed (pictures would not shrink), and their sizes and
CRCs are known; so the whole length is known too, and sending can begin at any byte.
Nothing depends on the clock or on chance. Fields and numbers are those of PKWARE's
APPNOTE 6.3.10; its ZIP64 records are written where a number needs them, and only
there, because old readers know them badly.
"""

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from testamur.core.refusals import Fault

#: Small pieces are sent together until they are this long.
PIECE_BYTES = 64 * 1024

_LOCAL = struct.Struct("<IHHHHHIIIHH")  # 4.3.7
_LOCAL_EXTRA_64 = struct.Struct("<HHQQ")  # 4.5.3
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")  # 4.3.12
_END = struct.Struct("<IHHHHIIH")  # 4.3.16
_END_64 = struct.Struct("<IQHHIIQQQQ")  # 4.3.14
_LOCATOR_64 = struct.Struct("<IIQI")  # 4.3.15

_MAX_16 = 0xFFFF
_MAX_32 = 0xFFFF_FFFF

_NEEDS_2_0 = 20
_NEEDS_4_5 = 45
_MADE_ON_UNIX = 3 << 8
_PLAIN_FILE = 0o100644 << 16
_NAME_IS_UTF8 = 1 << 11


class Member(NamedTuple):
    """One file in an archive, before anybody has read it."""

    name: str
    size: int
    crc32: int


class Part(Protocol):
    """Members that stand together in an archive and whose bytes come from one place."""

    def members(self) -> Sequence[Member]:
        """Return them, the same ones each time."""
        ...

    def contents(self, first: int, offset: int) -> Iterator[Iterable[bytes]]:
        """
        Give the bytes of each member from number *first* (from 0) on, in pieces.

        Of the first of them only what follows its first *offset* bytes.

        Raises:
            Fault: when the bytes are not those that `members` promised, and
                before the last piece of such a member is given.
        """
        ...


class Archive:
    """
    An archive of *parts*, laid out. Its length is `size`.

    Kept in memory are a few numbers per part; a part says again what its members
    are whenever that is needed.
    """

    def __init__(self, parts: Sequence[Part], *, modified_at: int) -> None:
        self._parts = parts
        self._date_time = _dos_date_time(modified_at)
        self._starts: list[int] = []
        position = count = 0
        for part in parts:
            self._starts.append(position)
            for member in part.members():
                position += _local_length(member)
                count += 1
        self._directory_start = position
        self._directory_starts: list[int] = []
        for part, start in zip(parts, self._starts, strict=True):
            self._directory_starts.append(position)
            position += sum(map(len, self._entries(part, start)))
        self._end = _end(count, position - self._directory_start, self._directory_start)
        self._end_start = position
        self.size = position + len(self._end)

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """
        Give the bytes from *start* up to, and not including, *stop*.

        What stands before *start* is neither read nor made again, except within
        one part. The same bytes come each time.

        Raises:
            Fault: the rest cannot be had. What came before is not the whole.
        """
        stop = self.size if stop is None else min(stop, self.size)
        return _gathered(_at_most(stop - start, self._pieces(start)))

    def _pieces(self, start: int) -> Iterator[bytes]:
        if start < self._directory_start:
            at = bisect_right(self._starts, start) - 1
            for index in range(at, len(self._parts)):
                skipped = max(0, start - self._starts[index])
                yield from self._files(self._parts[index], skipped)
        if start < self._end_start:
            at = max(0, bisect_right(self._directory_starts, start) - 1)
            for index in range(at, len(self._parts)):
                position = self._directory_starts[index]
                for entry in self._entries(self._parts[index], self._starts[index]):
                    yield entry[max(0, start - position) :]
                    position += len(entry)
        yield self._end[max(0, start - self._end_start) :]

    def _files(self, part: Part, skipped: int) -> Iterator[bytes]:
        """Give a part's members, each behind its header, but the first bytes."""
        members = part.members()
        first = 0
        for member in members:
            length = _local_length(member)
            if skipped < length:
                break
            skipped -= length
            first += 1
        if first == len(members):
            return
        header = _local(members[first], self._date_time)
        offset = max(0, skipped - len(header))
        contents = part.contents(first, offset)
        for member in members[first:]:
            yield _local(member, self._date_time)[skipped:]
            yield from _exactly(member, member.size - offset, next(contents, ()))
            skipped = offset = 0

    def _entries(self, part: Part, start: int) -> Iterator[bytes]:
        """Give the central directory's entries of a part that begins at *start*."""
        for member in part.members():
            yield _central(member, start, self._date_time)
            start += _local_length(member)


def _local_length(member: Member) -> int:
    """Return how long a member is with what stands before its bytes."""
    name = member.name
    header = _LOCAL.size + (len(name) if name.isascii() else len(name.encode()))
    if member.size >= _MAX_32:
        header += _LOCAL_EXTRA_64.size
    return header + member.size


def _local(member: Member, date_time: int) -> bytes:
    """Return what stands before a member's bytes."""
    name = member.name.encode()
    size, extra = member.size, b""
    if size >= _MAX_32:
        extra = _LOCAL_EXTRA_64.pack(1, 16, size, size)  # both, always
        size = _MAX_32
    return (
        _LOCAL.pack(
            0x04034B50,
            _NEEDS_4_5 if extra else _NEEDS_2_0,
            _flags(member.name),
            0,  # stored
            date_time & _MAX_16,
            date_time >> 16,
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def _central(member: Member, start: int, date_time: int) -> bytes:
    """Return a member's entry in the central directory."""
    name = member.name.encode()
    size, extra = member.size, b""
    if size >= _MAX_32:
        extra += struct.pack("<QQ", size, size)
        size = _MAX_32
    if start >= _MAX_32:
        extra += struct.pack("<Q", start)
        start = _MAX_32
    if extra:  # 4.5.3: the numbers that did not fit, in this order, and no others
        extra = struct.pack("<HH", 1, len(extra)) + extra
    needs = _NEEDS_4_5 if extra else _NEEDS_2_0
    return (
        _CENTRAL.pack(
            0x02014B50,
            _MADE_ON_UNIX | needs,
            needs,
            _flags(member.name),
            0,  # stored
            date_time & _MAX_16,
            date_time >> 16,
            member.crc32,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            _PLAIN_FILE,
            start,
        )
        + name
        + extra
    )


def _end(count: int, size: int, start: int) -> bytes:
    """Return what follows a directory of *size* bytes that begins at *start*."""
    end = _END.pack(
        0x06054B50,
        0,
        0,
        min(count, _MAX_16),
        min(count, _MAX_16),
        min(size, _MAX_32),
        min(start, _MAX_32),
        0,
    )
    if count < _MAX_16 and size < _MAX_32 and start < _MAX_32:
        return end
    made_by = _MADE_ON_UNIX | _NEEDS_4_5
    return (
        _END_64.pack(
            0x06064B50,
            _END_64.size - 12,
            made_by,
            _NEEDS_4_5,
            0,
            0,
            count,
            count,
            size,
            start,
        )
        + _LOCATOR_64.pack(0x07064B50, 0, start + size, 1)
        + end
    )


def _flags(name: str) -> int:
    return 0 if name.isascii() else _NAME_IS_UTF8


def _dos_date_time(moment: int) -> int:
    """Return *moment* as MS-DOS spells it (4.4.6), in UTC, date above time."""
    at = datetime.fromtimestamp(moment / 1000, UTC)
    if not 1980 <= at.year <= 2107:
        return (1 << 5 | 1) << 16
    date = (at.year - 1980) << 9 | at.month << 5 | at.day
    return date << 16 | at.hour << 11 | at.minute << 5 | at.second // 2


def _exactly(member: Member, left: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise Fault(f"{member.name}: not as long as was said", passing=False)


def _at_most(left: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    if left <= 0:
        return
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    waiting: list[bytes] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting.clear()
            length = 0
    if waiting:
        yield b"".join(waiting)
