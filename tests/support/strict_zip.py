"""A reader of ZIP files that forgives nothing."""

import struct
import zlib


def read_strictly(data: bytes) -> dict[str, bytes]:
    """
    Return the members of an archive in which every byte has its place.

    Members stand one behind the other from the first byte on; each local header
    says what the directory says; the directory follows the last member, and its
    end follows at once; nothing is left over.
    """
    end = data.rindex(b"PK\5\6")
    assert end + 22 == len(data)
    _, disk, start_disk, here, count, length, start, comment = struct.unpack(
        "<IHHHHIIH", data[end:]
    )
    assert (disk, start_disk, comment) == (0, 0, 0)
    assert here == count
    directory_end = end
    if 0xFFFF in (count,) or 0xFFFF_FFFF in (length, start):
        locator = data[end - 20 : end]
        signature, _, directory_end, disks = struct.unpack("<IIQI", locator)
        assert (signature, disks) == (0x07064B50, 1)
        signature, size, _, _, _, _, here, count, length, start = struct.unpack(
            "<IQHHIIQQQQ", data[directory_end : end - 20]
        )
        assert (signature, size, here) == (0x06064B50, 44, count)
    assert start + length == directory_end
    members: dict[str, bytes] = {}
    position, entry = 0, start
    for _ in range(count):
        (signature, _, needs, flags, method, clock, crc, size, stored) = struct.unpack(
            "<IHHHHIIII", data[entry : entry + 28]
        )
        name_size, extra_size, note, disk, _, _, offset = struct.unpack(
            "<HHHHHII", data[entry + 28 : entry + 46]
        )
        assert (signature, method, note, disk) == (0x02014B50, 0, 0, 0)
        assert (size, extra_size) == (stored, 0)
        assert offset == position
        name = data[entry + 46 : entry + 46 + name_size]
        entry += 46 + name_size
        expected = struct.pack(
            "<IHHHIIIIHH", 0x04034B50, needs, flags, 0, clock, crc, size, size,
            name_size, 0,
        )  # fmt: skip
        begin = position + 30 + name_size
        assert data[position:begin] == expected + name
        body = data[begin : begin + size]
        assert zlib.crc32(body) == crc
        assert name.decode() not in members
        members[name.decode()] = body
        position = begin + size
    assert position == start
    assert entry == directory_end
    return members
