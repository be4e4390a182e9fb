"""The outbox's table, on both engines."""

import threading

import pytest
from sqlalchemy import text

from testamur.adapters.sql.outbox import SqlOutbox, put

MOST = 3


@pytest.fixture
def outbox(database):
    """Return the outbox of a house with one tenant."""
    with database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO tenants (id, slug, name, plan, created_at, "
                "shows_addresses) VALUES ('t', 't', 'T', 'standard', 0, FALSE)"
            )
        )
    return SqlOutbox(database)


def queued(database, count=1, now=0):
    """Put *count* messages into the outbox; return their ids."""
    with database.writing() as connection:
        return [
            put(
                connection,
                tenant_id="t",
                recipient=f"p{number}@example.org",
                message={"about": "test", "number": number},
                domain="example.org",
                now=now,
            )
            for number in range(count)
        ]


def states(database):
    """Return state, attempts and error of every message."""
    query = "SELECT state, attempts, last_error FROM outbox ORDER BY id"
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_message_is_there_if_and_only_if_its_facts_are(database, outbox):
    """It is committed with them, or rolled back."""

    def fail():
        with database.writing() as connection:
            put(
                connection,
                tenant_id="t",
                recipient="p@example.org",
                message={},
                domain="example.org",
                now=0,
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert outbox.lease(1, 9, 10, MOST) == []
    assert outbox.waiting() == 0


def test_what_is_leased_says_what_was_put_in(database, outbox):
    """All of it, and a Message-ID that ends with the domain."""
    [name] = queued(database)

    [one] = outbox.lease(1, 9, 10, MOST)

    assert (one.id, one.tenant_id, one.recipient) == (name, "t", "p0@example.org")
    assert one.message == {"about": "test", "number": 0}
    assert one.message_id == f"<{name}@example.org>"
    assert one.attempts == 1


def test_two_who_lease_at_once_get_different_messages(database, outbox):
    """Forty messages, four senders: each message once."""
    names = queued(database, 40)
    taken, start = [], threading.Barrier(4)

    def lease():
        start.wait()
        for _ in range(5):
            taken.extend(one.id for one in outbox.lease(1, 9, 5, MOST))

    threads = [threading.Thread(target=lease) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(names)


def test_a_lease_that_ran_out_is_anothers(database, outbox):
    """Whoever had it can change nothing any more."""
    queued(database)
    [first] = outbox.lease(1, 9, 10, MOST)
    assert outbox.lease(8, 20, 10, MOST) == []
    [second] = outbox.lease(9, 20, 10, MOST)

    outbox.failed(first, "too late")
    assert states(database) == [("queued", 2, None)]
    outbox.sent(second, 10)

    assert second.message_id == first.message_id
    assert states(database) == [("sent", 2, None)]
    assert outbox.lease(99, 199, 10, MOST) == []


def test_a_message_that_kills_its_sender_is_parked(database, outbox):
    """Attempts are counted before the work; after the last nobody takes it."""
    queued(database)
    for now in (10, 20, 30):
        assert len(outbox.lease(now, now + 5, 10, MOST)) == 1

    assert outbox.lease(40, 45, 10, MOST) == []

    [(state, attempts, error)] = states(database)
    assert (state, attempts) == ("parked", MOST)
    assert "never came back" in error


def test_what_failed_waits_until_its_moment(database, outbox):
    """And what was no attempt is not counted as one."""
    queued(database)
    [one] = outbox.lease(1, 9, 10, MOST)
    outbox.later(one, 100, "451 to DATA")

    assert outbox.lease(99, 199, 10, MOST) == []
    [again] = outbox.lease(100, 199, 10, MOST)
    outbox.untried(again, 150, "refused")

    assert states(database) == [("queued", 1, "refused")]
    assert len(outbox.lease(150, 199, 10, MOST)) == 1


def test_a_server_that_starts_anew_gives_up_the_leases_of_the_last(database, outbox):
    """What it had in hand is due at once."""
    queued(database)
    outbox.lease(1, 999, 10, MOST)

    outbox.free()

    assert len(outbox.lease(2, 999, 10, MOST)) == 1
