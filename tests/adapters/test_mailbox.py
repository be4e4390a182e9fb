"""A mailbox at a mail server: what was dealt with is taken out, and nothing else."""

import pytest

from support.mailbox_server import mailbox_server
from testamur.adapters.imap.mailbox import ImapMailbox
from testamur.core.refusals import Fault


@pytest.fixture
def box():
    """Return a mailbox with two messages."""
    with mailbox_server() as box:
        box.put(b"Subject: first\r\n\r\nBody")
        box.put(b"Subject: second\r\n\r\n" + b"x" * 5_000)
        yield box


def reader(box, *, login="me:right", folder="INBOX", timeout=5.0):
    """Return what reads the mailbox."""
    return ImapMailbox(
        f"imap://{login}@127.0.0.1:{box.port}/{folder}", timeout_seconds=timeout
    )


def test_each_message_is_handed_over_once(box):
    """To its limit; one that nobody understood is kept, as seen."""
    seen = []

    def deal(data):
        seen.append(data)
        return data.startswith(b"Subject: first")

    assert [reader(box).take(deal, 1_000) for _ in range(2)] == [2, 0]

    assert seen[0] == b"Subject: first\r\n\r\nBody"
    assert len(seen[1]) == 1_000
    assert list(box.messages) == [2]
    assert box.flags[2] == {r"\Seen"}


def test_a_message_that_could_not_be_kept_is_still_new(box):
    """And those after it: all are handed over again."""

    def deal(data):
        raise Fault("the database is away", passing=True)

    with pytest.raises(Fault, match="database"):
        reader(box).take(deal, 1_000)

    assert list(box.flags.values()) == [set(), set()]
    assert reader(box).take(lambda data: True, 1_000) == 2
    assert box.messages == {}


@pytest.mark.parametrize(
    "options", [{"login": "me:wrong"}, {"folder": "Nowhere"}, {"login": "x%22:y"}]
)
def test_a_server_that_lets_nobody_in_is_a_passing_fault(box, options):
    """Said without the password, and nothing was read."""
    with pytest.raises(Fault, match="mailbox of bounces") as raised:
        reader(box, **options).take(lambda data: True, 1_000)

    assert raised.value.passing
    assert "wrong" not in str(raised.value)
    assert len(box.messages) == 2


def test_a_server_that_is_away_is_a_passing_fault(box):
    """As any other trouble."""
    away = ImapMailbox("imap://me:right@127.0.0.1:1/INBOX", timeout_seconds=1)

    with pytest.raises(Fault) as raised:
        away.take(lambda data: True, 1_000)

    assert raised.value.passing
