"""Archives whose every byte is known before the first one is sent."""

import io
import shutil
import subprocess
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strict_zip import read_strictly
from testamur.core.refusals import Fault
from testamur.delivery.zip_stream import Archive, Member

AT = 1_736_935_200_000  # 2025-01-15T10:00:00Z
GIB = 1024**3


class Listed:
    """Members without bytes: enough to lay an archive out, of any size."""

    def __init__(self, members):
        self.listed = members

    def members(self):
        """Return what was listed."""
        return self.listed


def zip_size(members):
    """Return the length that an archive of *members* would have."""
    return Archive([Listed(list(members))], modified_at=0).size


class Held:
    """A part whose members are in memory."""

    def __init__(self, files: dict[str, bytes]):
        """Hold *files*, by name."""
        self.files = files

    def members(self):
        """Describe them."""
        return [Member(n, len(b), zlib.crc32(b)) for n, b in self.files.items()]

    def contents(self, first, offset):
        """Give their bytes."""
        for body in list(self.files.values())[first:]:
            body = body[offset:]
            yield [body[:3], b"", body[3:]]
            offset = 0


class Zeros:
    """One member of as many zeros as wanted, which nobody ever holds."""

    def __init__(self, name: str, size: int):
        """Say that there are *size* of them."""
        self.member = Member(name, size, 0)

    def members(self):
        """Describe them."""
        return [self.member]

    def contents(self, first, offset):
        """Give their bytes."""
        yield self._pieces(self.member.size - offset)

    def _pieces(self, left):
        """Give that many zeros."""
        while left:
            yield bytes(min(left, 1 << 20))
            left -= min(left, 1 << 20)


class Remote(io.RawIOBase):
    """An archive as a file: every read asks for a range of it."""

    def __init__(self, archive: Archive):
        """Stand at the beginning."""
        self.archive = archive
        self.at = 0

    def seekable(self):
        """Say that any place will do."""
        return True

    def readable(self):
        """Say that it can be read."""
        return True

    def seek(self, offset, whence=0):
        """Go there."""
        self.at = offset + (0, self.at, self.archive.size)[whence]
        return self.at

    def tell(self):
        """Say where the next read begins."""
        return self.at

    def read(self, size=-1):
        """Ask for a range."""
        stop = self.archive.size if size < 0 else self.at + size
        data = b"".join(self.archive.chunks(self.at, stop))
        self.at += len(data)
        return data


def archive_of(*parts) -> Archive:
    """Return an archive of those parts."""
    return Archive(parts, modified_at=AT)


def whole(archive: Archive) -> bytes:
    """Return all of its bytes."""
    return b"".join(archive.chunks())


FILES = {"a.txt": b"alpha", "empty": b"", "b/Ána 名.json": b"{}" * 40}
MORE = {"c": b"\0" * 100}

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9)
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=40), max_size=4)


@given(st.lists(CONTENTS, max_size=4))
def test_what_goes_in_comes_out(parts):
    """
    A reader that forgives nothing finds every member, in its place and whole, and
    the archive is as long as it said beforehand.
    """
    parts = [
        {f"{n}/{name}": body for name, body in files.items()}
        for n, files in enumerate(parts)
    ]
    archive = archive_of(*map(Held, parts))
    data = whole(archive)

    assert len(data) == archive.size
    assert read_strictly(data) == {n: b for files in parts for n, b in files.items()}


def test_sending_can_begin_and_end_at_any_byte():
    """
    From every byte on, and up to every byte, exactly the bytes of the whole come.
    """
    archive = archive_of(Held({}), Held(FILES), Held({}), Held(MORE), Held({}))
    data = whole(archive)

    for start in range(archive.size + 2):
        assert b"".join(archive.chunks(start)) == data[start:]
        assert b"".join(archive.chunks(start, start + 70)) == data[start : start + 70]


def test_the_same_members_give_the_same_bytes():
    """
    No clock, no chance: members carry the moment they were given, in UTC.
    """
    data = whole(archive_of(Held(FILES)))

    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert {info.date_time for info in found.infolist()} == {
            (2025, 1, 15, 10, 0, 0)
        }
    assert data == whole(archive_of(Held(FILES)))


