"""Webhooks are told of events by a real call to a real server, on both engines."""

import hashlib
import hmac
import ipaddress
import threading
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from standardwebhooks.webhooks import Webhook as Reference

from support.hook_receiver import WELL, HookReceiver, body_of, told
from support.picture_host import answer, redirect
from testamur.adapters.http.hooks import HookCaller
from testamur.adapters.sql import events
from testamur.adapters.sql.webhook_calls import SqlCalls
from testamur.adapters.sql.webhooks import SqlWebhooks
from testamur.core.clock import DAY, HOUR, MINUTE, SECOND, system_clock
from testamur.core.events import EventType, Happening
from testamur.core.refusals import Kind, Refusal
from testamur.core.webhooks import DeliveryState, WebhookEnd, WebhookStyle
from testamur.delivery.webhooks.calling import LEASE, SCHEDULE, Announcer
from testamur.delivery.webhooks.endpoints import Change, Webhooks

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
SEALING = bytes(32)
DONE = "job.completed"


class Room:
    """A tenant with webhooks, a clock that is set by hand, and who tells them."""

    def __init__(self, database):
        self.database = database
        self.now = system_clock()
        self.calls = SqlCalls(database)
        self.store = SqlWebhooks(database, lambda: self.now)
        with database.writing() as connection:
            connection.execute(
                text(
                    "INSERT INTO tenants (id, slug, name, plan, created_at, "
                    "shows_addresses) VALUES ('t', 't', 'T', 'standard', 0, FALSE)"
                )
            )
        self.caller = self.calling(allow=LOOPBACK)
        self.webhooks = self.managed_by(self.caller)
        self.announcers = []
        self.announcer = self.announcing(self.caller)

    def calling(self, **options):
        """Return who calls."""
        options = {"total_seconds": 5.0, **options}
        return HookCaller(user_agent="test", clock=lambda: self.now, **options)

    def managed_by(self, caller):
        """Return the webhooks, their addresses judged by *caller*."""
        return Webhooks(
            self.store, self.calls, caller, lambda: SEALING, lambda: self.now
        )

    def announcing(self, caller):
        """Return who tells, without chance."""
        made = Announcer(
            self.calls, caller, lambda: SEALING, lambda: self.now, jitter=lambda: 0.0
        )
        self.announcers.append(made)
        return made

    def add(self, url, *names, **options):
        """Add a webhook; return it and its secret."""
        return self.webhooks.add("t", url, names or ("*",), by="operator", **options)

    def happen(self, type_=EventType.JOB_COMPLETED, subject="j1"):
        """Have something happen."""
        with self.database.writing() as connection:
            happening = Happening(type_, subject, {"jobId": subject})
            events.put(self.database, connection, "t", [happening], self.now)

    def one(self, webhook):
        """Return a webhook as it is now."""
        return self.webhooks.one("t", webhook.id)

    def deliveries(self, webhook):
        """Return its deliveries, the newest first."""
        return self.calls.page(webhook, None, 2**62, 1_000)

    def log(self, webhook):
        """Return the attempts of its newest delivery."""
        newest = self.deliveries(webhook)[0]
        return self.calls.attempts(webhook, newest.id)[1]


@pytest.fixture
def room(database):
    """Return the room; what it began has ended when the test does."""
    made = Room(database)
    yield made
    for one in made.announcers:
        one.close()


@contextmanager
def receiver(script=WELL):
    """Run a system that answers as *script* says."""
    with HookReceiver(script=script) as one:
        yield one


def test_an_event_is_told_signed_as_the_standard_says(room):
    """The reference library verifies it, and notices one changed byte."""
    with receiver() as system:
        _, secret = room.add(system.url("/hook"), DONE)
        room.happen()
        room.announcer.run_out()
        (call,) = system.calls

    body, headers = body_of(call), call.headers()
    assert Reference(secret).verify(body, headers)["type"] == DONE
    with pytest.raises(Exception, match="signature"):
        Reference(secret).verify(body.replace(b"j1", b"j2"), headers)
    assert told(call)["data"] == {"jobId": "j1"}


def test_only_what_was_asked_for_and_happens_afterwards_is_told(room):
    """Neither what happened before, nor other kinds of events."""
    with receiver() as system:
        room.happen(subject="before")
        webhook, _ = room.add(system.url(), DONE)
        room.happen(EventType.JOB_FAILED, "other")
        room.happen(subject="wanted")
        room.announcer.run_out()

        assert [told(one)["data"]["jobId"] for one in system.calls] == ["wanted"]
    assert [one.state for one in room.deliveries(webhook)] == [DeliveryState.DELIVERED]


@pytest.mark.parametrize("style", [WebhookStyle.POCKETBOOK, WebhookStyle.VEC])
def test_clients_of_other_services_find_their_headers(room, style):
    """The hexadecimal HMAC-SHA256 of the raw body, with the secret as it was shown."""
    with receiver() as system:
        webhook, secret = room.add(system.url(), DONE, style=style)
        room.happen()
        room.announcer.run_out()
        (call,) = system.calls

    headers = call.headers()
    expected = hmac.new(secret.encode(), body_of(call), hashlib.sha256).hexdigest()
    assert headers["x-webhook-signature"] == expected
    if style is WebhookStyle.VEC:
        assert headers["x-webhook-event"] == DONE
        assert headers["x-webhook-id"] == webhook.id
        assert headers["x-webhook-timestamp"].endswith("Z")


