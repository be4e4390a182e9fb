"""
Several glyphs as one, added to a TrueType font (OpenType, `glyf`: composite glyphs).

What is read as one (a syllable, a letter with its vowels) is drawn with glyphs that
are more, or fewer, or in another order than its characters. As one glyph it says
all of them, so any program reads it; and nothing has to be moved by operators, which
programs would take for spaces and new words.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

#: Of a component: its arguments are 16 bits wide, and are distances; more follow.
_WORDS, _DISTANCES, _MORE = 0x0001, 0x0002, 0x0020

_CHECKSUM_ADJUSTMENT = slice(8, 12)  #: of `head`


class Part(NamedTuple):
    """A glyph moved to the right and up, in units of the font."""

    glyph: int
    dx: int
    dy: int


class Merged(NamedTuple):
    """Glyphs that are one, and what they say together."""

    parts: tuple[Part, ...]
    #: Not less than 0.
    advance: int
    words: str


def with_merged(program: bytes, first: int, wanted: Sequence[Merged]) -> bytes:
    """
    Return the font *program* with *wanted* as its glyphs from *first* on.

    It must have their parts, and no glyph from *first* on.
    """
    tables = _tables(program)
    head, hhea, maxp = (bytearray(tables[tag]) for tag in ("head", "hhea", "maxp"))
    (count,) = struct.unpack_from(">H", maxp, 4)
    starts = _starts(tables["loca"], is_long=bool(head[51]))
    metrics = _metrics(tables["hmtx"], struct.unpack_from(">H", hhea, 34)[0], count)
    glyf = bytearray(tables["glyf"])
    glyf += bytes(-len(glyf) % 4)
    starts[-1] = len(glyf)

    starts += [len(glyf)] * (first - count)
    metrics += [(0, 0)] * (first - count)
    for merged in wanted:
        drawn = [part for part in merged.parts if starts[part[0] + 1] > starts[part[0]]]
        bearing = 0
        if drawn:
            boxes = [_box(glyf, starts[part.glyph], part) for part in drawn]
            bearing = min(box[0] for box in boxes)
            glyf += _composite(drawn, boxes)
        metrics.append((merged.advance, bearing))
        starts.append(len(glyf))

    total = first + len(wanted)
    struct.pack_into(">h", head, 50, 1)
    struct.pack_into(">H", hhea, 34, total)
    struct.pack_into(">H", maxp, 4, total)
    elements, depth = struct.unpack_from(">2H", maxp, 28)
    most = max([elements, *(len(merged.parts) for merged in wanted)])
    struct.pack_into(">2H", maxp, 28, most, depth + 1)
    head[_CHECKSUM_ADJUSTMENT] = bytes(4)
    return _font(
        {
            **tables,
            "head": bytes(head),
            "hhea": bytes(hhea),
            "maxp": bytes(maxp),
            "glyf": bytes(glyf),
            "loca": struct.pack(f">{len(starts)}I", *starts),
            "hmtx": b"".join([struct.pack(">Hh", *each) for each in metrics]),
        }
    )


def _box(glyf: bytearray, at: int, part: Part) -> tuple[int, int, int, int]:
    """Return the box of a *part* whose glyph is described at *at*: two corners."""
    x1, y1, x2, y2 = struct.unpack_from(">4h", glyf, at + 2)
    return x1 + part.dx, y1 + part.dy, x2 + part.dx, y2 + part.dy


def _composite(
    parts: Sequence[Part], boxes: Sequence[tuple[int, int, int, int]]
) -> bytes:
    lefts, lows, rights, tops = zip(*boxes, strict=True)
    data = struct.pack(">5h", -1, min(lefts), min(lows), max(rights), max(tops))
    for left, (glyph, dx, dy) in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
        flags = _WORDS | _DISTANCES | (_MORE if left else 0)
        data += struct.pack(">HHhh", flags, glyph, dx, dy)
    return data + bytes(-len(data) % 4)


def _tables(program: bytes) -> dict[str, bytes]:
    (count,) = struct.unpack_from(">H", program, 4)
    found = {}
    for at in range(12, 12 + 16 * count, 16):
        tag, _, start, size = struct.unpack_from(">4s3I", program, at)
        found[tag.decode()] = program[start : start + size]
    return found


def _starts(loca: bytes, *, is_long: bool) -> list[int]:
    if is_long:
        return list(struct.unpack(f">{len(loca) // 4}I", loca))
    return [2 * half for half in struct.unpack(f">{len(loca) // 2}H", loca)]


def _metrics(hmtx: bytes, whole: int, count: int) -> list[tuple[int, int]]:
    """Return advance and left side bearing of every glyph."""
    found = [struct.unpack_from(">Hh", hmtx, 4 * at) for at in range(whole)]
    for at in range(count - whole):
        (bearing,) = struct.unpack_from(">h", hmtx, 4 * whole + 2 * at)
        found.append((found[whole - 1][0], bearing))
    return [(advance, bearing) for advance, bearing in found]


def _font(tables: dict[str, bytes]) -> bytes:
    """Return a font file with *tables*, its checksums right."""
    count = len(tables)
    power = 1 << (count.bit_length() - 1)
    head = struct.pack(
        ">IHHHH",
        0x00010000,
        count,
        16 * power,
        power.bit_length() - 1,
        16 * (count - power),
    )
    at = len(head) + 16 * count
    entries, data, place = [], [], 0
    for tag, table in sorted(tables.items()):
        if tag == "head":
            place = at
        entries.append(
            struct.pack(">4s3I", tag.encode(), _checksum(table), at, len(table))
        )
        data.append(table + bytes(-len(table) % 4))
        at += len(data[-1])
    font = bytearray(b"".join([head, *entries, *data]))
    whole = (0xB1B0AFBA - _checksum(bytes(font))) & 0xFFFFFFFF
    struct.pack_into(">I", font, place + _CHECKSUM_ADJUSTMENT.start, whole)
    return bytes(font)


def _checksum(table: bytes) -> int:
    padded = table + bytes(-len(table) % 4)
    words: tuple[int, ...] = struct.unpack(f">{len(padded) // 4}I", padded)
    return sum(words) & 0xFFFFFFFF
