"""
What a PDF file consists of (ISO 32000-1, 7.3 and 7.5): strings, streams, objects,
object streams, cross-reference streams.
"""

import struct
import zlib

HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"

#: A row of the cross-reference: what it is, where, and which of several.
_ROW = struct.Struct(">BIH")
ROW_BYTES = _ROW.size

#: Row 0: no object has this number.
_FREE = _ROW.pack(0, 0, 65535)

#: For what is made once and for what is made for every certificate.
TIGHT, QUICK = 9, 6

_ESCAPES = str.maketrans({"\\": "\\\\", "(": "\\(", ")": "\\)"})


def text_string(text: str) -> bytes:
    """Return *text* as a text string (7.9.2.2)."""
    if text.isascii() and text.isprintable():
        return b"(%s)" % text.translate(_ESCAPES).encode()
    return b"<FEFF%s>" % text.encode("utf-16-be", "replace").hex().upper().encode()


def number(value: float) -> str:
    """Return *value* with three digits after the point at most."""
    short = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if short == "-0" else short


class Objects:
    """
    Objects of one file, from one place in it on: written down, or packed together.

    Streams are written at once; anything else may be packed, and gets into one
    compressed object stream (7.5.7) when `seal` is called.
    """

    def __init__(self, offset: int, first: int, *, level: int = QUICK) -> None:
        """Begin at *offset* of the file; *first* is the first number to give."""
        self._offset = offset
        self._next = first
        self._level = level
        self._parts: list[bytes] = []
        self._rows: dict[int, bytes] = {}
        self._packed: list[tuple[int, bytes]] = []

    @property
    def size(self) -> int:
        """One more than the highest number given."""
        return self._next

    @property
    def offset(self) -> int:
        """Where in the file the next object will stand."""
        return self._offset

    def reserve(self) -> int:
        """Return a number that no other object has."""
        self._next += 1
        return self._next - 1

    def write(self, body: bytes, number: int | None = None) -> int:
        """Write an object; return its number."""
        if number is None:
            number = self.reserve()
        self._rows[number] = _ROW.pack(1, self._offset, 0)
        data = b"%d 0 obj\n%s\nendobj\n" % (number, body)
        self._parts.append(data)
        self._offset += len(data)
        return number

    def write_stream(
        self,
        entries: bytes,
        data: bytes,
        number: int | None = None,
        *,
        is_packed: bool = False,
    ) -> int:
        """Write a stream, deflated unless it *is_packed* already; return its number."""
        if not is_packed:
            data = zlib.compress(data, self._level)
            entries += b"/Filter/FlateDecode"
        return self.write(
            b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(data), data),
            number,
        )

    def pack(self, body: bytes, number: int | None = None) -> int:
        """Take an object that is no stream into the object stream."""
        if number is None:
            number = self.reserve()
        self._packed.append((number, body))
        return number

    def seal(self) -> None:
        """Write what was packed."""
        if not self._packed:
            return
        at, heads, holder = 0, [], self.reserve()
        for place, (number, body) in enumerate(self._packed):
            heads.append(b"%d %d" % (number, at))
            at += len(body) + 1
            self._rows[number] = _ROW.pack(2, holder, place)
        head = b" ".join(heads) + b"\n"
        self.write_stream(
            b"/Type/ObjStm/N %d/First %d" % (len(self._packed), len(head)),
            head + b"\n".join([body for _, body in self._packed]),
            holder,
        )
        self._packed.clear()

    def rows(self, first: int) -> bytes:
        """Return the cross-reference rows from number *first* on."""
        return b"".join(
            [self._rows.get(number, _FREE) for number in range(first, self._next)]
        )

    def to_bytes(self) -> bytes:
        """Return what was written."""
        return b"".join(self._parts)


class CrossReference:
    """The rows of a prefix, ready to be continued in a tail."""

    def __init__(self, rows: bytes) -> None:
        self._count = len(rows) // ROW_BYTES
        self._last = rows[-ROW_BYTES:]
        self._start = _filtered(bytes(ROW_BYTES), rows)

    def end(self, objects: Objects, trailer: bytes) -> bytes:
        """
        Write the cross-reference stream of prefix and *objects*, and the end.

        *trailer* are its further entries: root, info and identifier.
        """
        start = objects.offset
        own = objects.reserve()
        rows = bytearray(objects.rows(self._count))
        rows[-ROW_BYTES:] = _ROW.pack(1, start, 0)
        objects.write_stream(
            b"/Type/XRef/Size %d/W[1 4 2]%s"
            b"/DecodeParms<</Predictor 12/Columns %d>>"
            % (objects.size, trailer, ROW_BYTES),
            self._start + _filtered(self._last, rows),
            own,
        )
        return b"%sstartxref\n%d\n%%%%EOF\n" % (objects.to_bytes(), start)


def _filtered(before: bytes, rows: bytes | bytearray) -> bytes:
    """Return *rows* as differences from the row above (PNG's filter Up)."""
    above = before + rows
    out = bytearray()
    for at in range(0, len(rows), ROW_BYTES):
        out.append(2)
        out += bytes([(rows[i] - above[i]) & 255 for i in range(at, at + ROW_BYTES)])
    return bytes(out)


def place_of(rows: bytes, number: int) -> int:
    """Return where object *number* begins, by the cross-reference *rows*."""
    kind, place, _ = _ROW.unpack_from(rows, number * ROW_BYTES)
    if kind != 1:
        raise ValueError("this object does not stand by itself")
    return int(place)
