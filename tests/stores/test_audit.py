"""The audit log's table, on both engines."""

import threading

import pytest
from sqlalchemy import Connection, text

from testamur.adapters.sql.audit import append
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.house_state import SqlSwitch, house_id
from testamur.core.chain import START, link
from testamur.core.words import Halt

COLUMNS = "seq, at, tenant_id, actor, act, subject, detail"


def entries(database: Database) -> list[tuple]:
    """Return every entry, the oldest first."""
    with database.reading() as connection:
        found = connection.execute(
            text(f"SELECT {COLUMNS}, hash FROM audit ORDER BY seq")
        )
        return [(*row[:-1], bytes(row[-1])) for row in found]


def add(connection: Connection, subject: str, **detail: object) -> None:
    """Append an entry about *subject* in the caller's transaction."""
    append(
        connection,
        at=7,
        tenant_id=None,
        actor="operator",
        act="key.use",
        subject=subject,
        detail=detail,
    )


def note(database: Database, subject: str, **detail: object) -> None:
    """Append an entry about *subject* in a transaction of its own."""
    with database.writing() as connection:
        add(connection, subject, **detail)


def note_and_fail(database: Database, subject: str) -> None:
    """Append an entry, and let the transaction fail."""
    with database.writing() as connection:
        add(connection, subject)
        raise RuntimeError


def test_each_entry_is_bound_to_the_one_before_it(database: Database) -> None:
    """An entry's hash is made of the hash before it and of all that it says."""
    note(database, "a", rows=500)
    note(database, "b")

    first, second = entries(database)

    assert first[:-1] == (1, 7, None, "operator", "key.use", "a", '{"rows":500}')
    assert first[-1] == link(START, *first[:-1])
    assert second[-1] == link(first[-1], *second[:-1])


def test_an_entry_is_undone_with_its_transaction(database: Database) -> None:
    """What did not happen leaves neither an entry nor a gap in the numbers."""
    note(database, "a")
    with pytest.raises(RuntimeError):
        note_and_fail(database, "never")
    note(database, "b")

    assert [(entry[0], entry[5]) for entry in entries(database)] == [(1, "a"), (2, "b")]


def test_writers_at_once_make_one_chain(database: Database) -> None:
    """However many append at the same time, there is one order and no gap."""

    def write(name: str) -> None:
        for number in range(20):
            note(database, f"{name}{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = entries(database)
    previous = START
    for seq, entry in enumerate(found, start=1):
        assert entry[0] == seq
        assert entry[-1] == link(previous, *entry[:-1])
        previous = entry[-1]
    assert len(found) == 80


def test_a_house_has_one_id(database: Database) -> None:
    """The id is made once, and stays."""
    with database.writing() as connection:
        first = house_id(connection)
    with database.reading() as connection:
        assert house_id(connection) == first


def test_halting_is_remembered_until_it_is_resumed(database: Database) -> None:
    """The first halt counts until it ends; both are in the audit log, once each."""
    switch = SqlSwitch(database)
    assert switch.halt(Halt(5, "drill"), by="operator")
    assert not switch.halt(Halt(6, "again"), by="operator")
    assert switch.state() == Halt(5, "drill")

    assert switch.resume(7, by="operator")
    assert not switch.resume(8, by="operator")
    assert switch.state() is None

    assert [entry[4] for entry in entries(database)] == [
        "issuing.halt",
        "issuing.resume",
    ]
