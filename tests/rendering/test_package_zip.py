"""The ZIP around a package: which are opened, and how the hostile ones are refused."""

import io
import json
import random
import stat
import tracemalloc
import zipfile

import pytest

from support.zips import Entry, build, deflate, overlapping
from testamur.core.refusals import Kind, Refusal
from testamur.rendering.package.archive import MAX_ENTRIES, MAX_PACKAGE_BYTES
from testamur.rendering.package.package import read_package

TEMPLATE = json.dumps(
    {
        "testamur": 1,
        "name": "Plain",
        "page": {"size": "A4"},
        "background": "back.png",
        "items": [{"type": "text", "box": [9, 9, 99, 9], "text": "{{name}}"}],
    }
).encode()
PNG = b"\x89PNG\r\n\x1a\n..."

LINK = (stat.S_IFLNK | 0o777) << 16
DEVICE = (stat.S_IFCHR | 0o600) << 16
FOLDER = (stat.S_IFDIR | 0o755) << 16 | 0x10

GOOD = [Entry("template.json", TEMPLATE), Entry("assets/back.png", PNG)]

#: What people's tools make of a folder.
ACCEPTED = {
    "plain": build(GOOD),
    "deflated": build([Entry(one.name, one.data, method=8) for one in GOOD]),
    "assets-beside": build([GOOD[0], Entry("back.png", PNG)]),
    "a-folder-around": build(
        [
            Entry("My template/", b"", attributes=FOLDER),
            Entry("My template/template.json", TEMPLATE),
            Entry("My template/assets/", b"", attributes=FOLDER),
            Entry("My template/assets/back.png", PNG),
        ]
    ),
    "with-litter": build(
        [*GOOD, Entry("__MACOSX/._template.json"), Entry("assets/.DS_Store")]
    ),
    "with-descriptors": build(
        [Entry(one.name, one.data, descriptor="16") for one in GOOD]
    ),
    "with-a-comment": build(GOOD, comment=b"packed by hand"),
}


@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED)
def test_a_folder_is_read_however_it_was_packed(data):
    """With a folder around it or none, and what systems leave in folders."""
    package = read_package(data)

    assert package.design.name == "Plain"
    assert package.assets == {"back.png": PNG}


def beside(name: str, **lies: object) -> bytes:
    """Return a package with one more entry."""
    return build([*GOOD, Entry(name, **lies)])  # type: ignore[arg-type]


ZEROS = bytes(30 * 1024 * 1024)
#: It shrinks a hundredfold: that much may be.
FOG = (random.Random(7).randbytes(1_000) + bytes(120_000)) * 180
DENSE_FOG = deflate(FOG)

REFUSED = {
    "Z01-overlap": (overlapping(), "zip_overlap"),
    "Z02-bomb": (beside("assets/a.png", data=ZEROS, method=8), "zip_ratio"),
    "Z03-too-large": (
        build([Entry(f"{n}.png", FOG, method=8, packed=DENSE_FOG) for n in range(2)]),
        "zip_too_large",
    ),
    "Z04-too-many": (
        build([Entry(f"{n}.png") for n in range(MAX_ENTRIES + 1)]),
        "zip_too_many_entries",
    ),
    "more-than-it-says": (
        build([Entry(f"{n}.png") for n in range(500)], here=1, entries=1),
        "zip_corrupt",
    ),
    "way-out": (beside("../../etc/cron.d/a"), "zip_path"),
    "root": (beside("/etc/passwd"), "zip_path"),
    "backslashes": (beside("assets\\a.png"), "zip_path"),
    "deeper": (beside("assets/a/b.png"), "zip_name"),
    "another-folder": (beside("fonts/a.ttf"), "zip_name"),
    "no-name": (beside(""), "zip_name"),
    "hidden": (beside("assets/.htaccess"), "zip_name"),
    "control-character": (beside("assets/a\nb.png"), "zip_name"),
    "long-name": (beside("assets/" + "a" * 200 + ".png"), "zip_name"),
    "link": (beside("assets/a.png", attributes=LINK), "zip_special_file"),
    "device": (beside("assets/a.png", attributes=DEVICE), "zip_special_file"),
    "password": (beside("assets/a.png", flags=1), "zip_encrypted"),
    "odd-method": (beside("assets/a.png", method=14), "zip_method"),
    "same-name": (beside("assets/back.png"), "zip_duplicate_name"),
    "same-but-case": (beside("assets/BACK.png"), "zip_duplicate_name"),
    "same-in-both-places": (beside("back.png"), "zip_duplicate_name"),
    "shorter-than-said": (
        beside("assets/a.png", central={"unpacked": 400}),
        "zip_size_mismatch",
    ),
    "wrong-sum": (beside("assets/a.png", central={"crc": 1}), "zip_corrupt"),
    "two-names": (
        beside("assets/a.png", local={"name": b"assets/b.png"}),
        "zip_corrupt",
    ),
    "cut-off": (build(GOOD)[:-30], "zip_corrupt"),
    "in-the-middle": (build(GOOD, offset=3), "zip_inconsistent"),
    "no-template": (build([Entry("assets/back.png", PNG)]), "template_missing"),
    "another-file": (build([Entry("x.json", b"{}")]), "template_missing"),
    "empty": (build([]), "template_missing"),
}


@pytest.mark.parametrize(("data", "code"), REFUSED.values(), ids=REFUSED)
def test_a_hostile_package_is_refused(data, code):
    """With a code and a remedy, and no exception of a library's."""
    with pytest.raises(Refusal) as refused:
        read_package(data)

    assert refused.value.code == code


def test_what_is_large_is_refused_before_it_is_read():
    """A package of more than 20 MiB is not looked at."""
    with pytest.raises(Refusal) as refused:
        read_package(bytes(MAX_PACKAGE_BYTES + 1))

    assert (refused.value.kind, refused.value.code) == (Kind.TOO_LARGE, "package_size")


def test_a_million_entries_take_no_memory():
    """The directory's size is looked at before a library reads it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("template.json", TEMPLATE)
    data = packed.getvalue()
    start = data.rindex(b"PK\x01\x02")
    directory = data[start : data.rindex(b"PK\x05\x06")] * 200_000
    hostile = build([], prefix=data[:start] + directory, size=len(directory))
    tracemalloc.start()

    with pytest.raises(Refusal):
        read_package(hostile)

    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