@pytest.mark.parametrize("moment", [0, -1, 315_532_799_999, 4_354_819_200_000])
def test_a_moment_that_zip_cannot_say_becomes_its_first(moment):
    """
    MS-DOS knows the years from 1980 to 2107.
    """
    data = whole(Archive([Held(FILES)], modified_at=moment))

    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("count", [0, 3, 0xFFFF - 1, 0xFFFF])
def test_other_readers_agree(tmp_path, count):
    """
    The interpreter's reader and whatever unpackers the machine has test it as good,
    also with more members than the old format counts.
    """
    files = {f"f{n:05d}": b"%d" % n for n in range(count)}
    path = tmp_path / "a.zip"
    data = whole(archive_of(Held(files)))
    path.write_bytes(data)

    with zipfile.ZipFile(path) as found:
        assert found.namelist() == list(files)
        assert found.testzip() is None
    assert read_strictly(data) == files
    for words in (["unzip", "-tqq"], ["7z", "t"], ["bsdtar", "-tf"]):
        # An empty archive is a warning to unzip (status 1).
        if shutil.which(words[0]) and count:
            subprocess.run([*words, str(path)], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    "size",
    [0xFFFF_FFFF - 100, 0xFFFF_FFFF - 1, 0xFFFF_FFFF, 5 * GIB],
    ids=["offset-fits", "size-just-fits", "size-does-not", "five-gib"],
)
def test_sizes_and_places_beyond_four_gib_are_found(size):
    """
    The directory, and a member far behind, are read without what is before them.
    """
    archive = archive_of(Zeros("zeros", size), Held(FILES), Zeros("more", 9 * GIB))

    with zipfile.ZipFile(Remote(archive)) as found:
        sizes = {info.filename: info.file_size for info in found.infolist()}
        assert sizes["zeros"] == size
        assert sizes["more"] == 9 * GIB
        assert found.read("b/Ána 名.json") == b"{}" * 40
        with found.open("more") as file:
            assert file.read(3) == b"\0\0\0"


@pytest.mark.parametrize("size", [0, 1, 0xFFFF_FFFE, 0xFFFF_FFFF, 2**40])
def test_the_length_is_known_from_sizes_alone(size):
    """
    Extra fields for large numbers are counted too: 20 bytes before the member, and
    20 in the directory, and 76 at the end when the directory stands beyond 4 GiB.
    """
    name = "n" * 7
    expected = 30 + 7 + size + 46 + 7 + 22
    if size >= 0xFFFF_FFFF:
        expected += 20 + 20
    if 30 + 7 + size >= 0xFFFF_FFFF:
        expected += 76

    assert zip_size([Member(name, size, 0)]) == expected
    assert archive_of(Zeros(name, size)).size == expected


@pytest.mark.parametrize(("place", "extra"), [(0xFFFF_FFFE, 0), (0xFFFF_FFFF, 12)])
def test_a_place_that_is_the_mark_of_large_places_is_large(place, extra):
    """
    4,294,967,295 means "look further on", so that place too is said further on.
    """
    first = Member("a", place - 31, 0)
    second = Member("b", 0, 0)

    size = zip_size([first, second])

    assert size == place + 31 + 47 + 47 + extra + 76 + 22


@pytest.mark.parametrize("actual", [b"", b"1234", b"123456"])
def test_a_member_of_another_length_breaks_the_stream(actual):
    """
    Whoever promised five bytes gives five, or nobody gets an archive.
    """

    class Liar(Held):
        """Says five bytes, whatever it holds."""

        def members(self):
            """Describe what is not there."""
            return [Member("m", 5, zlib.crc32(b"12345"))]

    archive = archive_of(Liar({"m": actual}), Held(FILES))

    with pytest.raises(Fault):
        whole(archive)


def test_small_pieces_are_sent_together():
    """
    A thousand small members do not become thousands of packets.
    """
    archive = archive_of(Held({f"m{n}": b"x" * 10 for n in range(1_000)}))

    assert len(list(archive.chunks())) == 2
