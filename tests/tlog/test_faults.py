"""
I13: whatever breaks, wherever, the log never forks and never loses a leaf.

The matrix is Sunlight's: each durable write fails without being persisted, and
fails although it was; twice at one size; then recovery; then a fresh start. The
whole log is checked by a stranger's code after each step.
"""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from support.logs import LogHouse
from testamur.core import failpoints
from testamur.core.refusals import Fault

#: The durable writes in their order: who does them, and how.
WRITES = {
    "decide": ("store", "extend"),
    "tiles": ("files", "write"),
    "remember": ("record", "write"),
    "checkpoint": ("checkpoint", "write"),
    "publish": ("store", "publish"),
}


class Broken:
    """Does what *part* does, except that one method of it fails."""

    def __init__(self, part, method: str, *, is_persisted: bool) -> None:
        self._part = part
        self._method = method
        self._is_persisted = is_persisted

    def __getattr__(self, name):
        whole = getattr(self._part, name)
        if name != self._method:
            return whole

        def fail(*args):
            if self._is_persisted:
                whole(*args)
            raise Fault(f"{name} failed", passing=True)

        return fail


def check(house: LogHouse) -> None:
    """Hold the log to everything it promises, from inside and from outside."""
    if house.checkpoint.read() is not None:
        house.watcher.look()
    assert house.wrong() == []


@pytest.mark.parametrize("is_persisted", [False, True], ids=["lost", "persisted"])
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("again", ["same-size", "another-size"])
def test_a_write_that_fails_never_forks_the_log(open_log, write, is_persisted, again):
    """
    After two failures at one size the next step finishes, and every leaf is there.
    """
    house = open_log()
    part, method = WRITES[write]
    whole = getattr(house, part)
    kept = [*house.add("begin", 254)]
    house.step_all()
    check(house)

    setattr(house, part, Broken(whole, method, is_persisted=is_persisted))
    for number in range(2):
        kept += house.add(f"broken{number}", 3)
        with pytest.raises(Fault, match="failed"):
            house.sequencer().step()
        check(house)
    setattr(house, part, whole)

    if again == "another-size":
        kept += house.add("more", 1)
    house.step_all()
    check(house)
    reloaded = open_log()
    kept += reloaded.add("reloaded", 300)
    reloaded.step_all()
    check(reloaded)
    assert house.watcher.look() == reloaded.size() == len(kept)
    assert reloaded.store.leaves(0, len(kept)) == b"".join(kept)


PLACES = ["log.after_stage", "log.after_cas", "log.after_tiles", "log.after_checkpoint"]


@pytest.mark.parametrize("place", PLACES)
def test_a_process_that_dies_anywhere_leaves_a_log_that_goes_on(open_log, place):
    """
    Killed in each gap, the log is sound as it lies, and the next step finishes.
    """
    house = open_log()
    house.add("a", 200)
    house.step_all()
    house.watcher.look()
    kept = house.add("b", 100)
    url = house.database.engine.url.render_as_string(hide_password=False)

    ended = subprocess.run(
        [sys.executable, "-c", CHILD, url, str(house.folder), str(house.clock())],
        env={**os.environ, "TESTAMUR_FAILPOINTS": f"{place}=kill"},
        check=False,
        timeout=60,
    )

    assert ended.returncode == -signal.SIGKILL
    check(house)
    house.step_all()
    check(house)
    assert house.watcher.look() == 300
    assert [house.store.place("b", digest) for digest in kept] == [*range(200, 300)]


CHILD = """
import sys
sys.path[:0] = ["tests", "src"]
from pathlib import Path
from support.logs import LogHouse, TickingClock
url, folder, now = sys.argv[1:]
LogHouse(url, Path(folder), clock=TickingClock(int(now))).sequencer().step()
"""


def test_a_full_disk_is_waited_out(house):
    """
    Nothing is signed twice, and what waited is published when there is room again.
    """
    house.add("a", 3)
    failpoints.arm("log.after_cas=raise")
    try:
        with pytest.raises(RuntimeError):
            house.sequencer().step()
    finally:
        failpoints.arm("")
    assert house.size() == 0

    house.add("b", 3)
    assert house.step_all() == 3
    assert house.watcher.look() == 6


