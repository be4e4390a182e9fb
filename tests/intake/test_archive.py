"""What a ZIP of pictures may be, and which row each picture is for."""

import io
import os
import stat
import struct
import time
import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from support.zips import (
    Entry,
    build,
    central_header,
    deflate,
    end_record,
    extra_field,
    local_header,
    overlapping,
    plain,
    quoting,
    unicode_path,
    zip64_sizes,
)
from testamur.core.policy import PLANS
from testamur.core.refusals import Kind, Reason, Refusal
from testamur.intake.archive import Archive, inspect

STANDARD = PLANS["standard"]
UNLIMITED = PLANS["unlimited"]

ZEROS = bytes(3_000_000)
LINK = (stat.S_IFLNK | 0o777) << 16
DEVICE = (stat.S_IFCHR | 0o600) << 16
FOLDER = (stat.S_IFDIR | 0o755) << 16 | 0x10


def one(name: str | bytes = "a.png", **lies: object) -> bytes:
    """Return a ZIP with one entry."""
    return build([Entry(name, **lies)])  # type: ignore[arg-type]


def named_twice(shown: bytes, hidden: bytes) -> bytes:
    """Return a ZIP whose entry has a second name in its extra."""
    return one(shown, extra=unicode_path(shown, hidden))


REFUSED = {
    "Z01-overlap": (overlapping(), "zip_overlap"),
    "Z01-overlap-by-quoted-headers": (quoting(), "zip_overlap"),
    "Z01-overlap-with-the-directory": (
        one(data=b"12345678", central={"packed": 60, "unpacked": 60}),
        "zip_overlap",
    ),
    "Z02-flat-bomb": (overlapping(250, 21_000_000), "zip_overlap"),
    "Z02-entry-ratio": (one(data=ZEROS, method=8), "zip_ratio"),
    "Z02-entry-size": (one(data=os.urandom(10_485_761)), "zip_too_large"),
    "Z02-total-size": (
        one(central={"unpacked": 0xFFFFFFFE, "packed": 8_000_000}, method=8),
        "zip_overlap",
    ),
    "Z02-zip64-petabytes": (
        one(
            method=8,
            central={"unpacked": 0xFFFFFFFF},
            extra=zip64_sizes(4_500_000_000_000_000),
        ),
        "zip_size_mismatch",
    ),
    "Z03-declared-10-of-50-MB": (
        one(packed=deflate(bytes(50_000_000)), data=b"0" * 10, method=8),
        "zip_size_mismatch",
    ),
    "Z03-stored-sizes-differ": (
        one(packed=b"0123456789", data=b"0123"),
        "zip_size_mismatch",
    ),
    "Z06-up-and-out": (plain("../../etc/cron.d/x"), "zip_path"),
    "Z06-up-inside": (plain("a/../b.png"), "zip_path"),
    "Z06-absolute": (plain("/abs.png"), "zip_path"),
    "Z06-drive": (plain("C:\\x.png"), "zip_path"),
    "Z06-drive-relative": (plain("C:x.png"), "zip_path"),
    "Z06-backslashes": (plain("a\\..\\b"), "zip_path"),
    "Z06-unc": (plain("\\\\server\\share\\x.png"), "zip_path"),
    "Z06-here": (plain("a/./b.png"), "zip_path"),
    "Z06-empty-part": (plain("a//b.png"), "zip_path"),
    "Z06-only-up": (plain(".."), "zip_path"),
    "Z07-nul": (plain("nul\0.png"), "zip_name"),
    "Z07-newline": (plain("a\nb.png"), "zip_name"),
    "Z07-escape": (plain("a\x1b[2J.png"), "zip_name"),
    "Z07-c1": (plain("a\x9b.png"), "zip_name"),
    "Z07-empty": (plain(""), "zip_name"),
    "Z08-twice": (plain("dup.png", "dup.png"), "zip_duplicate_name"),
    "Z08-case": (plain("Dup.png", "dUP.PNG"), "zip_duplicate_name"),
    "Z08-nfc": (plain("jos\u00e9.png", "jose\u0301.png"), "zip_duplicate_name"),
    "Z08-case-and-nfc": (
        plain("JOS\u00c9.png", "jose\u0301.png"),
        "zip_duplicate_name",
    ),
    "Z08-slashes": (plain("a/b.png", "a\\b.png"), "zip_duplicate_name"),
    "Z08-here": (plain("b.png", "./b.png"), "zip_duplicate_name"),
    "Z09-symlink": (one(attributes=LINK), "zip_special_file"),
    "Z09-device": (one(attributes=DEVICE), "zip_special_file"),
    "Z09-symlink-to-folder": (one("a/", data=b"", attributes=LINK), "zip_special_file"),
    "Z09-folder-as-image": (
        one("a.png/", data=b"", attributes=FOLDER),
        "zip_special_file",
    ),
    "Z09-folder-without-slash": (one(attributes=FOLDER), "zip_special_file"),
    "Z09-folder-with-content": (one("a/", attributes=FOLDER), "zip_special_file"),
    "Z10-encrypted": (one(flags=0x0001), "zip_encrypted"),
    "Z10-strongly-encrypted": (one(flags=0x0041), "zip_encrypted"),
    "Z10-masked": (one(flags=0x2000), "zip_encrypted"),
    "Z10-aes": (one(method=99), "zip_encrypted"),
    "Z11-deflate64": (one(method=9), "zip_method"),
    "Z11-bzip2": (one(method=12), "zip_method"),
    "Z11-lzma": (one(method=14), "zip_method"),
    "Z11-zstandard": (one(method=93), "zip_method"),
    "Z11-unknown": (one(method=4711), "zip_method"),
    "Z12-name": (one(local={"name": b"b.png"}), "zip_inconsistent"),
    "Z12-name-longer": (one(local={"name": b"aa.png"}), "zip_inconsistent"),
    "Z12-size": (one(local={"unpacked": 8}), "zip_inconsistent"),
    "Z12-packed": (one(local={"packed": 8}), "zip_inconsistent"),
    "Z12-crc": (one(local={"crc": 1}), "zip_inconsistent"),
    "Z12-method": (one(local={"method": 8}), "zip_inconsistent"),
    "Z12-encryption": (one(local={"flags": 1}), "zip_inconsistent"),
    "Z12-descriptor": (
        build([Entry("a.png", local={"flags": 8, "crc": 0}, gap=b"PK\x07\x08" * 4)]),
        "zip_inconsistent",
    ),
    "Z12-no-entry-there": (one(central={"offset": 3}), "zip_overlap"),
    "Z12-more-than-counted": (
        build([Entry("a.png"), Entry("b.png")], entries=1, here=1),
        "zip_inconsistent",
    ),
    "Z12-end-records-disagree": (
        build([Entry("a.png")], zip64=True).replace(
            b"\xff\xff\xff\xff\xff\xff\xff\xff", b"\x07\0\0\0\xff\xff\xff\xff"
        ),
        "zip_inconsistent",
    ),
    "Z13-two-archives": (plain("a.png") + plain("b.png"), "zip_ambiguous"),
    "Z13-two-archives-adjusted": (
        build([Entry("b.png")], prefix=plain("a.png")),
        "zip_ambiguous",
    ),
    "Z13-prefix": (b"GIF89a" + plain("a.png"), "zip_ambiguous"),
    "Z13-prefix-adjusted": (
        build([Entry("a.png")], prefix=b"#!/bin/sh\n"),
        "zip_ambiguous",
    ),
    "Z13-prefix-that-looks-right": (
        build([Entry("a.png")], prefix=b"PK\x03\x04"),
        "zip_ambiguous",
    ),
    "Z13-trailing": (plain("a.png") + b"\0", "zip_ambiguous"),
    "Z13-between-entries": (
        build([Entry("a.png", gap=b"hidden"), Entry("b.png")]),
        "zip_ambiguous",
    ),
    "Z13-entry-that-the-directory-hides": (
        build([Entry("a.png", gap=plain("z.png")[:40])]),
        "zip_ambiguous",
    ),
    "Z13-empty-archive-behind-something": (
        build([], prefix=b"MZ program"),
        "zip_ambiguous",
    ),
    "Z16-polyglot": (b"\x89PNG\r\n\x1a\n" + plain("a.png"), "zip_ambiguous"),
    "Z17-reversed-text": (plain("\u202egnp.exe"), "zip_name"),
    "Z17-isolate": (plain("a\u2066b.png"), "zip_name"),
    "Z17-300-characters": (plain("x" * 300 + ".png"), "zip_name"),
    "Z17-256-bytes": (plain("\u00e9" * 126 + ".png"), "zip_name"),
    "Z17-not-utf8": (one(b"M\x81ller.png"), "zip_name"),
    "Z17-not-utf8-though-flagged": (one(b"M\xfcller.png", flags=0x0800), "zip_name"),
    "Z20-second-name": (named_twice(b"a.png", b"b.png"), "zip_name"),
    "Z20-second-name-in-front": (
        one(local_extra=unicode_path(b"a.png", b"b.png")),
        "zip_name",
    ),
    "Z21-truncated": (plain("a.png", "b.png")[:-30], "zip_corrupt"),
    "Z21-last-byte-missing": (plain("a.png")[:-1], "zip_corrupt"),
    "Z21-comment-cut-off": (
        build([Entry("a.png")], comment=b"hello")[:-2],
        "zip_corrupt",
    ),
    "Z21-fake-end-in-comment": (
        build([Entry("a.png")], comment=plain("b.png")),
        "zip_corrupt",
    ),
    "Z21-bare-end-in-comment": (
        build([Entry("a.png")], comment=build([]) + b"!"),
        "zip_corrupt",
    ),
    "Z21-directory-cut-off": (build([Entry("a.png")], size=40), "zip_ambiguous"),
    "Z21-directory-out-of-reach": (
        build([Entry("a.png")], offset=1 << 31),
        "zip_corrupt",
    ),
    "Z21-more-entries-than-there-are": (
        build([Entry("a.png")], entries=2, here=2),
        "zip_corrupt",
    ),
    "Z21-several-disks": (build([Entry("a.png")], disk=1), "zip_corrupt"),
    "Z21-size-missing": (one(central={"unpacked": 0xFFFFFFFF}), "zip_corrupt"),
    "Z21-extra-cut-off": (one(extra=b"\x01\0\xff\xff"), "zip_corrupt"),
    "Z21-large-end-record-missing": (
        build([Entry("a.png")], zip64=True).replace(b"PK\x06\x06", b"PK\x06\x09"),
        "zip_corrupt",
    ),
}


