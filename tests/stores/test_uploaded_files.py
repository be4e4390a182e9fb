"""Uploaded files: kept once, spent once, removed when nothing needs them."""

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from support.access import AccessRoom
from testamur.adapters.files.blobs import DirectoryBlobs
from testamur.adapters.sql import uploaded_files
from testamur.adapters.sql.erasures import SqlErasures
from testamur.adapters.sql.fsck import violations
from testamur.adapters.sql.uploaded_files import SqlUploadedFiles
from testamur.core.refusals import Kind, Refusal
from testamur.uploads.files import ArrivedFile, UploadedFiles

PDF = b"%PDF-1.7\n% a diploma"
OTHER = b"%PDF-1.7\n% another diploma"


class Files:
    """Two tenants, and where their files are kept."""

    def __init__(self, database, folder) -> None:
        self.database = database
        self.folder = folder
        self.room = AccessRoom(database)
        self.mine = self.room.tenant("mine").id
        self.other = self.room.tenant("other").id
        self.blobs = DirectoryBlobs(folder / "blobs")
        self.shelf = SqlUploadedFiles(database)
        self.files = UploadedFiles(self.shelf, self.blobs, self.room.clock)

    def arrived(self, data, name="diploma.pdf") -> ArrivedFile:
        """Return *data* as a file that was received."""
        path = self.folder / uuid.uuid4().hex
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        return ArrivedFile(path, digest, len(data), name)

    def keep(self, *contents, tenant=None, **options):
        """Keep files; return them."""
        arrived = [self.arrived(data) for data in contents]
        return self.files.keep(tenant or self.mine, arrived, **options)

    def use(self, file, what="document 1") -> bool:
        """Spend a file in a transaction of its own."""
        with self.database.writing() as connection:
            return uploaded_files.use(
                connection, self.mine, file.id, what, now=self.room.clock()
            )

    def tidy(self) -> None:
        """Remove what nothing names."""
        SqlErasures(self.database).tidy(self.blobs.remove)

    def refusal(self, verb, *args, **options) -> Refusal:
        """Return why *verb* refuses."""
        with pytest.raises(Refusal) as caught:
            verb(*args, **options)
        return caught.value


@pytest.fixture
def house(database, tmp_path):
    """Return the house, in which everything must agree when the test ends."""
    house = Files(database, tmp_path)
    yield house
    assert list(violations(database)) == []
    assert house.shelf.files() <= set(house.blobs.digests())


def test_files_are_kept_in_the_order_in_which_they_came(house):
    """With the bytes and the size of each."""
    contents = [b"%%PDF-1.7 %d" % number for number in range(40)]

    kept = house.keep(*contents)

    assert [house.blobs.path(one.digest).read_bytes() for one in kept] == contents
    assert [one.size for one in kept] == [len(one) for one in contents]
    listed, total = house.files.listing(
        house.mine, {}, is_used=None, sort=None, start=0, limit=100
    )
    assert (listed, total) == (kept, 40)


def test_the_same_bytes_are_the_same_file(house):
    """In one upload, and in a later one under another name; not of another tenant."""
    first, other, again = house.keep(PDF, OTHER, PDF)

    [later] = house.files.keep(house.mine, [house.arrived(PDF, "renamed.pdf")])
    [strangers] = house.keep(PDF, tenant=house.other)

    assert first == again == later
    assert other.id != first.id
    assert strangers.id != first.id


def test_of_many_that_spend_a_file_one_does(house):
    """Whoever is second is told so, and can do nothing with it."""
    [file] = house.keep(PDF)

    with ThreadPoolExecutor(6) as pool:
        spent = list(pool.map(lambda n: house.use(file, f"document {n}"), range(6)))

    assert spent.count(True) == 1
    found = house.files.find(house.mine, file.id)
    assert found.used_for == f"document {spent.index(True)}"
    assert found.used_at == house.room.clock()


