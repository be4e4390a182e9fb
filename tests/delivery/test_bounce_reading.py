"""What messages that came back say, in the forms that mail servers write."""

import base64
import random
import time

import pytest

from support.returned_mails import (
    ABSENCE,
    COMPLAINT,
    EXCHANGE,
    PROSE,
    QMAIL,
    REPORT,
    RETURN_PATH,
    returned,
)
from testamur.core.mail_returns import Returned, ReturnKind, remedy_for
from testamur.delivery.bounces.reading import cleaned, read_report
from testamur.delivery.bounces.return_path import ReturnPaths, mail_in

KEY = b"k" * 32


def said(data):
    """Return kind, code, and whether there is no such mailbox."""
    found = read_report(data).about("ada@example.com")
    return str(found.kind), found.code, found.is_unknown_mailbox


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (REPORT, ("hard", "5.1.1", True)),
        (EXCHANGE, ("hard", "5.1.10", True)),
        (QMAIL, ("hard", "5.1.1", True)),
        (PROSE, ("hard", "5.7.1", False)),
        (COMPLAINT, ("complaint", "", False)),
        (ABSENCE, ("other", "", False)),
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_each_form_is_understood(form, expected, end):
    """And names the address that the mail comes back to."""
    data = returned(form).replace(b"\r\n", end)

    assert said(data) == expected
    assert any(RETURN_PATH in one for one in read_report(data).addresses)


@pytest.mark.parametrize(
    ("action", "status", "words", "expected"),
    [
        ("failed", "5.1.1", "550 5.1.1 unknown", ("hard", "5.1.1", True)),
        ("Failed", "5.2.2 (full)", "552 5.2.2 full", ("hard", "5.2.2", False)),
        ("failed", "5.0.0", "550 5.1.1 no", ("hard", "5.1.1", True)),
        ("failed", "5.0.0", "550 No such user here", ("hard", "5.0.0", True)),
        ("failed", "", "554 rejected", ("hard", "5.0.0", False)),
        ("failed", "5.7.1", "550 user unknown to spf", ("hard", "5.7.1", False)),
        ("failed", "4.4.7", "delivery time expired", ("soft", "4.4.7", False)),
        ("delayed", "4.4.1", "connection timed out", ("delayed", "4.4.1", False)),
        ("delayed", "5.1.1", "odd", ("delayed", "5.1.1", False)),
        ("relayed", "2.0.0", "", ("other", "2.0.0", False)),
        ("delivered", "2.1.5", "250 ok", ("other", "2.1.5", False)),
    ],
)
def test_what_a_report_says_is_what_counts(action, status, words, expected):
    """Delayed is no bounce, whatever the code; passing trouble stays that."""
    data = returned(action=action, status=status, words=words)

    assert said(data) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("abuse", "complaint"), ("fraud", "complaint"), ("not-spam", "other")],
)
def test_only_a_complaint_is_one(kind, expected):
    """Who takes it back has not complained."""
    assert said(returned(COMPLAINT, kind=kind))[0] == expected


def test_of_several_recipients_ours_counts():
    """As a list of addresses would send it back; where ours is not named, the worst."""
    status = b"Final-Recipient: rfc822; ada@example.com"
    other = (
        b"Final-Recipient: rfc822; bob@example.com\r\nAction: failed\r\n"
        b"Status: 5.1.1\r\n\r\n" + status
    )
    data = returned(action="delayed", status="4.4.1").replace(status, other, 1)

    report = read_report(data)

    assert report.about("Ada@example.com").kind is ReturnKind.DELAYED
    assert report.about("eve@example.com").kind is ReturnKind.HARD


def test_a_report_may_be_encoded_or_beyond_ascii():
    """Base64, RFC 6533's types, and bytes that are no UTF-8."""
    data = returned(words="550 5.1.1 Benutzer unbekannt")
    head, middle, tail = data.partition(b"Reporting-MTA:")
    status, end, rest = (middle + tail).partition(b"\r\n\r\n--4F2")
    coded = base64.encodebytes(status).replace(b"\n", b"\r\n")
    encoded = (
        head.replace(
            b"Content-Type: message/delivery-status\r\n",
            b"Content-Type: message/global-delivery-status\r\n"
            b"Content-Transfer-Encoding: base64\r\n",
        )
        + coded
        + end
        + rest
    )

    assert said(encoded) == ("hard", "5.1.1", True)
    assert said(data.replace(b"unbekannt", b"unbek\xe4nnt")) == ("hard", "5.1.1", True)


