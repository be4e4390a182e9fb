"""
The ZIP around a package, opened without trusting any of it.

Read whole, in memory: a package is small. What readers of ZIPs disagree about is
refused, so that what we read is what everybody else sees in it.
"""

import io
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from typing import Never

from testamur.core.refusals import Kind, Refusal
from testamur.core.text import quoted

#: A package, as it is sent.
MAX_PACKAGE_BYTES = 20 * 1024 * 1024
MAX_ENTRIES = 64
#: All of it, unpacked.
MAX_UNPACKED_BYTES = 40 * 1024 * 1024
#: Drawings shrink tenfold, text with much white space a hundredfold.
MAX_RATIO = 200
#: What is this small may shrink as it likes.
FREE_OF_RATIO_BYTES = 64 * 1024

#: Any more of it per entry is padding.
MAX_DIRECTORY_BYTES = MAX_ENTRIES * 1024

NAME = re.compile(r"\w[\w .,()+&'@-]{0,99}")

#: What systems add to folders that they pack.
LITTER = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")

LOCAL = b"PK\x03\x04"
END = b"PK\x05\x06"
END_SIZE = 22

#: Bit 0 of the flags, and what strong encryption sets.
ENCRYPTED = 0x41


def is_zip(data: bytes) -> bool:
    """Say whether *data* claims to be a ZIP."""
    return data.startswith((LOCAL, END))


def unpack(data: bytes) -> Mapping[str, bytes]:
    """
    Return the files in a ZIP by name; those in the folder `assets` without it.

    One folder around all of them is looked through: people pack folders.

    Raises:
        Refusal: INVALID or TOO_LARGE, `at` the entry.
    """
    _check_directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_places(entries, archive.start_dir)
            _check_entries(entries)
            found: dict[str, bytes] = {}
            for entry in entries:
                if not entry.is_dir():
                    found[entry.filename] = _content(archive, entry)
    except (
        *(zipfile.BadZipFile, zlib.error, struct.error),
        *(EOFError, OSError, RuntimeError, ValueError),
    ) as error:
        raise _broken() from error
    return _named(found)


def _check_directory(data: bytes) -> None:
    """Refuse a directory that would take much to read, before it is read."""
    end = len(data) - END_SIZE
    if end < 0 or not data.startswith(END, end) or data[-2:] != b"\0\0":
        end = data.rfind(END, max(0, len(data) - END_SIZE - 65_535))
    if end < 0 or end + END_SIZE > len(data):
        raise _broken()
    disk, _, here, count, size, start, _ = struct.unpack_from("<4H2LH", data, end + 4)
    if count > MAX_ENTRIES or here > MAX_ENTRIES:
        _refuse(
            Kind.TOO_LARGE,
            "zip_too_many_entries",
            f"The package has more than {MAX_ENTRIES} files. Leave out what the "
            "template does not use.",
        )
    if size > MAX_DIRECTORY_BYTES or disk:
        raise _broken()
    if start + size != end:
        _refuse(
            Kind.INVALID,
            "zip_inconsistent",
            "There is something before or inside the ZIP that does not belong to it. "
            "Pack the folder again.",
        )


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _broken()
    names: set[str] = set()
    for entry in entries:
        name = entry.filename
        shown = quoted(name)
        if not name:
            _refuse(
                Kind.INVALID,
                "zip_name",
                "A file of the ZIP has no name. Pack the folder again.",
            )
        if "\\" in name or name.startswith("/") or ".." in name.split("/"):
            _refuse(
                Kind.INVALID,
                "zip_path",
                f"{shown} leads out of the package. Pack the folder again.",
                at=shown,
            )
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            _refuse(
                Kind.INVALID,
                "zip_special_file",
                f"{shown} is a link or a device, and no file. Pack the file itself.",
                at=shown,
            )
        if entry.flag_bits & ENCRYPTED:
            _refuse(
                Kind.INVALID,
                "zip_encrypted",
                "The ZIP has a password. Pack it without one.",
                at=shown,
            )
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            _refuse(
                Kind.INVALID,
                "zip_method",
                f"{shown} is packed in an unusual way. Pack it as a plain ZIP "
                "(method Deflate).",
                at=shown,
            )
        alike = unicodedata.normalize("NFC", name).casefold()
        if alike in names:
            _refuse(
                Kind.INVALID,
                "zip_duplicate_name",
                f"There are two files called {shown}. Keep one of them.",
                at=shown,
            )
        names.add(alike)
        is_dense = entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        if is_dense and entry.file_size > FREE_OF_RATIO_BYTES:
            _refuse(
                Kind.INVALID,
                "zip_ratio",
                f"{shown} unpacks to more than {MAX_RATIO} times its packed size.",
                at=shown,
            )
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        _refuse(
            Kind.TOO_LARGE,
            "zip_too_large",
            f"The package unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB. Make "
            "its pictures smaller; 300 dots per inch are enough for print.",
        )


def _check_places(entries: list[zipfile.ZipInfo], directory: int) -> None:
    """Refuse entries that share bytes, with each other or with the directory."""
    expected = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset < expected:
            _refuse(
                Kind.INVALID,
                "zip_overlap",
                "Two files of the ZIP share the same bytes. Pack the folder again.",
                at=quoted(entry.filename),
            )
        expected = entry.header_offset + 30 + entry.compress_size
    if expected > directory:
        _refuse(
            Kind.INVALID,
            "zip_overlap",
            "The last file of the ZIP reaches into its directory. Pack the folder "
            "again.",
        )


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        _refuse(
            Kind.INVALID,
            "zip_size_mismatch",
            f"{quoted(entry.filename)} is not as long as the ZIP says. Pack the "
            "folder again.",
            at=quoted(entry.filename),
        )
    return content


def _named(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return *files* by their names alone."""
    kept = {name: content for name, content in files.items() if not LITTER.search(name)}
    around = {"".join(name.partition("/")[:2]) for name in kept}
    if len(around) == 1 and (folder := around.pop()).endswith("/"):
        length = len(folder)
        kept = {name[length:]: content for name, content in kept.items()}
    named: dict[str, bytes] = {}
    for path, content in kept.items():
        name = unicodedata.normalize("NFC", path.removeprefix("assets/"))
        if not NAME.fullmatch(name):
            _refuse(
                Kind.INVALID,
                "zip_name",
                f"{quoted(path)} is not a name for a file here. Put it into the folder "
                "assets, under a name of letters, digits, spaces, dots and hyphens.",
                at=quoted(path),
            )
        if name in named:
            _refuse(
                Kind.INVALID,
                "zip_duplicate_name",
                f"There are two files called {quoted(name)}, one in the folder assets "
                "and one beside it. Keep one of them.",
                at=quoted(path),
            )
        named[name] = content
    return named


def _broken() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "zip_corrupt",
        "The ZIP cannot be read: it is damaged or cut off. Pack the folder again.",
    )


def _refuse(kind: Kind, code: str, detail: str, *, at: str | None = None) -> Never:
    raise Refusal(kind, code, detail, at=at)