@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_zip_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    """
    Each way to make two readers disagree, or one reader suffer, has its code;
    the message is one printable line. Each answer takes a blink.
    """
    (tmp_path / "zip").write_bytes(content)
    begun = time.process_time()

    with pytest.raises(Refusal) as refusal:
        inspect(tmp_path / "zip", STANDARD)

    assert time.process_time() - begun < 0.5
    assert refusal.value.code == code
    assert refusal.value.kind is Kind.INVALID
    assert refusal.value.detail.isprintable()


NOT_ZIPS = {
    "empty": b"",
    "two-bytes": b"PK",
    "png": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "rar": b"Rar!\x1a\x07\x01\0" + bytes(100),
    "csv": b"recipientEmail,name\r\n",
}


@pytest.mark.parametrize("content", NOT_ZIPS.values(), ids=NOT_ZIPS)
def test_a_file_of_another_kind_is_not_supported(
    tmp_path: Path, content: bytes
) -> None:
    """What is no ZIP at all is answered as such, not as a damaged one."""
    (tmp_path / "zip").write_bytes(content)

    with pytest.raises(Refusal) as refusal:
        inspect(tmp_path / "zip", STANDARD)

    assert (refusal.value.kind, refusal.value.code) == (Kind.UNSUPPORTED, "not_zip")