def test_failures_are_tried_again_by_the_schedule_and_parked_after_it(room):
    """Each attempt has the same id; a person can have it be told again."""
    with receiver(answer(b"<b>no</b>", status="500 Oh")) as system:
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        for wait in SCHEDULE:
            room.announcer.run_out()
            count = len(system.calls)
            room.now += wait - SECOND
            room.announcer.run_out()
            assert len(system.calls) == count, "not before its time"
            room.now += SECOND
        room.announcer.run_out()

        (parked,) = room.deliveries(webhook)
        assert (parked.state, parked.attempts) == (DeliveryState.PARKED, 10)
        assert len(room.log(webhook)) == 10
        assert room.log(webhook)[0].answer == "<b>no</b>"
        assert room.one(webhook).failing_since is not None

        system.script = WELL
        assert room.calls.replay(webhook, None, 0, room.now) == 1
        room.announcer.run_out()

        assert len({one.headers()["webhook-id"] for one in system.calls}) == 1
    (delivered,) = room.deliveries(webhook)
    assert delivered.state is DeliveryState.DELIVERED
    assert room.one(webhook).failing_since is None


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_followed_elsewhere(room, status):
    """W01: a redirect is a failed attempt."""
    with receiver() as inside, receiver() as system:
        system.script = redirect(inside.url("/secret"), f"{status} Elsewhere")
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        room.announcer.run_out()

        assert inside.calls == []
    assert room.log(webhook)[0].error == "redirect"


def test_a_system_that_is_gone_is_told_no_more(room):
    """W03: 410 ends it at once, with what waited; the tenant is told of that."""
    with receiver(answer(b"", status="410 Gone")) as system, receiver() as other:
        webhook, _ = room.add(system.url(), DONE)
        room.add(other.url(), "webhook.disabled")
        room.happen()
        room.announcer.run_out()
        room.happen()
        room.announcer.run_out()

        assert len(system.calls) == 1
        assert told(other.calls[0])["data"]["webhookId"] == webhook.id
    assert room.one(webhook).ended is WebhookEnd.GONE


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("120", 2 * MINUTE),
        ("1000000000", DAY),
        ("-1", SCHEDULE[0]),
        ("Thu, 01 Jan 1970 00:00:00 GMT", SECOND),
        ("soon", SCHEDULE[0]),
    ],
)
def test_who_asks_us_to_wait_is_given_time_within_reason(room, said, waits):
    """W03: between a second and a day."""
    script = answer(b"", status="429 Slow", headers=[f"Retry-After: {said}"])
    with receiver(script) as system:
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        room.announcer.run_out()

    (delivery,) = room.deliveries(webhook)
    assert delivery.next_at - room.now == waits


def test_an_answer_without_end_is_read_a_little(room):
    """W02: a gigabyte costs no more than what is kept of it."""

    def endless(call):
        call.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        call.drip((b"x" * 65_536 for _ in range(15_000)), every=0)

    with receiver(endless) as system:
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        room.announcer.run_out()

    (attempt,) = room.log(webhook)
    assert (attempt.status, len(attempt.answer)) == (200, 1024)


def test_a_system_that_drips_holds_nobody(room):
    """W02: the time is that of the whole call, and others are told meanwhile."""
    slow = room.announcing(room.calling(allow=LOOPBACK, total_seconds=0.5))

    def drip(call):
        call.send(b"HTTP/1.1 200 OK\r\nX: ")
        call.drip((b"y" for _ in range(1_000)), every=0.05)

    with receiver(drip) as system, receiver() as other:
        dripping, _ = room.add(system.url(), DONE)
        room.add(other.url(), DONE)
        room.happen()
        slow.step(0.1)
        slow.step(0.1)
        other.wait_for(1)
        slow.run_out()

    assert room.log(dripping)[0].error == "url_timeout"


def test_an_address_is_judged_at_every_call(room):
    """W04: a name that leads inside the house now is not called."""
    with receiver() as system:
        leads = ["127.0.0.1"]
        caller = room.calling(
            allow=[ipaddress.ip_network("127.0.0.1/32")], resolver=lambda _: leads
        )
        webhook, _ = room.managed_by(caller).add(
            "t", system.url(host="hooks.example"), [DONE], by="operator"
        )
        announcer = room.announcing(caller)
        room.happen()
        announcer.run_out()
        leads[:] = ["127.0.0.2"]
        room.happen()
        announcer.run_out()

        assert len(system.calls) == 1
    assert room.log(webhook)[0].error == "url_forbidden_address"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://user@example.org/",
        "https://2130706433/",
        "https://[::ffff:169.254.169.254]/",
        "https://example.org:22/",
        "ftp://example.org/",
        "https://certs.example/hook",
    ],
)
def test_addresses_that_cannot_be_called_are_refused_when_they_are_given(room, url):
    """What shows without asking anybody is said at once, with the field."""
    strict = room.managed_by(room.calling(own_hosts=["certs.example"]))

    with pytest.raises(Refusal) as refused:
        strict.add("t", url, [DONE], by="operator")

    assert (refused.value.kind, refused.value.at) == (Kind.INVALID, "url")