def test_a_file_is_spent_with_the_transaction_that_spends_it(house):
    """What is rolled back never happened."""
    [file] = house.keep(PDF)

    def undone() -> None:
        with house.database.writing() as connection:
            uploaded_files.use(connection, house.mine, file.id, "x", now=1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()

    assert house.files.find(house.mine, file.id).used_at is None


def test_who_spent_a_file_and_nobody_else_frees_it(house):
    """And then it can be spent again."""
    [file] = house.keep(PDF)
    house.use(file, "document 1")

    with house.database.writing() as connection:
        others = uploaded_files.release(connection, house.mine, file.id, "document 2")
        strangers = uploaded_files.release(
            connection, house.other, file.id, "document 1"
        )
        its_own = uploaded_files.release(connection, house.mine, file.id, "document 1")

    assert (others, strangers, its_own) == (False, False, True)
    assert house.use(file, "document 2")


def test_another_tenants_file_is_not_there(house):
    """To read, spend, rename or remove."""
    [file] = house.keep(PDF)

    with house.database.writing() as connection:
        assert uploaded_files.find(connection, house.other, file.id) is None
        assert not uploaded_files.use(connection, house.other, file.id, "x", now=1)
        assert not uploaded_files.drop(connection, house.other, file.id)

    files, stranger = house.files, house.other
    assert house.refusal(files.find, stranger, file.id).kind is Kind.NOT_FOUND
    assert house.refusal(files.rename, stranger, file.id, "x").kind is Kind.NOT_FOUND
    assert house.refusal(files.remove, stranger, file.id).kind is Kind.NOT_FOUND
    assert files.find(house.mine, file.id) == file


def test_a_removed_files_bytes_go_when_nobody_has_them(house):
    """Another tenant may; then they stay until that file is removed as well."""
    [mine] = house.keep(PDF)
    [strangers] = house.keep(PDF, tenant=house.other)

    house.files.remove(house.mine, mine.id)
    house.tidy()
    assert house.blobs.digests() == [mine.digest]

    house.files.remove(house.other, strangers.id)
    house.tidy()
    assert house.blobs.digests() == []


def test_bytes_that_are_uploaded_again_stay(house):
    """Also when they were about to be removed, or just were."""
    [file] = house.keep(PDF)
    house.files.remove(house.mine, file.id)

    [again] = house.keep(PDF)
    house.tidy()

    assert again.id != file.id
    assert house.blobs.path(again.digest).read_bytes() == PDF


def test_bytes_that_go_while_they_are_uploaded_come_again(house, monkeypatch):
    """Whoever removes what nothing names may do so until the file is named."""
    [file] = house.keep(PDF)
    house.files.remove(house.mine, file.id)
    put = house.shelf.put

    def late(files):
        house.tidy()
        return put(files)

    monkeypatch.setattr(house.shelf, "put", late)

    [again] = house.keep(PDF)

    assert house.blobs.path(again.digest).read_bytes() == PDF


def test_a_used_file_is_not_removed(house):
    """Nor are those that were to be removed with it."""
    free, used = house.keep(PDF, OTHER)
    house.use(used)
    gone = str(uuid.uuid4())

    one = house.refusal(house.files.remove, house.mine, used.id)
    names = [free.id, free.id, used.id, gone]
    several = house.refusal(house.files.remove_all, house.mine, names, at="uuids")

    assert (one.kind, one.code) == (Kind.INVALID, "file_used")
    assert [part.at for part in several.parts] == ["uuids.2", "uuids.3"]
    assert house.files.find(house.mine, free.id) == free
    house.files.remove_all(house.mine, [free.id, free.id], at="uuids")
    assert house.refusal(house.files.find, house.mine, free.id).kind is Kind.NOT_FOUND


def test_a_temporary_file_goes_unless_something_used_it(house):
    """At its time, and its bytes with it."""
    used, free, lasting = house.keep(PDF, OTHER, lifetime=1_000)[:2] + house.keep(
        b"%PDF-1.7 for good"
    )
    house.use(used)

    house.files.sweep()
    assert house.files.find(house.mine, free.id) == free
    house.room.clock.pass_seconds(1)
    house.files.sweep()
    house.tidy()

    assert house.refusal(house.files.find, house.mine, free.id).kind is Kind.NOT_FOUND
    assert set(house.blobs.digests()) == {used.digest, lasting.digest}


@pytest.mark.parametrize(
    ("lifetimes", "stays"),
    [((1_000, None), True), ((None, 1_000), True), ((1_000, 5_000), True),
     ((5_000, 1_000), True), ((1_000, 2_000), False)],
)  # fmt: skip
def test_what_is_kept_twice_stays_for_as_long_as_either(house, lifetimes, stays):
    """Who uploaded it for good does not lose it to who did so for a while."""
    for lifetime in lifetimes:
        [file] = house.keep(PDF, lifetime=lifetime)

    house.room.clock.pass_seconds(3)
    house.files.sweep()

    found = house.shelf.find(house.mine, file.id)
    assert (found is not None) is stays


def test_a_listing_is_filtered_sorted_and_cut(house):
    """As asked, and counted as a whole."""
    files = house.keep(*(b"%PDF-" + b"x" * size for size in (5, 9, 7, 3)))
    house.use(files[1])

    def sizes(where=None, *, is_used=None, sort=None, start=0, limit=9):
        """Return the sizes in a listing, and how many it counts."""
        found, total = house.files.listing(
            house.mine,
            where or {},
            is_used=is_used,
            sort=sort,
            start=start,
            limit=limit,
        )
        return [one.size - 5 for one in found], total

    assert sizes() == ([5, 9, 7, 3], 4)
    assert sizes(sort=("size", True)) == ([9, 7, 5, 3], 4)
    assert sizes(sort=("created_at", True), start=1, limit=2) == ([7, 9], 4)
    assert sizes(is_used=False) == ([5, 7, 3], 3)
    assert sizes(is_used=True) == ([9], 1)
    assert sizes({"size": 12, "media_type": "application/pdf"}) == ([7], 1)
    assert sizes({"extension": "png"}) == ([], 0)


def test_fsck_names_a_file_that_is_spent_on_nothing(house):
    """The two columns are one fact."""
    [file] = house.keep(PDF)
    with house.database.writing() as connection:
        connection.execute(text("UPDATE uploaded_files SET used_at = 1"))

    assert list(violations(house.database)) == [
        f"file {file.id} is spent on nothing, or on something and free"
    ]
    with house.database.writing() as connection:
        connection.execute(text("UPDATE uploaded_files SET used_at = NULL"))


def test_of_an_upload_with_one_bad_file_nothing_is_kept(house):
    """Each bad one is named by its place."""
    arrived = [
        house.arrived(PDF),
        house.arrived(b"<html>"),
        house.arrived(b""),
        replace(house.arrived(b"PK\x03\x04"), name="x.pdf"),
    ]

    found = house.refusal(house.files.keep, house.mine, arrived)

    assert [part.at for part in found.parts] == ["files.1", "files.2", "files.3"]
    assert house.shelf.files() == set()
    assert house.blobs.digests() == []
