"""
What a ZIP must be before anything in it is read.

Checks come in the order of what they cost: the end record, the directory, the
local headers. Nothing is decompressed, so a bomb costs no more than a picture.
"""

import os
import stat
from array import array
from collections.abc import Iterable

from testamur.core.policy import MIB, Plan
from testamur.core.refusals import Kind, Refusal

from .zip_agreement import SECRET, check_local, check_unicode_path, overlap
from .zip_directory import Record, read_end, record_at, refused, walk
from .zip_names import fold, is_ignored, is_image, key_of, shown

#: No picture may be larger, so no entry may.
MAX_ENTRY_BYTES = 10 * MIB

#: Beyond this size an entry that shrank a hundredfold is not a picture.
RATIO_FROM_BYTES = 1 * MIB
MAX_RATIO = 100

#: The same for the whole, the rule of the Python Package Index.
TOTAL_RATIO_FROM_BYTES = 64 * MIB
MAX_TOTAL_RATIO = 50

STORED, DEFLATED, AES = 0, 8, 99

#: Deflate cannot do better than this (zlib, "maximum expansion factor").
DEFLATE_LIMIT = 1032


def inspected(fd: int, plan: Plan) -> dict[str, int]:
    """
    Return where the record of each name is, in an archive that is as it should be.

    Raises:
        Refusal: with the code of what is wrong.
    """
    size = os.fstat(fd).st_size
    if size > plan.max_zip_bytes:
        raise refused(
            "zip_too_large",
            f"The ZIP has {size / MIB:.1f} MiB; at most {plan.max_zip_bytes // MIB} "
            "MiB are accepted. Send smaller pictures, or several submissions.",
            Kind.TOO_LARGE,
        )
    end = read_end(fd, size)
    if end.entries > plan.max_zip_entries:
        raise refused(
            "zip_too_many_entries",
            f"The ZIP has {end.entries} entries; at most {plan.max_zip_entries} are "
            "accepted. Split the submission.",
        )

    # 1. What can be said of each entry alone.
    positions: dict[str, int] = {}
    folded: set[str] = set()
    records, starts, ends = array("Q"), array("Q"), array("Q")
    unpacked = 0
    too_large: Refusal | None = None
    for record in walk(fd, end):
        name = key_of(record.name)
        _check_record(record, name)
        too_large = too_large or _unreasonable(record)
        unpacked += record.unpacked
        records.append(record.position)
        starts.append(record.offset)
        ends.append(record.least_end)
        if is_ignored(name):
            continue
        positions[name] = record.position
        before = len(folded)
        folded.add(fold(name))
        if len(folded) == before:
            raise refused(
                "zip_duplicate_name",
                f"The ZIP has two entries called {shown(name)}, or names that differ "
                "only in capitals or in how an accent is written. Rename one.",
            )
    del folded

    # 2. That no two of them share a byte, before believing any size.
    order: Iterable[int] = range(len(starts))
    if any(starts[i] > starts[i + 1] for i in range(len(starts) - 1)):
        order = sorted(order, key=starts.__getitem__)
    order = list(order)
    next_of = array("Q", [starts[i] for i in order[1:]])
    if order:
        next_of.append(end.offset)
    for place, index in enumerate(order):
        if ends[index] > next_of[place]:
            raise overlap(record_at(fd, records[index]))
    if order and starts[order[0]] != 0:
        raise refused(
            "zip_ambiguous",
            "There is something else in front of the ZIP. Send one plain ZIP file.",
        )

    # 3. That it unpacks to something reasonable.
    if too_large is not None:
        raise too_large
    if unpacked > plan.max_unpacked_bytes:
        raise refused(
            "zip_too_large",
            f"The ZIP unpacks to {unpacked / MIB:.0f} MiB; at most "
            f"{plan.max_unpacked_bytes // MIB} MiB are accepted. Split the submission.",
        )
    if unpacked > TOTAL_RATIO_FROM_BYTES and unpacked > MAX_TOTAL_RATIO * size:
        raise refused(
            "zip_ratio",
            f"The ZIP unpacks to more than {MAX_TOTAL_RATIO} times its size, which "
            "pictures never do. Send the pictures as they are.",
        )

    # 4. That each local header says the same.
    in_order = order == list(range(len(order)))
    source = walk(fd, end) if in_order else (record_at(fd, records[i]) for i in order)
    for record, next_at in zip(source, next_of, strict=True):
        check_local(fd, record, next_at)
    return positions


def _check_record(record: Record, name: str) -> None:
    """
    Refuse what no ordinary tool makes of a folder of pictures.

    Raises:
        Refusal: zip_encrypted, zip_method, zip_special_file, zip_name,
            zip_size_mismatch.
    """
    if record.flags & SECRET or record.method == AES:
        raise refused(
            "zip_encrypted",
            f"The entry {shown(name)} is encrypted. Make the ZIP without a password.",
        )
    if record.method not in (STORED, DEFLATED):
        raise refused(
            "zip_method",
            f"The entry {shown(name)} is compressed by method {record.method}. Make "
            'the ZIP with the usual method ("deflate").',
        )
    kind = stat.S_IFMT(record.attributes >> 16)
    is_folder = name.endswith("/")
    allowed = (0, stat.S_IFDIR) if is_folder else (0, stat.S_IFREG)
    if (
        kind not in allowed
        # The directory bit of MS-DOS, which every system writes.
        or (record.attributes & 0x10 and not is_folder)
        or (is_folder and (record.unpacked or record.packed > 2))
        or (is_folder and is_image(name[:-1]))
    ):
        raise refused(
            "zip_special_file",
            f"The entry {shown(name)} is a link, a device or a folder in the place of "
            "a picture. Put the picture itself into the ZIP.",
        )
    if record.extra:
        check_unicode_path(record.name, record.extra)
    if not _can_be(record):
        raise refused(
            "zip_size_mismatch",
            f"The entry {shown(name)} says that {record.packed} bytes unpack to "
            f"{record.unpacked}, which cannot be. Make the ZIP again.",
        )


def _can_be(record: Record) -> bool:
    """Say whether the two sizes of an entry are possible together."""
    if record.method == STORED:
        return record.packed == record.unpacked
    # Deflate grows by 5 bytes per block at worst; twice the size is already absurd.
    return (
        record.packed <= 2 * record.unpacked + 1024
        and record.unpacked <= DEFLATE_LIMIT * record.packed + 1024
    )


def _unreasonable(record: Record) -> Refusal | None:
    """Return the refusal of an entry that is too large to be a picture."""
    if record.unpacked > MAX_ENTRY_BYTES:
        return refused(
            "zip_too_large",
            f"The entry {shown(record.name)} has {record.unpacked / MIB:.1f} MiB; at "
            f"most {MAX_ENTRY_BYTES // MIB} MiB are accepted. Send a smaller picture.",
        )
    if (
        record.unpacked > RATIO_FROM_BYTES
        and record.unpacked > MAX_RATIO * record.packed
    ):
        return refused(
            "zip_ratio",
            f"The entry {shown(record.name)} unpacks to more than {MAX_RATIO} times "
            "its size, which pictures never do. Send the picture as it is.",
        )
    return None
