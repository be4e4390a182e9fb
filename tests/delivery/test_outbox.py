"""The outbox is emptied into a real mail server, whatever that does."""

import email
import re

import pytest
from sqlalchemy import text

from support.mail_server import mail_server
from testamur.adapters.smtp.post import SmtpPost
from testamur.adapters.sql.database import Database
from testamur.adapters.sql.migrate import migrate
from testamur.adapters.sql.outbox import SqlOutbox, put
from testamur.core.refusals import Fault
from testamur.core.suppressions import SuppressionReason
from testamur.delivery.dressing import PLAIN, Dressing
from testamur.delivery.letter import Letter
from testamur.delivery.sending import SCHEDULE, Sender


class House:
    """An outbox, a clock and a sender."""

    def __init__(self, path):
        self.database = Database(f"sqlite:///{path / 'testamur.db'}")
        migrate(self.database)
        self.now = 1_000_000
        self.unwanted = set()
        self.is_bulk = False
        self.listed = {}
        self.dressing = PLAIN
        with self.database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO tenants (id, slug, name, plan, created_at, "
                    "shows_addresses) VALUES ('t', 't', 'T', 'standard', 0, FALSE)"
                )
            )

    def put(self, *recipients):
        """Have each of *recipients* be written to."""
        with self.database.writing() as connection:
            return [
                put(
                    connection,
                    tenant_id="t",
                    recipient=one,
                    message={"about": "test"},
                    domain="example.org",
                    now=self.now,
                )
                for one in recipients
            ]

    def step(self, port):
        """Send a round to the mail server at *port*; return how many were looked at."""
        sender = Sender(
            SqlOutbox(self.database),
            SmtpPost(
                f"smtp://127.0.0.1:{port}", hello="example.org", timeout_seconds=1
            ),
            lambda one: (
                None
                if one.id in self.unwanted
                else Letter(
                    "House", "Ada", "Hello", "Hello", (one.id,), is_bulk=self.is_bulk
                )
            ),
            dressing=self.dressing,
            reasons=self.reasons,
            sender="house@example.org",
            clock=lambda: self.now,
            jitter=lambda: 0.5,
        )
        return sender.step()

    def reasons(self, pairs):
        """Return who of *pairs* is on the suppression list, and why."""
        if self.listed is None:
            raise Fault("the list cannot be read", passing=True)
        return {one: self.listed[one[1]] for one in pairs if one[1] in self.listed}

    def rows(self):
        """Return state, attempts, next_at and error of each message, as put in."""
        query = "SELECT state, attempts, next_at, last_error FROM outbox ORDER BY rowid"
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture
def house(tmp_path):
    """Return a house without mails."""
    house = House(tmp_path)
    yield house
    house.database.close()


def ids(server):
    """Return the Message-ID of each mail that the server has."""
    return [email.message_from_bytes(data)["message-id"] for _, _, data in server.mails]


def test_what_waits_is_sent_once(house):
    """Each mail, and then nothing more."""
    house.put("a@example.org", "b@example.org")
    with mail_server() as server:
        assert house.step(server.port) == 2
        assert house.step(server.port) == 0

    sent = sorted(one[1] for one in server.mails)
    assert sent == ["a@example.org", "b@example.org"]
    assert {row[0] for row in house.rows()} == {"sent"}


def test_a_mail_that_may_have_arrived_is_sent_again_as_the_same(house):
    """The server hung up after DATA: it has both, and can tell that they are one."""
    house.put("a@example.org")
    with mail_server() as server:
        server.to_data = ["drop"]
        house.step(server.port)
        [(state, attempts, next_at, error)] = house.rows()
        house.now = next_at
        house.step(server.port)

    assert (state, attempts) == ("queued", 1)
    assert "a@example.org" not in error
    assert len(server.mails) == 2
    assert ids(server)[0] == ids(server)[1]
    assert re.fullmatch(r"<[0-9a-f]{24}@example\.org>", ids(server)[0])
    assert house.rows()[0][0] == "sent"


