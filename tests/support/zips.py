"""
ZIP files of every kind, the honest and the hostile, made field by field.

`build` writes what `Entry` says, even when it lies: a field of the local header
or of the directory that is named in `local` or `central` is written as given.
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

DESCRIBED = 0x0008
UTF8 = 0x0800


def deflate(data: bytes) -> bytes:
    """Return raw deflate data."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


@dataclass
class Entry:
    """One entry, and the lies to tell about it."""

    name: str | bytes
    data: bytes = b"a picture"
    method: int = 0
    flags: int = 0
    extra: bytes = b""
    local_extra: bytes = b""
    attributes: int = 0
    #: "", "12", "16", "20" or "24": the descriptor that follows the data
    descriptor: str = ""
    #: written instead of *data* as compressed
    packed: bytes | None = None
    #: bytes after the entry that belong to nobody
    gap: bytes = b""
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the truth."""
        packed = self.packed
        if packed is None:
            packed = deflate(self.data) if self.method == 8 else self.data
        name = self.name if isinstance(self.name, bytes) else self.name.encode()
        return {
            "name": name,
            "flags": self.flags | (DESCRIBED if self.descriptor else 0),
            "method": self.method,
            "crc": zlib.crc32(self.data),
            "packed": len(packed),
            "unpacked": len(self.data),
            "body": packed,
        }


def build(
    entries: Iterable[Entry],
    /,
    *,
    prefix: bytes = b"",
    comment: bytes = b"",
    trailing: bytes = b"",
    zip64: bool = False,
    **end: Any,
) -> bytes:
    """Return a ZIP of *entries*; *end* overrides fields of the end record."""
    out = bytearray(prefix)
    directory = bytearray()
    count = 0
    for entry in entries:
        true = entry.fields()
        count += 1
        offset = len(out)
        said = {**true, **entry.local}
        if entry.descriptor and not entry.local:
            said |= {"crc": 0, "packed": 0, "unpacked": 0}
        out += local_header(said, entry.local_extra) + true["body"]
        out += descriptor(true, entry.descriptor) + entry.gap
        directory += central_header(
            {"offset": offset, "attributes": entry.attributes}
            | {**true, **entry.central},
            entry.extra,
        )
    said = {
        "disk": 0,
        "entries": count,
        "here": count,
        "size": len(directory),
        "offset": len(out),
    }
    said |= end
    out += directory
    if zip64:
        at = len(out)
        out += struct.pack(
            "<IQHHIIQQQQ",
            0x06064B50,
            44,
            45,
            45,
            0,
            0,
            said["here"],
            said["entries"],
            said["size"],
            said["offset"],
        )
        out += struct.pack("<IIQI", 0x07064B50, 0, at, 1)
        said |= {"here": 0xFFFF, "entries": 0xFFFF}
        said |= {"size": 0xFFFFFFFF, "offset": 0xFFFFFFFF}
    out += struct.pack(
        "<IHHHHIIH",
        0x06054B50,
        said["disk"],
        said["disk"],
        said["here"],
        said["entries"],
        said["size"],
        said["offset"],
        said.get("comment_length", len(comment)),
    )
    return bytes(out + comment + trailing)


def local_header(said: dict[str, Any], extra: bytes = b"") -> bytes:
    """Return the header in front of an entry (APPNOTE 4.3.7)."""
    return (
        struct.pack(
            "<IHHHHHIIIHH",
            0x04034B50,
            20,
            said["flags"],
            said["method"],
            0,
            0x21,
            said["crc"],
            said["packed"],
            said["unpacked"],
            len(said["name"]),
            len(extra),
        )
        + said["name"]
        + extra
    )


def central_header(said: dict[str, Any], extra: bytes = b"") -> bytes:
    """Return the record of an entry in the directory (APPNOTE 4.3.12)."""
    return (
        struct.pack(
            "<IHHHHHHIIIHHHHHII",
            0x02014B50,
            (3 << 8) | 20,
            20,
            said["flags"],
            said["method"],
            0,
            0x21,
            said["crc"],
            said["packed"],
            said["unpacked"],
            len(said["name"]),
            len(extra),
            0,
            0,
            0,
            said["attributes"],
            said["offset"],
        )
        + said["name"]
        + extra
    )


def end_record(entries: int, size: int, offset: int) -> bytes:
    """Return an honest end record (APPNOTE 4.3.16)."""
    return struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, size, offset, 0)


def descriptor(said: dict[str, Any], form: str) -> bytes:
    """Return what follows the data (APPNOTE 4.3.9): "12", "16", "20" or "24"."""
    if not form:
        return b""
    shape = "<III" if form in ("12", "16") else "<IQQ"
    body = struct.pack(shape, said["crc"], said["packed"], said["unpacked"])
    return (b"PK\x07\x08" if form in ("16", "24") else b"") + body


def extra_field(kind: int, body: bytes) -> bytes:
    """Return one field of an extra (APPNOTE 4.5.1)."""
    return struct.pack("<HH", kind, len(body)) + body


def unicode_path(header_name: bytes, name: bytes) -> bytes:
    """Return the extra that gives an entry a second name (APPNOTE 4.6.9)."""
    body = struct.pack("<BI", 1, zlib.crc32(header_name)) + name
    return extra_field(0x7075, body)


def zip64_sizes(*values: int) -> bytes:
    """Return the extra for what does not fit 32 bits (APPNOTE 4.5.3)."""
    return extra_field(0x0001, struct.pack(f"<{len(values)}Q", *values))


def plain(*names: str) -> bytes:
    """Return an honest ZIP of small files."""
    return build(Entry(name, b"content of " + name.encode()) for name in names)


def overlapping(entries: int = 50, size: int = 10_000_000) -> bytes:
    """Return a ZIP whose entries all share the same bytes: 12 KB for 500 MB."""
    shared = Entry("0", bytes(size), method=8)
    true = shared.fields()
    directory = b"".join(
        central_header({**true, "name": b"%d" % n, "offset": 0, "attributes": 0})
        for n in range(entries)
    )
    body = local_header(true) + true["body"]
    return body + directory + end_record(entries, len(directory), len(body))


def quoting(entries: int = 20, size: int = 1_000_000) -> bytes:
    """
    Return a ZIP that quotes each local header in the data of the one before.

    Every entry starts elsewhere, and all end with the same kernel; readers that
    compare starts only are fooled.
    """
    kernel_data = bytes(size)
    kernel = deflate(kernel_data)
    body = (
        local_header({**Entry("k", kernel_data, method=8).fields(), "name": b"k"})
        + kernel
    )
    data = kernel_data
    packed = kernel
    headers: list[bytes] = [body[: -len(kernel)]]
    said = [{**Entry("k", data, method=8).fields(), "name": b"k"}]
    for n in range(entries - 1):
        quoted = headers[0]
        # A stored, non-final block with the next header in it (RFC 1951, 3.2.4).
        block = struct.pack("<BHH", 0, len(quoted), len(quoted) ^ 0xFFFF) + quoted
        packed = block + packed
        data = quoted + data
        fields = {
            "name": b"%d" % n,
            "flags": 0,
            "method": 8,
            "crc": zlib.crc32(data),
            "packed": len(packed),
            "unpacked": len(data),
        }
        header = local_header(fields)
        headers.insert(0, header)
        said.insert(0, fields)
        body = header + packed
    offset, directory = 0, b""
    for fields, header in zip(said, headers, strict=True):
        directory += central_header({**fields, "offset": offset, "attributes": 0})
        offset += len(header) + 5
    return body + directory + end_record(entries, len(directory), len(body))
