"""What comes back of mails, kept with them: one exercise, on both databases."""

import pytest
from sqlalchemy import text

from support.returned_mails import ABSENCE, COMPLAINT, QMAIL, returned
from testamur.adapters.sql.events import SqlEvents
from testamur.adapters.sql.mail_returns import SqlReturns
from testamur.adapters.sql.outbox import SqlOutbox, put
from testamur.adapters.sql.suppressions import SqlSuppressions
from testamur.core.mail_returns import Returned, ReturnKind, ReturnOutcome
from testamur.core.refusals import Fault
from testamur.delivery.bounces.intake import ReturnIntake
from testamur.delivery.bounces.return_path import ReturnPaths
from testamur.delivery.suppression.listed import Suppressions
from testamur.delivery.suppression.unsubscribing import Wish, token_of

KEY, LINKS = b"k" * 32, b"l" * 32
ADDRESS = "ada@example.com"


class House:
    """A tenant with mails, and what takes in what comes back of them."""

    def __init__(self, workshop):
        self.shop = workshop
        self.database = workshop.database
        self.tenant = workshop.tenant().id
        self.lists = Suppressions(
            SqlSuppressions(self.database), lambda: KEY, workshop.clock
        )
        self.intake = ReturnIntake(
            SqlReturns(self.database),
            return_key=KEY,
            link_key=LINKS,
            digest=self.lists.digest,
            clock=workshop.clock,
        )

    def sent(self, address=ADDRESS, *, is_taken=True):
        """Have a mail be sent; return its id, and where it comes back to."""
        now = self.shop.clock()
        with self.database.writing() as connection:
            name = put(
                connection,
                tenant_id=self.tenant,
                recipient=address,
                message={"about": "certificate", "certificate": "c" * 24},
                domain="example.org",
                now=now,
            )
        outbox = SqlOutbox(self.database)
        if is_taken:
            [one] = outbox.lease(now, now + 1, 1, 9)
            outbox.sent(one, now)
        return name, ReturnPaths(KEY, "bounces@example.org").of(name)

    def state(self, name):
        """Return a mail's state, and what came back of it."""
        query = (
            "SELECT state, returned_kind, returned_code, returned_words FROM outbox "
            f"WHERE id = '{name}'"
        )
        with self.database.reading() as connection:
            return tuple(connection.execute(text(query)).one())

    def told(self):
        """Return what the tenant is told: types and data, in order."""
        found = SqlEvents(self.database).since(self.tenant, 0, 100)
        return [(str(one.type), dict(one.data)) for one in found]

    def listed(self):
        """Return who is on the suppression list, and why."""
        found, _ = self.lists.page(self.tenant, limit=100)
        return [(one.address, str(one.reason)) for one in found]

    def counted(self):
        """Return how many messages came to what."""
        query = text("SELECT outcome, count FROM mail_returns")
        with self.database.reading() as connection:
            return dict(connection.execute(query).all())


@pytest.fixture
def house(open_workshop):
    """Return a house in which all must agree at the end."""
    workshop = open_workshop()
    yield House(workshop)
    assert workshop.wrong() == []


def test_a_bounce_is_kept_told_and_not_repeated(house):
    """State, code, words without addresses, an event, the list: once, all of it."""
    name, back = house.sent()

    outcomes = [house.intake.take(returned(back=back)) for _ in range(3)]

    assert outcomes == ["bounced", "repeated", "repeated"]
    assert house.state(name) == (
        *("bounced", "hard", "5.1.1"),
        "550 5.1.1 <...>: User unknown",
    )
    assert house.told() == [
        (
            "delivery.bounced",
            {
                "deliveryId": name,
                "certificateId": "c" * 24,
                "status": "bounced",
                "code": "5.1.1",
                "isSuppressed": True,
            },
        )
    ]
    assert house.listed() == [(ADDRESS, "bounced")]
    assert house.counted() == {"bounced": 1, "repeated": 2}
    assert "@" not in str(house.told())


def test_a_mailbox_that_is_there_is_written_to_again(house):
    """Full, or full of doubts: the mail bounced, and the next one may not."""
    for status in ("5.2.2", "5.7.1"):
        name, back = house.sent()
        data = returned(back=back, status=status, words=f"550 {status} no")

        assert house.intake.take(data) == "bounced"
        assert house.state(name)[0] == "bounced"
    assert house.listed() == []


@pytest.mark.parametrize(
    ("action", "status"), [("delayed", "4.4.1"), ("failed", "4.4.7")]
)
def test_what_may_pass_is_noted_and_no_bounce(house, action, status):
    """The state stays; what was said stands beside it, until more is known."""
    name, back = house.sent()

    noted = house.intake.take(returned(back=back, action=action, status=status))

    assert noted == "noted"
    state, _, code, _ = house.state(name)
    assert (state, code) == ("sent", status)
    assert (house.told(), house.listed()) == ([], [])
    assert house.intake.take(returned(QMAIL, back=back)) == "bounced"
    assert house.state(name)[2] == "5.1.1"


def test_a_complaint_is_about_the_mail_that_is_quoted(house):
    """It comes to another address; also after the mail had bounced."""
    name, back = house.sent()
    house.intake.take(returned(back=back, status="5.2.2", words="full"))

    assert house.intake.take(returned(COMPLAINT, back=back)) == "complained"

    assert house.state(name)[:2] == ("complained", "complaint")
    assert [type for type, _ in house.told()] == [
        *("delivery.bounced", "delivery.complained"),
    ]
    assert house.listed() == [(ADDRESS, "complained")]


