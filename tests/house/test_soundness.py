"""The long half of `testamur fsck`: what was signed and published, made again."""

import hashlib

import pytest
from sqlalchemy import text

from support.workshop import Stamp, csv_of, failing, fetch, row
from testamur.config import read_settings
from testamur.intake.admit import UploadedFile
from testamur.intake.door import Wishes
from testamur.intake.gallery import Gallery
from testamur.issuance.issue import issue_chunk
from testamur.wiring.log import new_sequencer
from testamur.wiring.office import open_office
from testamur.wiring.soundness import unsound

ROWS = [row(1), failing(2), row(3), row(4)]


@pytest.fixture
def office(tmp_path):
    """Return an installation that issued three certificates, and published them."""
    environment = {
        "TESTAMUR_DATA": str(tmp_path / "data"),
        "TESTAMUR_SECRET_FILE": str(tmp_path / "secret"),
        "TESTAMUR_PUBLIC_URL": "https://certificates.example",
    }
    opened = open_office(read_settings(environment, tmp_path), environment=environment)
    path = tmp_path / "rows.csv"
    path.write_bytes(csv_of(ROWS))
    opened.door.enter(
        opened.tenants.create("harbour", "Harbour College", "unlimited"),
        dialect="pocketbook",
        rows_file=UploadedFile(path, hashlib.sha256(path.read_bytes()).hexdigest()),
        images_file=None,
        wishes=Wishes(),
    )
    gallery = Gallery(opened.shelf, opened.blobs, lambda: fetch, decoder=Stamp())
    while lease := opened.queue.lease("worker"):
        issue_chunk(
            lease,
            registry=opened.registry,
            pictures=gallery,
            signing=opened.signing,
            looks=opened.printing,
        )
    gallery.close()
    sequencer = new_sequencer(opened)
    while sequencer.step():
        pass
    yield opened
    opened.close()


def change(office, statement: str, **values: object) -> None:
    """Change the tables behind everybody's back."""
    with office.database.writing() as connection:
        connection.execute(text(statement), values)


def flipped(data: bytes, at: int = 0) -> bytes:
    """Return *data* with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_what_was_issued_comes_out_again(office):
    """
    Every credential is made again, verifies, and is what its leaf commits to.
    """
    assert list(unsound(office)) == []


@pytest.mark.parametrize(
    ("column", "table", "said"),
    [
        ("signature", "certificates", "its signature does not verify"),
        ("public", "issuer_keys", "its signature does not verify"),
        ("digests", "leaf_batches", "it is not what its leaf"),
        ("body", "dies", "die"),
        ("hashes", "log_tiles", "log: tile"),
    ],
)
def test_a_changed_bit_is_found(office, column, table, said):
    """
    In a signature, a public key, a leaf, a die or a tile: what does not come out
    as it was published is named.
    """
    where = "WHERE number = 3" if table == "certificates" else ""
    with office.database.reading() as connection:
        was = connection.scalar(text(f"SELECT {column} FROM {table} {where}"))

    change(office, f"UPDATE {table} SET {column} = :it {where}", it=flipped(bytes(was)))

    found = list(unsound(office))
    assert [line for line in found if said in line]
    if table == "certificates":
        assert len(found) == 1, "the others are what they were"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rows SET cells = replace(cells, 'Tides 3', 'Tides 9')",
        "UPDATE certificates SET issued_at = issued_at + 1000 WHERE number = 3",
        "UPDATE certificates SET status_index = status_index + 1 WHERE number = 3",
        "UPDATE rows SET cells = '[]' WHERE number = 3",
        "UPDATE rows SET cells = '{' WHERE number = 3",
        "UPDATE tenants SET name = name, slug = slug",
    ],
)
def test_what_a_certificate_says_cannot_be_changed_unseen(office, statement):
    """
    A row's cells, its moment, its place: each is under the signature. What is not
    part of the credential may change.
    """
    change(office, statement)

    found = list(unsound(office))

    assert bool(found) == ("tenants" not in statement)
    with office.database.reading() as connection:
        wrong = connection.scalar(text("SELECT id FROM certificates WHERE number = 3"))
    assert all(wrong in line or "status list" in line for line in found)


def test_a_place_that_was_not_handed_out_is_found(office):
    """
    A counter that was set back would hand places out a second time.
    """
    change(office, "UPDATE status_lists SET used = used - 1")

    assert [line for line in unsound(office) if "was not handed out" in line]


def test_a_published_file_that_was_changed_is_found(office):
    """
    What others read of the log is compared with what follows from the leaves.
    """
    (tile,) = (office.settings.data / "log" / "tile" / "0").rglob("*.p/*")
    tile.chmod(0o600)
    tile.write_bytes(flipped(tile.read_bytes()))

    assert [line for line in unsound(office) if "log: the file" in line]
