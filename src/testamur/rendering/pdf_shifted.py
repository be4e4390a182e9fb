"""
Glyphs that stand beside their place, added to a TrueType font (OpenType, `glyf`).

Marks over and under letters are shown away from the pen. Were they moved there by
operators, readers of text from right to left would take each for a word of its own,
and put them behind their letters; as glyphs of their own they stay where they are.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

#: The arguments are 16 bits wide, and are distances.
_WORDS, _DISTANCES = 0x0001, 0x0002

_CHECKSUM_ADJUSTMENT = slice(8, 12)  #: of `head`


class Shifted(NamedTuple):
    """A glyph moved to the right and up, in units of the font."""

    glyph: int
    dx: int
    dy: int


def with_shifted(program: bytes, first: int, wanted: Sequence[Shifted]) -> bytes:
    """
    Return the font *program* with *wanted* as its glyphs from *first* on.

    It must have their glyphs, and none from *first* on.
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
    for glyph, dx, dy in wanted:
        advance, bearing = metrics[glyph]
        metrics.append((advance, bearing + dx))
        at = starts[glyph]
        if starts[glyph + 1] > at:
            box = struct.unpack_from(">4h", glyf, at + 2)
            moved = [edge + by for edge, by in zip(box, (dx, dy, dx, dy), strict=True)]
            glyf += struct.pack(
                ">h4hHHhh2x", -1, *moved, _WORDS | _DISTANCES, glyph, dx, dy
            )
        starts.append(len(glyf))

    total = first + len(wanted)
    struct.pack_into(">h", head, 50, 1)
    struct.pack_into(">H", hhea, 34, total)
    struct.pack_into(">H", maxp, 4, total)
    elements, depth = struct.unpack_from(">2H", maxp, 28)
    struct.pack_into(">2H", maxp, 28, max(elements, 1), depth + 1)
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
