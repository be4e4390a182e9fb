"""A Maildir: what was dealt with is taken out of it, and nothing else."""

import os

import pytest

from testamur.adapters.files.maildir import Maildir
from testamur.core.refusals import Fault


@pytest.fixture
def folder(tmp_path):
    """Return a Maildir with two messages."""
    for name in ("tmp", "new", "cur"):
        (tmp_path / name).mkdir()
    (tmp_path / "new" / "1.a").write_bytes(b"first")
    (tmp_path / "new" / "2.b").write_bytes(b"second")
    return tmp_path


def there(folder):
    """Return the names of all messages."""
    return sorted(str(one.relative_to(folder)) for one in folder.glob("*/*"))


def test_each_message_is_handed_over_once(folder):
    """One that nobody understood is kept, as seen."""
    seen = []

    def deal(data):
        seen.append(data)
        return data == b"first"

    assert Maildir(folder).take(deal, 100) == 2
    assert Maildir(folder).take(deal, 100) == 0
    assert seen == [b"first", b"second"]
    assert there(folder) == ["cur/2.b:2,S"]


def test_a_message_that_could_not_be_kept_stays(folder):
    """And those after it: all are handed over again."""

    def deal(data):
        raise Fault("the database is away", passing=True)

    with pytest.raises(Fault):
        Maildir(folder).take(deal, 100)

    assert there(folder) == ["new/1.a", "new/2.b"]


def test_what_is_no_message_is_not_read(folder):
    """A link to a secret, a pipe that nobody fills, a folder; a giant to its limit."""
    new = folder / "new"
    for path in new.iterdir():
        path.unlink()
    (folder / "secret").write_bytes(b"secret")
    (new / "link").symlink_to(folder / "secret")
    os.mkfifo(new / "pipe")
    (new / "giant").write_bytes(b"x" * 5_000)
    seen = []

    Maildir(folder).take(lambda data: not seen.append(data), 1_000)

    assert seen == [b"x" * 1_000]
    assert there(folder) == ["cur/link:2,S", "cur/pipe:2,S"]


def test_a_folder_that_is_not_there_is_said(tmp_path):
    """With what is wrong, for the log."""
    with pytest.raises(Fault, match=r"Maildir .*No such file"):
        Maildir(tmp_path / "none").take(lambda data: True, 1)
