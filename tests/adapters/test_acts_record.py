"""The record of acts outside the data directory."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from testamur.adapters.files.acts_record import ActsRecord
from testamur.core.acts import Act
from testamur.core.refusals import Fault

ACT = Act("1" * 24, "2" * 24, "revoke", 5, "issued in error", "operator", ("3" * 24,))
OTHER = replace(
    ACT, id="4" * 24, verb="erase", reason="“ü\n\u2028", rows=("5" * 24 + "/17",)
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Acts come back whole, in their order, also to another process."""
    ActsRecord(tmp_path / "new" / "record").append(ACT)
    ActsRecord(tmp_path / "new" / "record").append(OTHER)

    assert list(ActsRecord(tmp_path / "new" / "record").read()) == [ACT, OTHER]


def test_a_record_that_was_never_written_is_empty(tmp_path: Path) -> None:
    """No file, no acts, and none is made by looking."""
    assert list(ActsRecord(tmp_path / "record").read()) == []
    assert not (tmp_path / "record").exists()


def test_an_act_that_was_withdrawn_is_not_replayed(tmp_path: Path) -> None:
    """What did not happen after all is not among the acts."""
    record = ActsRecord(tmp_path)
    record.append(ACT)
    record.append(OTHER)
    record.withdraw(ACT.id)

    assert list(record.read()) == [OTHER]


@pytest.mark.parametrize("left", [1, 30, -1])
def test_a_torn_last_line_is_dropped(tmp_path: Path, left: int) -> None:
    """However much of the last line is missing, the next one stands alone."""
    record = ActsRecord(tmp_path)
    record.append(ACT)
    whole = (tmp_path / "acts").read_bytes()
    (tmp_path / "acts").write_bytes(whole + whole[:left])
    assert list(record.read()) == [ACT]

    record.append(OTHER)

    assert list(record.read()) == [ACT, OTHER]


def test_a_damaged_line_is_noticed(tmp_path: Path) -> None:
    """One letter changed in the middle: nobody goes on as if it were whole."""
    record = ActsRecord(tmp_path)
    record.append(ACT)
    record.append(OTHER)
    path = tmp_path / "acts"
    path.write_bytes(path.read_bytes().replace(b"revoke", b"revokf", 1))

    with pytest.raises(Fault, match="line 1 of"):
        list(record.read())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The operator reads which folder it is, and what does not happen."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    with pytest.raises(Fault, match="nothing is revoked") as caught:
        ActsRecord(blocked / "record").append(ACT)

    assert str(blocked / "record") in str(caught.value)


def test_whether_acts_can_be_written_is_known_beforehand(tmp_path: Path) -> None:
    """A server does not start on a folder in which it could write nothing down."""
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(Fault, match="TESTAMUR_RECORD_DIR"):
        ActsRecord(blocked / "record").prepare()

    ActsRecord(tmp_path / "record").prepare()
    assert list(ActsRecord(tmp_path / "record").read()) == []


def test_a_full_disk_leaves_no_part_of_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be synced is taken away again."""
    record = ActsRecord(tmp_path)
    record.append(ACT)

    def full(_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Fault):
        record.append(OTHER)
    monkeypatch.undo()

    assert list(record.read()) == [ACT]
    assert (tmp_path / "acts").read_bytes().count(b"\n") == 1