def test_parts_that_are_missing_are_missed_by_nobody():
    """No text, no copy of the mail, no end: cut anywhere, it is read so far."""
    data = returned()
    whole = said(data)

    for at in range(0, len(data), 37):
        read_report(data[:at])
    assert said(data[: data.index(b"Content-Description: Undelivered")]) == whole


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"\r\n\r\n\r\n",
        b"A: b\r\n" * 100_000,
        b"Subject: " + b"x" * 1_000_000,
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n" * 200_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (one, one)
            for one in range(10_000)
        ),
        b"Content-Type: message/rfc822\r\n\r\n" * 30_000,
        b"Content-Type: message/delivery-status\r\n\r\n"
        + b"Action: failed\r\nStatus: 4.0.0\r\n\r\n" * 25_000,
        b"Content-Type: text/plain; charset*0*=x''%zz; boundary\r\n\r\n" * 100,
        b"From: mailer-daemon@x\r\nSubject: failure notice\r\n\r\n" + b"5.1." * 250_000,
        b"Subject: =?x?q?=?= =?utf-8?b?%%%?=\r\nFrom: \xff\xfe\r\n\r\n",
        b"To: " + b"bounces+" * 120_000 + b"@x",
    ],
)
def test_what_is_made_to_hurt_is_read_at_once(data):
    """Depth, numbers, lengths: whatever it is, it has an end."""
    started = time.perf_counter()

    read_report(data)

    assert time.perf_counter() - started < 1.0


def test_noise_in_a_message_is_survived():
    """Bytes lost, doubled and made up, in all forms: it is read, at once."""
    forms = [returned(one) for one in (REPORT, EXCHANGE, QMAIL, PROSE, COMPLAINT)]
    noise = (
        b"\r\n",
        b"--",
        b"=?utf-8?q?",
        b"boundary=",
        b"*0*=x''%zz",
        b"\0\xff",
        b'"',
    )
    chance = random.Random(7)
    for _ in range(2_000):
        data = bytearray(chance.choice(forms))
        for _ in range(chance.randrange(1, 10)):
            at, to = chance.randrange(len(data)), chance.randrange(len(data))
            data[at : at + chance.randrange(30)] = chance.choice(
                (b"", chance.choice(noise), data[to : to + 100])
            )

        found = read_report(bytes(data))

        assert "@" not in cleaned(found.said.words, "ada@example.com")


def test_words_are_told_without_addresses():
    """Nor the part before the @, by which servers name people; in one line."""
    words = (
        "550 5.1.1 <Ada.Lovelace@example.com>: user ada.lovelace\r\nis unknown"
        " (adam@x.org); see https://example.com/help"
    )

    told = cleaned(words, "ada.lovelace@example.com")

    assert told == (
        "550 5.1.1 <...>: user ... is unknown (...); see https://example.com/help"
    )
    assert len(cleaned("x" * 10_000, "a@b")) == 200


def test_a_return_path_is_proof_of_one_mail():
    """In any letters; with one changed, or for another mail, it proves nothing."""
    paths = ReturnPaths(KEY, "bounces@example.org")
    address = paths.of("a" * 24)
    assert len(address.partition("@")[0]) <= 64

    assert mail_in(KEY, f"<{address.upper()}>") == "a" * 24
    assert mail_in(KEY, address.replace("aaaa", "aaab", 1)) is None
    assert mail_in(b"x" * 32, address) is None
    assert mail_in(KEY, "bounces@example.org") is None


def test_every_code_has_a_remedy():
    """The most exact one that there is."""
    assert "full" in remedy_for("5.2.2")
    assert "no such mailbox" in remedy_for("5.1.10")
    assert remedy_for("5.9.9") == remedy_for("")
    assert "later" in remedy_for("4.4.7")
    assert Returned(ReturnKind.HARD).code == ""
