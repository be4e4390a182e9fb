"""Files under the name of what they hold."""

import hashlib

import pytest

from testamur.adapters.files.blobs import DirectoryBlobs

DATA = b"a picture" * 1_000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path):
    """An empty store, and room beside it."""
    return DirectoryBlobs(tmp_path / "blobs")


def test_what_was_stored_is_what_is_read(blobs):
    """Under the name of its SHA-256."""
    assert blobs.put(DATA) == DIGEST
    with blobs.open(DIGEST) as file:
        assert file.read() == DATA
    assert blobs.digests() == [DIGEST]


def test_a_file_is_taken_in_and_keeps_its_own_name(blobs, tmp_path):
    """Whoever sent it removes it; what is stored stays."""
    sent = tmp_path / "sent"
    sent.write_bytes(DATA)

    blobs.adopt(sent, DIGEST)
    sent.unlink()

    assert blobs.path(DIGEST).read_bytes() == DATA


@pytest.mark.parametrize("way", ["put", "adopt"])
def test_storing_again_mends_what_the_disk_has_spoilt(blobs, tmp_path, way):
    """A damaged file is replaced by a good one, and nothing else lies around."""
    blobs.put(DATA)
    blobs.path(DIGEST).write_bytes(DATA[:-1] + b"!")
    sent = tmp_path / "sent"
    sent.write_bytes(DATA)

    if way == "put":
        blobs.put(DATA)
    else:
        blobs.adopt(sent, DIGEST)

    assert blobs.path(DIGEST).read_bytes() == DATA
    assert len(list(blobs.path(DIGEST).parent.iterdir())) == 1


def test_storing_again_writes_nothing_when_all_is_well(blobs):
    """The very same file stays."""
    blobs.put(DATA)
    before = blobs.path(DIGEST).stat().st_ino

    blobs.put(DATA)

    assert blobs.path(DIGEST).stat().st_ino == before