def test_a_complaint_is_proven_by_the_link_in_the_mail_too(house):
    """Some take the return path out of what they quote."""
    name, _ = house.sent()
    digest = house.lists.digest(house.tenant, ADDRESS)
    token = token_of(LINKS, Wish(house.tenant, digest, name))
    link = f"List-Unsubscribe: <https://x.org/unsubscribe/{token}?l=en>\r\n"
    data = returned(COMPLAINT, back="gone@example.org")
    data = data.replace(b"Message-ID:", link.encode() + b"Message-ID:")

    assert house.intake.take(data) == "complained"
    assert house.state(name)[0] == "complained"


@pytest.mark.parametrize(
    "forge",
    [
        lambda back: back.replace("+", "-"),
        lambda back: "bounces@example.org",
        lambda back: f"{back[:40]}{'a' if back[40] != 'a' else 'b'}{back[41:]}",
        lambda back: ReturnPaths(b"x" * 32, "bounces@example.org").of("0" * 24),
        lambda back: ReturnPaths(KEY, "bounces@example.org").of("0" * 24),
    ],
)
def test_a_forged_bounce_does_nothing(house, forge):
    """Without the code of a mail of ours, nothing that a message says is believed."""
    name, back = house.sent()

    assert house.intake.take(returned(back=forge(back), name=name)) == "forged"

    assert house.state(name) == ("sent", None, None, None)
    assert (house.told(), house.listed()) == ([], [])
    assert house.counted() == {"forged": 1}


def test_what_is_no_bounce_does_nothing(house):
    """An absence, an answer, noise: also where it has the code of a mail."""
    name, back = house.sent()

    for data in (returned(ABSENCE, back=back), b"\0garbage", b""):
        assert house.intake.take(data, [back]) == "not_understood"

    assert house.state(name)[0] == "sent"


def test_a_mail_that_was_never_sent_cannot_bounce(house):
    """It waits still: what came too early, or too late, is counted."""
    name, back = house.sent(is_taken=False)

    assert house.intake.take(returned(back=back)) == "late"
    assert house.state(name)[0] == "queued"


def test_a_mail_whose_sender_died_before_noting_it_bounces_and_is_not_sent_again(house):
    """The mail server has it, as the bounce proves."""
    name, back = house.sent(is_taken=False)
    now = house.shop.clock()
    outbox = SqlOutbox(house.database)
    [one] = outbox.lease(now, now + 1, 1, 9)

    assert house.intake.take(returned(back=back)) == "bounced"

    outbox.sent(one, now)
    assert outbox.lease(now + 2, now + 3, 1, 9) == []
    assert house.state(name)[0] == "bounced"


def test_the_bounce_of_an_erased_person_brings_nobody_back(house):
    """There is no address any more, and none comes onto the list."""
    name, back = house.sent()
    with house.database.writing() as connection:
        connection.execute(
            text("UPDATE outbox SET recipient = '' WHERE id = :id"), {"id": name}
        )

    assert house.intake.take(returned(back=back)) == "late"
    assert house.listed() == []


def test_a_mail_that_says_unsubscribe_does_it(house):
    """By the token in its subject, whoever it is from; another token does nothing."""
    name, _ = house.sent()
    digest = house.lists.digest(house.tenant, ADDRESS)
    token = token_of(LINKS, Wish(house.tenant, digest, name))
    mail = f"From: eve@x.org\r\nTo: bounces@example.org\r\nSubject: unsubscribe {token}"

    wrong = mail.replace(token[:4], "AAAA").encode()
    assert house.intake.take(wrong + b"\r\n\r\n") == "forged"
    assert house.listed() == []
    assert house.intake.take(mail.encode() + b"\r\n\r\n") == "unsubscribed"
    assert house.listed() == [(ADDRESS, "unsubscribed")]


def test_a_tenant_can_only_tell_of_its_own_mails(house):
    """Another's mail is nobody's, with the proof and by its Message-ID."""
    name, back = house.sent()
    other = house.shop.tenant("other").id
    said = Returned(ReturnKind.HARD, "5.1.1", "no ada@example.com", True)
    message_id = f"<{name}@example.org>"

    assert house.intake.take(returned(back=back), tenant_id=other) == "forged"
    assert house.intake.take_said(other, message_id, said) == "forged"
    assert house.state(name)[0] == "sent"

    assert house.intake.take_said(house.tenant, message_id, said) == "bounced"
    assert house.state(name)[3] == "no ..."


def test_what_cannot_be_kept_is_kept_not_at_all(house, monkeypatch):
    """Event, list and state are one: whoever dies before the end has done nothing."""
    name, back = house.sent()

    def die(*_):
        raise Fault("the disk is gone", passing=True)

    with monkeypatch.context() as patched:
        patched.setattr("testamur.adapters.sql.events.put", die)
        with pytest.raises(Fault):
            house.intake.take(returned(back=back))

    assert house.state(name)[0] == "sent"
    assert house.listed() == []
    assert house.intake.take(returned(back=back)) == ReturnOutcome.BOUNCED