def test_what_is_disabled_moved_or_removed_gets_nothing_that_waited(room):
    """From that moment on; what happens later goes to the new address."""
    with receiver() as old, receiver() as new:
        made = [room.add(old.url(f"/{n}"), DONE)[0] for n in range(3)]
        room.happen(subject="waited")
        room.calls.fan_out(room.now, 10)
        by = {"by": "operator"}
        room.webhooks.change("t", made[0].id, Change(is_enabled=False), **by)
        room.webhooks.change("t", made[1].id, Change(url=new.url()), **by)
        room.webhooks.remove("t", made[2].id, **by)
        room.announcer.run_out()
        room.happen(subject="later")
        room.announcer.run_out()

        assert old.calls == []
        assert [told(one)["data"]["jobId"] for one in new.calls] == ["later"]


def test_who_dies_between_the_call_and_noting_it_calls_again_with_the_same_id(room):
    """At least once; the receiver can tell that it is the same."""
    with receiver() as system:
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        room.calls.fan_out(room.now, 10)
        (dead,) = room.calls.lease(webhook, room.now, room.now + LEASE, 1, 10)
        room.announcer.run_out()
        assert system.calls == [], "somebody has it"
        room.now += LEASE
        room.announcer.run_out()

        assert [one.headers()["webhook-id"] for one in system.calls] == [dead.id]


def test_a_dead_host_delays_nobody_else(room):
    """Fifty that wait for it, and one that does not."""
    held = threading.Event()

    def hang(call):
        held.wait(20)

    with receiver(hang) as dead, receiver() as alive:
        for number in range(5):
            room.add(dead.url(f"/{number}"), DONE)
        room.add(alive.url(), DONE)
        for _ in range(10):
            room.happen()
        while len(alive.calls) < 10:
            room.announcer.step(0.2)

        assert dead.most_at_once <= 4
        held.set()


def test_a_webhook_that_failed_for_days_is_told_no_more(room):
    """Five days without one success."""
    with receiver(answer(b"", status="503 Away")) as system:
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        room.announcer.run_out()
        room.now += 5 * DAY + HOUR
        room.happen()
        room.announcer.run_out()

    assert room.one(webhook).ended is WebhookEnd.FAILING


def test_two_secrets_sign_while_one_is_replaced(room):
    """Receivers change over when they like, within a day."""
    with receiver() as system:
        webhook, old = room.add(system.url(), DONE)
        _, new = room.webhooks.rotate("t", webhook.id, by="operator")
        room.happen()
        room.announcer.run_out()
        room.now += DAY
        room.happen()
        room.announcer.run_out()
        first, second = system.calls

    for secret in (old, new):
        Reference(secret).verify(body_of(first), first.headers())
    signatures = second.headers()["webhook-signature"].split(" ")
    assert len(signatures) == 1


def test_no_secret_is_in_a_table(room):
    """Sealed under the operator secret."""
    webhook, secret = room.add("https://hooks.example/")
    with room.database.reading() as connection:
        row = connection.execute(text("SELECT * FROM webhooks")).one()

    assert secret not in repr(row)
    assert bytes(row.sealed) == room.one(webhook).sealed


def test_there_are_twenty_at_most(room):
    """W06: and removing one makes room."""
    made = [room.add(f"https://h{n}.example/")[0] for n in range(20)]
    with pytest.raises(Refusal) as refused:
        room.add("https://more.example/")
    room.webhooks.remove("t", made[0].id, by="operator")
    room.add("https://more.example/")

    assert refused.value.code == "webhook_limit"


def test_what_is_over_is_forgotten_after_its_time(room):
    """With its attempts; what waits stays."""
    with receiver() as system:
        webhook, _ = room.add(system.url(), DONE)
        room.happen()
        room.announcer.run_out()
        room.happen()
        room.calls.fan_out(room.now, 10)
        room.calls.tidy(room.now + 1)

    assert [one.state for one in room.deliveries(webhook)] == [DeliveryState.QUEUED]
    with room.database.reading() as connection:
        assert connection.scalar(text("SELECT count(*) FROM webhook_attempts")) == 0


def test_two_calls_that_end_a_webhook_at_once_do_not_wait_for_each_other(room):
    """Both attempts are noted, and it ends once."""
    both = threading.Barrier(2)

    def gone(call):
        both.wait(20)
        call.send(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")

    with receiver(gone) as system:
        for number in range(8):
            webhook, _ = room.add(system.url(f"/{number}"), DONE)
            room.happen()
            room.happen()
            room.announcer.run_out()

            found = room.deliveries(webhook)
            tried = [room.calls.attempts(webhook, one.id)[1] for one in found]
            assert [len(one) for one in tried] == [1, 1]
            assert room.one(webhook).ended is WebhookEnd.GONE