def test_a_server_that_hangs_holds_up_nobody_else(house):
    """The next mail of the round goes out, and the first one later."""
    house.put("a@example.org", "b@example.org")
    with mail_server() as server:
        server.to_data = ["hang"]
        house.step(server.port)

    assert sorted(row[0] for row in house.rows()) == ["queued", "sent"]


def test_waits_grow_and_end(house):
    """Each attempt is later than the last by more; after the schedule it is parked."""
    house.put("a@example.org")
    waits = []
    with mail_server() as server:
        server.to_data = ["451 later"] * (len(SCHEDULE) + 1)
        while house.rows()[0][0] == "queued":
            assert house.step(server.port) == 1
            state, _, next_at, _ = house.rows()[0]
            if state == "queued":
                waits.append(next_at - house.now)
                house.now = next_at
        assert house.step(server.port) == 0

    assert waits == [int(wait * 1.125) for wait in SCHEDULE]
    assert house.rows()[0][:2] == ("parked", len(SCHEDULE) + 1)


def test_a_refused_recipient_is_not_asked_again(house):
    """The mail has failed, and says by which code."""
    house.put("a@example.org")
    with mail_server() as server:
        server.to_rcpt = ["550 nobody"]
        house.step(server.port)

    assert house.rows()[0][0] == "failed"
    assert house.rows()[0][3] == "mail server: 550 to RCPT"


def test_a_mail_server_that_is_away_costs_no_attempt(house):
    """However long it is away, everything goes out when it is back."""
    house.put("a@example.org", "b@example.org")
    with mail_server() as server:
        port = server.port
    for _ in range(20):
        house.step(port)
        house.now += 60_000
    assert [row[:2] for row in house.rows()] == [("queued", 0)] * 2

    with mail_server() as server:
        house.step(server.port)

    assert len(server.mails) == 2


def test_what_nobody_wants_any_more_is_not_sent(house):
    """What a mail is about may be over when its turn comes."""
    [name, _] = house.put("a@example.org", "b@example.org")
    house.unwanted = {name}
    with mail_server() as server:
        house.step(server.port)

    assert [one[1] for one in server.mails] == ["b@example.org"]
    assert [row[0] for row in house.rows()] == ["failed", "sent"]


@pytest.mark.parametrize("reason", list(SuppressionReason))
@pytest.mark.parametrize("is_bulk", [True, False])
def test_who_is_on_the_suppression_list_is_not_written_to(house, reason, is_bulk):
    """But who only unsubscribed is, where somebody waits for them."""
    house.put("a@example.org", "b@example.org")
    house.is_bulk, house.listed = is_bulk, {"a@example.org": {reason}}
    with mail_server() as server:
        house.step(server.port)

    is_written = not is_bulk and reason is SuppressionReason.UNSUBSCRIBED
    assert len(server.mails) == 1 + is_written
    assert house.rows()[0][0] == ("sent" if is_written else "suppressed")
    assert house.rows()[1][0] == "sent"


def test_nobody_is_written_to_while_the_list_cannot_be_read(house):
    """It costs no attempt; everything goes out when it can be."""
    house.put("a@example.org")
    house.listed = None
    with mail_server() as server:
        house.step(server.port)
        assert house.rows()[0][:2] == ("queued", 0)
        house.listed = {}
        house.now += 120_000
        house.step(server.port)

    assert len(server.mails) == 1


def test_a_mail_that_cannot_be_signed_waits(house):
    """Unsigned, it might be refused for good."""

    class Broken:
        def signed(self, mail):
            raise Fault("the DKIM key does not open", passing=True)

    house.put("a@example.org")
    house.dressing = Dressing(dkim=Broken())
    with mail_server() as server:
        house.step(server.port)

    assert server.mails == []
    assert house.rows()[0][0] == "queued"