@pytest.mark.parametrize("lost", ["nothing", "checkpoint", "record"])
def test_a_database_from_an_older_backup_signs_nothing(open_log, lost):
    """
    I36: a log that finds itself behind its own checkpoint refuses, in clear words.
    """
    house = open_log()
    house.add("a", 5)
    house.step_all()
    older = rows_of(house)
    house.add("b", 5)
    house.step_all()
    newer = rows_of(house)
    shown = house.checkpoint.read()
    restore(house, older)
    if lost != "nothing":
        path = house.folder / (
            "elsewhere/log" if lost == "record" else "log/checkpoint"
        )
        path.unlink()

    house.add("c", 9)
    for _ in range(2):
        with pytest.raises(Fault, match="restored from an older backup") as fault:
            house.sequencer().step()
        assert not fault.value.passing
    assert house.checkpoint.read() == (None if lost == "checkpoint" else shown)

    restore(house, newer)
    house.step_all()
    assert house.watcher.look() == 10
    assert house.wrong() == []


def test_a_database_that_grew_apart_signs_nothing(open_log):
    """
    One of two copies that both went on is refused, however large it became.
    """
    house = open_log()
    house.add("a", 5)
    house.step_all()
    older = rows_of(house)
    house.add("b", 5)
    house.step_all()
    ours, record = house.checkpoint.read(), house.record.read()
    restore(house, older)
    for path in ("log/checkpoint", "elsewhere/log"):
        (house.folder / path).unlink()
    for stale in (house.folder / "log/tile").rglob("*.p"):
        for file in stale.iterdir():
            file.unlink()
    house.add("c", 20)
    house.step_all()

    house.record.write(record)
    house.add("d", 1)
    with pytest.raises(Fault, match="another root") as fault:
        house.sequencer().step()
    assert not fault.value.passing
    assert ours != house.checkpoint.read()


def test_a_published_file_that_changed_is_noticed(open_log):
    """
    A tile is never written over: an operator looks first.
    """
    house = open_log()
    house.add("a", 300)
    house.step_all()
    tile = house.folder / "log/tile/0/000"
    good = tile.read_bytes()
    tile.write_bytes(b"\0" * len(good))
    (house.folder / "log/checkpoint").unlink()

    with pytest.raises(Fault, match="is not what the log holds"):
        house.sequencer().step()
    assert tile.read_bytes() != good

    tile.write_bytes(good)
    house.sequencer().step()
    assert house.watcher.look() == 300
    assert house.wrong() == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "UPDATE log_tiles SET hashes = {bent} WHERE level = 0 AND n = 1",
            "tile 1 of level 0",
        ),
        (
            "UPDATE leaf_batches SET digests = {bent} WHERE act = 'a'",
            "tile 0 of level 0",
        ),
        ("UPDATE leaf_batches SET first_index = 999 WHERE act = 'b'", "does not begin"),
        ("UPDATE log_state SET size = size + 1", "counts other leaves"),
        ("DELETE FROM log_checkpoints", "has no checkpoint"),
        ("UPDATE log_checkpoints SET note = 'x'", "the database is not one"),
    ],
)
def test_fsck_finds_what_does_not_follow_from_the_leaves(open_log, change, expected):
    """
    Each table of the log is held to the others, bit for bit.
    """
    house = open_log()
    house.add("a", 300)
    house.add("b", 90)
    house.step_all()
    assert house.wrong() == []
    bent = (
        "CAST(zeroblob(length({0})) AS BLOB)"
        if house.database.is_sqlite
        else "decode(repeat('00', length({0})), 'hex')"
    ).format("hashes" if "hashes" in change else "digests")

    with house.database.writing() as connection:
        connection.execute(text(change.format(bent=bent)))

    assert any(expected in line for line in house.wrong())


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/001.p/134", "checkpoint"])
def test_fsck_finds_a_published_file_that_changed(open_log, path):
    """
    What the world reads is held to what the database says.
    """
    house = open_log()
    house.add("a", 390)
    house.step_all()
    file = house.folder / "log" / path
    data = bytearray(file.read_bytes())
    data[len(data) // 3] ^= 1
    file.write_bytes(data)

    assert house.wrong()


TABLES = ("leaf_batches", "log_state", "log_tiles", "log_checkpoints")


def rows_of(house: LogHouse) -> dict[str, list[dict]]:
    """Return everything in the log's tables, as a backup has it."""
    with house.database.reading() as connection:
        return {
            table: [
                dict(row._mapping)
                for row in connection.execute(text(f"SELECT * FROM {table}"))
            ]
            for table in TABLES
        }


def restore(house: LogHouse, rows: dict[str, list[dict]]) -> None:
    """Put a backup in place of what is there."""
    with house.database.writing() as connection:
        for table in TABLES:
            connection.execute(text(f"DELETE FROM {table}"))
            for row in rows[table]:
                names = ", ".join(row)
                marks = ", ".join(f":{name}" for name in row)
                connection.execute(
                    text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), row
                )