ACCEPTED = {
    "Z04-nested": (build([Entry("in.zip", plain("x.png"))]), ["in.zip"]),
    "Z14-descriptor-12": (one(descriptor="12", method=8), ["a.png"]),
    "Z14-descriptor-16": (one(descriptor="16", method=8), ["a.png"]),
    "Z14-descriptor-20": (one(descriptor="20", method=8), ["a.png"]),
    "Z14-descriptor-24": (one(descriptor="24", method=8), ["a.png"]),
    "Z14-descriptor-stored": (one(descriptor="16"), ["a.png"]),
    "Z17-emoji": (plain("\U0001f393.png"), ["\U0001f393.png"]),
    "Z17-trailing-dot-and-space": (plain("a.png. "), ["a.png. "]),
    "Z17-device-name": (plain("CON.png"), ["CON.png"]),
    "Z17-255-bytes": (plain("x" * 251 + ".png"), ["x" * 251 + ".png"]),
    "Z20-same-name": (named_twice(b"a.png", b"a.png"), ["a.png"]),
    "no-entries": (build([]), []),
    "comment": (build([Entry("a.png")], comment=b"made on a Monday"), ["a.png"]),
    "zip64-end": (build([Entry("a.png")], zip64=True), ["a.png"]),
    "zip64-sizes": (
        one(
            data=b"12345",
            local={"packed": 0xFFFFFFFF, "unpacked": 0xFFFFFFFF},
            local_extra=zip64_sizes(5, 5),
        ),
        ["a.png"],
    ),
    "unknown-extra": (one(extra=extra_field(0x5455, b"\x01abcd")), ["a.png"]),
    "backslash-folders": (plain("photos\\a.png"), ["photos/a.png"]),
    "leading-here": (plain("./a.png"), ["a.png"]),
    "nfd-name": (plain("jose\u0301.png"), ["jose\u0301.png"]),
    "folders-and-litter": (
        build(
            [
                Entry("photos/", b"", attributes=FOLDER),
                Entry("photos/a.png"),
                Entry("photos/.DS_Store"),
                Entry("photos/Thumbs.db"),
                Entry("photos/._a.png"),
                Entry("__MACOSX/", b""),
                Entry("__MACOSX/photos/._a.png"),
            ]
        ),
        ["photos/a.png"],
    ),
}


@pytest.mark.parametrize(("content", "names"), ACCEPTED.values(), ids=ACCEPTED)
def test_an_odd_but_honest_zip_is_read(
    tmp_path: Path, content: bytes, names: list[str]
) -> None:
    """What ordinary tools make is read, and every name gives its content back."""
    (tmp_path / "zip").write_bytes(content)

    with inspect(tmp_path / "zip", STANDARD) as archive:
        assert list(archive.names) == names
        assert all(isinstance(archive.read(name), bytes) for name in names)
    with Archive.reopen(tmp_path / "zip") as again:
        assert list(again.names) == names


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("large", [True, False])
def test_what_the_standard_library_writes_is_read(
    tmp_path: Path, method: int, seekable: bool, large: bool
) -> None:
    """Seekable or streamed, in 32 or 64 bits: every byte comes back."""
    content = {f"photos/{n}.png": os.urandom(100 * n) for n in range(20)}
    out = io.BytesIO()
    target = out if seekable else Unseekable(out)
    with zipfile.ZipFile(target, "w", method) as writer:
        writer.mkdir("photos")
        for name, data in content.items():
            with writer.open(name, "w", force_zip64=large) as entry:
                entry.write(data)
    (tmp_path / "zip").write_bytes(out.getvalue())

    with inspect(tmp_path / "zip", STANDARD) as archive:
        assert {name: archive.read(name) for name in archive.names} == content


class Unseekable(io.RawIOBase):
    """A pipe: what is written is written."""

    def __init__(self, out: io.BytesIO) -> None:
        self._out = out

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Pass it on."""
        return self._out.write(data)


def test_entries_in_another_order_than_the_directory_are_read(tmp_path: Path) -> None:
    """The directory may list entries in any order; bytes are matched by offset."""
    one, two = Entry("a.png", b"one"), Entry("b.png", b"two")
    # The first entry of the file is a.png, the first of the directory b.png.
    content = build(
        [
            Entry("b.png", b"two", packed=b"one", local=one.fields()),
            Entry("a.png", b"one", packed=b"two", local=two.fields()),
        ]
    )
    at = content.index(b"PK\x01\x02") + 42
    length = 30 + len("a.png") + len(b"one")
    content = (
        content[:at]
        + struct.pack("<I", length)
        + content[at + 4 : at + 51]
        + struct.pack("<I", 0)
        + content[at + 55 :]
    )
    (tmp_path / "zip").write_bytes(content)

    with inspect(tmp_path / "zip", STANDARD) as archive:
        assert archive.read("a.png") == b"one"
        assert archive.read("b.png") == b"two"


def test_z05_too_many_entries_are_refused_before_they_are_read(tmp_path: Path) -> None:
    """The end record is asked first: 60,000 entries are refused in a blink."""
    crowd = build(Entry(str(n), b"") for n in range(60_000))
    (tmp_path / "zip").write_bytes(crowd)
    tracemalloc.start()

    with pytest.raises(Refusal) as refusal:
        inspect(tmp_path / "zip", STANDARD)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refusal.value.code == "zip_too_many_entries"
    assert peak < 1_000_000


def test_a_zip_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    """The size of the file is the first thing that is looked at."""
    with (tmp_path / "zip").open("wb") as file:
        file.truncate(STANDARD.max_zip_bytes + 1)

    with pytest.raises(Refusal) as refusal:
        inspect(tmp_path / "zip", STANDARD)

    assert (refusal.value.kind, refusal.value.code) == (Kind.TOO_LARGE, "zip_too_large")


@pytest.mark.parametrize(
    ("entries", "size", "code"),
    [(110, 9_900_000, "zip_too_large"), (10, 9_900_000, "zip_ratio")],
    ids=["Z02-more-than-a-gibibyte", "Z02-fifty-to-one"],
)
def test_z02_the_whole_is_limited_as_well(
    tmp_path: Path, entries: int, size: int, code: str
) -> None:
    """Entries that are each within bounds may still be too much together."""
    # 1 % noise: just less than a hundred to one each.
    data = os.urandom(size // 80) + bytes(size - size // 80)
    packed = deflate(data)
    (tmp_path / "zip").write_bytes(
        build(Entry(f"{n}.png", data, 8, packed=packed) for n in range(entries))
    )

    with pytest.raises(Refusal) as refusal:
        inspect(tmp_path / "zip", STANDARD)

    assert refusal.value.code == code


def test_inspecting_a_bomb_allocates_nothing_to_speak_of(tmp_path: Path) -> None:
    """12 KB that claim 500 MB cost kilobytes, for nothing is decompressed."""
    (tmp_path / "zip").write_bytes(overlapping())
    tracemalloc.start()

    with pytest.raises(Refusal):
        inspect(tmp_path / "zip", STANDARD)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


READ = {
    "Z03-more-than-declared": (
        one(packed=deflate(bytes(900_000)), data=bytes(1_000), method=8),
        "zip_size_mismatch",
    ),
    "Z03-less-than-declared": (
        one(packed=deflate(b"short"), data=b"longer than short", method=8),
        "zip_size_mismatch",
    ),
    "Z03-bytes-after-the-stream": (
        one(packed=deflate(b"12345") + b"more", data=b"12345", method=8),
        "zip_size_mismatch",
    ),
    "Z03-stream-not-finished": (
        one(packed=deflate(os.urandom(500))[:-9], data=bytes(500), method=8),
        "zip_size_mismatch",
    ),
    "Z15-crc-stored": (one(data=b"right", packed=b"wrong"), "zip_crc"),
    "Z15-crc-deflated": (
        one(data=b"right", packed=deflate(b"wrong"), method=8),
        "zip_crc",
    ),
    "Z15-not-deflate": (
        one(data=bytes(9), packed=b"\xff" * 9, method=8),
        "zip_corrupt",
    ),
}


@pytest.mark.parametrize(("content", "code"), READ.values(), ids=READ)
def test_one_bad_entry_fails_only_who_reads_it(
    tmp_path: Path, content: bytes, code: str
) -> None:
    """What only decompressing can tell is a reason for one row, in bounded memory."""
    (tmp_path / "zip").write_bytes(content)
    with inspect(tmp_path / "zip", STANDARD) as archive:
        tracemalloc.start()

        reason = archive.read("a.png")

        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(reason, Reason)
    assert reason.code == code
    assert peak < 400_000


def find(path: Path, names: list[str], cell: str, row: int) -> str:
    """Return the entry that is found, or the code of why none is."""
    (path / "zip").write_bytes(plain(*names))
    with inspect(path / "zip", STANDARD) as archive:
        found = archive.find(cell, row)
    if isinstance(found, Reason):
        assert found.message.isprintable()
        return found.code
    return found


NFD = unicodedata.normalize("NFD", "josé.png")
MISSING, AMBIGUOUS = "image_not_found", "image_ambiguous"

FOUND = {
    "exact": (["a.png", "b.png"], "a.png", 2, "a.png"),
    "exact-in-folder": (["x/a.png", "y/a.png"], "y/a.png", 1, "y/a.png"),
    "exact-before-base": (["a.png", "x/a.png"], "a.png", 1, "a.png"),
    "spaces-around": (["a.png", "b.png"], "  a.png ", 1, "a.png"),
    "nfc-cell-nfd-entry": ([NFD, "b.png"], "josé.png", 1, NFD),
    "nfd-cell-nfc-entry": (["josé.png", "b.png"], NFD, 1, "josé.png"),
    "base-name": (["photos/a.png", "photos/b.png"], "a.png", 1, "photos/a.png"),
    "other-capitals": (["photos/Ana.PNG", "b.png"], "ana.png", 1, "photos/Ana.PNG"),
    "accents-and-capitals": (["JOSÉ.png", "b.png"], NFD, 1, "JOSÉ.png"),
    "within-wrapping-folder": (
        ["all/x/a.png", "all/y/a.png"],
        "y/a.png",
        1,
        "all/y/a.png",
    ),
    "backslash-in-cell": (["x/a.png", "y/a.png"], "x\\a.png", 1, "x/a.png"),
    "path-of-their-disk": (["a.png", "b.png"], "C:\\Users\\me\\a.png", 1, "a.png"),
    "not-an-image": (["notes.txt", "a.png"], "notes.txt", 1, "notes.txt"),
    "Z19-ambiguous-base": (["x/a.png", "y/a.png"], "a.png", 1, AMBIGUOUS),
    "Z19-ambiguous-capitals": (["x/A.png", "y/a.png"], "a.png", 1, AMBIGUOUS),
    "Z19-absent": (["a.png", "b.png"], "c.png", 1, MISSING),
    "Z19-absent-though-only-one-image": (["a.png"], "c.png", 1, MISSING),
    "Z19-absent-though-numbered": (["1.png", "2.png"], "c.png", 1, MISSING),
    "Z19-other-folder": (["2023/a.png", "2023/b.png"], "2024/a.png", 1, MISSING),
    "Z19-no-extension": (["a.png", "b.png"], "a", 1, MISSING),
    "Z19-a-folder": (["x/a.png", "x/b.png"], "x/", 1, MISSING),
    "Z19-up-and-out": (["a.png", "b.png"], "../../etc/passwd", 1, MISSING),
    "row-number": (["1.png", "2.png"], "", 2, "2.png"),
    "row-number-padded": (["001.jpg", "002.jpg"], "", 2, "002.jpg"),
    "row-number-in-folder": (["p/7.WEBP", "p/8.webp"], "", 7, "p/7.WEBP"),
    "row-number-blank-cell": (["1.png", "2.png"], "  ", 1, "1.png"),
    "row-number-not-in-text": (["7.txt", "a.png", "b.png"], "", 7, MISSING),
    "row-number-ambiguous": (["7.png", "007.png"], "", 7, AMBIGUOUS),
    "row-number-ambiguous-kind": (["7.png", "7.jpg"], "", 7, AMBIGUOUS),
    "row-number-is-not-a-part": (["17.png", "27.png"], "", 7, MISSING),
    "row-number-other-digits": (["٧.png", "b.png"], "", 7, MISSING),
    "only-image": (["badge.png"], "", 7, "badge.png"),
    "only-image-among-others": (
        ["badge.jpeg", "read.me", "x.txt"],
        "",
        7,
        "badge.jpeg",
    ),
    "only-image-with-another-number": (["3.png"], "", 7, "3.png"),
    "several-images": (["a.png", "b.png"], "", 7, MISSING),
    "no-image": (["read.me"], "", 7, MISSING),
}


@pytest.mark.parametrize(
    ("names", "cell", "row", "expected"), FOUND.values(), ids=FOUND
)
def test_a_row_finds_its_picture(
    tmp_path: Path, names: list[str], cell: str, row: int, expected: str
) -> None:
    """The cell names it, else the row's number, else there is only one; no guess."""
    assert find(tmp_path, names, cell, row) == expected


def test_an_ambiguous_row_is_told_what_matched(tmp_path: Path) -> None:
    """The person sees the entries to choose from."""
    (tmp_path / "zip").write_bytes(plain("x/a.png", "y/a.png"))
    with inspect(tmp_path / "zip", STANDARD) as archive:
        reason = archive.find("a.png", 1)

    assert isinstance(reason, Reason)
    assert '"x/a.png", "y/a.png"' in reason.message


def test_z18_pictures_that_no_row_used_are_counted(tmp_path: Path) -> None:
    """Text files and litter are nobody's picture."""
    names = ["a.png", "b.jpg", "c.webp", "read.me", "__MACOSX/._a.png"]
    (tmp_path / "zip").write_bytes(plain(*names))

    with inspect(tmp_path / "zip", STANDARD) as archive:
        assert archive.image_count == 3


def test_a_large_archive_is_inspected_and_reopened_at_once(tmp_path: Path) -> None:
    """A thousand entries of a megabyte: neither reads what is in them."""
    # Zeros that are holes in the file: the disk holds only the headers.
    true = Entry("", bytes(1 << 20)).fields()
    directory = b""
    with (tmp_path / "zip").open("wb") as file:
        for n in range(1_000):
            said = {**true, "name": b"%d.png" % n, "attributes": 0}
            directory += central_header({**said, "offset": file.tell()})
            file.write(local_header(said))
            file.seek(1 << 20, os.SEEK_CUR)
        at = file.tell()
        file.write(directory + end_record(1_000, len(directory), at))

    begun = time.process_time()
    inspect(tmp_path / "zip", UNLIMITED).close()
    inspected = time.process_time()
    Archive.reopen(tmp_path / "zip").close()
    reopened = time.process_time()

    assert inspected - begun < 0.5
    assert reopened - inspected < 0.1


HONEST = build(
    [
        Entry("photos/", b"", attributes=FOLDER),
        Entry("photos/a.png", b"a" * 300, 8),
        Entry("photos/b.png", b"b" * 30, descriptor="16"),
        Entry("c.png", b"c", extra=unicode_path(b"c.png", b"c.png")),
    ],
    zip64=True,
)


def survives(path: Path, content: bytes) -> None:
    """Inspect and read everything: a refusal or a reason is fine, a crash is not."""
    path.write_bytes(content)
    try:
        archive = inspect(path, STANDARD)
    except Refusal as refusal:
        assert refusal.detail.isprintable()  # noqa: PT017
        return
    with archive:
        for name in archive.names:
            assert isinstance(archive.read(name), bytes | Reason)
            assert isinstance(archive.find(name, 1), str)
        assert isinstance(archive.find("", 1), str | Reason)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
@example(b"PK\x05\x06" + bytes(18))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Whatever is sent, there is an answer and never an accident."""
    survives(tmp_path_factory.getbasetemp() / "any.zip", content)


@settings(max_examples=600, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(HONEST) - 1), st.integers(0, 255)), max_size=6
    ),
    st.integers(0, 30),
)
def test_a_good_zip_with_bad_bytes_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[int, int]],
    cut: int,
) -> None:
    """Bytes flipped anywhere, the end cut off: an answer and never an accident."""
    content = bytearray(HONEST)
    for at, value in changes:
        content[at] = value
    survives(
        tmp_path_factory.getbasetemp() / "bad.zip",
        bytes(content[: len(content) - cut]),
    )


def test_the_names_of_a_refusal_are_harmless_to_print(tmp_path: Path) -> None:
    """A name with escape sequences is spelt out, not sent to a terminal."""
    (tmp_path / "zip").write_bytes(plain("\x1b[31m\u202e.png"))

    with pytest.raises(Refusal) as refusal:
        inspect(tmp_path / "zip", STANDARD)

    assert "\\u001b[31m\\u202e.png" in refusal.value.detail
